/**
 * The queue limits of a table (drivers/md/dm-table.c: dm_calculate_queue_limits(), dm_table_supports_*(),
 * validate_hardware_logical_block_alignment()). The limits of the devices below are stacked target by target, then
 * target into table; areas are checked between. All eras; what differs are kernel.dm's answers.
 */

import { BaseBlockDevice, type QueueSettings } from '../block/base-device.ts';
import type { BlockDevice } from '../block/device.ts';
import { type QueueLimits, withLimits, type ZonedModel } from '../block/limits.ts';
import {
  defaultStackingLimits,
  roundSectors,
  stackLimits,
  stacksMisaligned,
} from '../block/stack.ts';
import { errno } from '../kernel/errno.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import { type Asker, askRules } from '../sim/decision.ts';
import type { Host } from '../sim/host.ts';
import { areaRules } from './area-rules.ts';
import type { DmTable, TableEntry } from './table.ts';
import { devicesOf, zonedRules } from './zoned-rules.ts';

export interface LimitsRequest {
  readonly host: Host;
  readonly table: DmTable;
  /** `dm-0`. */
  readonly deviceName: string;
  /** `252:0`. */
  readonly number: string;
  readonly asker: Asker;
}

/** Limits are never changed in place, so one set of defaults serves all tables. */
const NO_LIMITS = defaultStackingLimits();

interface Stacking {
  limits: QueueLimits;
  /** Of the first zoned target, remembered because a target's hints may hide it from the table's limits. */
  model: ZonedModel;
  zoneSectors: number;
}

/** The stacked limits, or a negative errno after the kernel's lines. */
export function calculateLimits(request: LimitsRequest): QueueLimits | number {
  const { host, table } = request;
  const stacking: Stacking = { limits: NO_LIMITS, model: 'none', zoneSectors: 0 };
  for (const entry of table.entries) {
    const result = stackTarget(request, entry, stacking);
    if (result < 0) return result;
  }
  const { limits } = stacking;
  const zoned = limits.zoned.value !== 'none';
  const model = zoned ? limits.zoned.value : stacking.model;
  if (model !== 'none') {
    const subject = {
      kernel: host.kernel,
      entries: table.entries,
      model,
      zoneSectors: zoned ? limits.chunk_sectors.value : stacking.zoneSectors,
      table: request.number,
    };
    const result = askRules(host.kernel.dm.zonedRules, zonedRules, subject, request.asker);
    if (result < 0) return result;
  }
  return alignmentError(request, limits) ?? limits;
}

function stackTarget(request: LimitsRequest, entry: TableEntry, stacking: Stacking): number {
  const { host, deviceName } = request;
  const { kernel } = host;
  const { target } = entry;
  const floor = `${deviceName}/${entry.type.name}`;
  let limits = NO_LIMITS;
  let devices = 0;
  target.devices((device, startSector) => {
    devices += 1;
    if (stacksMisaligned(limits, device.limits, startSector)) {
      warnMisaligned(request, device, startSector, limits);
    }
    limits = stackLimits(kernel, limits, device.limits, startSector, floor);
  });
  if (stacking.model === 'none' && limits.zoned.value !== 'none') {
    stacking.model = limits.zoned.value;
    stacking.zoneSectors = limits.chunk_sectors.value;
  }
  if (devices > 0 || kernel.dm.hintsWithoutDevices) limits = target.ioHints?.(limits) ?? limits;
  let result = 0;
  target.devices((device, startSector, sectors) => {
    if (result < 0) return;
    result = askRules(
      kernel.dm.areaRules,
      areaRules,
      {
        device,
        startSector,
        sectors,
        logicalBlockBytes: limits.logical_block_size.value,
        level: kernel.dm.areaErrorLevel,
        table: request.number,
      },
      request.asker,
    );
  });
  if (result < 0) return result;
  if (stacksMisaligned(stacking.limits, limits, 0)) {
    host.printk(
      'warning',
      `device-mapper: table: ${request.number}: adding target device (start sect ${target.begin} len ${target.length}) caused an alignment inconsistency`,
    );
  }
  // Stacking the first target into the defaults gives its own values, with sectors cut to the blocks its hints ask for.
  stacking.limits =
    stacking.limits === NO_LIMITS
      ? roundSectors(limits, deviceName)
      : stackLimits(kernel, stacking.limits, limits, 0, deviceName);
  return 0;
}

function warnMisaligned(
  request: LimitsRequest,
  device: BlockDevice,
  startSector: number,
  top: QueueLimits,
): void {
  const physical = Math.max(top.physical_block_size.value, device.limits.physical_block_size.value);
  const logical = Math.max(top.logical_block_size.value, device.limits.logical_block_size.value);
  request.host.printk(
    'warning',
    `device-mapper: table: ${request.number}: adding target device ${device.name} caused an alignment inconsistency: physical_block_size=${physical}, logical_block_size=${logical}, alignment_offset=0, start=${startSector * SECTOR_BYTES}`,
  );
}

/**
 * A bio of one logical block of the whole device must not end inside a target whose own blocks are larger than what
 * is left for it (validate_hardware_logical_block_alignment()).
 */
function alignmentError(request: LimitsRequest, limits: QueueLimits): number | null {
  const blockSectors = limits.logical_block_size.value / SECTOR_BYTES;
  let nextStart = 0;
  let remaining = 0;
  let line = 0;
  for (const entry of request.table.entries) {
    const { length } = entry.target;
    let own = SECTOR_BYTES;
    for (const device of devicesOf(entry)) {
      own = Math.max(own, device.limits.logical_block_size.value);
    }
    if (remaining < length && remaining % (own / SECTOR_BYTES) !== 0) break;
    nextStart = (nextStart + length) % blockSectors;
    remaining = nextStart === 0 ? 0 : blockSectors - nextStart;
    line += 1;
  }
  if (remaining === 0) return null;
  const at = request.table.entries[Math.min(line, request.table.entries.length - 1)]!.target;
  request.host.printk(
    'err',
    `device-mapper: table: ${request.number}: table line ${line} (start sect ${at.begin} len ${at.length}) not aligned to h/w logical block size ${limits.logical_block_size.value}`,
  );
  return -errno.EINVAL;
}

/** Discards and write zeroes are for tables of which every target takes them (dm_table_supports_discards()). */
export function withoutUnsupported(
  table: DmTable,
  limits: QueueLimits,
  deviceName: string,
): QueueLimits {
  let done = limits;
  if (!table.entries.every(takesDiscards)) {
    const none = {
      max_discard_sectors: 0,
      max_hw_discard_sectors: 0,
      discard_granularity: 0,
      discard_alignment: 0,
    };
    done = withLimits(done, none, { floor: deviceName, rule: 'dm.discards-unsupported' });
  }
  if (!table.entries.every(takesWriteZeroes)) {
    const none = { max_write_zeroes_sectors: 0, max_hw_wzeroes_unmap_sectors: 0 };
    done = withLimits(done, none, { floor: deviceName, rule: 'dm.write-zeroes-unsupported' });
  }
  return done;
}

function takesDiscards(entry: TableEntry): boolean {
  const { flags } = entry.target;
  if (flags.discards !== true) return false;
  if (flags.discardsSupported === true) return true;
  const devices = devicesOf(entry);
  return (
    devices.length > 0 && devices.every(({ limits }) => limits.max_discard_sectors.value !== 0)
  );
}

function takesWriteZeroes(entry: TableEntry): boolean {
  if (entry.target.flags.writeZeroes !== true) return false;
  return devicesOf(entry).every(({ limits }) => limits.max_write_zeroes_sectors.value !== 0);
}

/** Does a flush have anywhere to go, and a write that is to be durable at its end (dm_table_supports_flush())? */
export function writeCacheBelow(table: DmTable): Pick<QueueSettings, 'writeCache' | 'hasCache'> {
  const caches = table.entries.flatMap((entry) =>
    entry.target.flags.flushes === true
      ? devicesOf(entry).flatMap((device) =>
          device instanceof BaseBlockDevice && device.queue.writeCache ? [device.queue] : [],
        )
      : [],
  );
  return { writeCache: caches.length > 0, hasCache: caches.some(({ hasCache }) => hasCache) };
}
