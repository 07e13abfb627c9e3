/**
 * What a mount learns of a device's zones (fs/btrfs/zoned.c, btrfs_get_dev_zone_info()): gathered first, judged by the
 * rules of mount-rules.ts in the kernel's order, then kept for the data side. A regular disk under a zoned file system
 * gets emulated zones, all conventional, as long as the first device extent.
 */

import { type BlockDevice, WP_INVALID, ZoneCond, ZoneType } from '../../block/device.ts';
import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import { minNotZero, PAGE_BYTES, roundDown, SECTOR_BYTES, UINT_MAX } from '../../kernel/units.ts';
import type { DeviceZoneInfo } from './seam.ts';
import { reportLogPair } from './super-io.ts';
import { LOG_ZONES, type LogPair, superLogZone } from './super-log.ts';
import { SUPER_INFO_BYTES, SUPER_MIRROR_OFFSETS, type Superblock } from './superblock.ts';

export const MAX_ZONE_BYTES = 8 * 2 ** 30;
export const MIN_ZONE_BYTES = 4 * 2 ** 20;
/** 3 superblock copies, SYSTEM, METADATA, DATA, tree log, relocation (BTRFS_MIN_ACTIVE_ZONES). */
export const MIN_ACTIVE_ZONES = 8;
const DEFAULT_ACTIVE_ZONES = 128;
const MAX_EXTENT_BYTES = 128 * 2 ** 20;
/** USHRT_MAX segments: where stacking starts (blk_set_stacking_limits()). */
const STACKING_SEGMENTS = 0xffff;

/** Key and chunk header in sys_chunk_array before the chunk's length field. */
const SYS_ARRAY_KEY_BYTES = 17;

/** Everything the mount rules look at. */
export interface ZoneProbe {
  readonly device: BlockDevice;
  /** What messages call the device. */
  readonly source: string;
  readonly answers: BtrfsAnswers;
  readonly zoned: boolean;
  readonly zoneSizeBytes: number;
  readonly nrZones: number;
  /** The result of the report: the number of zones seen, or a negative errno. */
  readonly reported: number;
  readonly type: Uint8Array;
  readonly cond: Uint8Array;
  readonly wpSectors: Float64Array;
  readonly capacityBytes: Float64Array;
  readonly activeZones: number;
  /** Per copy: the log zones, null where the disk has none, or a negative errno. */
  readonly logs: readonly (LogPair | null | number)[];
}

/** The length of the first device extent of devid 1: the SYSTEM chunk's, as mkfs lays it out. 0 when there is none. */
export function firstDevExtentBytes(superblock: Superblock): number {
  if (superblock.sysChunkArraySize < SYS_ARRAY_KEY_BYTES + 8) return 0;
  const bytes = superblock.sysChunkArray;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const low = view.getUint32(SYS_ARRAY_KEY_BYTES, true);
  return view.getUint32(SYS_ARRAY_KEY_BYTES + 4, true) * 2 ** 32 + low;
}

/** Reads zones and limits of the device of a zoned file system. */
export function probeZones(
  device: BlockDevice,
  source: string,
  superblock: Superblock,
  answers: BtrfsAnswers,
): ZoneProbe {
  const zoned = device.limits.zoned.value !== 'none';
  const zoneSizeBytes = zoned
    ? device.limits.chunk_sectors.value * SECTOR_BYTES
    : firstDevExtentBytes(superblock);
  const sizeBytes = device.sizeSectors * SECTOR_BYTES;
  const nrZones = zoneSizeBytes === 0 ? 0 : Math.ceil(sizeBytes / zoneSizeBytes);
  const probe = {
    device,
    source,
    answers,
    zoned,
    zoneSizeBytes,
    nrZones,
    type: new Uint8Array(nrZones).fill(ZoneType.conventional),
    cond: new Uint8Array(nrZones),
    wpSectors: new Float64Array(nrZones).fill(WP_INVALID),
    capacityBytes: new Float64Array(nrZones),
  };
  const reported = zoned ? reportAll(probe) : emulateAll(probe, sizeBytes);
  let activeZones = 0;
  for (const cond of probe.cond) if (isActive(cond)) activeZones += 1;
  return { ...probe, reported, activeZones, logs: zoned ? logPairs(device, probe) : [] };
}

function isActive(cond: number): boolean {
  return (
    cond === ZoneCond.impOpen ||
    cond === ZoneCond.expOpen ||
    cond === ZoneCond.closed ||
    cond === ZoneCond.active
  );
}

type Arrays = Pick<
  ZoneProbe,
  | 'device'
  | 'answers'
  | 'zoneSizeBytes'
  | 'nrZones'
  | 'type'
  | 'cond'
  | 'wpSectors'
  | 'capacityBytes'
>;

function reportAll(probe: Arrays): number {
  let at = 0;
  return probe.device.reportZones(0, probe.nrZones, (zone) => {
    probe.type[at] = zone.type;
    probe.cond[at] = zone.cond;
    probe.wpSectors[at] = zone.wp;
    // Before 5.16 btrfs did not know that a zone may hold less than its length.
    const sectors = probe.answers.zoneEnd === 'capacity' ? zone.capacity : zone.len;
    probe.capacityBytes[at] = sectors * SECTOR_BYTES;
    at += 1;
  });
}

function emulateAll(probe: Arrays, sizeBytes: number): number {
  for (let zone = 0; zone < probe.nrZones; zone += 1) {
    probe.capacityBytes[zone] = Math.min(
      probe.zoneSizeBytes,
      sizeBytes - zone * probe.zoneSizeBytes,
    );
  }
  return probe.nrZones;
}

/** The log zones of each copy whose zones exist. */
function logPairs(
  device: BlockDevice,
  probe: Pick<ZoneProbe, 'zoneSizeBytes' | 'nrZones'>,
): (LogPair | null | number)[] {
  return SUPER_MIRROR_OFFSETS.map((_offset, mirror) =>
    superLogZone(probe.zoneSizeBytes, mirror) + 1 >= probe.nrZones
      ? null
      : reportLogPair(device, mirror),
  );
}

/** The limit of active zones this kernel keeps to; 0: none. */
export function maxActiveZones(probe: ZoneProbe): number {
  const { answers, device } = probe;
  if (answers.activeZones === 'ignored' || !probe.zoned) return 0;
  const limits = device.limits;
  if (answers.activeZones === 'device') return limits.max_active_zones.value;
  const own = minNotZero(limits.max_active_zones.value, limits.max_open_zones.value);
  const wanted = own === 0 ? Math.min(Math.floor(probe.nrZones / 4), DEFAULT_ACTIVE_ZONES) : own;
  const max = Math.max(wanted, MIN_ACTIVE_ZONES);
  // More are active already, and no device demands the limit: do not count at all.
  return own === 0 && probe.activeZones > max ? 0 : max;
}

/** The largest zone append in bytes, before rounding; 0: not used or not tracked. */
function appendLimitBytes(probe: ZoneProbe): number {
  const { limits } = probe.device;
  const segments = limits.max_segments.value * PAGE_BYTES;
  const queue = limits.max_zone_append_sectors.value;
  switch (probe.answers.appendLimit) {
    case 'queue':
      return probe.zoned ? queue * SECTOR_BYTES : 0;
    case 'untracked':
      return 0;
    case 'segments':
      return probe.zoned ? Math.min(queue * SECTOR_BYTES, segments) : segments;
    case 'stacked': {
      // A regular disk is not stacked: the limits stay where stacking starts.
      if (!probe.zoned) return Math.min(UINT_MAX * SECTOR_BYTES, STACKING_SEGMENTS * PAGE_BYTES);
      // 0 means "the block layer emulates", and that takes what a write takes.
      const emulated = Math.min(limits.chunk_sectors.value, limits.max_hw_sectors.value);
      const append = minNotZero(queue, emulated) * SECTOR_BYTES;
      return Math.min(append, limits.max_sectors.value * SECTOR_BYTES, segments);
    }
  }
}

/** What the data side is told, once every rule has passed. */
export function zoneInfo(probe: ZoneProbe, sectorsizeBytes: number): DeviceZoneInfo {
  const limit = appendLimitBytes(probe);
  const capped =
    probe.answers.appendLimit === 'segments' || probe.answers.appendLimit === 'stacked';
  const maxZoneAppendBytes = capped ? roundDown(limit, sectorsizeBytes) : limit;
  return {
    zoned: probe.zoned,
    zoneSizeBytes: probe.zoneSizeBytes,
    nrZones: probe.nrZones,
    sequential: probe.type.map((type) => (type === ZoneType.conventional ? 0 : 1)),
    cond: probe.cond,
    wpSectors: probe.wpSectors,
    capacityBytes: probe.capacityBytes,
    maxActiveZones: maxActiveZones(probe),
    activeZones: probe.activeZones,
    maxZoneAppendBytes,
    maxExtentBytes: capped ? Math.min(MAX_EXTENT_BYTES, maxZoneAppendBytes) : MAX_EXTENT_BYTES,
    isSuperblockZone: (zone) => isSuperblockZone(probe.zoneSizeBytes, zone),
  };
}

/** Log zones of every copy, and zones that hold a regular superblock offset, never hold a chunk. */
export function isSuperblockZone(zoneSizeBytes: number, zone: number): boolean {
  const start = zone * zoneSizeBytes;
  return SUPER_MIRROR_OFFSETS.some((offset, mirror) => {
    const first = superLogZone(zoneSizeBytes, mirror);
    const inLog = zone >= first && zone < first + LOG_ZONES;
    return inLog || (offset + SUPER_INFO_BYTES > start && offset < start + zoneSizeBytes);
  });
}
