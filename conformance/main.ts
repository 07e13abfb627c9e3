/**
 * `npm run conformance -- [--facts DIR] [--kernel K] [--file F] [--only REGEX] [--format text|json]`: replays
 * recordings of real kernels. Exit codes: 0 no cell differs, 1 some do, 2 bad input.
 */

import { writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FactsError, loadRecordings } from './facts.ts';
import { replay } from './replay.ts';
import { count, jsonReport, textReport } from './report.ts';
import { isUsageError, UsageError } from './usage.ts';

interface Options {
  readonly facts: string;
  readonly kernel: string | undefined;
  readonly file: string | undefined;
  readonly only: RegExp;
  readonly format: 'text' | 'json';
  /** How many differences the text report prints. */
  readonly differences: number;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      facts: { type: 'string', default: fileURLToPath(new URL('recorded', import.meta.url)) },
      kernel: { type: 'string' },
      file: { type: 'string' },
      only: { type: 'string', default: '' },
      format: { type: 'string', default: 'text' },
      differences: { type: 'string', default: '20' },
    },
  });
  const { facts, kernel, file, format } = values;
  if (format !== 'text' && format !== 'json') {
    throw new UsageError(`--format: expected text or json, got "${format}"`);
  }
  const differences = Number(values.differences);
  if (!Number.isInteger(differences) || differences < 0) {
    throw new UsageError(`--differences: expected a number, got "${values.differences}"`);
  }
  return { facts, kernel, file, only: pattern(values.only), format, differences };
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new UsageError(`--only: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Returns the exit code. */
function main(): number {
  const { facts, kernel, file, only, format, differences } = options();
  const skipped: string[] = [];
  const recordings = loadRecordings(facts, skipped);
  for (const path of skipped) write(2, `conformance: ${path}: no recording, left out\n`);
  const results = recordings
    .filter((one) => kernel === undefined || one.kernel === kernel)
    .filter((one) => file === undefined || one.file === file)
    .map((one) => replay(one, recordings, only));
  if (results.length === 0) throw new UsageError('no recording has that kernel and file name');
  write(1, format === 'json' ? jsonReport(results) : textReport(results, differences));
  return results.some((one) => count(one, 'different') > 0) ? 1 : 0;
}

/** Whoever read us may have gone: then there is nobody left to tell. */
function write(fd: number, text: string): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
    }
  }
}

function isBadInput(error: unknown): error is Error {
  return error instanceof FactsError || isUsageError(error);
}

try {
  process.exitCode = main();
} catch (error) {
  if (!isBadInput(error)) throw error;
  write(2, `conformance: ${error.message}\n`);
  process.exitCode = 2;
}
