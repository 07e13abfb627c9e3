/**
 * Promises of metadata space (fs/btrfs/space-info.c, btrfs_reserve_metadata_bytes(),
 * btrfs_async_reclaim_metadata_space(); block-rsv.c): before something changes, what it may need is set aside
 * beside the global reserve. What does not fit makes the kernel commit, then force a chunk, at most twice over;
 * so small zones cost commits. From 5.12 on.
 *
 * What one call may need is reckoned in insertions. Those of the log are fitted to the generations and chunks recorded
 * on 7.3, where no promise goes beyond what there is.
 */

import { errno } from '../../kernel/errno.ts';
import { MIB, roundDown } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import { allocateChunk } from './allocator.ts';
import { spaceInfo } from './block-group.ts';
import { commitTransaction } from './commit.ts';
import { type FsState, joinTransaction, type Transaction } from './state.ts';
import { TreeId } from './trees.ts';

/** BTRFS_MAX_LEVEL; an insertion may touch a node per level, and split each. */
const MAX_LEVEL = 8;
/** What an unlink may need when nothing else is left (BTRFS_UNLINK_METADATA_UNITS). */
const UNLINK_ITEMS = 6;
const MAX_RESERVE_BYTES = 512 * MIB;
/** Flushing gives up after this many rounds that forced a chunk. */
const FORCED_CHUNKS = 2;

/** A new name: the inode, the directory's item, its index and its own inode (btrfs_new_inode_prepare()). */
export const NAME_CHANGE_ITEMS = 4;
export const UUID_CHECK_ITEMS = 2;
/** In insertions. */
export const ORPHAN_ITEMS = 2;
const LOG_ITEMS = 26;
/** A pending reference holds two: it changes the free space tree as well. */
const ITEMS_PER_REFERENCE = 2;

/** Bytes of metadata that `items` insertions may need (btrfs_calc_insert_metadata_size()). */
export function insertionBytes(fs: FsState, items: number): number {
  return fs.nodeBytes * MAX_LEVEL * 2 * items;
}

/** What starting a transaction that changes `items` may need (start_transaction()). */
export function transactionBytes(fs: FsState, items: number): number {
  const own = insertionBytes(fs, items);
  // As many references again as there are items; before 6.7 only while others wait already.
  if (fs.answers.transactionRefs === 'always') return own + own * ITEMS_PER_REFERENCE;
  return pendingReferenceBytes(fs.transaction, fs) > 0 ? own * 2 : own;
}

/** The size of the global reserve (btrfs_update_global_block_rsv()). */
export function globalReserveBytes(fs: FsState): number {
  const { nodes } = fs.trees;
  const freeSpaceTree = nodes.has(TreeId.freeSpace);
  const three = fs.answers.globalReserve === 'three-trees';
  let items: number;
  if (three) {
    // Extent, checksum and root tree, and ten more for an unlink with its references.
    items = 3 + 10;
  } else {
    const globalRoots = freeSpaceTree ? 3 : 2;
    // References of the unlink count as items too, and once more for what they change in the free space tree.
    items = globalRoots + 1 + UNLINK_ITEMS + UNLINK_ITEMS * (freeSpaceTree ? 2 : 1);
  }
  let used = 0;
  for (const tree of [TreeId.extent, TreeId.csum, TreeId.root, TreeId.freeSpace]) {
    if (tree === TreeId.freeSpace && three) continue;
    used += (nodes.get(tree)?.blocks.length ?? 0) * fs.nodeBytes;
  }
  return Math.min(Math.max(used, insertionBytes(fs, items)), MAX_RESERVE_BYTES);
}

/** What may still be promised; below 0 when the reserve alone does not fit. */
export function promisable(fs: FsState): number {
  const info = spaceInfo(fs.groups, 'metadata');
  const taken = info.used + info.pinned + info.zoneUnusable + globalReserveBytes(fs);
  return info.total + overcommitBytes(fs) - taken - pendingReferenceBytes(fs.transaction, fs);
}

function pendingReferenceBytes(transaction: Transaction | null, fs: FsState): number {
  let refs = 0;
  for (const head of transaction?.heads.values() ?? []) refs += head.refs.length;
  return insertionBytes(fs, refs * ITEMS_PER_REFERENCE);
}

/** Space of zones that are free and could become metadata (calc_available_free_space()). */
function overcommitBytes(fs: FsState): number {
  const { zones } = fs.env;
  if (zones === null) return fs.env.superblock.totalBytes;
  if (!fs.answers.zonedMetadataOvercommit && zones.maxActiveZones !== 0) return 0;
  // What no chunk has, superblock zones included, less one data chunk; an eighth of it.
  const { totalBytes, devItem } = fs.env.superblock;
  const free = totalBytes - devItem.bytesUsed - zones.zoneSizeBytes;
  return Math.max(0, roundDown(free / 8, zones.zoneSizeBytes));
}

/**
 * A reserve that does not fit a single group makes every start of a transaction ask for one more (force_alloc).
 */
export function growForReserve(fs: FsState): boolean {
  if (fs.env.zones === null) return false;
  if (globalReserveBytes(fs) < spaceInfo(fs.groups, 'metadata').total) return false;
  return typeof allocateChunk(fs, joinTransaction(fs), 'metadata') !== 'number';
}

/** Sets `bytes` aside: flushes, commits and makes chunks until they fit. 0 or -ENOSPC. */
export function* promiseMetadata(fs: FsState, bytes: number, cause: number): Task<number> {
  if (fs.env.zones === null || promisable(fs) >= bytes) return 0;
  for (let forced = 0; ; forced += 1) {
    const committed = yield* commitTransaction(fs, cause);
    if (committed < 0) return committed;
    if (promisable(fs) >= bytes) return 0;
    if (forced === FORCED_CHUNKS) return -errno.ENOSPC;
    allocateChunk(fs, joinTransaction(fs), 'metadata');
    if (promisable(fs) >= bytes) return 0;
  }
}

/** What the log trees may need; where promises may go beyond what there is, it never mattered. */
export function* promiseLog(fs: FsState, cause: number): Task<number> {
  if (fs.answers.zonedMetadataOvercommit) return 0;
  return yield* promiseMetadata(fs, insertionBytes(fs, LOG_ITEMS), cause);
}

/** The same at mount, where there is nothing to commit yet. */
export function promiseAtMount(fs: FsState, bytes: number): number {
  if (fs.env.zones === null) return 0;
  for (let forced = 0; promisable(fs) < bytes; forced += 1) {
    if (forced === FORCED_CHUNKS) return -errno.ENOSPC;
    const made = allocateChunk(fs, joinTransaction(fs), 'metadata');
    if (typeof made === 'number') return made;
  }
  return 0;
}

/**
 * What a write of `length` bytes may need: its extents, their checksums, the inode (calc_inode_reservations()).
 */
export function writeBytes(fs: FsState, length: number): number {
  return extentBytes(fs, length) + insertionBytes(fs, 2);
}

/** What the extents of `length` dirty bytes hold until they are written. */
export function extentBytes(fs: FsState, length: number): number {
  const most = fs.env.zones?.maxExtentBytes ?? 128 * MIB;
  return insertionBytes(fs, Math.ceil(length / most));
}
