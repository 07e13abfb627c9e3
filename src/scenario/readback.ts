/**
 * Reading back what a step wrote: the ranges its data bios carried, read again past all caches and compared with what
 * was meant. Only the last write to a byte counts.
 */

import type { Bio } from '../block/bio.ts';
import type { BlockDevice } from '../block/device.ts';
import { directRead } from '../block/direct.ts';
import type { Payload } from '../block/payload.ts';
import { samePayload } from '../block/payload.ts';
import { type Inode, type IoFlags, O, type OpenFile } from '../fs/inode.ts';
import type { Machine } from '../machine.ts';
import type { Task } from '../sim/task.ts';
import type { READBACKS } from './schema.ts';

export type Readback = (typeof READBACKS)[number];

interface Range {
  readonly from: number;
  readonly data: Payload;
}

type Owner = Inode | BlockDevice;

/** What was written, by file, or by device where no file stands between. */
export class WrittenRanges {
  readonly byOwner = new Map<Owner, Range[]>();

  get empty(): boolean {
    return this.byOwner.size === 0;
  }

  /** Takes a data bio that leaves the file-system floor. Bytes are in the order of the file. */
  add(bio: Bio): void {
    if (!bio.isWrite || bio.payload === null) return;
    const owner = (bio.inode as Inode | null) ?? bio.device!;
    const from = bio.filePosition >= 0 ? bio.filePosition : bio.sector * 512;
    const range = { from, data: bio.payload };
    const ranges = this.byOwner.get(owner);
    if (ranges === undefined) this.byOwner.set(owner, [range]);
    else if (!appended(ranges, range)) {
      this.byOwner.set(owner, [...cutOut(ranges, from, bio.payload.lengthBytes), range]);
    }
  }
}

/** Writes that follow one another are the rule: they are added without looking at the others. */
function appended(ranges: Range[], range: Range): boolean {
  const last = ranges[ranges.length - 1]!;
  if (last.from + last.data.lengthBytes !== range.from || ranges.length > 1) return false;
  const joined = last.data.joined(range.data);
  if (joined === null) return false;
  ranges[ranges.length - 1] = { from: last.from, data: joined };
  return true;
}

/** `ranges` without the bytes `from` to `from + length`. */
function cutOut(ranges: readonly Range[], from: number, length: number): Range[] {
  const end = from + length;
  return ranges.flatMap((range) => {
    const rangeEnd = range.from + range.data.lengthBytes;
    if (rangeEnd <= from || range.from >= end) return [range];
    const kept: Range[] = [];
    if (range.from < from) {
      kept.push({ from: range.from, data: range.data.slice(0, from - range.from) });
    }
    if (rangeEnd > end) {
      kept.push({ from: end, data: range.data.slice(end - range.from, rangeEnd - end) });
    }
    return kept;
  });
}

const DIRECT: IoFlags = {
  direct: true,
  dsync: false,
  append: false,
  noWait: false,
  blocking: true,
};
const BUFFERED: IoFlags = { ...DIRECT, direct: false };

/** Reads all ranges on `machine`; the worst finding is the answer. The machine is not to be used afterwards. */
export function readBack(machine: Machine, written: WrittenRanges): Readback {
  let worst: Readback = written.empty ? 'nothing' : 'same';
  for (const [owner, ranges] of written.byOwner) {
    for (const range of ranges) {
      const read = machine.call(readRange(machine, owner, range), 'readback');
      if (typeof read === 'number') return 'error';
      if (!samePayload(read, range.data)) worst = 'different';
    }
  }
  return worst;
}

function* readRange(machine: Machine, owner: Owner, range: Range): Task<Payload | number> {
  const length = range.data.lengthBytes;
  if (!('stat' in owner)) return yield* directRead(machine.block, owner, range.from, length);
  owner.dropCache?.();
  const file: OpenFile = { inode: owner, flags: O.RDONLY, position: 0, private: null };
  const opened = (yield* owner.open?.(file) ?? none()) ?? 0;
  if (opened < 0) return opened;
  const aligned = range.from % 512 === 0 && length % 512 === 0;
  const read = yield* owner.read!(file, range.from, length, aligned ? DIRECT : BUFFERED);
  yield* owner.release?.(file) ?? none();
  return read;
}

function* none(): Task<number> {
  return 0;
}
