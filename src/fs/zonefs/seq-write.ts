/**
 * Direct writes to sequential files (fs/zonefs/file.c, zonefs_file_dio_write(), zonefs_file_dio_append(),
 * zonefs_write_checks(), zonefs_file_write_dio_end_io(); to 6.2 in super.c). Eras differ in how a synchronous write is
 * issued, in what is checked when it ends, and in whether the write pointer offset moves before or after.
 *
 * This is the hot path of every benchmark: a synchronous write of up to 1 MiB is one bio from the pool, and nothing else.
 * So it is cut at the places where it may have to sleep: plain functions do what need not wait and return the number,
 * and each has a generator beside it that takes over when it must.
 */

import type { Bio } from '../../block/bio.ts';
import type { Payload } from '../../block/payload.ts';
import { type BlockStatus, Status, statusToErrno } from '../../block/status.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { PAGE_BYTES, roundDown, SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task, Wait } from '../../sim/task.ts';
import type { IoFlags } from '../inode.ts';
import {
  appendBio,
  BIO_MAX_BYTES,
  memoryFlags,
  sendOne,
  sendWrites,
  takesMemory,
  waitAll,
  writeBio,
} from './direct.ts';
import type { ZonefsFile } from './file.ts';
import { ioError } from './recovery.ts';
import { IoRules, refuseIo } from './refusals.ts';

const { ok: OK } = Status;
const SECTOR = SECTOR_BYTES;

/** A direct write to a sequential file. The gate (immutable, read-only, beyond capacity) was passed. */
export function writeSequential(
  file: ZonefsFile,
  position: number,
  data: Payload,
  flags: IoFlags,
): Task<number> | number {
  if (!file.lock.tryExclusive()) return writeWhenFree(file, position, data, flags);
  return writeLocked(file, position, data, flags);
}

function* writeWhenFree(
  file: ZonefsFile,
  position: number,
  data: Payload,
  flags: IoFlags,
): Task<number> {
  yield* file.lock.exclusive();
  const result = writeLocked(file, position, data, flags);
  return typeof result === 'number' ? result : yield* result;
}

function writeLocked(
  file: ZonefsFile,
  position: number,
  data: Payload,
  flags: IoFlags,
): Task<number> | number {
  const count = checkedLength(file, position, data.lengthBytes, flags);
  if (count <= 0) return unlocked(file, count);
  if (!file.truncateLock.tryExclusive()) return writeWhenSettled(file, data, count, flags);
  return writeAtPointer(file, data, count, flags);
}

function* writeWhenSettled(
  file: ZonefsFile,
  data: Payload,
  count: number,
  flags: IoFlags,
): Task<number> {
  yield* file.truncateLock.exclusive();
  const result = writeAtPointer(file, data, count, flags);
  return typeof result === 'number' ? result : yield* result;
}

function writeAtPointer(
  file: ZonefsFile,
  data: Payload,
  count: number,
  flags: IoFlags,
): Task<number> | number {
  const { mount } = file;
  const at = file.writePosition;
  if (at !== file.zone.pointerBytes) return elsewhere(file, at);
  if (mount.movesBeforeIssue) advancePointer(file, count);
  file.truncateLock.releaseExclusive();

  const part = count === data.lengthBytes ? data : data.slice(0, count);
  const plain = flags.blocking && !mount.appends && flags.memoryOffset === 0;
  if (!plain || count > BIO_MAX_BYTES) return writeOtherwise(file, at, part, flags);
  if (file.cache !== null) file.forgetCached(at, count);
  return sendAndWait(file, writeBio(file, at, part, 0), at, count, flags);
}

/** What is no regular write of one bio from whole pages that its caller waits for. */
function writeOtherwise(
  file: ZonefsFile,
  at: number,
  data: Payload,
  flags: IoFlags,
): Task<number> | number {
  if (!flags.blocking) return writeAsync(file, at, data, flags);
  const count = data.lengthBytes;
  const append = file.mount.appends;
  const { memoryOffset } = flags;
  const length = append ? appendLength(file, count, memoryOffset) : count;
  if (length === 0) return unlocked(file, 0);
  if (memoryOffset > 0) {
    if (!append && !takesMemory(file, memoryOffset)) return memoryRefused(file, memoryOffset);
    if (memoryOffset + length > BIO_MAX_BYTES) throw new NotModelled(LONG_FROM_OFFSET);
  }
  const part = data.slice(0, length);
  if (length > BIO_MAX_BYTES) return writeMany(file, at, part, flags);
  const bio = append ? appendBio(file, at, part, flags.dsync) : writeBio(file, at, part, 0);
  if (memoryOffset > 0) bio.flags |= memoryFlags(memoryOffset);
  if (append) file.forgetBeforeAppend(at, length);
  else file.forgetCached(at, length);
  return sendAndWait(file, bio, at, count, flags);
}

function sendAndWait(
  file: ZonefsFile,
  bio: Bio,
  at: number,
  count: number,
  flags: IoFlags,
): Task<number> | number {
  sendOne(file, bio);
  const wait = file.mount.host.settle(bio);
  if (wait !== null) return writtenLater(file, bio, wait, at, count, flags);
  return written(file, bio, at, count, flags);
}

/** The write is not for where the pointer stands. */
function elsewhere(file: ZonefsFile, position: number): number {
  file.truncateLock.releaseExclusive();
  const seen = { position, write_pointer_offset: file.zone.pointerBytes };
  return unlocked(file, refuseIo(file, IoRules.atPointer, seen));
}

/** How much of it one bio takes follows from its pages in memory. */
const LONG_FROM_OFFSET = 'a direct write of over 1 MiB from memory that begins inside a page';

/** An EINVAL of iomap is an error of the write like any other. */
function memoryRefused(file: ZonefsFile, memory_offset: number): Task<number> {
  const { dma_alignment, logical_block_size } = file.mount.device.limits;
  const refused = refuseIo(file, IoRules.memory, {
    memory_offset,
    dma_alignment,
    logical_block_size,
  });
  return failed(file, refused);
}

function* writtenLater(
  file: ZonefsFile,
  bio: Bio,
  first: Wait,
  at: number,
  count: number,
  flags: IoFlags,
): Task<number> {
  const { host } = file.mount;
  for (let wait: Wait | null = first; wait !== null; wait = host.settle(bio)) yield wait;
  const result = written(file, bio, at, count, flags);
  return typeof result === 'number' ? result : yield* result;
}

/** The write's only bio has ended; `count` bytes were asked for. */
function written(
  file: ZonefsFile,
  bio: Bio,
  at: number,
  count: number,
  flags: IoFlags,
): Task<number> | number {
  const { mount } = file;
  const append = mount.appends;
  const status = append ? located(file, bio, at) : bio.status;
  const length = bio.sectors * SECTOR;
  mount.block.bios.give(bio);
  if (status !== OK) return failed(file, statusToErrno(status));
  grow(file, at + length);
  if (!mount.movesBeforeIssue) advancePointer(file, length);
  else if (length !== count) return failed(file, shortWrite(file, length, count));
  return flags.dsync && !append ? flushed(file, length) : unlocked(file, length);
}

/** O_SYNC: `length` bytes were written, and the write ends with a flush. */
function flushed(file: ZonefsFile, length: number): Task<number> | number {
  const flush = file.mount.sendFlush();
  const wait = file.mount.host.settle(flush);
  if (wait !== null) return flushedLater(file, flush, wait, length);
  const result = file.mount.flushed(flush);
  return result < 0 ? failed(file, result) : unlocked(file, length);
}

function* flushedLater(file: ZonefsFile, flush: Bio, first: Wait, length: number): Task<number> {
  const { host } = file.mount;
  for (let wait: Wait | null = first; wait !== null; wait = host.settle(flush)) yield wait;
  const result = file.mount.flushed(flush);
  return result < 0 ? yield* failed(file, result) : unlocked(file, length);
}

function* failed(file: ZonefsFile, result: number): Task<number> {
  yield* ioError(file, true);
  return unlocked(file, result);
}

function unlocked(file: ZonefsFile, result: number): number {
  file.lock.releaseExclusive();
  return result;
}

/**
 * zonefs_write_checks(): how many bytes may go (0: none, below: an errno); their place is left in `file.writePosition`.
 * A write across the end of the zone is short, not an error.
 */
function checkedLength(file: ZonefsFile, position: number, length: number, flags: IoFlags): number {
  if (flags.noWait && !flags.blocking) return refuseIo(file, IoRules.noWait);
  if (length === 0) return 0;
  const at = flags.append ? appendPosition(file) : position;
  if (at < 0) return at;
  const count = Math.min(length, file.zone.capacityBytes - at);
  const { blockBytes } = file.mount;
  if (at % blockBytes !== 0 || count % blockBytes !== 0) {
    return refuseIo(file, IoRules.alignment, { position: at, length: count, block: blockBytes });
  }
  file.writePosition = at;
  return count;
}

/** Where O_APPEND writes, or an errno. */
function appendPosition(file: ZonefsFile): number {
  const { zone } = file;
  // Queued writes have moved the pointer already and will move the size when they end, so the size is too small.
  const atPointer = file.mount.answers.appendPosition === 'write-pointer';
  const at = atPointer ? zone.pointerBytes : zone.sizeBytes;
  if (at < zone.capacityBytes) return at;
  return refuseIo(file, IoRules.appendedBeyond, { position: at });
}

/** What one append can take of `count` bytes. With a limit of 0 that is nothing: the write returns 0, without a word. */
function appendLength(file: ZonefsFile, count: number, memoryOffset: number): number {
  const fs = file.mount;
  const limit = Math.min(fs.appendLimitBytes, BIO_MAX_BYTES);
  const { max_zone_append_sectors, max_segments } = fs.device.limits;
  if (limit === 0) refuseIo(file, IoRules.appendLimit, { max_zone_append_sectors });
  // An append is never split, so its pages must do with the segments of one request (bio_add_zone_append_page()).
  const pages = max_segments.value * PAGE_BYTES - memoryOffset;
  return Math.min(count, limit, roundDown(pages, fs.blockBytes));
}

function shortWrite(file: ZonefsFile, written: number, asked: number): number {
  return refuseIo(file, IoRules.shortWrite, { written, asked });
}

/** The status of an append, its place looked at as this kernel does. */
function located(file: ZonefsFile, bio: Bio, at: number): BlockStatus {
  const fs = file.mount;
  const check = fs.answers.locationCheck;
  if (check === 'none' || bio.status !== Status.ok) return bio.status;
  const { startSector, pointerBytes } = file.zone;
  // 6.1.192 looks at the offset it moved before sending, so only a bio that landed too far can be right.
  const offset = check === 'against-advanced' ? pointerBytes : at;
  const expected = startSector + offset / SECTOR_BYTES;
  if (bio.sector === expected) return Status.ok;
  const named = check === 'log-expected' ? expected : bio.sector;
  fs.warn(`Corrupted write pointer ${named} for zone at ${startSector}`);
  refuseIo(file, IoRules.location, { expected, returned: bio.sector }, bio.id);
  return Status.ioError;
}

function* writeMany(file: ZonefsFile, at: number, data: Payload, flags: IoFlags): Task<number> {
  return unlocked(file, yield* writeLong(file, at, data, flags));
}

/** A regular write of more than one bio. */
function* writeLong(file: ZonefsFile, at: number, data: Payload, flags: IoFlags): Task<number> {
  file.forgetCached(at, data.lengthBytes);
  const status = yield* waitAll(file, sendWrites(file, at, data, 0));
  if (status !== Status.ok) {
    yield* ioError(file, true);
    return statusToErrno(status);
  }
  grow(file, at + data.lengthBytes);
  if (!file.mount.movesBeforeIssue) advancePointer(file, data.lengthBytes);
  const flushed = flags.dsync ? yield* file.flush() : 0;
  return flushed < 0 ? flushed : data.lengthBytes;
}

/**
 * AIO and io_uring: always regular writes, in every era. The inode lock goes once the bios are sent, so many can be
 * under way; the size follows when they end.
 */
function* writeAsync(file: ZonefsFile, at: number, data: Payload, flags: IoFlags): Task<number> {
  const count = data.lengthBytes;
  const { loop } = file.mount.host;
  const issuedNs = loop.nowNs;
  file.forgetCached(at, count);
  file.ioBegins();
  const bios = sendWrites(file, at, data, 0);
  const inside = bios.every((bio) => bio.remaining === 0);
  if (!file.mount.movesBeforeIssue) advancePointer(file, count);
  file.lock.releaseExclusive();
  const status = yield* waitAll(file, bios);
  if (status !== Status.ok) {
    yield* ioError(file, true);
    if (loop.nowNs === issuedNs) yield* writerFinds(file, count, inside);
    file.ioEnds();
    return statusToErrno(status);
  }
  grow(file, at + count);
  const flushed = flags.dsync ? yield* file.flush() : 0;
  file.ioEnds();
  return flushed < 0 ? flushed : count;
}

/**
 * A queued write failed at once: what does its writer, back from sending, make of that? Where the bio ended inside the
 * submission (refused by device mapper, or gone down and back up through zone write plugs) the error is the writer's own
 * as well, and it recovers once more. A scheduler ends it elsewhere: then the writer knows of a queued write only, and
 * to 6.7 it moved the pointer that the completion had just put right.
 */
function* writerFinds(file: ZonefsFile, count: number, inside: boolean): Task<void> {
  const { movesBeforeIssue, host } = file.mount;
  if (!movesBeforeIssue) {
    if (!inside) advancePointer(file, count);
  } else if (inside || host.kernel.block.zoneWriteOrder === 'zone-write-plug') {
    yield* ioError(file, true);
  }
}

function advancePointer(file: ZonefsFile, count: number): void {
  file.zone.pointerBytes += count;
  if (file.mount.countsActive) file.mount.accountActive(file.zone);
}

/** The file ends at `size` or further: completions come in any order. */
function grow(file: ZonefsFile, size: number): void {
  const { sizeBytes } = file.zone;
  if (size <= sizeBytes) return;
  file.mount.updateStats(sizeBytes, size);
  file.setSizeBytes(size);
}
