/**
 * What a table must fulfil when its limits are zoned (drivers/md/dm-table.c: validate_hardware_zoned_model() and the
 * callbacks it uses; device_not_zoned_model(), device_not_matches_zone_sectors()), and when it replaces a table whose
 * device has zone write plugs (dm-table.c dm_table_set_restrictions(), dm-zone.c dm_set_zones_restrictions(), 6.10+).
 */

import type { BlockDevice } from '../block/device.ts';
import type { QueueLimits, ZonedModel } from '../block/limits.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { isPowerOfTwo } from '../kernel/units.ts';
import { type Rule, ruleTable } from '../sim/decision.ts';
import type { DmTable, TableEntry } from './table.ts';
import { worksOnZoned } from './types.ts';

export interface ZonedSubject {
  readonly kernel: Kernel;
  readonly entries: readonly TableEntry[];
  readonly model: ZonedModel;
  readonly zoneSectors: number;
  /** `252:0`. */
  readonly table: string;
}

type ZonedRule = Rule<ZonedSubject>;

const SOURCE = { file: 'drivers/md/dm-table.c', function: 'validate_hardware_zoned_model' };

/** The devices of one target; a target without any cannot answer for a zoned model. */
export function devicesOf(entry: TableEntry): readonly BlockDevice[] {
  const devices: BlockDevice[] = [];
  entry.target.devices((device) => devices.push(device));
  return devices;
}

/** The first target that cannot be part of a table of this model; null when all can. */
function misfit({ kernel, entries, model }: ZonedSubject): TableEntry | null {
  for (const entry of entries) {
    if (worksOnZoned(kernel, entry.type)) {
      const devices = devicesOf(entry);
      if (devices.length === 0 || devices.some((device) => device.limits.zoned.value !== model)) {
        return entry;
      }
    } else if (!entry.type.features.includes('mixed')) {
      return entry;
    }
  }
  return null;
}

/** A single target that is no zoned one makes the whole table fail: half of a device cannot be zoned. */
const model: ZonedRule = {
  id: 'dm.zoned.model',
  source: SOURCE,
  sees: (subject) => ({ zoned: subject.model, misfit: misfit(subject)?.type.name ?? 'none' }),
  passes: (seen) => seen.misfit === 'none',
  refuses: ({ table }) => ({
    errno: 'EINVAL',
    log: `device-mapper: table: ${table}: zoned model is not consistent across all devices`,
  }),
};

const zoneSize: ZonedRule = {
  id: 'dm.zoned.zone-size',
  source: SOURCE,
  sees: ({ zoneSectors }) => ({ zone_sectors: zoneSectors }),
  passes: (_seen, { zoneSectors }) => isPowerOfTwo(zoneSectors),
  refuses: () => ({ errno: 'EINVAL' }),
};

const sameZoneSize: ZonedRule = {
  id: 'dm.zoned.same-zone-size',
  source: SOURCE,
  sees: ({ zoneSectors, entries }) => ({
    zone_sectors: zoneSectors,
    devices: entries
      .flatMap(devicesOf)
      .filter((device) => device.limits.zoned.value !== 'none')
      .map((device) => device.limits.chunk_sectors.value)
      .join(' '),
  }),
  passes: (_seen, { zoneSectors, entries }) =>
    entries
      .flatMap(devicesOf)
      .every(
        ({ limits }) => limits.zoned.value === 'none' || limits.chunk_sectors.value === zoneSectors,
      ),
  refuses: ({ table }) => ({
    errno: 'EINVAL',
    log: `device-mapper: table: ${table}: zone sectors is not consistent across all zoned devices`,
  }),
};

export const zonedRules = ruleTable<ZonedSubject>([model, zoneSize, sameZoneSize]);

export interface ReloadSubject {
  readonly deviceName: string;
  /** `252:0`. */
  readonly table: string;
  readonly hasPlugs: boolean;
  readonly live: QueueLimits;
  readonly next: QueueLimits;
  readonly nextTable: DmTable;
}

type ReloadRule = Rule<ReloadSubject>;

const reloadZoned: ReloadRule = {
  id: 'dm.reload.zoned',
  source: { file: 'drivers/md/dm-table.c', function: 'dm_table_set_restrictions' },
  sees: ({ hasPlugs, next }) => ({ plugs: hasPlugs, zoned: next.zoned }),
  passes: (_seen, { hasPlugs, next }) => !hasPlugs || next.zoned.value !== 'none',
  refuses: ({ table }) => ({
    errno: 'EINVAL',
    level: 'warning',
    log: `device-mapper: table: ${table}: device has zone write plug resources. Cannot switch to non-zoned table.`,
  }),
};

const reloadZoneSize: ReloadRule = {
  id: 'dm.reload.zone-size',
  source: { file: 'drivers/md/dm-zone.c', function: 'dm_set_zones_restrictions' },
  sees: ({ hasPlugs, live, next }) => ({
    plugs: hasPlugs,
    live: live.chunk_sectors,
    next: next.chunk_sectors,
  }),
  passes: (_seen, { hasPlugs, live, next }) =>
    !hasPlugs ||
    next.zoned.value === 'none' ||
    live.chunk_sectors.value === next.chunk_sectors.value,
  refuses: ({ deviceName }) => ({
    errno: 'EINVAL',
    level: 'warning',
    log: `device-mapper: zone: ${deviceName}: device has zone write plug resources. Cannot change zone size`,
  }),
};

const reloadEmulated: ReloadRule = {
  id: 'dm.reload.emulated',
  source: { file: 'drivers/md/dm-zone.c', function: 'dm_set_zones_restrictions' },
  sees: ({ hasPlugs, next, nextTable }) => ({
    plugs: hasPlugs,
    max_hw_zone_append_sectors: next.max_hw_zone_append_sectors,
    wildcard: nextTable.isWildcard,
  }),
  passes: (_seen, { hasPlugs, next, nextTable }) =>
    !hasPlugs ||
    next.zoned.value === 'none' ||
    next.max_hw_zone_append_sectors.value === 0 ||
    nextTable.isWildcard,
  refuses: ({ deviceName }) => ({
    errno: 'EINVAL',
    level: 'warning',
    log: `device-mapper: zone: ${deviceName}: device has zone write plug resources. New table must emulate zone append`,
  }),
};

export const reloadRules = ruleTable<ReloadSubject>([reloadZoned, reloadZoneSize, reloadEmulated]);
