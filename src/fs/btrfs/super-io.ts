/**
 * Superblocks on a device: where copy N is now and where it goes next (zoned.c, btrfs_sb_log_location_bdev() and
 * btrfs_sb_log_location()), read through bios and written as disk-io.c write_dev_supers() does.
 */

import { BaseBlockDevice } from '../../block/base-device.ts';
import { Flag, Op } from '../../block/bio.ts';
import { flushDevice } from '../../block/cache.ts';
import { type BlockDevice, ZoneCond } from '../../block/device.ts';
import { BytesPayload } from '../../block/payload.ts';
import { statusToErrno } from '../../block/status.ts';
import type { BlockSystem } from '../../block/system.ts';
import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import { errno } from '../../kernel/errno.ts';
import { isPowerOfTwo, SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import {
  advance,
  IMPOSSIBLE,
  isInPlace,
  LOG_ZONES,
  type LogPair,
  type LogZone,
  lastSlots,
  logZone,
  readPosition,
  SUPER_SECTORS,
  superLogZone,
  writePosition,
  zoneToReset,
} from './super-log.ts';
import {
  decodeSuperblock,
  encodeSuperblock,
  SUPER_INFO_BYTES,
  SUPER_MIRROR_OFFSETS,
  type Superblock,
} from './superblock.ts';

/** The 4096 bytes at `sector`, or a negative errno. */
export function* readSuperBytes(
  block: BlockSystem,
  device: BlockDevice,
  sector: number,
): Task<Uint8Array | number> {
  const bio = block.newBio(device);
  bio.op = Op.read;
  bio.flags |= Flag.superblock;
  bio.sector = sector;
  bio.sectors = SUPER_SECTORS;
  const status = yield* block.submitAndWait(bio);
  const bytes = bio.payload?.bytes() ?? null;
  block.bios.give(bio);
  if (status !== 0) return statusToErrno(status);
  return bytes === null ? -errno.EIO : bytes;
}

/** Reports the pair of log zones of one copy; a negative errno (ENOENT: the disk has no such zones). */
export function reportLogPair(device: BlockDevice, mirror: number): LogPair | number {
  const zoneSectors = device.limits.chunk_sectors.value;
  if (!isPowerOfTwo(zoneSectors)) return -errno.EINVAL;
  const wholeZones = Math.floor(device.sizeSectors / zoneSectors);
  const first = superLogZone(zoneSectors * SECTOR_BYTES, mirror);
  if (first + 1 >= wholeZones) return -errno.ENOENT;
  const zones: LogZone[] = [];
  const seen = device.reportZones(first * zoneSectors, LOG_ZONES, (zone) => {
    zones.push(logZone(zone));
  });
  if (seen < 0) return seen;
  return zones.length === LOG_ZONES ? [zones[0]!, zones[1]!] : -errno.EIO;
}

/** The sector the next write goes to, or a negative errno; -ENOENT is not one here: an empty log starts at its head. */
function* nextSector(
  block: BlockSystem,
  device: BlockDevice,
  pair: LogPair,
  answers: BtrfsAnswers,
): Task<{ readonly sector: number; readonly empty: boolean } | number> {
  const position = writePosition(pair, answers.zoneEnd);
  switch (position.kind) {
    case 'at':
      return { sector: position.sector, empty: false };
    case 'nothing':
      return { sector: position.sector, empty: true };
    case 'impossible':
      return IMPOSSIBLE;
    case 'compare': {
      const generations: number[] = [];
      for (const sector of lastSlots(pair, answers.zoneEnd)) {
        const bytes = yield* readSuperBytes(block, device, sector);
        if (typeof bytes === 'number') return bytes;
        generations.push(decodeSuperblock(bytes).generation);
      }
      const older = generations[0]! > generations[1]! ? pair[1] : pair[0];
      return { sector: older.start, empty: false };
    }
  }
}

/** The sector copy `mirror` is read from on a device that is not mounted, or a negative errno. */
export function* superReadSector(
  block: BlockSystem,
  device: BlockDevice,
  mirror: number,
): Task<number> {
  const answers = block.host.kernel.btrfs;
  if (!answers.zonedMode || device.limits.zoned.value === 'none') {
    return SUPER_MIRROR_OFFSETS[mirror]! / SECTOR_BYTES;
  }
  const pair = reportLogPair(device, mirror);
  if (typeof pair === 'number') return pair;
  if (isInPlace(pair)) return pair[0].start;
  const next = yield* nextSector(block, device, pair, answers);
  if (typeof next === 'number') return next;
  return next.empty ? next.sector : readPosition(pair, answers.zoneEnd, next.sector);
}

/** The superblock writer of one mounted device. */
export class SuperWriter {
  private readonly block: BlockSystem;
  private readonly device: BlockDevice;
  /** By copy; null: no such log, or a disk without zones. */
  private readonly pairs: readonly (LogPair | null)[];
  private readonly zoned: boolean;

  constructor(block: BlockSystem, device: BlockDevice, pairs: readonly (LogPair | null)[]) {
    this.block = block;
    this.device = device;
    this.pairs = pairs;
    this.zoned = block.host.kernel.btrfs.zonedMode && device.limits.zoned.value !== 'none';
  }

  /**
   * Writes the copies of `superblock`, copy 0 first; `bytenr` and the checksum are those of each copy. 0 or a negative
   * errno of copy 0 or of a place that cannot be told.
   */
  *write(
    superblock: Superblock,
    how: { readonly allMirrors: boolean; readonly fua: boolean },
  ): Task<number> {
    // barrier_all_devices(): what the superblock will name has to be on the medium before it; devices without a cache are
    // left alone (write_dev_flush()).
    const { device } = this;
    if (how.fua && device instanceof BaseBlockDevice && device.queue.writeCache) {
      const flushed = yield* flushDevice(this.block, device);
      if (flushed < 0) return flushed;
    }
    const mirrors = how.allMirrors ? SUPER_MIRROR_OFFSETS.length : 1;
    for (let mirror = 0; mirror < mirrors; mirror += 1) {
      const sector = yield* this.place(mirror);
      if (sector === -errno.ENOENT) continue;
      if (sector < 0) return sector;
      if (sector * SECTOR_BYTES + SUPER_INFO_BYTES >= superblock.devItem.totalBytes) break;
      const fua = how.fua && mirror === 0;
      const result = yield* this.writeSlot(superblock, mirror, sector, fua);
      if (result < 0) return result;
    }
    return 0;
  }

  private *place(mirror: number): Task<number> {
    if (!this.zoned) return SUPER_MIRROR_OFFSETS[mirror]! / SECTOR_BYTES;
    const pair = this.pairs[mirror] ?? null;
    if (pair === null) return -errno.ENOENT;
    if (isInPlace(pair)) return pair[0].start;
    const next = yield* nextSector(this.block, this.device, pair, this.block.host.kernel.btrfs);
    if (typeof next === 'number') return next;
    const stale = zoneToReset(pair, next.sector);
    if (stale !== null) {
      const result = yield* this.manage(Op.zoneReset, stale);
      if (result < 0) return result;
      stale.cond = ZoneCond.empty;
      stale.wp = stale.start;
    }
    return next.sector;
  }

  private *writeSlot(
    superblock: Superblock,
    mirror: number,
    sector: number,
    fua: boolean,
  ): Task<number> {
    const copy = { ...superblock, bytenr: SUPER_MIRROR_OFFSETS[mirror]! };
    const bio = this.block.newBio(this.device);
    bio.op = Op.write;
    bio.flags |= Flag.superblock | Flag.sync | Flag.meta | Flag.prio | (fua ? Flag.fua : 0);
    bio.sector = sector;
    bio.sectors = SUPER_SECTORS;
    bio.payload = new BytesPayload(encodeSuperblock(copy));
    const status = yield* this.block.submitAndWait(bio);
    this.block.bios.give(bio);
    if (status !== 0) return statusToErrno(status);
    const pair = this.pairs[mirror] ?? null;
    if (pair === null || isInPlace(pair)) return 0;
    const answers = this.block.host.kernel.btrfs;
    const finished = advance(pair, answers.zoneEnd, answers.finishesLogZone);
    return finished === null ? 0 : yield* this.manage(Op.zoneFinish, finished);
  }

  private *manage(op: typeof Op.zoneReset | typeof Op.zoneFinish, zone: LogZone): Task<number> {
    const bio = this.block.newBio(this.device);
    bio.op = op;
    bio.flags |= Flag.superblock | Flag.sync;
    bio.sector = zone.start;
    bio.sectors = zone.len;
    const status = yield* this.block.submitAndWait(bio);
    this.block.bios.give(bio);
    return statusToErrno(status);
  }
}
