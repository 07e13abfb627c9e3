/** Reading scenario files for the CLI's commands. */

import { closeSync, openSync, readSync } from 'node:fs';
import { ScenarioError } from '../scenario/errors.ts';
import { type LoadedScenario, loadScenario } from '../scenario/load.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The text of a file. Throws ScenarioError when it is not there, far too large, or no text. */
export function readText(file: string): string {
  const place = { file, line: 1, column: 1, picture: '' };
  let bytes: Uint8Array;
  try {
    bytes = readAtMost(file, MAX_FILE_BYTES + 1);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = REASONS[code ?? ''] ?? code ?? String(error);
    throw new ScenarioError('file-missing', place, `the file cannot be read: ${reason}`);
  }
  if (bytes.length > MAX_FILE_BYTES) {
    const message = `a scenario expected at most ${MAX_FILE_BYTES} bytes, got more`;
    throw new ScenarioError('file-too-large', place, message);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ScenarioError(
      'yaml-syntax',
      place,
      'a scenario expected UTF-8 text, got other bytes',
    );
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
};

/** Reads a file whatever its size is said to be: a device has none, and no end. */
export function readAtMost(file: string, most: number): Uint8Array {
  const fd = openSync(file, 'r');
  try {
    const parts: Uint8Array[] = [];
    let total = 0;
    while (total < most) {
      const part = new Uint8Array(Math.min(64 * 1024, most - total));
      const got = readSync(fd, part);
      if (got === 0) break;
      parts.push(part.subarray(0, got));
      total += got;
    }
    return Buffer.concat(parts);
  } finally {
    closeSync(fd);
  }
}

export function loadFile(file: string): LoadedScenario {
  return loadScenario(file, readText(file));
}
