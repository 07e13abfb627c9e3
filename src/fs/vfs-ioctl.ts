/**
 * The ioctls of block devices that move data or zones (block/blk-zoned.c, block/ioctl.c): what is checked of a
 * descriptor and a range before the block layer is asked.
 */

import { type BioOp, Flag, Op } from '../block/bio.ts';
import { invalidateDevice } from '../block/cache.ts';
import type { BlockDevice, ZoneView } from '../block/device.ts';
import { FillPayload, type Payload } from '../block/payload.ts';
import { statusToErrno } from '../block/status.ts';
import { zoneManagement } from '../block/zone-management.ts';
import { errno } from '../kernel/errno.ts';
import { MIB, SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import type { OpenDescription } from './description.ts';
import type { ZoneCommand } from './syscalls.ts';

/** The names of the calls, as strace prints them. */
export const COMMAND_NAMES: Readonly<Record<ZoneCommand, string>> = {
  reset: 'BLKRESETZONE',
  open: 'BLKOPENZONE',
  close: 'BLKCLOSEZONE',
  finish: 'BLKFINISHZONE',
};

const OPS: Readonly<Record<ZoneCommand, BioOp>> = {
  reset: Op.zoneReset,
  open: Op.zoneOpen,
  close: Op.zoneClose,
  finish: Op.zoneFinish,
};

/** BLKREPORTZONE. A start at or behind the end reports no zones and is no error. */
export function reportZones(
  file: OpenDescription | undefined,
  startSector: number,
  count: number,
): readonly ZoneView[] | number {
  const device = zonedDevice(file);
  if (typeof device === 'number') return device;
  if (count === 0) return -errno.EINVAL;
  const zones: ZoneView[] = [];
  if (startSector >= device.sizeSectors) return zones;
  // A driver may hand out one view again and again, so each is copied.
  const result = device.reportZones(
    startSector,
    count,
    ({ start, len, capacity, wp, type, cond }) => {
      zones.push({ start, len, capacity, wp, type, cond });
    },
  );
  return result < 0 ? result : zones;
}

/** BLKRESETZONE, BLKOPENZONE, BLKCLOSEZONE, BLKFINISHZONE. */
export function manageZones(
  core: VfsCore,
  file: OpenDescription | undefined,
  command: ZoneCommand,
  startSector: number,
  sectors: number,
): Task<number> | number {
  const device = zonedDevice(file);
  if (typeof device === 'number') return device;
  if (!file!.writable) return -errno.EBADF;
  return zoneManagement(core.block, device, OPS[command], startSector, sectors);
}

/** BLKDISCARD; bytes (blk_ioctl_discard()). */
export function* discard(
  core: VfsCore,
  file: OpenDescription | undefined,
  offset: number,
  length: number,
): Task<number> {
  const device = writableDevice(file);
  if (typeof device === 'number') return device;
  if (device.limits.max_discard_sectors.value === 0) return -errno.EOPNOTSUPP;
  const refused = checkRange(device, offset, length);
  if (refused < 0) return refused;
  invalidateDevice(core.block, device, offset, length);
  return yield* send(core, device, Op.discard, offset, length, null);
}

/** What one bio of zeroes carries at most (BIO_MAX_VECS pages). */
const ZERO_BIO_BYTES = MIB;

/** BLKZEROOUT; bytes (blk_ioctl_zeroout(), blkdev_issue_zeroout() without unmapping): zeroes are written if need be. */
export function* zeroOut(
  core: VfsCore,
  file: OpenDescription | undefined,
  offset: number,
  length: number,
): Task<number> {
  const device = writableDevice(file);
  if (typeof device === 'number') return device;
  const refused = checkRange(device, offset, length);
  if (refused < 0) return refused;
  invalidateDevice(core.block, device, offset, length);
  if (device.limits.max_write_zeroes_sectors.value > 0) {
    const done = yield* send(core, device, Op.writeZeroes, offset, length, null);
    if (done !== -errno.EOPNOTSUPP) return done;
  }
  for (let at = 0; at < length; at += ZERO_BIO_BYTES) {
    const zeroes = new FillPayload(0, Math.min(ZERO_BIO_BYTES, length - at));
    // Only the last is waited for (submit_bio_wait()), and so marked.
    const flags = at + ZERO_BIO_BYTES < length ? 0 : Flag.sync;
    const written = yield* send(
      core,
      device,
      Op.write,
      offset + at,
      zeroes.lengthBytes,
      zeroes,
      flags,
    );
    if (written < 0) return written;
  }
  return 0;
}

function zonedDevice(file: OpenDescription | undefined): BlockDevice | number {
  if (file === undefined) return -errno.EBADF;
  const { device } = file.inode;
  if (device === undefined || device.limits.zoned.value === 'none') return -errno.ENOTTY;
  return device;
}

function writableDevice(file: OpenDescription | undefined): BlockDevice | number {
  if (file === undefined) return -errno.EBADF;
  const { device } = file.inode;
  if (device === undefined) return -errno.ENOTTY;
  if (!file.writable) return -errno.EBADF;
  return device.readOnly ? -errno.EPERM : device;
}

function checkRange(device: BlockDevice, offset: number, length: number): number {
  if (offset < 0 || length <= 0) return -errno.EINVAL;
  if (offset % SECTOR_BYTES !== 0 || length % SECTOR_BYTES !== 0) return -errno.EINVAL;
  return offset + length > device.sizeSectors * SECTOR_BYTES ? -errno.EINVAL : 0;
}

function* send(
  core: VfsCore,
  device: BlockDevice,
  op: BioOp,
  offset: number,
  length: number,
  payload: Payload | null,
  flags = 0,
): Task<number> {
  const { block } = core;
  const bio = block.newBio(device);
  bio.op = op;
  bio.flags |= flags;
  bio.sector = offset / SECTOR_BYTES;
  bio.sectors = length / SECTOR_BYTES;
  bio.payload = payload;
  const status = yield* block.submitAndWait(bio);
  block.bios.give(bio);
  return statusToErrno(status);
}
