/**
 * How full a file system says it is (fs/btrfs/super.c, btrfs_statfs(); block-rsv.c, btrfs_update_global_block_rsv()). What
 * is free counts in zones not yet given to a group. Bytes inside, blocks of a sector outside. From 5.12 on.
 */

import { MIB, roundDown } from '../../kernel/units.ts';
import type { StatFs } from '../inode.ts';
import { STRIPE_BYTES } from './allocator.ts';
import { spaceInfo } from './block-group.ts';
import type { FsState } from './state.ts';
import { TreeId } from './trees.ts';

const BTRFS_SUPER_MAGIC = 0x9123683e;
const NAME_LENGTH = 255;
/** BTRFS_MAX_LEVEL; an insertion may touch a node per level, and split each. */
const MAX_LEVEL = 8;
/** What an unlink may need when nothing else is left (BTRFS_UNLINK_METADATA_UNITS). */
const UNLINK_ITEMS = 6;
const MAX_RESERVE_BYTES = 512 * MIB;

/** Bytes of metadata that inserting `items` items may need (btrfs_calc_insert_metadata_size()). */
export function insertionBytes(fs: FsState, items: number): number {
  return fs.nodeBytes * MAX_LEVEL * 2 * items;
}

/** The size of the global reserve. */
export function globalReserveBytes(fs: FsState): number {
  const { nodes } = fs.trees;
  const freeSpaceTree = nodes.has(TreeId.freeSpace);
  let items: number;
  if (fs.answers.globalReserve === 'three-trees') {
    // Extent, checksum and root tree, and ten more for an unlink with its references.
    items = 3 + 10;
  } else {
    const globalRoots = freeSpaceTree ? 3 : 2;
    // References of the unlink count as items too, and once more for what they change in the free space tree.
    items = globalRoots + 1 + UNLINK_ITEMS + UNLINK_ITEMS * (freeSpaceTree ? 2 : 1);
  }
  let used = 0;
  for (const tree of [TreeId.extent, TreeId.csum, TreeId.root, TreeId.freeSpace]) {
    if (tree === TreeId.freeSpace && fs.answers.globalReserve === 'three-trees') continue;
    used += (nodes.get(tree)?.blocks.length ?? 0) * fs.nodeBytes;
  }
  return Math.min(Math.max(used, insertionBytes(fs, items)), MAX_RESERVE_BYTES);
}

export function statFs(fs: FsState): StatFs {
  const { superblock } = fs.env;
  const block = fs.sectorBytes;
  let used = 0;
  for (const group of fs.groups) used += group.used * group.stripes.length;
  const data = spaceInfo(fs.groups, 'data');
  const blocks = Math.floor(superblock.totalBytes / block);
  const free = blocks - Math.floor(used / block);
  const reserve = Math.floor(globalReserveBytes(fs) / block);
  const available = data.total - data.used + unallocatedBytes(fs);
  return {
    type: BTRFS_SUPER_MAGIC,
    bsize: block,
    blocks,
    bfree: Math.max(0, free - reserve),
    bavail: Math.floor(available / block),
    files: 0,
    ffree: 0,
    namelen: NAME_LENGTH,
    frsize: block,
  };
}

/** What could still become data chunks (btrfs_calc_avail_data_space()). */
function unallocatedBytes(fs: FsState): number {
  const { totalBytes, devItem } = fs.env.superblock;
  const left = roundDown(totalBytes - devItem.bytesUsed, STRIPE_BYTES);
  // The first mebibyte is kept back, whatever stands there.
  return left <= MIB + STRIPE_BYTES ? 0 : left - MIB;
}
