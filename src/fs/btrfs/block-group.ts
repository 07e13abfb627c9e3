/**
 * Block groups: a chunk with its allocation state (fs/btrfs/block-group.h; zoned.c,
 * btrfs_load_block_group_zone_info()). In zoned mode a group is one zone per stripe and is filled by a bump
 * pointer; space before the pointer is used, reserved, pinned until the commit, or unusable until the zone is
 * reset. Bytes throughout. From 5.12 on.
 */

import type { ChunkKind } from './seam.ts';
import type { ChunkItem } from './trees.ts';

/** BTRFS_BLOCK_GROUP_* of include/uapi/linux/btrfs_tree.h: what `space_info 1` prints. */
const KIND_FLAGS: Record<ChunkKind, number> = { data: 1, system: 2, metadata: 4 };

export class BlockGroup {
  readonly kind: ChunkKind;
  readonly profile: 'single' | 'dup';
  readonly logical: number;
  readonly length: number;
  readonly stripes: readonly number[];
  /** Writable bytes: the zone's capacity. */
  readonly capacity: number;
  /** At least one stripe lies in a sequential zone: data goes by append. */
  readonly sequential: boolean;
  /** The next byte to hand out, from the group's start. */
  allocOffset = 0;
  used: number;
  /** Handed out to ordered extents that are not in the extent tree yet. */
  reserved = 0;
  /** Freed in the running transaction. */
  pinned = 0;
  zoneUnusable = 0;
  /** Of `used`: blocks of log trees, which the next commit makes obsolete. */
  logBytes = 0;
  /** Dedicated to log trees, or to relocation of data. */
  dedicated: 'tree-log' | 'relocation' | null = null;
  /** The transaction that made it; 0 when it was there at mount. */
  readonly madeIn: number;

  constructor(chunk: ChunkItem, capacity: number, sequential: boolean, madeIn: number) {
    this.kind = chunk.kind;
    this.profile = chunk.profile;
    this.logical = chunk.logical;
    this.length = chunk.length;
    this.stripes = chunk.stripes;
    this.used = chunk.used;
    this.capacity = capacity;
    this.sequential = sequential;
    this.madeIn = madeIn;
  }

  get end(): number {
    return this.logical + this.length;
  }

  /** What the bump pointer can still hand out. */
  get free(): number {
    return this.capacity - this.allocOffset;
  }

  holds(logical: number): boolean {
    return logical >= this.logical && logical < this.end;
  }

  /** Where a logical address of this group lies on the disk, on its first stripe. */
  physical(logical: number): number {
    return this.stripes[0]! + (logical - this.logical);
  }

  item(): ChunkItem {
    const { kind, profile, logical, length, stripes, used } = this;
    return { kind, profile, logical, length, stripes, used };
  }
}

/** Sums over the groups of one kind (struct btrfs_space_info). */
export interface SpaceInfo {
  readonly flags: number;
  readonly total: number;
  readonly used: number;
  readonly reserved: number;
  readonly pinned: number;
  readonly zoneUnusable: number;
}

export function spaceInfo(groups: readonly BlockGroup[], kind: ChunkKind): SpaceInfo {
  let total = 0;
  let used = 0;
  let reserved = 0;
  let pinned = 0;
  let zoneUnusable = 0;
  for (const group of groups) {
    if (group.kind !== kind) continue;
    total += group.length;
    used += group.used;
    reserved += group.reserved;
    pinned += group.pinned;
    zoneUnusable += group.zoneUnusable;
  }
  return { flags: KIND_FLAGS[kind], total, used, reserved, pinned, zoneUnusable };
}

/** The group that holds a logical address. Throws when none does. */
export function groupOf(groups: readonly BlockGroup[], logical: number): BlockGroup {
  for (const group of groups) if (group.holds(logical)) return group;
  throw new Error(`"logical" expected an address in a block group, got ${logical}`);
}

/**
 * The logical address of a byte on the disk (btrfs_rmap_block()): how kernels up to 6.1 learn where an append
 * went. Throws when no group covers it.
 */
export function logicalOf(groups: readonly BlockGroup[], physical: number): number {
  for (const group of groups) {
    for (const start of group.stripes) {
      if (physical >= start && physical < start + group.length) {
        return group.logical + (physical - start);
      }
    }
  }
  throw new Error(`"physical" expected a byte of a block group, got ${physical}`);
}
