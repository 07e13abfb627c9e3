/**
 * A table: its targets in order, and the devices they hold (drivers/md/dm-table.c: dm_table_add_target(),
 * dm_table_find_target(), dm_table_destroy(); dm-ioctl.c: populate_table()). Building one reports what the kernel
 * reports, with its prefix; ` (-EINVAL)` behind a constructor's text since 6.1 (kernel.dm.constructorErrno).
 */

import type { BlockDevice } from '../block/device.ts';
import { type ErrnoName, errno } from '../kernel/errno.ts';
import type { Host } from '../sim/host.ts';
import { MOST_ARGS, parseTableLine, splitArgs, type TableLine } from './args.ts';
import type { Target, TargetContext, TargetType } from './target.ts';
import { targetType } from './types.ts';

/** LLONG_MAX in sectors. */
const MOST_SECTORS = 2 ** 54;

export interface TableEntry {
  readonly type: TargetType;
  readonly target: Target;
}

export class DmTable {
  readonly entries: readonly TableEntry[];
  readonly readOnly: boolean;
  readonly sizeSectors: number;
  /** Every opening of a device; one device may stand here several times. */
  private readonly held: readonly BlockDevice[];
  private readonly release: (device: BlockDevice) => void;

  constructor(
    entries: readonly TableEntry[],
    readOnly: boolean,
    held: readonly BlockDevice[],
    release: (device: BlockDevice) => void,
  ) {
    this.entries = entries;
    this.readOnly = readOnly;
    const last = entries.at(-1);
    this.sizeSectors = last === undefined ? 0 : last.target.begin + last.target.length;
    this.held = held;
    this.release = release;
  }

  /** The target that holds `sector`; null beyond the end. */
  find(sector: number): Target | null {
    const entries = this.entries;
    if (sector >= this.sizeSectors) return null;
    let low = 0;
    let high = entries.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (entries[middle]!.target.begin <= sector) low = middle;
      else high = middle - 1;
    }
    return entries[low]!.target;
  }

  /** Each device once, in order of first use. */
  get devices(): readonly BlockDevice[] {
    return [...new Set(this.held)];
  }

  /** dm_table_is_wildcard(): all its targets may replace anything. */
  get isWildcard(): boolean {
    return this.entries.every(({ type }) => type.features.includes('wildcard'));
  }

  destroy(): void {
    for (const { target } of this.entries) target.destroy();
    for (const device of this.held) this.release(device);
  }
}

/** What building needs of the mapper around it. */
export interface TableBuilder {
  readonly host: Host;
  /** `252:0`. */
  readonly number: string;
  readonly readOnly: boolean;
  /** A context whose `openDevice` adds to `held`. */
  context(held: BlockDevice[]): TargetContext;
  readonly release: (device: BlockDevice) => void;
}

/** The table, or a negative errno after the kernel's lines. Nothing stays held on failure, also when a target throws. */
export function buildTable(builder: TableBuilder, lines: readonly string[]): DmTable | number {
  const held: BlockDevice[] = [];
  const entries: TableEntry[] = [];
  let built = false;
  try {
    const result = addTargets(builder, lines, entries, held);
    built = result === 0;
    if (!built) return result;
  } finally {
    if (!built) new DmTable(entries, true, held, builder.release).destroy();
  }
  return new DmTable(entries, builder.readOnly, held, builder.release);
}

function addTargets(
  builder: TableBuilder,
  lines: readonly string[],
  entries: TableEntry[],
  held: BlockDevice[],
): number {
  const context = builder.context(held);
  const refuse = (text: string): number => {
    builder.host.printk('err', `device-mapper: ioctl: ${text}`);
    builder.host.decide({
      rule: 'dm.table.text',
      subject: context.deviceName,
      seen: { lines: lines.length },
      verdict: 'refuses',
      errno: 'EINVAL',
      log: text,
      source: { file: 'drivers/md/dm-ioctl.c', function: 'populate_table' },
    });
    return -errno.EINVAL;
  };
  if (lines.length === 0) return refuse('populate_table: no targets specified');
  for (const text of lines) {
    const line = parseTableLine(text);
    if (line === null) return refuse('unable to find target');
    const result = addTarget(builder, context, line, entries);
    if (result < 0) {
      builder.host.printk('err', 'device-mapper: ioctl: error adding target to table');
      return result;
    }
  }
  return 0;
}

/** dm_table_add_target(). */
function addTarget(
  builder: TableBuilder,
  context: TargetContext,
  line: TableLine,
  entries: TableEntry[],
): number {
  const { host, number } = builder;
  const refuse = (text: string): number => {
    host.printk('err', `device-mapper: table: ${number}: ${text}`);
    decide(host, context.deviceName, line, 'EINVAL', text);
    return -errno.EINVAL;
  };
  const first = entries[0];
  if (first?.type.features.includes('singleton')) {
    return refuse(`target type ${first.type.name} must appear alone in table`);
  }
  if (line.length === 0) return refuse('zero-length target');
  if (host.kernel.dm.tableSizeCheck && line.begin + line.length > MOST_SECTORS) {
    return refuse('too large device');
  }
  const type = targetType(host.kernel, line.type);
  if (type === null) return refuse(`${line.type}: unknown target type`);

  const bad = (error: string, name: ErrnoName): number => {
    const tail = host.kernel.dm.constructorErrno ? ` (-${name})` : '';
    host.printk('err', `device-mapper: table: ${number}: ${line.type}: ${error}${tail}`);
    decide(host, context.deviceName, line, name, error);
    return -errno[name];
  };
  const misplaced = placeError(builder, type, line, entries);
  if (misplaced !== null) return bad(misplaced, 'EINVAL');
  const args = splitArgs(line.params);
  if (args.length > MOST_ARGS) return bad("couldn't split parameters", 'ENOMEM');
  const made = type.create(context, line.begin, line.length, args);
  if (!made.ok) return bad(made.error ?? 'Unknown error', made.errno);
  entries.push({ type, target: made.target });
  return 0;
}

/** The checks between finding a type and calling its constructor; null: none refuses. */
function placeError(
  builder: TableBuilder,
  type: TargetType,
  line: TableLine,
  entries: readonly TableEntry[],
): string | null {
  if (type.features.includes('singleton') && entries.length > 0) {
    return 'singleton target type must appear alone in table';
  }
  if (type.features.includes('alwaysWriteable') && builder.readOnly) {
    return 'target type may not be included in a read-only table';
  }
  const immutable = entries.find((entry) => entry.type.features.includes('immutable'))?.type;
  const clash =
    immutable === undefined
      ? type.features.includes('immutable') && entries.length > 0
      : immutable !== type;
  if (clash) return 'immutable target type cannot be mixed with other target types';
  const before = entries.at(-1)?.target;
  const end = before === undefined ? 0 : before.begin + before.length;
  return line.begin === end ? null : 'Gap in table';
}

function decide(
  host: Host,
  subject: string,
  line: TableLine,
  name: ErrnoName,
  error: string,
): void {
  host.decide({
    rule: 'dm.table.target',
    subject,
    // Never the parameters: they hold keys.
    seen: { begin: line.begin, length: line.length, type: line.type },
    verdict: 'refuses',
    errno: name,
    log: error,
    source: { file: 'drivers/md/dm-table.c', function: 'dm_table_add_target' },
  });
}
