/** Reading scenario files for the CLI's commands. */

import { readFileSync, statSync } from 'node:fs';
import { ScenarioError } from '../scenario/errors.ts';
import { type LoadedScenario, loadScenario } from '../scenario/load.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** The text of a file. Throws ScenarioError when it is not there or far too large. */
export function readText(file: string): string {
  const place = { file, line: 1, column: 1, picture: '' };
  try {
    const { size } = statSync(file);
    if (size <= MAX_FILE_BYTES) return readFileSync(file, 'utf8');
    throw new ScenarioError('file-too-large', place, `a scenario of ${size} bytes is too large`);
  } catch (error) {
    if (error instanceof ScenarioError) throw error;
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ScenarioError('file-missing', place, `the file cannot be read: ${reason}`);
  }
}

export function loadFile(file: string): LoadedScenario {
  return loadScenario(file, readText(file));
}
