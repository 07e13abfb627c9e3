/**
 * What a mount does before it is handed over (fs/btrfs/disk-io.c, btrfs_start_pre_rw_mount(), open_ctree()'s end;
 * tree-log.c, btrfs_recover_log_trees(); uuid-tree.c). From 5.12 on.
 */

import type { Task } from '../../sim/task.ts';
import { allocateChunk } from './allocator.ts';
import { groupOf, spaceInfo } from './block-group.ts';
import { commitTransaction } from './commit.ts';
import { treesKey } from './seam.ts';
import { type FsState, joinTransaction } from './state.ts';
import { globalReserveBytes } from './statfs.ts';
import { TreeId, Trees } from './trees.ts';
import { uuidText } from './uuid.ts';

/** 0, or the negative errno that ends the mount. */
export function* startUp(fs: FsState): Task<number> {
  const { env, host } = fs;
  if (env.superblock.logRoot !== 0) {
    const replayed = yield* replayLog(fs);
    if (replayed < 0) return replayed;
  }
  if (env.readOnly) return 0;
  fs.keepsUuidGeneration = env.startup.keepsUuidGeneration;
  if (env.startup.rebuildFreeSpaceTree) {
    joinTransaction(fs).dirtyTrees.add(TreeId.freeSpace);
    const rebuilt = yield* commitTransaction(fs, host.cause);
    if (rebuilt < 0) return rebuilt;
  }
  if (env.startup.checkUuidTree) {
    // The scan asks for room in the UUID tree, finds nothing to add, and leaves the transaction running.
    joinTransaction(fs);
    growMetadata(fs);
  }
  return 0;
}

/**
 * A reserve larger than the metadata groups makes every reservation allocate one more (force_alloc), three of which the
 * start of a mount makes.
 */
function growMetadata(fs: FsState): void {
  if (fs.env.zones === null) return;
  for (let times = 0; times < 3; times += 1) {
    const { total } = spaceInfo(fs.groups, 'metadata');
    if (globalReserveBytes(fs) < total) return;
    if (typeof allocateChunk(fs, joinTransaction(fs), 'metadata') === 'number') return;
  }
}

/** The log of the last fsync is brought into the trees and committed. */
function* replayLog(fs: FsState): Task<number> {
  const { env, host } = fs;
  const key = treesKey(uuidText(env.superblock.fsid), env.superblock.generation);
  const logged = host.beside.get(`${key}/log`);
  if (!(logged instanceof Trees)) return 0;
  env.log('info', 'start tree-log replay');
  const before = fs.trees.extents;
  fs.trees = logged.clone();
  for (const [extent, item] of fs.trees.extents) {
    if (before.has(extent)) continue;
    const group = groupOf(fs.groups, item.bytenr);
    group.used += item.length;
    group.zoneUnusable = Math.max(0, group.zoneUnusable - item.length);
  }
  const transaction = joinTransaction(fs);
  transaction.dirtyTrees.add(TreeId.fs);
  transaction.dirtyTrees.add(TreeId.csum);
  return yield* commitTransaction(fs, host.cause);
}
