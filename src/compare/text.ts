/** A comparison for a terminal of 80 columns: the answer first, then the numbers, then what went wrong and why. */

import { COLUMNS, table, wrap } from '../report/columns.ts';
import {
  appendNotes,
  cellsAt,
  cipherSummaries,
  headline,
  kernelSummaries,
  listed,
  type Range,
  times,
  troubles,
} from './answer.ts';
import { cut } from './markup.ts';
import type { ComparedDisk, Point } from './point.ts';
import { axesText, titleOf } from './point.ts';
import {
  type ComparedCell,
  type ComparisonResult,
  FLOORS,
  type Measured,
  rightly,
  type Verdict,
  verdictOf,
  zoneWaitNs,
} from './result.ts';
import { amount, each, mibs, percent, us } from './units.ts';

type Style = (style: 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', text: string) => string;

/** What stands where a number would be, had the cell one that counts. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  right: 'right',
  garbage: 'GARBAGE',
  lost: 'LOST',
  failed: 'FAILED',
  refused: 'refused',
};

/** `details`: a line for every cell with all that was measured, too. */
export function compareText(result: ComparisonResult, style: Style, details = false): string {
  const { comparison } = result;
  const { points } = comparison;
  const axes = `${axesText(comparison, ' x ')}; simulated time`;
  const parts = [
    `${style('bold', comparison.title)}\n${wrap(axes, 0)}`,
    answerText(result, style),
    ...points.map((point) => pointText(result, point, style)),
    timeText(result, style),
    ...(details ? points.map((point) => detailsText(result, point, style)) : []),
    troubleText(result, style),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function answerText(result: ComparisonResult, style: Style): string {
  const sentences = headline(result).map((line) => wrap(line, 2, 4));
  const kernels = kernelSummaries(result);
  const first = kernels[0]!.name;
  const head = ['', 'right', 'garbage', 'lost', 'failed', 'refused', 'fastest', 'x first'];
  const rows = kernels.map(({ name, verdicts, cells, fastest, besideFirst }) => [
    name,
    `${verdicts.right}/${cells}`,
    ...(['garbage', 'lost', 'failed', 'refused'] as const).map((one) => count(verdicts[one])),
    String(fastest),
    besideFirst === null ? '' : rangeText(besideFirst),
  ]);
  const lines = fitted([head, ...rows]);
  const crypt = cipherSummaries(result).map(({ name, disk, besideFirst }) =>
    wrap(
      `${name} on ${disk}: ${rangeText(besideFirst)} of ${result.comparison.ciphers[0]!.name}`,
      2,
    ),
  );
  return [
    `${style('bold', 'Answer')}\n`,
    ...sentences,
    '\n',
    lines,
    wrap(`x first: throughput by that of ${first}, where both are right: least, middle, most.`, 2),
    ...(crypt.length === 0
      ? []
      : ['\n', wrap('What dm-crypt leaves of the throughput:', 2), ...crypt]),
    ...appendNotes(result).map((note) => `\n${wrap(note, 2)}`),
  ].join('');
}

/** A table indented by two, its names cut so that it fits. */
function fitted(rows: readonly (readonly string[])[]): string {
  const over = widest(table(rows)) + 2 - COLUMNS;
  if (over <= 0) return indented(table(rows));
  const names = Math.max(...rows.map(([name]) => name!.length)) - over;
  return indented(table(rows.map(([name, ...rest]) => [cut(name!, Math.max(6, names)), ...rest])));
}

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => line.length));
}

function indented(lines: string): string {
  return lines.replace(/^(?=.)/gm, '  ');
}

export function rangeText({ least, middle, most }: Range): string {
  const ends = [times(least), times(most)];
  return ends[0] === ends[1] ? ends[0]! : `${ends[0]} ${times(middle)} ${ends[1]}`;
}

function count(cells: number): string {
  return cells === 0 ? '-' : String(cells);
}

/** Throughput and latencies of one workload, a block for each disk. */
function pointText(result: ComparisonResult, point: Point, style: Style): string {
  const blocks = result.comparison.disks.map((disk) => diskText(result, point, disk, style));
  return `${style('bold', titleOf(point))}   MiB/s, p50 and p99 of a write in us\n${blocks.join('')}`;
}

const CIPHERS_A_LINE = 3;

function diskText(
  result: ComparisonResult,
  point: Point,
  disk: ComparedDisk,
  style: Style,
): string {
  const { kernels, ciphers } = result.comparison;
  const cells = cellsAt(result, point, disk);
  let text = '';
  for (let from = 0; from < ciphers.length; from += CIPHERS_A_LINE) {
    const some = ciphers.slice(from, from + CIPHERS_A_LINE);
    const head = [disk.name, ...some.flatMap(({ name }) => [name.slice(0, 16), '', ''])];
    const rows = kernels.map(({ name }, at) => [
      name,
      ...some.flatMap((_, i) => speeds(cells[(from + i) * kernels.length + at]!)),
    ]);
    text += coloured(indented(aligned([head, ...rows])), style);
  }
  return text;
}

/** As `table`, numbers at the right end of their columns; a name may reach over empty cells. */
function aligned(rows: readonly (readonly string[])[]): string {
  const [head = [], ...long] = rows;
  const rest = head.slice(1).map((_, i) => Math.max(5, ...long.map((row) => row[i + 1]!.length)));
  const room = COLUMNS - 2 - rest.reduce((sum, width) => sum + width + 1, 0);
  const body = long.map(([name, ...cells]) => [cut(name!, Math.max(8, room)), ...cells]);
  const widths = head.map((_, i) =>
    Math.max(...body.map((row) => row[i]!.length), i === 0 ? 14 : 5),
  );
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' ');
  const spread = head.map((cell, i) => {
    if (i === 0) return cell.padEnd(widths[0]!);
    if (i % 3 !== 1) return '';
    const width = widths[i]! + widths[i + 1]! + widths[i + 2]! + 2;
    return cell.padStart(width);
  });
  const top = spread.filter((cell) => cell !== '').join(' ');
  return [top, ...body.map(line)].map((one) => `${one.trimEnd()}\n`).join('');
}

function speeds(cell: ComparedCell): string[] {
  const { outcome } = cell;
  const verdict = verdictOf(cell);
  if (outcome.kind !== 'measured' || verdict !== 'right') return [VERDICT_WORDS[verdict], '', ''];
  const { bytesPerSecond, p50Ns, p99Ns } = outcome.measured;
  return [mibs(bytesPerSecond), us(p50Ns), us(p99Ns)];
}

function coloured(text: string, style: Style): string {
  return text
    .replace(/\b(?:GARBAGE|LOST|FAILED)\b/g, (word) => style('red', word))
    .replace(/\brefused\b/g, (word) => style('yellow', word));
}

/** Means over the cells of a kernel and cipher whose data is right: where the time goes, floor by floor. */
function timeText(result: ComparisonResult, style: Style): string {
  const { kernels, ciphers } = result.comparison;
  const rows = ciphers.flatMap((cipher) => {
    const own = kernels.flatMap((kernel) => {
      const found = result.cells.flatMap((cell) => {
        const { place } = cell;
        const right = place.kernel === kernel && place.cipher === cipher ? rightly(cell) : null;
        return right === null ? [] : [right];
      });
      return found.length === 0 ? [] : [[`  ${kernel.name}`, ...meansOf(found)]];
    });
    return own.length === 0 ? [] : [[cipher.name.slice(0, 20)], ...own];
  });
  const head = ['', 'call', 'block', 'dm', 'crypt', 'device', 'wait us', 'bios a write', 'copies'];
  const note =
    'Shares of the time in %, means over the cells that are right. While the device has a command the time is its; wait: for a lock or plug of a zone, a write; bios: of the file system, at the disk, requests; copies: bytes copied or enciphered by byte written.';
  return `${style('bold', 'Where the time goes')}\n${fitted([head, ...rows])}${wrap(note, 2)}`;
}

function meansOf(all: readonly Measured[]): string[] {
  const mean = (value: (one: Measured) => number): number =>
    all.reduce((sum, one) => sum + value(one), 0) / all.length;
  const shares = FLOORS.slice(0, -1).map((floor) =>
    percent(
      mean((one) => one.shareNs[floor] / one.elapsedNs),
      1,
    ),
  );
  const bios = (['top', 'disk', 'requests'] as const).map((floor) =>
    mean((one) => one.bios[floor] / one.writes).toFixed(1),
  );
  const copies = mean((one) => (one.copiedBytes + one.cryptBytes) / one.bytes).toFixed(1);
  return [...shares, us(mean((one) => zoneWaitNs(one) / one.writes)), bios.join(' '), copies];
}

function detailsText(result: ComparisonResult, point: Point, style: Style): string {
  const blocks = result.comparison.disks.map((disk) => {
    const rows = cellsAt(result, point, disk).flatMap(({ place, outcome }) =>
      outcome.kind !== 'measured'
        ? []
        : [
            [
              place.cipher.name.slice(0, 10),
              place.kernel.name.slice(0, 14),
              outcome.measured.path.replace('emulated-append', 'emulated'),
              ...detailsOf(outcome.measured),
            ],
          ],
    );
    const head = [disk.name, '', 'path', 'bios', 'wait', 'copied', 'time in %'];
    return indented(table([head, ...rows]));
  });
  const units =
    'bios a write: file system/disk/requests; wait: us a write; time: call/block/dm/crypt/device';
  return `${style('bold', titleOf(point))}\n${wrap(units, 2)}${blocks.join('')}`;
}

function detailsOf(measured: Measured): string[] {
  const { bios, writes, elapsedNs, shareNs } = measured;
  return [
    (['top', 'disk', 'requests'] as const)
      .map((floor) => each(bios[floor], writes).replace(/^0\./, '.'))
      .join('/'),
    us(zoneWaitNs(measured) / writes),
    amount(measured.copiedBytes + measured.cryptBytes).replace(' ', ''),
    FLOORS.slice(0, -1)
      .map((floor) => percent(shareNs[floor], elapsedNs))
      .join('/'),
  ];
}

function troubleText(result: ComparisonResult, style: Style): string {
  const all = troubles(result);
  if (all.length === 0) return '';
  const lines = all.map(({ verdict, kernels, where, why, because }) => {
    const known = [why, because].filter((one) => one !== '').join('; ');
    const said = known === '' ? '' : `: ${known}`;
    const line = `${VERDICT_WORDS[verdict]}  ${listed(kernels)}: ${where}${said}`;
    return coloured(wrap(line, 2, 6), style);
  });
  const note = [
    'GARBAGE: other bytes than were written. LOST: reading fails. FAILED: a call did.',
    'None of their speeds counts: a fast wrong answer is no win.',
  ].join(' ');
  return `${style('bold', 'What went wrong, and what did not run')}\n${lines.join('')}${wrap(note, 2)}`;
}
