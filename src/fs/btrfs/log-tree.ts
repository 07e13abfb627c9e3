/**
 * fsync (fs/btrfs/file.c, btrfs_sync_file(); tree-log.c): a file's changes go into a log tree in a block group
 * of its own, and a superblock of the same generation points at it; a crash replays it. What the log holds is
 * kept beside the disk as the trees it would lead to. What a log cannot say is committed in full instead. From
 * 5.12 on.
 */

import { Status } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import type { Task } from '../../sim/task.ts';
import { allocateTreeBlock } from './allocator.ts';
import { groupOf } from './block-group.ts';
import { commitTransaction } from './commit.ts';
import { flushFile } from './delalloc.ts';
import { promiseLog } from './metadata-space.ts';
import { waitOrdered } from './ordered.ts';
import { treesKey } from './seam.ts';
import {
  caller,
  type FsState,
  joinTransaction,
  type LiveFile,
  mindingTrees,
  type Sender,
  type Transaction,
  touchTrees,
} from './state.ts';
import { submitBlocks } from './tree-blocks.ts';
import { extentKey, TreeId, type Trees } from './trees.ts';
import { uuidText } from './uuid.ts';

/** Makes a file durable. 0 or a negative errno. */
export function* syncFile(fs: FsState, file: LiveFile): Task<number> {
  const sender = caller(fs);
  yield* flushFile(fs, file, sender);
  // Zoned mode waits for the data: only its completion tells where it is.
  yield* waitOrdered(fs, file);
  if (file.writeError !== 0) {
    const failure = file.writeError;
    file.writeError = 0;
    return failure === -errno.EROFS ? -errno.EIO : failure;
  }
  touchTrees(fs, false);
  const committed = file.changedIn <= fs.committed;
  if (committed || (file.loggedIn === file.changedIn && !file.changedSinceLog)) return 0;
  if (fs.aborted !== 0) return -errno.EROFS;
  const promised = yield* promiseLog(fs, sender.cause);
  if (promised < 0) return promised;
  const transaction = joinTransaction(fs);
  const logged = fs.env.options.treelog
    ? yield* mindingTrees(fs, logFile(fs, transaction, file, sender))
    : 1;
  if (logged <= 0) return logged;
  return yield* commitTransaction(fs, sender.cause);
}

/** 0: logged; negative: an errno; 1: only a full commit can say it. */
function* logFile(
  fs: FsState,
  transaction: Transaction,
  file: LiveFile,
  sender: Sender,
): Task<number> {
  const content = withFile(fs, file.ino);
  if (content === null) return 1;
  const logical: number[] = [];
  // The first fsync of a transaction makes the log's root, and only then looks whether the log can be used at all.
  if (!transaction.logStarted || !transaction.logNeedsFullCommit) {
    logical.push(allocateTreeBlock(fs, transaction, 'metadata', true));
  }
  transaction.logStarted = true;
  if (logical[0]! >= 0 && !transaction.logNeedsFullCommit) {
    logical.push(allocateTreeBlock(fs, transaction, 'metadata', true));
  }
  const unusable = logical.some((one) => one < 0) || transaction.logNeedsFullCommit;
  // Where a block before them was never written, writing them would leave a hole.
  if (unusable || fs.deadLogBlocks.length > 0) {
    for (const one of logical) if (one >= 0) giveUpBlock(fs, transaction, one);
    return 1;
  }
  const blocks = logical.map((one) => ({
    tree: TreeId.log,
    logical: one,
    group: groupOf(fs.groups, one),
  }));
  // The log's pages and those of the tree of logs are written one after the other, and waited for together.
  const status = yield* submitBlocks(fs, blocks, transaction.id, sender, true);
  if (status !== Status.ok) return 1;
  const root = logical[1]!;
  const key = treesKey(uuidText(fs.env.superblock.fsid), fs.committed);
  fs.host.beside.set(`${key}/log`, content);
  fs.env.superblock.logRoot = root;
  fs.env.superblock.logRootLevel = 0;
  const written = yield* fs.env.writeSuperblock(fs.env.superblock, {
    allMirrors: false,
    fua: fs.env.options.barrier,
  });
  if (written < 0) return written;
  file.loggedIn = file.changedIn;
  file.changedSinceLog = false;
  return 0;
}

/** A block of the log that was taken in vain: where there are zones, something must be written there all the same. */
function giveUpBlock(fs: FsState, transaction: Transaction, logical: number): void {
  if (fs.env.zones === null) return;
  const block = { tree: TreeId.log, logical, group: groupOf(fs.groups, logical), dead: true };
  if (fs.answers.freedBlocks === 'in-commit') transaction.dirtyBlocks.push(block);
  else fs.deadLogBlocks.push(block);
}

/** What a crash after this fsync would bring back; null when the log cannot say it. */
function withFile(fs: FsState, ino: number): Trees | null {
  const { beside } = fs.host;
  const key = treesKey(uuidText(fs.env.superblock.fsid), fs.committed);
  const base = (beside.get(`${key}/log`) ?? beside.get(key)) as Trees | undefined;
  const item = fs.trees.inodes.get(ino);
  if (base === undefined || item === undefined) return null;
  const copy = base.clone();
  const parent = copy.inodes.get(item.parent);
  const name = fs.trees.inodes.get(item.parent)?.entries.find((entry) => entry.ino === ino)?.name;
  if (ino !== item.parent) {
    if (parent === undefined || name === undefined) return null;
    if (!parent.entries.some((entry) => entry.ino === ino)) {
      const entries = [...parent.entries.filter((entry) => entry.name !== name), { name, ino }];
      copy.setInode({ ...parent, entries, size: parent.size + name.length * 2 });
    }
  }
  const before = copy.inodes.get(ino);
  for (const extent of before?.extents ?? []) {
    if (extent.inline === null)
      copy.extents.delete(extentKey(extent.diskBytenr, extent.diskNumBytes));
  }
  copy.setInode(item);
  for (const extent of item.extents) {
    if (extent.inline !== null) continue;
    const offset = extent.fileOffset - extent.extentOffset;
    copy.extents.set(extentKey(extent.diskBytenr, extent.diskNumBytes), {
      bytenr: extent.diskBytenr,
      length: extent.diskNumBytes,
      generation: extent.generation,
      refs: 1,
      dataRefs: [{ root: TreeId.fs, objectid: ino, offset, count: 1 }],
    });
    for (let at = 0; at < extent.diskNumBytes; at += fs.sectorBytes) {
      const sum = fs.trees.csums.get(extent.diskBytenr + at);
      if (sum !== undefined) copy.csums.set(extent.diskBytenr + at, sum);
    }
  }
  return copy;
}
