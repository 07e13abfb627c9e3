/**
 * Disks that bear only so many active zones (fs/btrfs/zoned.c, btrfs_zone_activate(),
 * btrfs_zone_finish_one_bg()): before a data group takes its first write, one that is nearly full is finished
 * if too few zones would be left for metadata and logs. From 5.16 on; where no limit is tracked, zones are just
 * left open.
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { BlockGroup } from './block-group.ts';
import type { FsState } from './state.ts';

/** Zones that data leaves alone: two for metadata and its log, one for the system group. */
const RESERVED_ZONES = 3;

/** Makes room for one more active data zone, when `group` is about to become one. */
export function makeRoomFor(fs: FsState, group: BlockGroup): void {
  const { zones } = fs.env;
  if (zones === null || zones.maxActiveZones === 0) return;
  if (!group.sequential || group.allocOffset > 0) return;
  if (activeZones(fs) + RESERVED_ZONES < zones.maxActiveZones) return;
  let fullest: BlockGroup | null = null;
  for (const one of fs.groups) {
    const open = one.kind === 'data' && isActive(one) && one.reserved === 0;
    if (open && (fullest === null || one.free < fullest.free)) fullest = one;
  }
  if (fullest !== null) finish(fs, fullest);
}

function isActive(group: BlockGroup): boolean {
  return group.sequential && group.allocOffset > 0 && group.free > 0;
}

function activeZones(fs: FsState): number {
  // The superblock log's zone in use is one too, when it is sequential.
  let active = fs.env.zones!.sequential[0] === 1 ? 1 : 0;
  for (const group of fs.groups) if (isActive(group)) active += group.stripes.length;
  return active;
}

function finish(fs: FsState, group: BlockGroup): void {
  group.zoneUnusable += group.free;
  group.allocOffset = group.capacity;
  for (const stripe of group.stripes) {
    const bio = fs.block.newBio(fs.device);
    bio.op = Op.zoneFinish;
    bio.flags |= Flag.sync;
    bio.sector = stripe / SECTOR_BYTES;
    bio.onEnd = giveBack;
    bio.context = fs;
    fs.device.submit(bio);
  }
}

function giveBack(bio: Bio): void {
  (bio.context as FsState).block.bios.give(bio);
}
