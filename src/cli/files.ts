/** Reading scenario files for the CLI's commands. */

import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ScenarioError } from '../scenario/errors.ts';
import { type LoadedScenario, loadScenario } from '../scenario/load.ts';
import { UsageError } from './context.ts';

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
  ENOENT: 'there is no such file or folder',
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

/**
 * Says at once, not after minutes of work, that `--option FILE` cannot be written: its folder is missing or closed, or it
 * is a folder itself. Nothing is made yet. Throws UsageError.
 */
export function checkWritable(option: string, file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK);
    if (!(statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false)) return;
  } catch (error) {
    throw notWritable(option, file, error);
  }
  throw notWritable(option, file, { code: 'EISDIR' });
}

/** Throws UsageError. */
export function saveFile(option: string, file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw notWritable(option, file, error);
  }
}

function notWritable(option: string, file: string, error: unknown): UsageError {
  const { code = '' } = error as NodeJS.ErrnoException;
  const reason = REASONS[code] ?? code;
  return new UsageError(
    `"--${option}" expected a file that can be written, got "${file}": ${reason}`,
  );
}
