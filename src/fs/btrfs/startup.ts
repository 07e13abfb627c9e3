/**
 * What a mount does before it is handed over (fs/btrfs/disk-io.c, btrfs_start_pre_rw_mount(), open_ctree()'s
 * end; tree-log.c, btrfs_recover_log_trees(); uuid-tree.c). From 5.12 on.
 */

import type { Task } from '../../sim/task.ts';
import { allocateChunk } from './allocator.ts';
import { groupOf } from './block-group.ts';
import { commitTransaction } from './commit.ts';
import {
  growForReserve,
  insertionBytes,
  ORPHAN_ITEMS,
  promiseAtMount,
  transactionBytes,
  UUID_CHECK_ITEMS,
} from './metadata-space.ts';
import { treesKey } from './seam.ts';
import { type FsState, joinTransaction } from './state.ts';
import { TreeId, Trees } from './trees.ts';
import { uuidText } from './uuid.ts';

/** How many transactions a mount starts while each asks for one more metadata group. */
const STARTS_AT_MOUNT = 3;

/** 0, or the negative errno that ends the mount. */
export function* startUp(fs: FsState): Task<number> {
  const { env, host } = fs;
  if (env.superblock.logRoot !== 0) {
    const replayed = yield* replayLog(fs);
    if (replayed < 0) return replayed;
    // That commit did not say the UUID tree was right, so it is looked at after all.
    env.startup.checkUuidTree = !env.readOnly;
  }
  if (env.readOnly) return 0;
  fs.keepsUuidGeneration = true;
  if (env.startup.rebuildFreeSpaceTree) {
    joinTransaction(fs).dirtyTrees.add(TreeId.freeSpace);
    const rebuilt = yield* commitTransaction(fs, host.cause);
    if (rebuilt < 0) return rebuilt;
  }
  const orphans = deleteOrphans(fs);
  if (orphans < 0) return orphans;
  if (env.startup.checkUuidTree) {
    // The scan asks for room in the UUID tree, finds nothing to add, and leaves the transaction running.
    joinTransaction(fs);
    for (let times = 0; times < STARTS_AT_MOUNT && growForReserve(fs); times += 1);
    promiseAtMount(fs, transactionBytes(fs, UUID_CHECK_ITEMS));
  }
  if (fs.answers.relocationGroup === 'reserved-at-mount') reserveRelocationGroup(fs);
  return 0;
}

/** Entries of groups that mkfs removed go from the free space tree; the room for that must be there. */
function deleteOrphans(fs: FsState): number {
  if (!fs.env.startup.deleteOrphanFreeSpace) return 0;
  joinTransaction(fs).dirtyTrees.add(TreeId.freeSpace);
  growForReserve(fs);
  const promised = promiseAtMount(fs, insertionBytes(fs, ORPHAN_ITEMS));
  if (promised === 0) return 0;
  const text = fs.env.errnoText(promised);
  fs.env.log('err', `failed to delete orphan free space tree entries: ${text}`);
  return promised;
}

/**
 * The first empty data group is kept for relocation; when there is none, one is made
 * (btrfs_zoned_reserve_data_reloc_bg()).
 */
function reserveRelocationGroup(fs: FsState): void {
  if (fs.env.zones === null) return;
  const empty = fs.groups.find((group) => group.kind === 'data' && group.allocOffset === 0);
  const group = empty ?? allocateChunk(fs, joinTransaction(fs), 'data');
  if (typeof group !== 'number') group.dedicated = 'relocation';
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
    // Where no zone has a pointer the trees told how far the group is filled, and they did not know of the log's data.
    const end = Math.max(group.allocOffset, item.bytenr + item.length - group.logical);
    const skipped = end - group.allocOffset;
    group.allocOffset = end;
    group.used += item.length;
    group.zoneUnusable = Math.max(0, group.zoneUnusable + skipped - item.length);
  }
  for (const [extent, item] of before) {
    if (fs.trees.extents.has(extent)) continue;
    const group = groupOf(fs.groups, item.bytenr);
    group.used -= item.length;
    group.zoneUnusable += item.length;
  }
  const transaction = joinTransaction(fs);
  transaction.dirtyTrees.add(TreeId.fs);
  transaction.dirtyTrees.add(TreeId.csum);
  return yield* commitTransaction(fs, host.cause);
}
