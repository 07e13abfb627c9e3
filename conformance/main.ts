/**
 * `npm run conformance -- [--facts DIR] [--kernel K] [--file F] [--only REGEX] [--format text|json]`: replays
 * recordings of real kernels and exits 1 when any cell differs.
 */

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadRecordings, type Recording } from './facts.ts';
import { type FileResult, replay } from './replay.ts';

const { values } = parseArgs({
  options: {
    facts: { type: 'string', default: fileURLToPath(new URL('recorded', import.meta.url)) },
    kernel: { type: 'string' },
    file: { type: 'string' },
    only: { type: 'string', default: '.' },
    format: { type: 'string', default: 'text' },
    differences: { type: 'string', default: '20' },
  },
});

const recordings = loadRecordings(values.facts);
const results: FileResult[] = [];
for (const recording of recordings) {
  if (values.kernel !== undefined && recording.kernel !== values.kernel) continue;
  if (values.file !== undefined && recording.file !== values.file) continue;
  results.push(replay(recording, limitsBeside(recording), new RegExp(values.only)));
}
if (values.format === 'json') printJson();
else printText();
process.exitCode = results.some((one) => count(one, 'different') > 0) ? 1 : 0;

function limitsBeside(recording: Recording): Recording | undefined {
  return recordings.find((one) => one.kernel === recording.kernel && one.file === 'limits');
}

function count(result: FileResult, verdict: string): number {
  return result.cells.filter((cell) => cell.verdict === verdict).length;
}

function printJson(): void {
  const rows = results.map((one) => ({
    kernel: one.kernel,
    file: one.file,
    equal: count(one, 'equal'),
    different: count(one, 'different'),
    pending: count(one, 'pending'),
    total: one.cells.length,
    differences: one.cells.flatMap((cell) => cell.differences),
    pendingCells: one.cells.flatMap((cell) =>
      cell.verdict === 'pending' ? [{ id: cell.id, reason: cell.reason }] : [],
    ),
  }));
  process.stdout.write(`${JSON.stringify({ results: rows }, null, 1)}\n`);
}

function printText(): void {
  const line = (cells: readonly (string | number)[]): string =>
    `${String(cells[0]).padEnd(36)}${String(cells[1]).padEnd(18)}${cells
      .slice(2)
      .map((cell) => String(cell).padStart(10))
      .join('')}\n`;
  const out = process.stdout;
  out.write(line(['kernel', 'file', 'equal', 'different', 'pending', 'total']));
  for (const one of results) {
    const counts = ['equal', 'different', 'pending'].map((verdict) => count(one, verdict));
    out.write(line([one.kernel, one.file, ...counts, one.cells.length]));
  }
  const shown = results.flatMap((one) =>
    one.cells.flatMap((cell) => cell.differences.map((found) => ({ one, found }))),
  );
  for (const { one, found } of shown.slice(0, Number(values.differences))) {
    out.write(`\n${one.kernel} ${one.file} ${found.id}\n  ${found.op}\n`);
    out.write(`  expected ${clip(found.expected)}\n  got      ${clip(found.got)}\n`);
  }
  if (shown.length > Number(values.differences))
    out.write(`\n${shown.length} differences in all\n`);
}

function clip(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 1500 ? `${text.slice(0, 1500)}…` : text;
}
