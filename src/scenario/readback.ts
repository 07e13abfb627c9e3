/**
 * Reading back what a step wrote: the ranges its data bios carried, read again past all caches and compared with what
 * was meant. Only the last write to a byte counts.
 */

import type { Bio } from '../block/bio.ts';
import type { BlockDevice } from '../block/device.ts';
import { directRead } from '../block/direct.ts';
import { firstDifference, type Payload, samePayload } from '../block/payload.ts';
import { type Inode, type IoFlags, O, type OpenFile } from '../fs/inode.ts';
import { PAGE_BYTES, SECTOR_BYTES } from '../kernel/units.ts';
import type { Machine } from '../machine.ts';
import type { Task } from '../sim/task.ts';
import type { READBACKS } from './schema.ts';

export type Readback = (typeof READBACKS)[number];

/** Bytes one data bio wrote, as far as no later one wrote over them. */
export interface WrittenRange {
  /** Position in the file, or on the device where no file stands between; bytes. */
  readonly from: number;
  readonly data: Payload;
  /** The id of the bio. */
  readonly bio: number;
}

type Owner = Inode | BlockDevice;

export class WrittenRanges {
  readonly byOwner = new Map<Owner, WrittenRange[]>();

  get empty(): boolean {
    return this.byOwner.size === 0;
  }

  /** Takes a data bio that leaves the file-system floor. */
  add(bio: Bio): void {
    if (!bio.isWrite || bio.payload === null) return;
    const owner = (bio.inode as Inode | null) ?? bio.device!;
    const from = bio.filePosition >= 0 ? bio.filePosition : bio.sector * SECTOR_BYTES;
    const meant = 'stat' in owner ? owner.plain?.(from, bio.payload) : undefined;
    const range = { from, data: meant ?? bio.payload, bio: bio.id };
    const ranges = this.byOwner.get(owner);
    if (ranges === undefined) this.byOwner.set(owner, [range]);
    else if (endOf(ranges[ranges.length - 1]!) <= from && ascending(ranges)) ranges.push(range);
    else this.byOwner.set(owner, [...cutOut(ranges, range), range]);
  }
}

function endOf(range: WrittenRange): number {
  return range.from + range.data.lengthBytes;
}

/** Writes that follow one another are the rule; two neighbours out of order are enough to tell. */
function ascending(ranges: readonly WrittenRange[]): boolean {
  const last = ranges[ranges.length - 1]!;
  const before = ranges[ranges.length - 2];
  return before === undefined || endOf(before) <= last.from;
}

/** `ranges` without the bytes of `over`. */
function cutOut(ranges: readonly WrittenRange[], over: WrittenRange): WrittenRange[] {
  const { from } = over;
  const end = endOf(over);
  return ranges.flatMap((range) => {
    const { bio, data } = range;
    if (endOf(range) <= from || range.from >= end) return [range];
    const kept: WrittenRange[] = [];
    if (range.from < from) {
      kept.push({ from: range.from, data: data.slice(0, from - range.from), bio });
    }
    if (endOf(range) > end) {
      kept.push({ from: end, data: data.slice(end - range.from, endOf(range) - end), bio });
    }
    return kept;
  });
}

/** What reading one range back showed. */
export interface ReadbackFinding {
  readonly range: WrittenRange;
  readonly outcome: Exclude<Readback, 'nothing'>;
  /** What was read; a negative errno when reading failed. */
  readonly got: Payload | number;
  /** Offset of the first wrong byte in the range; -1 when none is. */
  readonly firstBad: number;
  /** The trace records of this read on the machine it was done on. */
  readonly traceStart: number;
  readonly traceEnd: number;
}

const DIRECT: IoFlags = {
  direct: true,
  dsync: false,
  append: false,
  noWait: false,
  blocking: true,
  memoryOffset: 0,
};
const BUFFERED: IoFlags = { ...DIRECT, direct: false };

/** Reads all ranges on `machine`, which is not to be used for anything else afterwards. */
export function readBack(machine: Machine, written: WrittenRanges): ReadbackFinding[] {
  const findings: ReadbackFinding[] = [];
  for (const [owner, ranges] of written.byOwner) {
    for (const range of ranges) {
      const traceStart = machine.trace.length;
      const got = machine.call(readRange(machine, owner, range), 'readback');
      const found = judge(range, got, endsIn(owner, range, got));
      findings.push({ range, got, ...found, traceStart, traceEnd: machine.trace.length });
    }
  }
  return findings;
}

/**
 * Was the read cut at the end of the file, inside the last block that was written? A file system writes whole blocks, and
 * what stands behind the end of the file is nobody's data.
 */
function endsIn(owner: Owner, range: WrittenRange, got: Payload | number): boolean {
  if (typeof got === 'number' || !('stat' in owner) || got.lengthBytes === 0) return false;
  const missing = range.data.lengthBytes - got.lengthBytes;
  return missing < PAGE_BYTES && owner.stat().size === range.from + got.lengthBytes;
}

function judge(
  range: WrittenRange,
  got: Payload | number,
  cutAtEnd: boolean,
): { outcome: ReadbackFinding['outcome']; firstBad: number } {
  if (typeof got === 'number') return { outcome: 'error', firstBad: 0 };
  const meant = cutAtEnd ? range.data.slice(0, got.lengthBytes) : range.data;
  if (samePayload(got, meant)) return { outcome: 'same', firstBad: -1 };
  const bad = firstDifference(got, meant);
  return { outcome: 'different', firstBad: bad < 0 ? got.lengthBytes : bad };
}

/** The worst of the findings. */
export function worstOf(findings: readonly ReadbackFinding[]): Readback {
  if (findings.some((one) => one.outcome === 'error')) return 'error';
  if (findings.some((one) => one.outcome === 'different')) return 'different';
  return findings.length === 0 ? 'nothing' : 'same';
}

function* readRange(machine: Machine, owner: Owner, range: WrittenRange): Task<Payload | number> {
  const length = range.data.lengthBytes;
  if (!('stat' in owner)) return yield* directRead(machine.block, owner, range.from, length);
  owner.dropCache?.();
  const file: OpenFile = { inode: owner, flags: O.RDONLY, position: 0, private: null };
  const opened = owner.open === undefined ? 0 : yield* owner.open(file);
  if (opened < 0) return opened;
  const aligned = range.from % SECTOR_BYTES === 0 && length % SECTOR_BYTES === 0;
  const read = yield* owner.read!(file, range.from, length, aligned ? DIRECT : BUFFERED);
  if (owner.release !== undefined) yield* owner.release(file);
  return read;
}
