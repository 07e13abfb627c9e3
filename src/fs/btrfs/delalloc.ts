/**
 * Dirty pages on their way out (fs/btrfs/inode.c, btrfs_run_delalloc_range(), cow_file_range(); extent_io.c,
 * find_lock_delalloc_range()): each dirty range becomes an inline extent or takes data space, and goes out at
 * once, as zoned mode wants. From 5.12 on.
 */

import { errno } from '../../kernel/errno.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { MIB, roundUp } from '../../kernel/units.ts';
import { PREEMPTION } from '../../sim/schedule.ts';
import { Completion, type Task } from '../../sim/task.ts';
import { type DataExtent, reserveData } from './allocator.ts';
import { insertFileExtent } from './file-extents.ts';
import { sendData, usesAppend } from './ordered.ts';
import { type FsState, joinTransaction, type LiveFile, type Sender } from './state.ts';
import { cowTree } from './tree-blocks.ts';
import { TreeId } from './trees.ts';

/** BTRFS_MAX_EXTENT_SIZE, where no zone limit lowers it. */
const MAX_EXTENT_BYTES = 128 * MIB;

/** Blocks of one large folio. */
const FOLIO_BLOCKS = 64;

/** Starts write-out of a file's dirty pages from `from` to `to`; their ordered extents end later. */
export function* flushFile(
  fs: FsState,
  file: LiveFile,
  sender: Sender,
  from = 0,
  to = Number.POSITIVE_INFINITY,
): Task<void> {
  if (file.cache.dirtyBytes === 0) return;
  const most = fs.env.zones?.maxExtentBytes ?? MAX_EXTENT_BYTES;
  if (fs.answers.dataFolios === 'large') {
    for (const range of file.cache.dirtyRanges(from, to)) {
      for (const one of byFolio(fs, range.position, range.length, most)) {
        yield* flushRange(fs, file, one.position, one.length, sender);
      }
    }
    return;
  }
  for (const range of file.cache.dirtyRanges(from, to, most)) {
    yield* flushRange(fs, file, range.position, range.length, sender);
  }
}

interface Range {
  readonly position: number;
  readonly length: number;
}

/**
 * What goes out together where folios are large (writepage_delalloc()): the pieces of at most `most` bytes that begin in
 * one folio, as one extent, which may so end behind the folio. Folios are laid out as one write of the range lays them.
 */
function* byFolio(fs: FsState, position: number, length: number, most: number): Generator<Range> {
  const end = position + length;
  let taken = position;
  for (let at = position; at < end; ) {
    const folioEnd = at + folioBytes(fs, at, end - at);
    const from = Math.max(taken, at);
    taken = from;
    while (taken < folioEnd) taken = Math.min(taken + most, end);
    if (taken > from) yield { position: from, length: taken - from };
    at = folioEnd;
  }
}

/** The largest power of two of blocks that fits: aligned to itself, one bit of a long a block (BTRFS_MAX_BLOCKS_PER_FOLIO). */
export function folioBytes(fs: FsState, position: number, length: number): number {
  let bytes = fs.sectorBytes;
  const most = fs.sectorBytes * FOLIO_BLOCKS;
  while (bytes < most && bytes * 2 <= length && position % (bytes * 2) === 0) bytes *= 2;
  return bytes;
}

function* flushRange(
  fs: FsState,
  file: LiveFile,
  position: number,
  length: number,
  sender: Sender,
): Task<void> {
  const end = Math.min(position + length, roundUp(file.size, fs.sectorBytes));
  fs.dirtyBytes -= length;
  file.cache.markClean(position, length);
  if (end <= position || !fs.trees.inodes.has(file.ino)) return;
  if (fs.aborted !== 0) {
    file.writeError = -errno.EROFS;
    return;
  }
  if (becomesInline(fs, file, position)) {
    writeInline(fs, file);
    return;
  }
  if (fs.env.options.compress !== 'no') {
    throw new NotModelled(`btrfs compress=${fs.env.options.compress}`, 'mount without compress');
  }
  const payload = file.cache.read(position, end - position);
  if (payload === null) throw new Error(`"dirty range" expected to be cached, got a gap`);
  let done = 0;
  while (done < payload.lengthBytes) {
    const space = reserveData(fs, joinTransaction(fs), payload.lengthBytes - done);
    if (typeof space === 'number') {
      file.writeError = space;
      return;
    }
    yield* maybeOvertaken(fs, file, space);
    const piece = payload.slice(done, space.numBytes);
    sendData(fs, file, position + done, piece, space, sender, fs.writebackBioBytes);
    done += space.numBytes;
  }
}

/**
 * The one choice on the way of data: is the task preempted between taking a place and sending the data there? Then
 * another writer may get ahead. Appends do not mind, and are not asked.
 */
export function* maybeOvertaken(fs: FsState, file: LiveFile, space: DataExtent): Task<void> {
  const { sequential } = space.group;
  if (!sequential || usesAppend(fs, sequential)) return;
  const { schedule, loop } = fs.host;
  if (schedule.choose('btrfs-submit', PREEMPTION) === 0) return;
  const turn = new Completion();
  loop.post(complete, turn);
  file.aboutToSend += 1;
  yield* turn.wait();
  file.aboutToSend -= 1;
}

function complete(turn: Completion): void {
  turn.complete();
}
complete.label = (): string => 'its turn comes again';

/**
 * Small files live in the tree (cow_file_range_inline()): the whole file, not longer than max_inline, not a
 * full sector.
 */
function becomesInline(fs: FsState, file: LiveFile, position: number): boolean {
  const { size } = file;
  return (
    // Encrypted data is whole units, which a leaf has no room for.
    file.cipher === null &&
    position === 0 &&
    size > 0 &&
    size <= Math.min(fs.env.options.maxInlineBytes, fs.nodeBytes - 250) &&
    size < fs.sectorBytes
  );
}

function writeInline(fs: FsState, file: LiveFile): void {
  const transaction = joinTransaction(fs);
  const data = file.cache.read(0, file.size)!;
  insertFileExtent(
    fs,
    transaction,
    file.ino,
    {
      fileOffset: 0,
      numBytes: fs.sectorBytes,
      inline: data,
      diskBytenr: 0,
      diskNumBytes: 0,
      extentOffset: 0,
      generation: transaction.id,
    },
    file.size,
  );
  cowTree(fs, transaction, TreeId.fs);
  file.changedIn = transaction.id;
  file.changedSinceLog = true;
}

/**
 * Has a kernel worker start write-out, as the flusher does for sync(2), and waits until it has; what it sends
 * belongs to the call that is running now.
 */
export function* byWorker(fs: FsState, work: (sender: Sender) => Task<void>): Task<void> {
  const done = new Completion();
  const { cause } = fs.host;
  const runner = fs.host.tasks.spawn('kworker', run(work, cause, done));
  yield* done.wait();
  if (runner.failure !== null) throw runner.failure;
}

function* run(work: (sender: Sender) => Task<void>, cause: number, done: Completion): Task<void> {
  try {
    yield* work({ cause, background: true });
  } finally {
    done.complete();
  }
}
