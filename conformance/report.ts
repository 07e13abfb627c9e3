/** What a replay prints: a table per kernel and file, what differs, and what waits for which part of the model. */

import type { CellResult, FileResult } from './replay.ts';

const WIDTH = 80;
const SHOWN_CHARACTERS = 1500;

export function count(result: FileResult, verdict: CellResult['verdict']): number {
  return result.cells.filter((cell) => cell.verdict === verdict).length;
}

/** One document: `{"results": [{kernel, file, equal, different, pending, total, differences, ...}]}`. */
export function jsonReport(results: readonly FileResult[]): string {
  const rows = results.map((one) => ({
    kernel: one.kernel,
    file: one.file,
    equal: count(one, 'equal'),
    different: count(one, 'different'),
    pending: count(one, 'pending'),
    total: one.cells.length,
    differences: one.cells.flatMap((cell) => cell.differences),
    pendingReasons: Object.fromEntries(reasons([one]).map(({ reason, cells }) => [reason, cells])),
    pendingCells: waiting([one]).map(({ id, reasons: all }) => ({ id, reason: all.join('; ') })),
  }));
  return `${JSON.stringify({ results: rows }, null, 1)}\n`;
}

/** The table, then at most `shown` differences in full, then the reasons cells are pending for. */
export function textReport(results: readonly FileResult[], shown: number): string {
  return [table(results), differenceText(results, shown), reasonText(results)].join('');
}

const VERDICTS = ['equal', 'different', 'pending'] as const;

const KERNEL_WIDTH = 34;
const FILE_WIDTH = 15;
/** Of the four counts: as wide as their headings, which fills a line of 80. */
const COUNT_WIDTHS = [6, 10, 8, 6];

function table(results: readonly FileResult[]): string {
  const rows = results.map((one) =>
    row(one.kernel, one.file, [
      ...VERDICTS.map((verdict) => count(one, verdict)),
      one.cells.length,
    ]),
  );
  return [row('kernel', 'file', [...VERDICTS, 'total']), ...rows].join('');
}

/** A kernel with many patches in its name has a line of its own. */
function row(kernel: string, file: string, counts: readonly (string | number)[]): string {
  const fits = kernel.length <= KERNEL_WIDTH;
  const first = fits ? kernel.padEnd(KERNEL_WIDTH) : `${kernel}\n${' '.repeat(KERNEL_WIDTH)}`;
  const columns = counts.map((one, at) => String(one).padStart(COUNT_WIDTHS[at]!));
  return `${first} ${file.padEnd(FILE_WIDTH)}${columns.join('')}\n`;
}

function differenceText(results: readonly FileResult[], shown: number): string {
  const all = results.flatMap((one) =>
    one.cells.flatMap((cell) => cell.differences.map((found) => ({ one, found }))),
  );
  const parts = all
    .slice(0, shown)
    .map(
      ({ one, found }) =>
        `\n${one.kernel} ${one.file} ${found.id}\n  ${found.op}\n` +
        `  expected ${clip(found.expected)}\n  got      ${clip(found.got)}\n`,
    );
  return parts.join('') + (all.length > shown ? `\n${all.length} differences in all\n` : '');
}

function clip(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

interface Reason {
  readonly reason: string;
  /** How many cells wait for it; one cell may wait for several. */
  readonly cells: number;
}

function reasons(results: readonly FileResult[]): Reason[] {
  const cells = new Map<string, number>();
  for (const reason of waiting(results).flatMap((cell) => cell.reasons)) {
    cells.set(reason, (cells.get(reason) ?? 0) + 1);
  }
  return [...cells]
    .map(([reason, n]) => ({ reason, cells: n }))
    .sort((a, b) => b.cells - a.cells || (a.reason < b.reason ? -1 : 1));
}

function waiting(results: readonly FileResult[]): CellResult[] {
  return results.flatMap((one) => one.cells.filter((cell) => cell.verdict === 'pending'));
}

const CELLS_WIDTH = 6;

function reasonText(results: readonly FileResult[]): string {
  const found = reasons(results);
  if (found.length === 0) return '';
  const lines = found.map(({ reason, cells }) => {
    const [first = '', ...more] = wrapped(reason, WIDTH - CELLS_WIDTH - 2);
    const indent = ' '.repeat(CELLS_WIDTH + 2);
    return [
      `${String(cells).padStart(CELLS_WIDTH)}  ${first}\n`,
      ...more.map((line) => `${indent}${line}\n`),
    ].join('');
  });
  return `\npending cells, by what they wait for (a cell may wait for several)\n${lines.join('')}`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
