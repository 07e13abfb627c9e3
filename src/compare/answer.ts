/**
 * The answer, from what was measured: which kernel keeps data right where, which is fastest there, what each costs
 * beside the first, and what the ciphers cost. Only data that was read back right counts for speed.
 */

import { publishedRows } from '../block/profiles/published.ts';
import {
  type CellPlace,
  type ComparedDisk,
  type Comparison,
  type Point,
  titleOf,
} from './point.ts';
import {
  type CellOutcome,
  type ComparedCell,
  type ComparisonResult,
  rightly,
  type Verdict,
  verdictOf,
  zoneWaitNs,
} from './result.ts';
import { duration } from './units.ts';

/** Least, middle and most of several numbers. */
export interface Range {
  readonly least: number;
  readonly middle: number;
  readonly most: number;
}

export interface KernelSummary {
  readonly name: string;
  readonly kernel: string;
  /** Cells by how they ended; together all cells of the kernel. */
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly cells: number;
  /** Cells where nobody who is right is more than 1 % faster. */
  readonly fastest: number;
  /** Throughput by that of the first kernel, where both are right; null where they never are, and of the first. */
  readonly besideFirst: Range | null;
}

/** What a cipher leaves of the throughput the first cipher (raw, if the file says so) has, where both are right. */
export interface CipherSummary {
  readonly name: string;
  readonly disk: string;
  readonly besideFirst: Range;
}

/** Cells that ended badly in the same way. */
export interface Trouble {
  readonly verdict: Verdict;
  readonly kernels: readonly string[];
  /** `zonefs sync on crypt-xts (all disks)` */
  readonly where: string;
  /** `mount says EINVAL: rule saw this`; empty for garbage. */
  readonly why: string;
  /** What explains it, in a sentence; empty where nothing does. */
  readonly because: string;
}

const LEVEL = 0.99;

export function rangeOf(values: readonly number[]): Range | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const middle = (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
  return { least: sorted[0]!, middle, most: sorted.at(-1)! };
}

/** Cells that differ in nothing but the kernel stand together, in the order of kernels. */
function byPlace({ cells, comparison }: ComparisonResult): ComparedCell[][] {
  const size = comparison.kernels.length;
  const groups: ComparedCell[][] = [];
  for (let at = 0; at < cells.length; at += size) groups.push(cells.slice(at, at + size));
  return groups;
}

export function kernelSummaries(result: ComparisonResult): KernelSummary[] {
  const groups = byPlace(result);
  return result.comparison.kernels.map(({ name, kernel }, at) => {
    const verdicts: Record<Verdict, number> = {
      right: 0,
      garbage: 0,
      lost: 0,
      failed: 0,
      refused: 0,
    };
    const ratios: number[] = [];
    let fastest = 0;
    for (const group of groups) {
      verdicts[verdictOf(group[at]!)] += 1;
      const own = rightly(group[at]!)?.bytesPerSecond;
      if (own === undefined) continue;
      const best = Math.max(...group.map((cell) => rightly(cell)?.bytesPerSecond ?? 0));
      if (own >= best * LEVEL) fastest += 1;
      const first = rightly(group[0]!)?.bytesPerSecond;
      if (first !== undefined && at > 0) ratios.push(own / first);
    }
    const cells = groups.length;
    return { name, kernel, verdicts, cells, fastest, besideFirst: rangeOf(ratios) };
  });
}

export function cipherSummaries({ cells, comparison }: ComparisonResult): CipherSummary[] {
  const { ciphers, disks, kernels } = comparison;
  const first = ciphers[0]!;
  return ciphers.slice(1).flatMap(({ name }) =>
    disks.flatMap((disk) => {
      const ratios = cells.flatMap((cell, at) => {
        const { place } = cell;
        if (place.cipher.name !== name || place.disk !== disk) return [];
        const back = ciphers.indexOf(place.cipher) - ciphers.indexOf(first);
        const plain = rightly(cells[at - back * kernels.length]!);
        const own = rightly(cell);
        if (own === null || plain === null) return [];
        return [own.bytesPerSecond / plain.bytesPerSecond];
      });
      const besideFirst = rangeOf(ratios);
      return besideFirst === null ? [] : [{ name, disk: disk.name, besideFirst }];
    }),
  );
}

/** Everything that is not right, the worst first: wrong data that nobody notices, then what is noticed. */
export function troubles({ cells, comparison }: ComparisonResult): Trouble[] {
  const alike = new Map<
    string,
    { trouble: Pick<Trouble, 'verdict' | 'why' | 'because'>; kernel: string; at: CellPlace[] }
  >();
  for (const cell of cells) {
    const verdict = verdictOf(cell);
    if (verdict === 'right') continue;
    const kernel = cell.place.kernel.name;
    const trouble = {
      verdict,
      why: whyOf(cell.outcome),
      because: cell.outcome.because ?? '',
    };
    const key = JSON.stringify([kernel, trouble]);
    const known = alike.get(key);
    if (known === undefined) alike.set(key, { trouble, kernel, at: [cell.place] });
    else known.at.push(cell.place);
  }
  // Kernels that have the same trouble at the same places are told together.
  const found = new Map<string, Trouble>();
  for (const { trouble, kernel, at } of alike.values()) {
    const where = whereText(at, comparison);
    const key = JSON.stringify([trouble, where]);
    const kernels = [...(found.get(key)?.kernels ?? []), kernel];
    found.set(key, { ...trouble, kernels, where });
  }
  const order: readonly Verdict[] = ['garbage', 'lost', 'failed', 'refused'];
  return [...found.values()].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
}

function whyOf(outcome: CellOutcome): string {
  if (outcome.kind === 'measured') {
    const { data } = outcome;
    return data.verdict === 'lost' ? `reading it back says ${data.errno}` : '';
  }
  const { step, errno, rule, why } = outcome.refusal;
  if (rule === null) return why.startsWith(step) ? why : `${step}: ${why}`;
  const saw = why === '' ? '' : ` saw ${why}`;
  return `${step} says ${errno ?? 'no'}: ${rule}${saw}`;
}

/** Which cells: `zonefs sync on crypt-xts (all disks)`. */
function whereText(cells: readonly CellPlace[], { ciphers, disks }: Comparison): string {
  const byWorkload = gathered(
    cells,
    ({ point, disk }) => JSON.stringify([point.name, disk.name]),
    ({ cipher }) => cipher.name,
  );
  // [workload, disk] with its ciphers; then workloads and ciphers that share disks; then workloads that share both.
  const byDisks = gathered(
    [...byWorkload].map(([key, names]) => [JSON.parse(key) as [string, string], names] as const),
    ([[workload], names]) => JSON.stringify([workload, names]),
    ([[, disk]]) => disk,
  );
  const byPlaces = gathered(
    [...byDisks].map(([key, names]) => [JSON.parse(key) as [string, string[]], names] as const),
    ([[, names], where]) => JSON.stringify([names, where]),
    ([[workload]]) => workload,
  );
  return [...byPlaces]
    .map(([key, workloads]) => {
      const [onCiphers, onDisks] = JSON.parse(key) as [string[], string[]];
      const on = onCiphers.length === ciphers.length ? 'every cipher' : listed(onCiphers);
      const where = onDisks.length === disks.length ? 'all disks' : onDisks.join(', ');
      return `${listed(workloads)} on ${on} (${where})`;
    })
    .join('; ');
}

/** The values of all that have the same key, each once, in order. */
function gathered<T>(
  all: readonly T[],
  keyOf: (one: T) => string,
  valueIn: (one: T) => string,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const one of all) {
    const key = keyOf(one);
    const values = found.get(key) ?? [];
    const value = valueIn(one);
    found.set(key, values.includes(value) ? values : [...values, value]);
  }
  return found;
}

/** The answer in sentences. */
export function headline(result: ComparisonResult): string[] {
  const kernels = kernelSummaries(result);
  const sound = kernels.filter(({ verdicts, cells }) => verdicts.right === cells);
  const { cells } = kernels[0]!;
  const lines: string[] = [];
  if (sound.length === 0)
    lines.push(`No kernel keeps the data right in all ${cells} cells (workload, cipher, disk).`);
  else {
    const names = listed(sound.map(({ name }) => name));
    const keep = sound.length === 1 ? 'keeps' : 'keep';
    lines.push(`${names} ${keep} the data right in all ${cells} cells (workload, cipher, disk).`);
  }
  const silent = kernels.filter(({ verdicts }) => verdicts.garbage + verdicts.lost > 0);
  for (const { name, verdicts } of silent) {
    const said = [
      verdicts.garbage > 0 ? `reads back garbage in ${verdicts.garbage}` : '',
      verdicts.lost > 0 ? `cannot read back what it wrote in ${verdicts.lost}` : '',
    ];
    lines.push(`${name} ${said.filter((one) => one !== '').join(' and ')} of ${cells}: no win.`);
  }
  const best = [...kernels].sort((a, b) => b.fastest - a.fastest)[0]!;
  const fastest =
    best.fastest > 0 && kernels.length > 1
      ? [
          `${best.name} is fastest, or level with the fastest, in ${best.fastest} of ${cells} cells.`,
        ]
      : [];
  return [
    ...lines,
    ...besideWrong(result),
    ...fastest,
    ...pathsThatWin(result),
    ...besideFirst(kernels),
    ...largestLoss(result),
  ];
}

/** How the second kernel does beside the first: a fall-back beside what it replaces. */
function besideFirst([first, second]: readonly KernelSummary[]): string[] {
  const range = second?.besideFirst ?? null;
  if (range === null) return [];
  const { least, middle, most } = range;
  const names = `Where both are right, ${second!.name}`;
  if (times(least) === times(most)) {
    const said =
      times(least) === '1.00' ? 'is as fast as' : `has ${times(least)} times the speed of`;
    return [`${names} ${said} ${first!.name}.`];
  }
  return [
    `${names} has ${times(least)} to ${times(most)} times the throughput of ${first!.name}, in the middle ${times(middle)}.`,
  ];
}

const PATH_WORDS = {
  append: 'native appends',
  'emulated-append': 'emulated appends',
  regular: 'regular writes',
} as const;

/** How the fastest that are right write, place by place. Kernels differ in more than this. */
function pathsThatWin(result: ComparisonResult): string[] {
  const wins = new Map<string, number>();
  for (const group of byPlace(result)) {
    const right = group.flatMap((cell) => rightly(cell) ?? []);
    if (right.length === 0) continue;
    const best = Math.max(...right.map(({ bytesPerSecond }) => bytesPerSecond));
    const paths = new Set(
      right.flatMap(({ bytesPerSecond, path }) => (bytesPerSecond >= best * LEVEL ? [path] : [])),
    );
    const key = paths.size === 1 ? [...paths][0]! : 'level';
    wins.set(key, (wins.get(key) ?? 0) + 1);
  }
  const said = Object.entries(PATH_WORDS).flatMap(([path, words]) =>
    wins.has(path) ? [`${words} in ${wins.get(path)}`] : [],
  );
  if (said.length === 0) return [];
  const level = wins.get('level');
  const rest = level === undefined ? '' : `; in ${level} several are level`;
  return [`The fastest that is right sends ${listed(said)} cells${rest}.`];
}

/** What being right costs: the speed of each kernel where the first one is fast and wrong. */
function besideWrong(result: ComparisonResult): string[] {
  const groups = byPlace(result).filter(([first]) => isWrong(first!));
  const speeds = result.comparison.kernels.slice(1).flatMap(({ name }, at) => {
    const ratios = groups.flatMap((group) => {
      const own = rightly(group[at + 1]!)?.bytesPerSecond;
      const { outcome } = group[0]!;
      if (own === undefined || outcome.kind !== 'measured') return [];
      return [own / outcome.measured.bytesPerSecond];
    });
    const range = rangeOf(ratios);
    return range === null ? [] : [`${name} ${times(range.least)} to ${times(range.most)}`];
  });
  if (speeds.length === 0) return [];
  const first = result.comparison.kernels[0]!.name;
  return [
    `Where ${first} is fast and wrong, others are right at so much of its speed: ${listed(speeds)}.`,
  ];
}

function isWrong(cell: ComparedCell): boolean {
  const verdict = verdictOf(cell);
  return verdict === 'garbage' || verdict === 'lost';
}

/** Where somebody who is right loses most beside the first kernel, and what its writes wait for there. */
function largestLoss(result: ComparisonResult): string[] {
  let worst: { readonly ratio: number; readonly cell: ComparedCell } | null = null;
  for (const [first, ...others] of byPlace(result)) {
    const speed = rightly(first!)?.bytesPerSecond;
    for (const cell of others) {
      const own = rightly(cell)?.bytesPerSecond;
      if (speed === undefined || own === undefined) continue;
      const ratio = own / speed;
      if (worst === null || ratio < worst.ratio) worst = { ratio, cell };
    }
  }
  if (worst === null || worst.ratio >= LEVEL) return [];
  const { place } = worst.cell;
  const measured = rightly(worst.cell)!;
  const first = result.comparison.kernels[0]!.name;
  const where = `${titleOf(place.point)}, ${place.cipher.name} on ${place.disk.name}`;
  const waits = zoneWaitNs(measured) / measured.writes;
  const why =
    waits > measured.meanNs / 2
      ? `: a write waits ${duration(waits)} for its turn in the zone, and nothing is merged while it does`
      : '';
  return [
    `The largest loss beside ${first} is that of ${place.kernel.name}, ${times(worst.ratio)} times (${where})${why}.`,
  ];
}

/** Why an append may lose to a write: the published latencies, where a disk of the file has them. */
export function appendNotes({ comparison }: ComparisonResult): string[] {
  if (!comparison.disks.some(({ attributes }) => attributes.profile === 'zn540')) return [];
  const us = (name: string): number =>
    publishedRows.find((row) => row.name === `ZN540 ${name}`)!.value / 1000;
  const kiops = (name: string): number => us(name);
  return [
    `The ZN540 itself takes ${us('append 4 KiB')} us for an append of 4 KiB and ${us('write 4 KiB')} us for a write (published, depth 1), and in 4 zones ${kiops('append 4 KiB, 4 zones')} against ${kiops('write 4 KiB, 4 zones')} kIOPS: on this drive writers that have a zone each gain from regular writes. An append wins only where several are under way in one zone, which zonefs never sends.`,
  ];
}

export function times(ratio: number): string {
  return ratio.toFixed(2);
}

export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Cells of one workload and disk, by cipher and kernel. */
export function cellsAt(
  { cells }: ComparisonResult,
  point: Point,
  disk: ComparedDisk,
): ComparedCell[] {
  return cells.filter(({ place }) => place.point === point && place.disk === disk);
}
