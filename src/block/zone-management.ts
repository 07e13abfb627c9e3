/**
 * Reset, open, close and finish of ranges of zones (block/blk-zoned.c, blkdev_zone_mgmt()): the checks of the range, one
 * bio per zone, and the one bio that resets a whole device, for which eras have different conditions.
 */

import { errno } from '../kernel/errno.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { BaseBlockDevice } from './base-device.ts';
import { type BioOp, Flag, Op } from './bio.ts';
import { type BlockDevice, ZoneCond, ZoneType, type ZoneView } from './device.ts';
import { type BlockStatus, Status, statusToErrno } from './status.ts';
import type { BlockSystem } from './system.ts';

/** Visits up to `count` zones from the one that holds `startSector`; none at or behind the end (blkdev_report_zones()). */
export function blkdevReportZones(
  device: BlockDevice,
  startSector: number,
  count: number,
  visit: (zone: ZoneView) => void,
): number {
  if (device.limits.zoned.value === 'none') return -errno.EOPNOTSUPP;
  if (count === 0 || startSector >= device.sizeSectors) return 0;
  return device.reportZones(startSector, count, visit);
}

/**
 * Does `op` to the zones of a range in sectors. Returns 0 or a negative errno: EOPNOTSUPP on a regular device, EPERM on a
 * read-only one, EINVAL for a range that is not zones of the device, else the last failing zone's: each bio hands its error
 * to the next in the chain, which its own replaces (bio_chain()). The zones behind a failed one are done all the same.
 */
export function* manageZones(
  block: BlockSystem,
  device: BlockDevice,
  op: BioOp,
  startSector: number,
  sectors: number,
): Task<number> {
  if (device.limits.zoned.value === 'none') return -errno.EOPNOTSUPP;
  if (device.readOnly) return -errno.EPERM;
  const refused = checkRange(device, startSector, sectors);
  if (refused < 0) return refused;
  // Zones that start over take what was cached of them along (blkdev_truncate_zone_range()).
  if (op === Op.zoneReset) {
    const from = startSector * SECTOR_BYTES;
    block.caches.get(device)?.invalidate(from, sectors * SECTOR_BYTES);
    if (startSector === 0 && sectors === device.sizeSectors) {
      const whole = wholeReset(block, device);
      if (whole === 'one-bio') return yield* sendChain(block, device, Op.zoneResetAll, [0]);
      if (whole === 'by-report') return yield* resetReported(block, device);
    }
  }
  const zoneSectors = device.limits.chunk_sectors.value;
  const starts: number[] = [];
  for (let at = startSector; at < startSector + sectors; at += zoneSectors) starts.push(at);
  return yield* sendChain(block, device, op, starts);
}

export { manageZones as zoneManagement };

function checkRange(device: BlockDevice, start: number, sectors: number): number {
  const zoneSectors = device.limits.chunk_sectors.value;
  const end = start + sectors;
  if (sectors <= 0 || start < 0 || end > device.sizeSectors) return -errno.EINVAL;
  if (start % zoneSectors !== 0) return -errno.EINVAL;
  // Only a range up to the device's end may be no multiple: the last zone can be short.
  return sectors % zoneSectors !== 0 && end !== device.sizeSectors ? -errno.EINVAL : 0;
}

function wholeReset(
  block: BlockSystem,
  device: BlockDevice,
): 'one-bio' | 'by-report' | 'zone-by-zone' {
  const how = block.host.kernel.block.wholeReset;
  if (how === 'always') return 'one-bio';
  if (device instanceof BaseBlockDevice && device.resetsAllZones) return 'one-bio';
  return how === 'else-report' ? 'by-report' : 'zone-by-zone';
}

/** Resets the zones that a report says can and need be (blkdev_zone_reset_all_emulated()). */
function* resetReported(block: BlockSystem, device: BlockDevice): Task<number> {
  const starts: number[] = [];
  const reported = device.reportZones(0, device.nrZones, (zone) => {
    if (zone.type === ZoneType.conventional) return;
    const { cond } = zone;
    if (cond === ZoneCond.notWp || cond === ZoneCond.empty) return;
    if (cond === ZoneCond.readonly || cond === ZoneCond.offline) return;
    starts.push(zone.start);
  });
  if (reported < 0) return reported;
  return yield* sendChain(block, device, Op.zoneReset, starts);
}

/** A bio per zone: each hands a bad status on to the next (bio_chain()), whose own replaces it. */
function* sendChain(
  block: BlockSystem,
  device: BlockDevice,
  op: BioOp,
  starts: readonly number[],
): Task<number> {
  let status: BlockStatus = Status.ok;
  for (const [at, start] of starts.entries()) {
    status = yield* send(block, device, op, start, at < starts.length - 1, status);
  }
  return statusToErrno(status);
}

function* send(
  block: BlockSystem,
  device: BlockDevice,
  op: BioOp,
  sector: number,
  chained: boolean,
  before: BlockStatus,
): Task<BlockStatus> {
  const bio = block.newBio(device);
  bio.op = op;
  bio.flags |= Flag.sync | Flag.allocCache;
  if (chained) bio.flags |= Flag.chained;
  if (before !== Status.ok) {
    bio.status = before;
    bio.flags |= Flag.inherits;
  }
  bio.sector = sector;
  const status = yield* block.submitAndWait(bio);
  block.bios.give(bio);
  return status;
}
