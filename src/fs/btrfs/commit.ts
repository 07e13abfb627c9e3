/**
 * Committing a transaction (fs/btrfs/transaction.c, btrfs_commit_transaction()): references are run, the trees
 * that describe the others are changed last, all blocks go out and are waited for, then the superblock; its
 * slot is the point of no return. Only then are freed extents given up and the zones of removed groups reset.
 * From 5.12 on.
 */

import { errno } from '../../kernel/errno.ts';
import type { Task } from '../../sim/task.ts';
import { abortTransaction } from './abort.ts';
import { resetZone } from './allocator.ts';
import { spaceInfo } from './block-group.ts';
import { runDelayedRefs } from './delayed-refs.ts';
import { treesKey } from './seam.ts';
import { type FsState, mindingTrees, type Transaction, touchTrees } from './state.ts';
import { systemChunkArray } from './system-array.ts';
import { cowTree, writeTreeBlocks } from './tree-blocks.ts';
import { TreeId } from './trees.ts';
import { uuidText } from './uuid.ts';

/** How many committed generations are kept beside the disk. */
const KEPT_GENERATIONS = 4;

/** Commits the running transaction, if there is one. 0 or a negative errno. */
export function* commitTransaction(fs: FsState, cause: number): Task<number> {
  touchTrees(fs);
  yield* fs.commitLock.lock();
  touchTrees(fs);
  const transaction = fs.transaction;
  let result = 0;
  if (transaction !== null) {
    result =
      fs.aborted !== 0 ? -errno.EROFS : yield* mindingTrees(fs, commit(fs, transaction, cause));
  }
  touchTrees(fs);
  fs.commitLock.unlock();
  return result;
}

function* commit(fs: FsState, transaction: Transaction, cause: number): Task<number> {
  const { answers } = fs;
  const refs = runDelayedRefs(fs, transaction);
  if (refs < 0) {
    const where = { name: 'btrfs_run_delayed_refs', line: answers.delayedRefsLine };
    return abortTransaction(fs, transaction, refs, where);
  }
  const where = { name: 'btrfs_commit_transaction', line: answers.commitLine };
  removeUnusedGroups(fs, transaction);
  const changed = changeTrees(fs, transaction);
  if (changed < 0) return abortTransaction(fs, transaction, changed, where);

  const snapshot = fs.trees.clone();
  snapshot.generation = transaction.id;
  snapshot.chunks.splice(0, snapshot.chunks.length, ...fs.groups.map((group) => group.item()));
  // From here on others may start the next transaction.
  fs.transaction = null;
  fs.lastTransaction = transaction.id;
  const written = yield* writeTreeBlocks(fs, transaction, { cause, background: false });
  if (written < 0) {
    fs.transaction = transaction;
    return abortTransaction(fs, transaction, written, where, 'Error while writing out transaction');
  }
  fillSuperblock(fs, transaction);
  fs.host.beside.set(fsKey(fs, transaction.id), snapshot);
  const supers = yield* fs.env.writeSuperblock(fs.env.superblock, {
    allMirrors: true,
    fua: fs.env.options.barrier,
  });
  if (supers < 0) {
    fs.transaction = transaction;
    return abortTransaction(fs, transaction, supers, { name: 'write_all_supers', line: 0 });
  }
  afterCommit(fs, transaction);
  return 0;
}

/** Trees that change in every commit come last, because changing the others changes them. */
function changeTrees(fs: FsState, transaction: Transaction): number {
  if (fs.devStatsChanged || !fs.trees.devStatsStored) {
    // The first commit of a fresh file system makes the device's dev_stats item (btrfs_run_dev_stats()).
    transaction.dirtyTrees.add(TreeId.dev);
    fs.trees.devStatsStored = true;
    fs.devStatsChanged = false;
  }
  // Inode items are updated late (btrfs_run_delayed_items()): a leaf that a flusher has written is copied again.
  if (transaction.inodesChanged) transaction.dirtyTrees.add(TreeId.fs);
  const order = [...transaction.dirtyTrees, TreeId.root, TreeId.extent];
  if (fs.trees.nodes.has(TreeId.freeSpace)) order.push(TreeId.freeSpace);
  for (const tree of order) {
    const failed = cowTree(fs, transaction, tree);
    if (failed < 0) return failed;
  }
  // A chunk made on the way dirties its trees after all.
  for (const tree of transaction.dirtyTrees) {
    const failed = cowTree(fs, transaction, tree);
    if (failed < 0) return failed;
  }
  return 0;
}

/** Groups with nothing left in them go, and their zones are reset (btrfs_delete_unused_bgs()). */
function removeUnusedGroups(fs: FsState, transaction: Transaction): void {
  if (fs.env.zones === null) return;
  const spent = fs.groups.filter(
    (group) =>
      group.kind !== 'system' &&
      group.dedicated === null &&
      group.used + group.reserved + group.pinned === 0 &&
      group.free < (group.kind === 'data' ? fs.sectorBytes : fs.nodeBytes),
  );
  for (const group of spent) {
    fs.groups.splice(fs.groups.indexOf(group), 1);
    fs.leaving.push(group);
    transaction.dirtyTrees.add(TreeId.chunk);
    transaction.dirtyTrees.add(TreeId.dev);
    fs.env.superblock.devItem.bytesUsed -= group.length * group.stripes.length;
  }
}

function fillSuperblock(fs: FsState, transaction: Transaction): void {
  const { superblock } = fs.env;
  const { nodes } = fs.trees;
  const root = nodes.get(TreeId.root)!;
  const chunk = nodes.get(TreeId.chunk)!;
  superblock.generation = transaction.id;
  superblock.root = root.blocks[0]!.bytenr;
  superblock.rootLevel = root.level;
  superblock.chunkRoot = chunk.blocks[0]!.bytenr;
  superblock.chunkRootLevel = chunk.level;
  superblock.chunkRootGeneration = chunk.blocks[0]!.generation;
  superblock.logRoot = 0;
  superblock.logRootLevel = 0;
  superblock.bytesUsed = usedBytes(fs);
  if (fs.keepsUuidGeneration) superblock.uuidTreeGeneration = transaction.id;
  const array = systemChunkArray(
    fs.groups.map((group) => group.item()),
    superblock.devItem.uuid,
    superblock.sectorsize,
  );
  superblock.sysChunkArray = array.bytes;
  superblock.sysChunkArraySize = array.sizeBytes;
}

function usedBytes(fs: FsState): number {
  return (['data', 'metadata', 'system'] as const).reduce(
    (sum, kind) => sum + spaceInfo(fs.groups, kind).used,
    0,
  );
}

function afterCommit(fs: FsState, transaction: Transaction): void {
  for (const { group, bytes } of transaction.pinned) {
    group.pinned -= bytes;
    group.zoneUnusable += bytes;
  }
  dropLogTree(fs);
  for (const group of fs.leaving.splice(0)) {
    for (const stripe of group.stripes) {
      const zone = stripe / fs.env.zones!.zoneSizeBytes;
      if (fs.env.zones!.sequential[zone] === 1) resetZone(fs, zone);
    }
  }
  for (const key of fs.host.beside.keys()) {
    const prefix = `btrfs/${uuidText(fs.env.superblock.fsid)}/`;
    const generation = Number(key.slice(prefix.length).split('/')[0]);
    if (!key.startsWith(prefix) || !Number.isInteger(generation)) continue;
    if (generation <= transaction.id - KEPT_GENERATIONS) fs.host.beside.delete(key);
  }
}

/**
 * A commit makes the log obsolete; its blocks are dead space from then on (btrfs_free_log()). Only they are: without
 * zones they lie among the other metadata, and a log that outgrew its group has blocks in two.
 */
function dropLogTree(fs: FsState): void {
  for (const group of fs.groups) {
    group.zoneUnusable += group.logBytes;
    group.used -= group.logBytes;
    group.logBytes = 0;
  }
}

function fsKey(fs: FsState, generation: number): string {
  return treesKey(uuidText(fs.env.superblock.fsid), generation);
}
