/**
 * What a device area of a target must fulfil (drivers/md/dm-table.c, device_area_is_invalid()), first failing check
 * wins. The same five checks in all eras; which and in what order says kernel.dm.areaRules.
 */

import type { BlockDevice } from '../block/device.ts';
import type { LogLevel } from '../kernel/log.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import { type Rule, ruleTable } from '../sim/decision.ts';

/** One area of one device, as a target's `devices` visits it. */
export interface AreaSubject {
  readonly device: BlockDevice;
  readonly startSector: number;
  readonly sectors: number;
  /** Of the target's stacked limits, not of the device alone: dm-crypt with 4096-byte sectors aligns to 4096. */
  readonly logicalBlockBytes: number;
  readonly level: LogLevel;
  /** `252:0`: how table lines name the mapped device. */
  readonly table: string;
}

const SOURCE = { file: 'drivers/md/dm-table.c', function: 'device_area_is_invalid' };

type AreaRule = Rule<AreaSubject>;

function refusal(subject: AreaSubject, text: string): ReturnType<AreaRule['refuses']> {
  return {
    errno: 'EINVAL',
    level: subject.level,
    log: `device-mapper: table: ${subject.table}: ${text}`,
  };
}

function zoneSize(device: BlockDevice): number {
  return device.limits.zoned.value === 'none' ? 0 : device.limits.chunk_sectors.value;
}

const size: AreaRule = {
  id: 'dm.area.size',
  source: SOURCE,
  sees: ({ device, startSector, sectors }) => ({
    start: startSector,
    len: sectors,
    dev_size: device.sizeSectors,
  }),
  // A device of size 0 is let pass: it may get its size later.
  passes: (_seen, { device, startSector, sectors }) =>
    device.sizeSectors === 0 ||
    (startSector < device.sizeSectors && startSector + sectors <= device.sizeSectors),
  refuses: (subject) =>
    refusal(
      subject,
      `${subject.device.name} too small for target: start=${subject.startSector}, len=${subject.sectors}, dev_size=${subject.device.sizeSectors}`,
    ),
};

const zoneStart: AreaRule = {
  id: 'dm.area.zone-start',
  source: SOURCE,
  sees: ({ device, startSector }) => ({ start: startSector, zone_sectors: zoneSize(device) }),
  passes: (_seen, { device, startSector }) => aligned(startSector, zoneSize(device)),
  refuses: (subject) =>
    refusal(
      subject,
      `start=${subject.startSector} not aligned to h/w zone size ${zoneSize(subject.device)} of ${subject.device.name}`,
    ),
};

/** Even at the end of the device: zones are counted in whole ones, so a smaller last zone can never be mapped. */
const zoneLength: AreaRule = {
  id: 'dm.area.zone-length',
  source: SOURCE,
  sees: ({ device, sectors }) => ({ len: sectors, zone_sectors: zoneSize(device) }),
  passes: (_seen, { device, sectors }) => aligned(sectors, zoneSize(device)),
  refuses: (subject) =>
    refusal(
      subject,
      `len=${subject.sectors} not aligned to h/w zone size ${zoneSize(subject.device)} of ${subject.device.name}`,
    ),
};

const blockStart: AreaRule = {
  id: 'dm.area.block-start',
  source: SOURCE,
  sees: ({ startSector, logicalBlockBytes }) => ({
    start: startSector,
    logical_block_size: logicalBlockBytes,
  }),
  passes: (_seen, { startSector, logicalBlockBytes }) =>
    aligned(startSector, logicalBlockBytes / SECTOR_BYTES),
  refuses: (subject) =>
    refusal(
      subject,
      `start=${subject.startSector} not aligned to h/w logical block size ${subject.logicalBlockBytes} of ${subject.device.name}`,
    ),
};

const blockLength: AreaRule = {
  id: 'dm.area.block-length',
  source: SOURCE,
  sees: ({ sectors, logicalBlockBytes }) => ({
    len: sectors,
    logical_block_size: logicalBlockBytes,
  }),
  passes: (_seen, { sectors, logicalBlockBytes }) =>
    aligned(sectors, logicalBlockBytes / SECTOR_BYTES),
  refuses: (subject) =>
    refusal(
      subject,
      `len=${subject.sectors} not aligned to h/w logical block size ${subject.logicalBlockBytes} of ${subject.device.name}`,
    ),
};

function aligned(sectors: number, step: number): boolean {
  return step === 0 || sectors % step === 0;
}

export const areaRules = ruleTable<AreaSubject>([
  size,
  zoneStart,
  zoneLength,
  blockStart,
  blockLength,
]);
