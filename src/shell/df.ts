/** df of coreutils 9.1 (src/df.c): how full file systems are, from statfs(2) and /proc/mounts. */

import type { StatFs } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { byteCount } from './byte-count.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, optionsOf } from './messages.ts';
import { type MountLine, mountLines, realPath } from './paths.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'B', long: 'block-size', argument: 'required' },
  { short: 'h', long: 'human-readable' },
  { short: 'H', long: 'si' },
  { short: 'i', long: 'inodes' },
  { short: 'k' },
  { short: 'T', long: 'print-type' },
  { short: 't', long: 'type', argument: 'required' },
  { short: 'a', long: 'all' },
  { short: 'P', long: 'portability' },
  { short: 'l', long: 'local' },
  { long: 'output', argument: 'optional' },
  { long: 'sync' },
  { long: 'no-sync' },
  { long: 'total' },
];
const NOT_MODELLED = ['human-readable', 'si', 'all', 'portability', 'output', 'total', 'sync'];

/** A row before it is aligned; the first column and the last, as the type, are aligned to the left. */
type Row = readonly string[];

interface Mounted {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly info: StatFs;
}

export function* df(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const { options, operands } = parsed;
  const left = options.find(({ name }) => NOT_MODELLED.includes(name));
  if (left !== undefined) throw new NotModelled(`df --${left.name}`, 'use -B, -i and -T');
  const has = (name: string): boolean => options.some((option) => option.name === name);
  const given = options.findLast(({ name }) => name === 'block-size')?.value ?? '1024';
  const unit = byteCount(/^[A-Z]/i.test(given) ? `1${given}` : given);
  if (unit === null || unit === 0) {
    diagnose(process, `invalid --block-size argument ${quoted(given)}`);
    return 1;
  }
  const type = options.findLast((option) => option.name === 'type')?.value ?? null;
  let exit = 0;
  const found: Mounted[] = [];
  const mounts = yield* mountLines(process);
  for (const name of operands.length === 0 ? mounts.map(({ target }) => target) : operands) {
    const mounted = yield* mountOf(process, mounts, name);
    if (mounted === null) exit = 1;
    else if (type === null || mounted.type === type) found.push(mounted);
  }
  // Without operands, what has no blocks is left out: it holds no files of anybody's.
  const shown = operands.length > 0 ? found : found.filter(({ info }) => info.blocks > 0);
  if (shown.length === 0) {
    if (exit === 0) diagnose(process, 'no file systems processed');
    return 1;
  }
  const rows = shown.map((one) => (has('inodes') ? inodeCells(one) : blockCells(one, unit)));
  const heads = has('inodes')
    ? ['Inodes', 'IUsed', 'IFree', 'IUse%']
    : [`${unitName(unit)}-blocks`, 'Used', 'Available', 'Use%'];
  const typed = has('print-type');
  const table = shown.map((one, at) => line(one, rows[at]!, typed));
  process.stdout.write(
    aligned([['Filesystem', ...(typed ? ['Type'] : []), ...heads, 'Mounted on'], ...table], typed),
  );
  return exit;
}

function line({ source, type, target }: Mounted, cells: Row, typed: boolean): Row {
  return [source, ...(typed ? [type] : []), ...cells, target];
}

function* mountOf(
  process: Process,
  mounts: readonly MountLine[],
  name: string,
): Task<Mounted | null> {
  const { sys } = process.system;
  const info = yield* sys.statfs(process, name);
  if (typeof info === 'number') {
    diagnose(process, name, info);
    return null;
  }
  const real = (yield* realPath(process, name)) ?? name;
  const above = mounts.filter(
    ({ target }) => target === '/' || real === target || real.startsWith(`${target}/`),
  );
  const best = above.reduce<MountLine | null>(
    (found, one) => (found === null || one.target.length >= found.target.length ? one : found),
    null,
  );
  return {
    source: best?.source ?? '-',
    target: best?.target ?? '-',
    type: best?.type ?? '-',
    info,
  };
}

/** `1K`, `1M`, `512B`: human_readable() of the block size itself. */
function unitName(unit: number): string {
  for (const [at, letter] of 'EPTGMK'.split('').entries()) {
    const size = 1024 ** (6 - at);
    if (unit % size === 0) return `${unit / size}${letter}`;
  }
  return `${unit}B`;
}

function blockCells({ info }: Mounted, unit: number): Row {
  const { bsize, blocks, bfree, bavail } = info;
  const inUnits = (count: number): string => String(Math.ceil((count * bsize) / unit));
  const used = blocks - bfree;
  return [inUnits(blocks), inUnits(used), inUnits(bavail), percent(used, bavail)];
}

function inodeCells({ info }: Mounted): Row {
  const { files, ffree } = info;
  const used = files - ffree;
  return [String(files), String(used), String(ffree), percent(used, ffree)];
}

/** Rounded up: nothing but nothing is 0%. */
function percent(used: number, free: number): string {
  return used + free === 0 ? '-' : `${Math.ceil((used * 100) / (used + free))}%`;
}

/** The tool's least widths: 14 for the source, 5 for numbers, 4 for a share and the type. */
function aligned(rows: readonly Row[], typed: boolean): string {
  const left = typed ? 2 : 1;
  const last = rows[0]!.length - 1;
  const least = (column: number): number => {
    if (column === 0) return 14;
    return column < left || column === last - 1 ? 4 : 5;
  };
  const widths = rows[0]!.map((_, column) =>
    Math.max(least(column), ...rows.map((row) => row[column]!.length)),
  );
  const shown = (row: Row): string =>
    row
      .map((cell, column) => {
        if (column === last) return cell;
        return column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
      })
      .join(' ');
  return rows.map((row) => `${shown(row)}\n`).join('');
}
