/**
 * The device as mkfs.btrfs sees and prepares it (btrfs-progs 6.2, mkfs/common.c test_dev_for_mkfs(),
 * kernel-shared/zoned.c, common/device-utils.c btrfs_prepare_device()): what sysfs says of its zones, their reset, and
 * the clearing of what was there.
 */

import { ZoneCond, ZoneType, type ZoneView } from '../block/device.ts';
import { FillPayload } from '../block/payload.ts';
import { SUPER_INFO_BYTES, SUPER_MIRROR_OFFSETS } from '../fs/btrfs/superblock.ts';
import { MAX_ZONE_BYTES, MIN_ZONE_BYTES } from '../fs/btrfs/zone-info.ts';
import { O, S } from '../fs/inode.ts';
import { errno, strerror } from '../kernel/errno.ts';
import { isPowerOfTwo, MIB, SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { SYSTEM_GROUP_BYTES } from './mkfs-btrfs-layout.ts';
import { MkfsError } from './mkfs-btrfs-options.ts';
import { baseName, canonicalSource, isType, mountLines, readText, realPath } from './paths.ts';
import { probeType } from './probe.ts';
import type { Process } from './program.ts';

/** Zones that a device without any gets (DEFAULT_ZONE_SIZE of emulation). */
const EMULATED_ZONE_BYTES = 256 * MIB;
const ZONES_PER_REPORT = 4096;
/** ZERO_DEV_BYTES: cleared at the start, and at the end. */
const ZERO_BYTES = 2 * MIB;

export interface MkfsDevice {
  /** As typed: what messages and the scan name. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly model: string;
  /** Of emulated zones on a device without any. */
  readonly zoneSizeBytes: number;
  /** queue/zone_append_max_bytes. */
  readonly zoneAppendBytes: number;
  readonly rotational: boolean;
}

const why = (result: number): string => strerror(result);

/** test_dev_for_mkfs(): may it be overwritten at all? Throws MkfsError. */
export function* checkUsable(process: Process, path: string, force: boolean): Task<void> {
  const { sys } = process.system;
  const stat = yield* sys.stat(process, path);
  if (typeof stat === 'number') throw new MkfsError(`checking status of ${path}: ${why(stat)}`);
  if (!isType(stat, S.IFBLK)) throw new MkfsError(`${path} is not a block device`);
  if (!force) {
    const type = yield* probeType(process, path);
    if (type !== null) {
      complain(process, `${path} appears to contain an existing filesystem (${type})`);
      throw new MkfsError(`use the -f option to force overwrite of ${path}`);
    }
  }
  const source = yield* canonicalSource(process, path);
  const mounts = yield* mountLines(process);
  if (mounts.some((line) => line.source === source || line.source === path)) {
    throw new MkfsError(`${path} is mounted`);
  }
  const fd = yield* sys.open(process, path, O.RDWR | O.EXCL);
  if (fd < 0) throw new MkfsError(`unable to open ${path}: ${why(fd)}`);
  yield* sys.close(process, fd);
}

export function complain(process: Process, text: string): void {
  process.stderr.write(`ERROR: ${text}\n`);
}

/** Size and queue attributes. */
export function* inspect(process: Process, path: string): Task<MkfsDevice> {
  const { sys } = process.system;
  const name = baseName((yield* realPath(process, path)) ?? path);
  const queue = `/sys/block/${name}/queue`;
  const number = function* (attribute: string): Task<number> {
    return Number((yield* readText(process, `${queue}/${attribute}`)) ?? 0);
  };
  const model = ((yield* readText(process, `${queue}/zoned`)) ?? 'none').trim();
  const fd = yield* sys.open(process, path, O.RDONLY);
  if (fd < 0) throw new MkfsError(`failed to check size for ${path}: ${why(fd)}`);
  const sizeBytes = yield* sys.lseek(process, fd, 0, 'end');
  yield* sys.close(process, fd);
  const chunkSectors = yield* number('chunk_sectors');
  return {
    path,
    sizeBytes,
    model,
    zoneSizeBytes: model === 'none' ? EMULATED_ZONE_BYTES : chunkSectors * SECTOR_BYTES,
    zoneAppendBytes: yield* number('zone_append_max_bytes'),
    rotational: (yield* number('rotational')) === 1,
  };
}

/** btrfs_get_zone_info(): the zones of a zoned file system's device. Throws MkfsError, as the tool exits at once. */
export function* readZones(process: Process, fd: number, device: MkfsDevice): Task<ZoneView[]> {
  const { zoneSizeBytes: bytes, model, path } = device;
  if (!isPowerOfTwo(bytes)) {
    throw new MkfsError(`zoned: illegal zone size ${bytes} (not a power of 2)`);
  }
  // The first SYSTEM group fills one zone.
  if (bytes < SYSTEM_GROUP_BYTES) {
    throw new MkfsError(`zoned: illegal zone size ${bytes} (smaller than ${SYSTEM_GROUP_BYTES})`);
  }
  if (bytes > MAX_ZONE_BYTES) {
    throw new MkfsError(
      `zoned: zone size ${bytes} larger than supported maximum ${MAX_ZONE_BYTES}`,
    );
  }
  if (bytes < MIN_ZONE_BYTES) {
    throw new MkfsError(
      `zoned: zone size ${bytes} smaller than supported minimum ${MIN_ZONE_BYTES}`,
    );
  }
  if (model === 'none') return [];
  if (device.zoneAppendBytes === 0) {
    throw new MkfsError(`zoned: device ${path} does not support ZONE_APPEND command`);
  }
  const { sys } = process.system;
  const zones: ZoneView[] = [];
  const sizeSectors = device.sizeBytes / SECTOR_BYTES;
  for (let sector = 0; sector < sizeSectors; ) {
    const report = yield* sys.reportZones(process, fd, sector, ZONES_PER_REPORT);
    if (typeof report === 'number') {
      throw new MkfsError(`zoned: ioctl BLKREPORTZONE failed (${why(report)})`);
    }
    if (report.length === 0) break;
    zones.push(...report);
    const last = report[report.length - 1]!;
    sector = last.start + last.len;
  }
  return zones;
}

export interface PrepareRequest {
  readonly zoned: boolean;
  readonly quiet: boolean;
  readonly discard: boolean;
  /** 0: all of the device. */
  readonly byteCount: number;
}

/** btrfs_prepare_device(). Returns the zones, empty when none are real. Throws MkfsError. */
export function* prepareDevice(
  process: Process,
  fd: number,
  device: MkfsDevice,
  request: PrepareRequest,
): Task<readonly ZoneView[]> {
  const { path } = device;
  const unable = new MkfsError(`unable prepare device: ${path}`);
  const zones = request.zoned ? yield* readZones(process, fd, device) : [];
  if (zones.length > 0) {
    if (!request.quiet) {
      process.stdout.write(`Resetting device zones ${path} (${zones.length} zones) ...\n`);
    }
    const result = yield* resetZones(process, fd, zones);
    if (result < 0) {
      complain(process, `zoned: failed to reset device '${path}' zones: ${why(result)}`);
      throw unable;
    }
  } else if (request.discard && !request.zoned) {
    // Whether it worked does not matter.
    yield* process.system.sys.discard(process, fd, 0, device.sizeBytes);
  }
  const cleared = yield* clear(process, fd, device, zones, request.byteCount);
  if (cleared < 0) {
    complain(process, `failed to zero device '${path}': ${why(cleared)}`);
    throw unable;
  }
  return zones;
}

function* resetZones(process: Process, fd: number, zones: readonly ZoneView[]): Task<number> {
  const { sys } = process.system;
  for (const zone of zones) {
    const bytes = zone.len * SECTOR_BYTES;
    let result = 0;
    if (zone.type === ZoneType.conventional) {
      result = yield* sys.discard(process, fd, zone.start * SECTOR_BYTES, bytes);
      if (result === -errno.EOPNOTSUPP) result = 0;
    } else if (zone.cond !== ZoneCond.empty) {
      result = yield* sys.manageZones(process, fd, 'reset', zone.start, zone.len);
    }
    if (result < 0) return result;
  }
  return yield* sys.fsync(process, fd);
}

/** Zeroes the start, the places of superblocks and the end, where writing anywhere is possible. */
function* clear(
  process: Process,
  fd: number,
  device: MkfsDevice,
  zones: readonly ZoneView[],
  byteCount: number,
): Task<number> {
  const size = byteCount === 0 ? device.sizeBytes : Math.min(byteCount, device.sizeBytes);
  const ranges = [
    [0, ZERO_BYTES],
    ...SUPER_MIRROR_OFFSETS.map((offset) => [offset, SUPER_INFO_BYTES] as const),
  ] as [number, number][];
  // With -b the end is not the device's, and is left alone.
  if (byteCount === 0) ranges.push([Math.max(0, size - ZERO_BYTES), ZERO_BYTES]);
  for (const [offset, length] of ranges) {
    const end = Math.min(offset + length, size);
    for (let at = offset; at < end; ) {
      const zone = zones[Math.floor(at / device.zoneSizeBytes)];
      const zoneEnd = zone === undefined ? end : (zone.start + zone.len) * SECTOR_BYTES;
      const count = Math.min(end, zoneEnd) - at;
      if (zone === undefined || zone.type === ZoneType.conventional) {
        const zeros = new FillPayload(0, count);
        const result = yield* process.system.sys.pwrite(process, fd, zeros, at);
        if (result < 0) return result;
      }
      at += count;
    }
  }
  return 0;
}
