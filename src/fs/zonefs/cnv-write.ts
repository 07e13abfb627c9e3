/**
 * Writes to conventional files, direct and buffered, and write-back of what is buffered (fs/zonefs/file.c,
 * zonefs_file_buffered_write(), zonefs_file_dio_write(), zonefs_file_fsync(); the work is fs/iomap's). All eras are
 * alike but for O_APPEND.
 */

import { Flag } from '../../block/bio.ts';
import type { Payload } from '../../block/payload.ts';
import { type BlockStatus, Status, statusToErrno } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import { type IoFlags, O, type OpenFile } from '../inode.ts';
import { memoryFlags, readRange, sendWrites, takesMemory, waitAll } from './direct.ts';
import type { ZonefsFile } from './file.ts';
import { ioError } from './recovery.ts';
import { IoRules, refuseIo } from './refusals.ts';

/** What may be written of `length` bytes at `position`: a positive count, 0, or a negative errno. */
function checkedLength(file: ZonefsFile, position: number, length: number, flags: IoFlags): number {
  if (length === 0) return 0;
  const { capacityBytes } = file.zone;
  if (flags.append) {
    // The file is always as large as it can be, so there is no end to append to. Before 5.12 this met the size limit.
    const rule =
      file.mount.answers.appendPosition === 'write-pointer'
        ? IoRules.appendConventional
        : IoRules.appendedBeyond;
    return refuseIo(file, rule, { capacity: capacityBytes });
  }
  return Math.min(length, capacityBytes - position);
}

export function* writeConventionalDirect(
  file: ZonefsFile,
  open: OpenFile,
  position: number,
  data: Payload,
  flags: IoFlags,
): Task<number> {
  yield* file.lock.exclusive();
  const count = checkedLength(file, position, data.lengthBytes, flags);
  const { blockBytes } = file.mount;
  const aligned = position % blockBytes === 0 && count % blockBytes === 0;
  if (count <= 0 || !aligned) {
    file.lock.releaseExclusive();
    if (count <= 0) return count;
    const seen = { position, length: count, block: blockBytes };
    return refuseIo(file, IoRules.alignment, seen);
  }
  const { memoryOffset } = flags;
  // The completion handler recovers, even from iomap's own EINVAL. Since 2024 it leaves synchronous writes to their caller,
  // who looks after sequential files only. Seen on 5.10.262 and 6.12.117.
  const recovers = !flags.blocking || !file.mount.movesBeforeIssue;
  if (!takesMemory(file, memoryOffset)) {
    const refused = refuseIo(file, IoRules.memory, { memory_offset: memoryOffset });
    if (recovers) yield* ioError(file, true);
    file.lock.releaseExclusive();
    return refused;
  }
  const written = yield* file.writeBack(position, position + count);
  file.forgetCached(position, count);
  // Below the size all is "mapped": O_DSYNC may use FUA, and need no flush then. O_SYNC is a write and a flush.
  const fua = flags.dsync && (open.flags & O.SYNC) !== O.SYNC;
  if (!flags.blocking) file.lock.releaseExclusive();
  file.ioBegins();
  const marks = memoryFlags(memoryOffset) | (fua ? Flag.fua : 0);
  const bios = written < 0 ? [] : sendWrites(file, position, data.slice(0, count), marks);
  const status = yield* waitAll(file, bios);
  let result = written < 0 ? written : count;
  if (status !== Status.ok) {
    if (recovers) yield* ioError(file, true);
    result = statusToErrno(status);
  } else if (result > 0 && flags.dsync && !fua) {
    const flushed = yield* file.flush();
    if (flushed < 0) result = flushed;
  }
  file.ioEnds();
  if (flags.blocking) file.lock.releaseExclusive();
  return result;
}

export function* writeConventionalBuffered(
  file: ZonefsFile,
  position: number,
  data: Payload,
  flags: IoFlags,
): Task<number> {
  yield* file.lock.exclusive();
  const count = checkedLength(file, position, data.lengthBytes, flags);
  let result = count;
  if (count > 0) {
    const cache = file.pages;
    for (const edge of cache.missingEdges(position, count)) {
      const read = yield* fillCache(file, edge.position, edge.length);
      if (read < 0) result = read;
    }
    if (result === -errno.EIO) yield* ioError(file, true);
    if (result > 0) cache.write(position, data.slice(0, count));
  }
  file.lock.releaseExclusive();
  if (result > 0 && flags.dsync) {
    const synced = yield* syncRange(file, position, position + count);
    if (synced < 0) return synced;
  }
  return result;
}

/** Reads a range of whole pages into the cache, up to the end of the file; 0 or a negative errno. */
export function* fillCache(file: ZonefsFile, position: number, length: number): Task<number> {
  const end = Math.min(position + length, file.zone.sizeBytes);
  if (end <= position) return 0;
  const read = yield* readRange(file, position, end - position, 0);
  if (typeof read === 'number') return statusToErrno(read);
  file.pages.fill(position, read);
  return 0;
}

/** Writes dirty pages of a range out and waits; 0 or a negative errno. The pages are clean in either case. */
export function* writeBackRange(file: ZonefsFile, from: number, to: number): Task<number> {
  const { cache } = file;
  if (cache === null || cache.dirtyBytes === 0) return 0;
  const sent = cache.dirtyRanges(from, to).map(({ position, length }) => {
    const end = Math.min(position + length, file.zone.capacityBytes);
    const data = cache.read(position, end - position);
    if (data === null) throw new Error(`dirty page at ${position} expected to be cached, got none`);
    cache.markClean(position, length);
    return { position, bios: sendWrites(file, position, data, 0) };
  });
  let result: BlockStatus = Status.ok;
  for (const { position, bios } of sent) {
    const status = yield* waitAll(file, bios);
    if (status === Status.ok) continue;
    lostPages(file, position);
    if (result === Status.ok) result = status;
  }
  return statusToErrno(result);
}

/** iomap_finish_ioend(), for each run of neighbouring pages. The format ends without a newline. */
function lostPages(file: ZonefsFile, position: number): void {
  const { host, device } = file.mount;
  const sector = file.zone.startSector + position / SECTOR_BYTES;
  const at = `inode ${file.ino}, offset ${position}, sector ${sector}`;
  host.printk('err', `${device.name}: writeback error on ${at}`, true);
}

/** zonefs_file_fsync(): data of conventional files, then the device's cache; any failure is an error to recover from. */
export function* syncRange(file: ZonefsFile, from: number, to: number): Task<number> {
  const written = yield* writeBackRange(file, from, to);
  if (written === 0) return yield* file.flush();
  yield* ioError(file, true);
  return written;
}
