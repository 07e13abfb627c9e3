/**
 * Writes (fs/btrfs/file.c, btrfs_buffered_write(), btrfs_direct_write(); inode.c, btrfs_setsize()): into the
 * page cache, or straight out; and what changes a file's size. Errors are negative errnos. From 5.12 on.
 */

import { FillPayload, type Payload } from '../../block/payload.ts';
import { errno } from '../../kernel/errno.ts';
import { MIB, roundDown, roundUp } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import { hasDataSpace, reserveData } from './allocator.ts';
import { byWorker, flushFile, folioBytes, maybeOvertaken } from './delalloc.ts';
import { withoutRange } from './file-extents.ts';
import { extentBytes, promisable, promiseMetadata, writeBytes } from './metadata-space.ts';
import { sendData, touchFile, waitOrdered } from './ordered.ts';
import { readPage } from './read.ts';
import {
  caller,
  type FsState,
  inodeItem,
  joinTransaction,
  type LiveFile,
  type Sender,
} from './state.ts';
import { cowTree } from './tree-blocks.ts';
import { TreeId } from './trees.ts';

/** What one turn of a buffered write copies: as many pages as a page of pointers names; or a large folio. */
const STEP_BYTES = 2 * MIB;

/** Writes into the page cache. The bytes written, or a negative errno when there are none. */
export function* writeBuffered(
  fs: FsState,
  file: LiveFile,
  position: number,
  data: Payload,
): Task<number> {
  let done = 0;
  while (done < data.lengthBytes) {
    const left = data.lengthBytes - done;
    const large = fs.answers.dataFolios === 'large';
    const length = Math.min(large ? folioBytes(fs, position + done, left) : STEP_BYTES, left);
    touchFile(fs, file);
    const step = yield* writeStep(fs, file, position + done, data.slice(done, length));
    if (step < 0) return done > 0 ? done : step;
    done += step;
  }
  return done;
}

function* writeStep(fs: FsState, file: LiveFile, position: number, data: Payload): Task<number> {
  const length = data.lengthBytes;
  if (!hasSpace(fs, file, position, length)) return -errno.ENOSPC;
  const promised = yield* promiseWrite(fs, length);
  if (promised < 0) return promised;
  if (position > file.size) yield* zeroTail(fs, file);
  const filled = yield* fillEdges(fs, file, position, length);
  if (filled < 0) return filled;
  dirty(fs, file, position, data);
  file.size = Math.max(file.size, position + length);
  return length;
}

/**
 * Sets metadata aside for a write. What dirty data holds is had back by writing it out, before anything else is
 * tried.
 */
function* promiseWrite(fs: FsState, length: number): Task<number> {
  const wanted = writeBytes(fs, length);
  if (fs.env.zones === null || promisable(fs) >= wanted + extentBytes(fs, fs.dirtyBytes)) return 0;
  if (fs.dirtyBytes > 0) {
    yield* byWorker(fs, function* (sender) {
      for (const one of fs.files.values()) yield* flushFile(fs, one, sender);
    });
    yield* waitOrdered(fs, null);
  }
  return yield* promiseMetadata(fs, wanted, fs.host.cause);
}

/** Data space is promised when the page gets dirty, not when it is written. */
function hasSpace(fs: FsState, file: LiveFile, position: number, length: number): boolean {
  const step = fs.sectorBytes;
  const wanted = roundUp(position + length, step) - roundDown(position, step);
  const small = file.cipher === null && file.size < step;
  const inline = position + length <= fs.env.options.maxInlineBytes && small;
  return inline || hasDataSpace(fs, fs.dirtyBytes + wanted);
}

function dirty(fs: FsState, file: LiveFile, position: number, data: Payload): void {
  const before = file.cache.dirtyBytes;
  file.cache.write(position, data);
  fs.dirtyBytes += file.cache.dirtyBytes - before;
  const step = fs.sectorBytes;
  const last = Math.floor((position + data.lengthBytes - 1) / step);
  for (let page = Math.floor(position / step); page <= last; page += 1) {
    file.failedPages.delete(page);
  }
}

/** Pages written in part must be there first. */
function* fillEdges(fs: FsState, file: LiveFile, position: number, length: number): Task<number> {
  const step = fs.sectorBytes;
  for (const range of file.cache.missingEdges(position, length)) {
    for (let at = range.position; at < range.position + range.length; at += step) {
      if (at >= file.size) file.cache.fill(at, new FillPayload(0, step));
      else if (!(yield* readPage(fs, file, at / step))) return -errno.EIO;
    }
  }
  return 0;
}

/**
 * The file grows over its last page: what was behind its end becomes zeroes that count
 * (btrfs_truncate_block()).
 */
function* zeroTail(fs: FsState, file: LiveFile): Task<void> {
  const step = fs.sectorBytes;
  const tail = file.size % step;
  if (tail === 0) return;
  if ((yield* fillEdges(fs, file, file.size, step - tail)) < 0) return;
  dirty(fs, file, file.size, new FillPayload(0, step - tail));
}

/** Writes past the page cache; what is not aligned to sectors goes through it after all and is flushed. */
export function* writeDirect(
  fs: FsState,
  file: LiveFile,
  position: number,
  data: Payload,
): Task<number> {
  const sender = caller(fs);
  const length = data.lengthBytes;
  const end = position + length;
  if (length === 0) return 0;
  if ((position | length) % fs.sectorBytes !== 0) {
    const written = yield* writeBuffered(fs, file, position, data);
    if (written < 0) return written;
    yield* flushFile(fs, file, sender, position, end);
    yield* waitOrdered(fs, file);
    file.cache.invalidate(position, length);
    return takeWriteError(file) || written;
  }
  if (!hasSpace(fs, file, position, length)) return -errno.ENOSPC;
  const promised = yield* promiseWrite(fs, length);
  if (promised < 0) return promised;
  if (position > file.size) yield* zeroTail(fs, file);
  yield* flushFile(fs, file, sender, position, end);
  yield* waitOrdered(fs, file);
  forget(fs, file, position, length);
  file.size = Math.max(file.size, end);
  const sent = yield* sendDirect(fs, file, position, data, sender);
  yield* waitOrdered(fs, file);
  forget(fs, file, position, length);
  const failed = takeWriteError(file);
  return failed === 0 ? sent : failed;
}

function* sendDirect(
  fs: FsState,
  file: LiveFile,
  position: number,
  data: Payload,
  sender: Sender,
): Task<number> {
  const whole = fs.answers.directExtents === 'whole';
  const most = whole ? data.lengthBytes : (fs.env.zones?.maxExtentBytes ?? data.lengthBytes);
  let done = 0;
  while (done < data.lengthBytes) {
    const wanted = Math.min(most, data.lengthBytes - done);
    const space = reserveData(fs, joinTransaction(fs), wanted);
    if (typeof space === 'number') return done > 0 ? done : space;
    yield* maybeOvertaken(fs, file, space);
    sendData(fs, file, position + done, data.slice(done, space.numBytes), space, sender);
    done += space.numBytes;
  }
  return done;
}

function takeWriteError(file: LiveFile): number {
  const failed = file.writeError;
  file.writeError = 0;
  return failed;
}

function forget(fs: FsState, file: LiveFile, position: number, length: number): void {
  const before = file.cache.dirtyBytes;
  file.cache.invalidate(position, length);
  fs.dirtyBytes += file.cache.dirtyBytes - before;
}

/** truncate(2). 0 or a negative errno. */
export function* setSize(fs: FsState, file: LiveFile, size: number): Task<number> {
  if (size === file.size) return 0;
  if (size > file.size) {
    yield* zeroTail(fs, file);
    file.size = size;
    changeItemLater(fs, file, (item) => ({ ...item, size }));
    return 0;
  }
  const sender = caller(fs);
  yield* flushFile(fs, file, sender);
  yield* waitOrdered(fs, file);
  const step = fs.sectorBytes;
  const tail = size % step;
  if (tail !== 0) {
    const filled = yield* fillEdges(fs, file, size, step - tail);
    if (filled < 0) return filled;
  }
  const before = file.cache.dirtyBytes;
  file.cache.truncate(size);
  fs.dirtyBytes += file.cache.dirtyBytes - before;
  for (const page of file.failedPages) if (page * step >= size) file.failedPages.delete(page);
  const transaction = joinTransaction(fs);
  const item = inodeItem(fs, file.ino);
  const inlineLeft = item.extents[0]?.inline !== null && size < step && tail !== 0;
  const from = inlineLeft ? size : roundUp(size, step);
  const cut = withoutRange(transaction, item, from, Number.MAX_SAFE_INTEGER);
  file.size = size;
  changeItem(fs, file, () => ({ ...cut, size }));
  if (tail !== 0 && !inlineLeft) dirty(fs, file, size, new FillPayload(0, step - tail));
  return 0;
}

type ItemChange = (item: ReturnType<typeof inodeItem>) => ReturnType<typeof inodeItem>;

/** Replaces a file's inode item in the running transaction, along with others in its leaf. */
export function changeItem(fs: FsState, file: LiveFile, change: ItemChange): void {
  changeItemLater(fs, file, change);
  cowTree(fs, joinTransaction(fs), TreeId.fs);
}

/** Replaces a file's inode item alone: until the commit no leaf is touched (btrfs_delayed_update_inode()). */
export function changeItemLater(fs: FsState, file: LiveFile, change: ItemChange): void {
  const transaction = joinTransaction(fs);
  fs.trees.setInode({ ...change(inodeItem(fs, file.ino)), transid: transaction.id });
  transaction.inodesChanged = true;
  file.changedIn = transaction.id;
  file.changedSinceLog = true;
}
