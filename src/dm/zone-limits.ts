/**
 * The zone limits of a mapped device: who may append, how many zones may be open, and whether it is zoned at all
 * (drivers/md/dm-table.c dm_table_supports_zone_append() of the series; drivers/md/dm-zone.c
 * dm_set_zones_restrictions(), 5.14 and later).
 */

import type { BlockDevice } from '../block/device.ts';
import { ZoneType } from '../block/device.ts';
import { type QueueLimits, withLimits } from '../block/limits.ts';
import { errno } from '../kernel/errno.ts';
import { minNotZero } from '../kernel/units.ts';
import type { Decision, Origin } from '../sim/decision.ts';
import type { Host } from '../sim/host.ts';
import type { DmTable, TableEntry } from './table.ts';
import { devicesOf } from './zoned-rules.ts';

/** Why a table cannot append natively: who says so, and where that came from. */
interface Obstacle {
  readonly by: string;
  readonly origin: Origin;
}

/** What one kind of kernel looks at to tell whether appends may reach the targets of a table. */
type AppendPolicy = (deviceName: string, entry: TableEntry) => Obstacle | null;

function saidBy(deviceName: string, entry: TableEntry, rule: string): Obstacle {
  const name = `dm-${entry.type.name}`;
  return { by: name, origin: { floor: `${deviceName}/${entry.type.name}`, rule } };
}

/** The series, patch 1: a target's word, or a device that is not zoned or has no append limit itself. */
const supportControl: AppendPolicy = (deviceName, entry) => {
  if (entry.target.flags.zoneAppendNotSupported === true) {
    return saidBy(deviceName, entry, 'zone_append_not_supported');
  }
  const devices = devicesOf(entry);
  if (devices.length === 0) return saidBy(deviceName, entry, 'no-devices');
  for (const { name, limits } of devices) {
    if (limits.zoned.value === 'none') return { by: name, origin: limits.zoned.origin };
    const limit = limits.max_zone_append_sectors;
    if (limit.value === 0) return { by: name, origin: limit.origin };
  }
  return null;
};

/** Patocka's alternative in the review: every target but linear loses it, whatever it could do. */
const linearOnly: AppendPolicy = (deviceName, entry) =>
  entry.type.name === 'linear' ? null : saidBy(deviceName, entry, 'not-linear');

/** 5.14 and later: a target's wish, or a device that is not zoned. A limit of 0 below is no obstacle any more. */
const emulation: AppendPolicy = (deviceName, entry) => {
  if (entry.target.flags.emulateZoneAppend === true) {
    return saidBy(deviceName, entry, 'emulate_zone_append');
  }
  const devices = devicesOf(entry);
  if (devices.length === 0) return saidBy(deviceName, entry, 'no-devices');
  const regular = devices.find(({ limits }) => limits.zoned.value === 'none');
  return regular === undefined ? null : { by: regular.name, origin: regular.limits.zoned.origin };
};

const POLICIES = {
  pass: () => null,
  'support-control': supportControl,
  'linear-only': linearOnly,
  'dm-emulation': emulation,
  'block-emulation': emulation,
} as const satisfies Record<string, AppendPolicy>;

/** dm_table_supports_zone_append(): the first obstacle to native appends; null when there is none. */
export function appendObstacle(
  host: Host,
  table: DmTable,
  deviceName: string,
): { readonly by: string; readonly origin: Origin } | null {
  const policy: AppendPolicy = POLICIES[host.kernel.dm.zoneAppend];
  for (const entry of table.entries) {
    const obstacle = policy(deviceName, entry);
    if (obstacle !== null) return obstacle;
  }
  return null;
}

/** How the mapped device will treat appends, with its limits changed to say so. */
export interface ZoneRestrictions {
  readonly limits: QueueLimits;
  /** Appends become writes before a target sees them, in dm-zone.c or in a plug. */
  readonly emulates: boolean;
}

/** The zoned part of dm_table_set_restrictions(); a negative errno when zones could not be counted. */
export function restrictZones(
  host: Host,
  table: DmTable,
  limits: QueueLimits,
  deviceName: string,
  firstLoad: boolean,
): ZoneRestrictions | number {
  const strategy = host.kernel.dm.zoneAppend;
  if (strategy === 'pass') return { limits, emulates: false };
  const obstacle = appendObstacle(host, table, deviceName);
  recordAppendDecision(host, deviceName, strategy, obstacle);
  if (strategy === 'support-control' || strategy === 'linear-only') {
    if (obstacle === null) return { limits, emulates: false };
    const origin = { floor: deviceName, rule: 'dm.zone-append-support', from: obstacle.origin };
    return {
      limits: withLimits(limits, { max_zone_append_sectors: 0 }, origin),
      emulates: false,
    };
  }
  if (strategy === 'dm-emulation') return { limits, emulates: obstacle !== null };
  let done = limits;
  if (obstacle !== null) {
    // 0 asks the block layer to emulate. Where all targets are native and a device below emulates, 6.13 and later
    // stack its 0, and this device emulates a second time (recorded on 7.3.4).
    const origin = { floor: deviceName, rule: 'dm.zone-append-emulation', from: obstacle.origin };
    done = withLimits(done, { max_hw_zone_append_sectors: 0 }, origin);
  }
  const counted = countZones(host, table, done, deviceName, firstLoad);
  if (typeof counted === 'number') return counted;
  const emulates = counted.zoned.value !== 'none' && counted.max_hw_zone_append_sectors.value === 0;
  return { limits: counted, emulates };
}

function recordAppendDecision(
  host: Host,
  subject: string,
  strategy: string,
  obstacle: Obstacle | null,
): void {
  const inSeries = strategy === 'support-control' || strategy === 'linear-only';
  const decision: Omit<Decision, 'index'> = {
    rule: 'dm.zone-append-support',
    subject,
    seen: { strategy, obstacle: obstacle?.by ?? 'none', because: obstacle?.origin.rule ?? '' },
    verdict: obstacle === null ? 'passes' : 'refuses',
    source: {
      file: inSeries ? 'drivers/md/dm-table.c' : 'drivers/md/dm-zone.c',
      function: 'dm_table_supports_zone_append',
    },
  };
  host.decide(decision);
}

interface Resources {
  mapped: number;
  reliable: boolean;
  open: number;
  active: number;
}

/** Sequential zones of `device`: all, and those within the area. Negative: the report failed. */
function sequentialZones(
  device: BlockDevice,
  startSector: number,
  sectors: number,
): { readonly total: number; readonly mapped: number } | number {
  let total = 0;
  let mapped = 0;
  const result = device.reportZones(0, device.nrZones, (zone) => {
    if (zone.type === ZoneType.conventional) return;
    total += 1;
    if (zone.start >= startSector && zone.start < startSector + sectors) mapped += 1;
  });
  return result < 0 ? result : { total, mapped };
}

/** Counts what the table maps; limits as a regular device when it maps no sequential zone. */
function countZones(
  host: Host,
  table: DmTable,
  limits: QueueLimits,
  deviceName: string,
  firstLoad: boolean,
): QueueLimits | number {
  const resources: Resources = { mapped: 0, reliable: true, open: 0, active: 0 };
  let failed = 0;
  for (const { target } of table.entries) {
    target.devices((device, startSector, sectors) => {
      if (failed < 0 || device.limits.zoned.value === 'none') return;
      failed = addResources(host, resources, device, startSector, sectors);
    });
    if (failed < 0) {
      host.printk(
        'err',
        `device-mapper: zone: Could not determine ${deviceName} zone resource limits`,
      );
      return -errno.ENODEV;
    }
  }
  const regular = host.kernel.dm.conventionalOnly === 'regular' && resources.mapped === 0;
  if (regular) return asRegular(limits, deviceName);
  if (host.kernel.dm.zoneResources === 'none') return limits;
  if (firstLoad && !resources.reliable) {
    host.printk(
      'warning',
      `device-mapper: zone: ${deviceName} zone resource limits may be unreliable`,
    );
  }
  return withLimits(
    limits,
    { max_open_zones: resources.open, max_active_zones: resources.active },
    { floor: deviceName, rule: 'dm.zone-resource-limits' },
  );
}

/** device_get_zone_resource_limits(): 0 or a negative errno. */
function addResources(
  host: Host,
  resources: Resources,
  device: BlockDevice,
  startSector: number,
  sectors: number,
): number {
  const zones = sequentialZones(device, startSector, sectors);
  if (typeof zones === 'number') {
    host.printk('err', `device-mapper: zone: Count ${device.name} zones failed ${zones}`);
    return zones;
  }
  if (zones.mapped === 0) return 0;
  if (zones.mapped < zones.total) resources.reliable = false;
  resources.mapped += zones.mapped;
  const reachable = (limit: number): number => (limit >= zones.mapped ? 0 : limit);
  const { max_open_zones: open, max_active_zones: active } = device.limits;
  resources.open = minNotZero(resources.open, reachable(open.value));
  resources.active = minNotZero(resources.active, reachable(active.value));
  return 0;
}

function asRegular(limits: QueueLimits, deviceName: string): QueueLimits {
  return withLimits(
    limits,
    {
      zoned: 'none',
      chunk_sectors: 0,
      zone_write_granularity: 0,
      max_zone_append_sectors: 0,
      max_hw_zone_append_sectors: 0,
      max_open_zones: 0,
      max_active_zones: 0,
    },
    { floor: deviceName, rule: 'dm.conventional-zones-only' },
  );
}

/** Does `target` map every sequential zone of its device, so that a reset of all zones may be passed to it? */
export function mapsAllSequentialZones(entry: TableEntry): boolean {
  let all = true;
  entry.target.devices((device, startSector, sectors) => {
    const zones = sequentialZones(device, startSector, sectors);
    if (typeof zones === 'number' || zones.mapped < zones.total) all = false;
  });
  return all;
}
