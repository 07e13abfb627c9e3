/**
 * How full a file system says it is (fs/btrfs/super.c, btrfs_statfs(); volumes.c). What
 * is free counts in zones not yet given to a group. Bytes inside, blocks of a sector outside. From 5.12 on.
 */

import { MIB, roundDown } from '../../kernel/units.ts';
import type { StatFs } from '../inode.ts';
import { STRIPE_BYTES } from './allocator.ts';
import { spaceInfo } from './block-group.ts';
import { globalReserveBytes } from './metadata-space.ts';
import type { FsState } from './state.ts';

const BTRFS_SUPER_MAGIC = 0x9123683e;
const NAME_LENGTH = 255;

/** For explorers: who asks how full the file system is minds all that fills it. */
export function touchSpace(fs: FsState): void {
  const { host, device, groups } = fs;
  for (const kind of ['space', 'trees']) host.touch(kind, device.name, 0, true);
  for (const { logical } of groups) host.touch('block group', device.name, logical, false);
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
