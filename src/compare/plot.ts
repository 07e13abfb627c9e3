/**
 * Panels: one workload on one disk, as a fragment of SVG of fixed width that is readable on a phone and stands beside
 * others on a screen. Bars by cipher and kernel: throughput, or the time of a write by whom it went to.
 */

import { cellsAt } from './answer.ts';
import { cut, element, escaped } from './markup.ts';
import type { ComparedDisk, Point } from './point.ts';
import {
  type ComparedCell,
  type ComparisonResult,
  FLOORS,
  type Floor,
  type Measured,
  verdictOf,
  zoneWaitNs,
} from './result.ts';
import { VERDICT_WORDS } from './text.ts';
import { amount, duration, each, mibs, percent, us } from './units.ts';

export type Plot = 'throughput' | 'time';

export const PANEL_WIDTH = 372;

const LEFT = 112;
const BAR_WIDTH = 182;
const ROW = 19;
const BAR = 13;
const TOP = 30;
const GROUP = 24;
const GROUP_GAP = 9;

/** What colours stand for, in words. */
export const FLOOR_WORDS: Readonly<Record<Floor, string>> = {
  call: 'call and file system',
  block: 'block layer',
  dm: 'device mapper',
  crypt: 'dm-crypt',
  device: 'device',
  other: 'other',
};

export function panelHeight({ comparison }: ComparisonResult): number {
  const { ciphers, kernels } = comparison;
  return TOP + ciphers.length * (GROUP + kernels.length * ROW + GROUP_GAP);
}

/** The content of a panel, to be put into an `<svg>` of PANEL_WIDTH by `panelHeight`, or a group of a larger one. */
export function panel(
  result: ComparisonResult,
  point: Point,
  disk: ComparedDisk,
  plot: Plot,
): string {
  const { ciphers, kernels } = result.comparison;
  const cells = cellsAt(result, point, disk);
  const most = Math.max(...cells.map((cell) => lengthOf(cell, plot) ?? 0), Number.MIN_VALUE);
  const unit = plot === 'throughput' ? 'MiB/s' : 'us a write';
  const parts = [
    text('disk', 0, 15, cut(disk.name, 24)),
    element('text', { class: 'unit', x: PANEL_WIDTH, y: 15, 'text-anchor': 'end' }, unit),
  ];
  ciphers.forEach((cipher, group) => {
    const y = TOP + group * (GROUP + kernels.length * ROW + GROUP_GAP);
    parts.push(text('cipher', 0, y + 12, cut(cipher.name, 40)));
    parts.push(element('path', { class: 'rule', d: `M0 ${y + 17.5}H${PANEL_WIDTH}` }));
    const own = cells.slice(group * kernels.length, (group + 1) * kernels.length);
    const best = Math.max(...own.map((cell) => (isRight(cell) ? speedOf(cell) : 0)));
    own.forEach((cell, at) => {
      parts.push(row(cell, y + GROUP + at * ROW, { plot, most, best }));
    });
  });
  return parts.join('');
}

/** A panel in an `<svg>` of its own, with the numbers as text for those who do not see it. */
export function panelSvg(
  result: ComparisonResult,
  point: Point,
  disk: ComparedDisk,
  plot: Plot,
): string {
  const height = panelHeight(result);
  const what = plot === 'throughput' ? 'throughput' : 'time of a write';
  return element(
    'svg',
    {
      viewBox: `0 0 ${PANEL_WIDTH} ${height}`,
      width: PANEL_WIDTH,
      height,
      role: 'img',
      'aria-label': `${what} on ${disk.name}`,
    },
    panel(result, point, disk, plot),
  );
}

function isRight(cell: ComparedCell): boolean {
  return verdictOf(cell) === 'right';
}

function speedOf({ outcome }: ComparedCell): number {
  return outcome.kind === 'measured' ? outcome.measured.bytesPerSecond : 0;
}

/** How long a bar is, in the plot's own unit; null where there is none. Wrong answers have no time to be proud of. */
function lengthOf(cell: ComparedCell, plot: Plot): number | null {
  const { outcome } = cell;
  if (outcome.kind !== 'measured') return null;
  if (plot === 'throughput') return outcome.measured.bytesPerSecond;
  return isRight(cell) ? outcome.measured.elapsedNs / outcome.measured.writes : null;
}

interface Scale {
  readonly plot: Plot;
  readonly most: number;
  readonly best: number;
}

function row(cell: ComparedCell, y: number, scale: Scale): string {
  const { plot, most, best } = scale;
  const length = lengthOf(cell, plot);
  const width = length === null ? 0 : Math.max(1.5, (length / most) * BAR_WIDTH);
  const right = isRight(cell);
  const first = right && speedOf(cell) >= best * 0.99;
  const label = right ? numberOf(cell, plot) : VERDICT_WORDS[verdictOf(cell)];
  const kind = right ? (first ? 'value best' : 'value') : `value ${verdictOf(cell)}`;
  const bar = right && plot === 'time' ? stacked(cell, y, width) : plain(cell, y, width, first);
  const title = `<title>${escaped(tellCell(cell))}</title>`;
  return `<g>${title}${[
    text('kernel', 0, y + 10.5, cut(cell.place.kernel.name, 17)),
    bar,
    text(kind, LEFT + width + 5, y + 10.5, label),
  ].join('')}</g>`;
}

function plain(cell: ComparedCell, y: number, width: number, first: boolean): string {
  if (width === 0) return '';
  const kind = isRight(cell) ? (first ? 'bar first' : 'bar') : 'bar wrong';
  return element('rect', { class: kind, x: LEFT, y, width, height: BAR, rx: 1.5 });
}

function stacked({ outcome }: ComparedCell, y: number, width: number): string {
  if (outcome.kind !== 'measured') return '';
  const { shareNs, elapsedNs } = outcome.measured;
  let x = LEFT;
  return FLOORS.map((floor) => {
    const part = (shareNs[floor] / elapsedNs) * width;
    const at = x;
    x += part;
    if (part < 0.05) return '';
    return element('rect', { class: `f-${floor}`, x: at, y, width: part, height: BAR });
  }).join('');
}

function numberOf({ outcome }: ComparedCell, plot: Plot): string {
  if (outcome.kind !== 'measured') return '';
  const { bytesPerSecond, elapsedNs, writes } = outcome.measured;
  return plot === 'throughput' ? mibs(bytesPerSecond) : us(elapsedNs / writes);
}

function text(kind: string, x: number, y: number, content: string): string {
  return element('text', { class: kind, x, y }, escaped(content));
}

/** All of a cell in a few lines: what shows when one points at its bar. */
export function tellCell(cell: ComparedCell): string {
  const { place, outcome } = cell;
  const head = `${place.kernel.name} (${place.kernel.kernel}), ${place.cipher.name}, ${place.disk.name}`;
  if (outcome.kind !== 'measured') {
    const { step, errno, rule, why } = outcome.refusal;
    return `${head}\n${VERDICT_WORDS[verdictOf(cell)]}: ${step} ${errno ?? ''} ${rule ?? ''} ${why}`;
  }
  const { measured } = outcome;
  const { bytesPerSecond, p50Ns, p99Ns } = measured;
  return [
    head,
    VERDICT_WORDS[verdictOf(cell)],
    `${mibs(bytesPerSecond)} MiB/s, p50 ${duration(p50Ns)}, p99 ${duration(p99Ns)}, ${measured.path}`,
    ...tellWork(measured),
  ].join('\n');
}

function tellWork(measured: Measured): string[] {
  const { bios, writes, shareNs, elapsedNs, copiedBytes, cryptBytes } = measured;
  const shares = FLOORS.filter((floor) => shareNs[floor] > 0).map(
    (floor) => `${FLOOR_WORDS[floor]} ${percent(shareNs[floor], elapsedNs)} %`,
  );
  return [
    `bios a write: ${each(bios.top, writes)}, at the disk ${each(bios.disk, writes)}, requests ${each(bios.requests, writes)}`,
    `waited for a zone: ${duration(zoneWaitNs(measured) / writes)} a write; copied ${amount(copiedBytes)}, enciphered ${amount(cryptBytes)}`,
    shares.join(', '),
  ];
}
