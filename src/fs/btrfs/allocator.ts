/**
 * Where extents and chunks go (fs/btrfs/extent-tree.c, do_allocation_zoned(), find_free_extent(); volumes.c,
 * btrfs_create_chunk(); zoned.c, btrfs_find_allocatable_zones()). Zoned groups are filled by a bump pointer and
 * never again before their zone is reset; a chunk is one zone per stripe. Bytes; errors are negative errnos.
 * From 5.12 on.
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import { ZoneCond } from '../../block/device.ts';
import { errno } from '../../kernel/errno.ts';
import { MIB, roundDown, SECTOR_BYTES } from '../../kernel/units.ts';
import { makeRoomFor } from './active-zones.ts';
import { BlockGroup } from './block-group.ts';
import type { ChunkKind } from './seam.ts';
import type { FsState, Transaction } from './state.ts';
import { TreeId } from './trees.ts';

/** BTRFS_STRIPE_LEN: what chunks of a file system without zones are rounded to. */
export const STRIPE_BYTES = 64 * 1024;

export interface DataExtent {
  readonly group: BlockGroup;
  readonly logical: number;
  readonly numBytes: number;
}

/**
 * Hands out data space: `wanted` bytes in one piece if a group (or a new chunk) has them, else the largest
 * piece there is, halving what is asked for as btrfs_reserve_extent() does. -ENOSPC when not even a sector is
 * left.
 */
export function reserveData(
  fs: FsState,
  transaction: Transaction,
  wanted: number,
): DataExtent | number {
  let asked = wanted;
  for (;;) {
    const found = takeData(fs, asked) ?? takeFromNewChunk(fs, transaction, asked);
    if (found !== null) return found;
    if (asked === fs.sectorBytes) return -errno.ENOSPC;
    const largest = largestDataPiece(fs);
    const next = roundDown(Math.min(asked / 2, Math.max(largest, fs.sectorBytes)), fs.sectorBytes);
    asked = Math.max(next, fs.sectorBytes);
  }
}

/** Could the data groups and the zones still free take `bytes`? */
export function hasDataSpace(fs: FsState, bytes: number): boolean {
  let free = 0;
  for (const group of fs.groups) if (takesData(group)) free += group.free;
  // A large disk has a hundred thousand free zones, and the first is nearly always enough.
  const places = freeChunkPlaces(fs);
  while (free < bytes) {
    const { value, done } = places.next();
    if (done === true) return false;
    free += value.bytes;
  }
  return true;
}

function takesData(group: BlockGroup): boolean {
  return group.kind === 'data' && group.dedicated !== 'relocation';
}

function takeData(fs: FsState, bytes: number): DataExtent | null {
  const group = fs.groups.find((one) => takesData(one) && one.free >= bytes);
  if (group === undefined) return null;
  fs.host.touch('block group', fs.device.name, group.logical, true);
  makeRoomFor(fs, group);
  const logical = group.logical + group.allocOffset;
  group.allocOffset += bytes;
  group.reserved += bytes;
  return { group, logical, numBytes: bytes };
}

function takeFromNewChunk(fs: FsState, transaction: Transaction, bytes: number): DataExtent | null {
  const group = allocateChunk(fs, transaction, 'data');
  if (typeof group === 'number') return null;
  return takeData(fs, bytes);
}

function largestDataPiece(fs: FsState): number {
  let largest = 0;
  for (const group of fs.groups) {
    if (takesData(group) && group.free > largest) largest = group.free;
  }
  return largest;
}

/** The logical address of a fresh tree block; makes a chunk when the groups are full. */
export function allocateTreeBlock(
  fs: FsState,
  transaction: Transaction,
  kind: 'system' | 'metadata',
  forLog = false,
): number {
  let group = forLog
    ? treeLogGroup(fs, transaction)
    : (fs.groups.find(
        (one) => one.kind === kind && one.dedicated === null && one.free >= fs.nodeBytes,
      ) ?? allocateChunk(fs, transaction, kind));
  if (typeof group === 'number') return group;
  if (forLog && group.free < fs.nodeBytes) {
    group.dedicated = null;
    fs.treeLogGroup = null;
    group = treeLogGroup(fs, transaction);
    if (typeof group === 'number') return group;
  }
  const logical = group.logical + group.allocOffset;
  group.allocOffset += fs.nodeBytes;
  group.used += fs.nodeBytes;
  if (forLog) group.logBytes += fs.nodeBytes;
  return logical;
}

/**
 * Log trees get a group of their own, an empty one, so that fsync and commit do not wait for each other's
 * blocks.
 */
function treeLogGroup(fs: FsState, transaction: Transaction): BlockGroup | number {
  const dedicates = fs.env.zones !== null;
  if (fs.treeLogGroup === null) {
    const empty = fs.groups.filter(
      (one) => one.kind === 'metadata' && (!dedicates || (one.allocOffset === 0 && one.used === 0)),
    );
    const at = fs.answers.treeLogGroup === 'first-empty' ? 0 : empty.length - 1;
    fs.treeLogGroup = empty[at] ?? null;
  }
  if (fs.treeLogGroup !== null) {
    if (dedicates) fs.treeLogGroup.dedicated = 'tree-log';
    return fs.treeLogGroup;
  }
  const made = allocateChunk(fs, transaction, 'metadata');
  if (typeof made === 'number') return made;
  made.dedicated = 'tree-log';
  fs.treeLogGroup = made;
  return made;
}

interface ChunkPlace {
  readonly physical: number;
  readonly bytes: number;
}

/** Makes a chunk and its block group in the lowest free place. -ENOSPC when there is none. */
export function allocateChunk(
  fs: FsState,
  transaction: Transaction,
  kind: ChunkKind,
): BlockGroup | number {
  const profile = profileOf(fs, kind);
  const copies = profile === 'dup' ? 2 : 1;
  const places = first(copies, freeChunkPlaces(fs));
  if (places.length < copies) return -errno.ENOSPC;
  const zones = fs.env.zones;
  const length = zones === null ? unzonedChunkBytes(fs, kind, places) : zones.zoneSizeBytes;
  if (length <= 0) return -errno.ENOSPC;
  const logical = fs.groups.reduce((end, group) => Math.max(end, group.end), 0);
  const stripes = places.map((place) => place.physical);
  let capacity = length;
  let sequential = false;
  for (const place of stripes) {
    if (zones === null) continue;
    const zone = place / zones.zoneSizeBytes;
    capacity = Math.min(capacity, zones.capacityBytes[zone]!);
    if (zones.sequential[zone] === 1) sequential = true;
    ensureEmpty(fs, zone);
  }
  const group = new BlockGroup(
    { kind, profile, logical, length, stripes, used: 0 },
    capacity,
    sequential,
    transaction.id,
  );
  group.zoneUnusable = length - capacity;
  fs.groups.push(group);
  // Log trees know nothing of groups that are not in the commit root (btrfs_make_block_group()).
  transaction.logNeedsFullCommit = true;
  transaction.dirtyTrees.add(TreeId.chunk);
  transaction.dirtyTrees.add(TreeId.dev);
  fs.env.superblock.devItem.bytesUsed += length * copies;
  return group;
}

function profileOf(fs: FsState, kind: ChunkKind): 'single' | 'dup' {
  return fs.groups.find((group) => group.kind === kind)?.profile ?? 'single';
}

function first<T>(count: number, all: Iterable<T>): T[] {
  const some: T[] = [];
  for (const one of all) {
    some.push(one);
    if (some.length === count) break;
  }
  return some;
}

/** Free zones that may hold a stripe, lowest first, looked for as they are asked for; without zones, the space behind the last stripe. */
function* freeChunkPlaces(fs: FsState): Generator<ChunkPlace, void> {
  const zones = fs.env.zones;
  const total = fs.env.superblock.totalBytes;
  if (zones === null) {
    const end = fs.groups.reduce(
      (highest, group) => Math.max(highest, ...group.stripes.map((at) => at + group.length)),
      MIB,
    );
    const bytes = roundDown(total - end, STRIPE_BYTES);
    if (bytes > 0) yield { physical: end, bytes };
    return;
  }
  const taken = new Set<number>();
  // A removed group's zone is free once the superblock without it is on disk.
  for (const group of [...fs.groups, ...fs.leaving]) {
    for (const at of group.stripes) taken.add(at / zones.zoneSizeBytes);
  }
  for (let zone = 0; zone < zones.nrZones; zone += 1) {
    const end = (zone + 1) * zones.zoneSizeBytes;
    if (end > total || taken.has(zone) || zones.isSuperblockZone(zone)) continue;
    if (zones.cond[zone] === ZoneCond.readonly || zones.cond[zone] === ZoneCond.offline) continue;
    yield { physical: zone * zones.zoneSizeBytes, bytes: zones.capacityBytes[zone]! };
  }
}

function unzonedChunkBytes(fs: FsState, kind: ChunkKind, places: readonly ChunkPlace[]): number {
  const most = kind === 'data' ? 1024 * MIB : kind === 'metadata' ? 256 * MIB : 32 * MIB;
  const tenth = roundDown(fs.env.superblock.totalBytes / 10, STRIPE_BYTES);
  return Math.min(most, tenth, places[0]!.bytes);
}

/** A free zone that is not empty is reset before it is used, with a warning (btrfs_ensure_empty_zones()). */
function ensureEmpty(fs: FsState, zone: number): void {
  const zones = fs.env.zones!;
  if (zones.sequential[zone] !== 1) return;
  const startSector = (zone * zones.zoneSizeBytes) / SECTOR_BYTES;
  let wp = startSector;
  fs.device.reportZones(startSector, 1, (view) => {
    wp = view.cond === ZoneCond.empty ? startSector : view.wp;
  });
  if (wp === startSector) return;
  fs.env.log(
    'warning',
    `zoned: resetting device ${fs.env.source} (devid 1) zone ${zone * zones.zoneSizeBytes} for allocation`,
  );
  resetZone(fs, zone);
}

/** Sends a zone reset and does not wait: writes that come after it are behind it in every queue. */
export function resetZone(fs: FsState, zone: number): void {
  const zones = fs.env.zones!;
  const bio = fs.block.newBio(fs.device);
  bio.op = Op.zoneReset;
  bio.flags |= Flag.sync;
  bio.sector = (zone * zones.zoneSizeBytes) / SECTOR_BYTES;
  bio.onEnd = giveBack;
  bio.context = fs;
  fs.device.submit(bio);
}

function giveBack(bio: Bio): void {
  (bio.context as FsState).block.bios.give(bio);
}
