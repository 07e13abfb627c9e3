/**
 * The zoned rules of mount (fs/btrfs/zoned.c): those of btrfs_get_dev_zone_info(), asked of the device of a zoned file
 * system, and those of btrfs_check_zoned_mode(), asked of every file system. A kernel's record lists which, in order.
 */

import { isPowerOfTwo } from '../../kernel/units.ts';
import { type Rule, ruleTable } from '../../sim/decision.ts';
import { isInPlace, superLogZone, writePosition } from './super-log.ts';
import {
  MAX_ZONE_BYTES,
  MIN_ACTIVE_ZONES,
  MIN_ZONE_BYTES,
  maxActiveZones,
  type ZoneProbe,
} from './zone-info.ts';

type ZoneRule = Rule<ZoneProbe>;

const source = { file: 'fs/btrfs/zoned.c', function: 'btrfs_get_dev_zone_info' };

/** 8 GiB: block groups, and the arithmetic on them, end there. */
const zoneSize: ZoneRule = {
  id: 'btrfs.mount.zone-size',
  source,
  sees: (probe) => ({ zone_size: probe.zoneSizeBytes }),
  passes: (_seen, probe) =>
    isPowerOfTwo(probe.zoneSizeBytes) && probe.zoneSizeBytes <= MAX_ZONE_BYTES,
  // Without a first device extent there is no zone size to emulate: EUCLEAN, and nothing is said.
  refuses: (probe) =>
    probe.zoneSizeBytes === 0
      ? { errno: 'EUCLEAN' }
      : {
          errno: 'EINVAL',
          log: `zoned: ${probe.source}: zone size ${probe.zoneSizeBytes} larger than supported maximum ${MAX_ZONE_BYTES}`,
        },
};

const zoneSizeMinimum: ZoneRule = {
  id: 'btrfs.mount.zone-size-minimum',
  source,
  sees: (probe) => ({ zone_size: probe.zoneSizeBytes }),
  passes: (_seen, probe) => probe.zoneSizeBytes >= MIN_ZONE_BYTES,
  refuses: (probe) => ({
    errno: 'EINVAL',
    log: `zoned: ${probe.source}: zone size ${probe.zoneSizeBytes} smaller than supported minimum ${MIN_ZONE_BYTES}`,
  }),
};

/**
 * The seed's patch 3 (5.12.y to 5.14). Data bios do not know their sector before they end; parallel plain writes would
 * reach a zone out of order.
 */
const zoneAppendLimit: ZoneRule = {
  id: 'btrfs.mount.zone-append-limit',
  source,
  sees: (probe) => ({ max_zone_append_sectors: probe.device.limits.max_zone_append_sectors }),
  passes: (_seen, probe) => !probe.zoned || probe.device.limits.max_zone_append_sectors.value !== 0,
  refuses: (probe) => ({
    errno: 'EINVAL',
    log: `zoned: device ${probe.device.name} does not support zone append`,
  }),
};

const activeZonesMinimum: ZoneRule = {
  id: 'btrfs.mount.active-zones-minimum',
  source,
  sees: (probe) => ({ max_active_zones: probe.device.limits.max_active_zones }),
  passes: (_seen, probe) => {
    const max = probe.device.limits.max_active_zones.value;
    return max === 0 || max >= MIN_ACTIVE_ZONES;
  },
  refuses: (probe) => ({
    errno: 'EINVAL',
    log: `zoned: ${probe.source}: max active zones ${probe.device.limits.max_active_zones.value} is too small, need at least ${MIN_ACTIVE_ZONES} active zones`,
  }),
};

const zonesMinimum: ZoneRule = {
  id: 'btrfs.mount.zones-minimum',
  source,
  sees: (probe) => ({ nr_zones: probe.nrZones }),
  passes: (_seen, probe) => probe.nrZones >= MIN_ACTIVE_ZONES,
  refuses: (probe) => ({
    errno: 'EINVAL',
    log: `zoned: not enough zones to mount filesystem: ${probe.nrZones} < ${MIN_ACTIVE_ZONES}`,
  }),
};

const zoneReport: ZoneRule = {
  id: 'btrfs.mount.zone-report',
  source,
  sees: (probe) => ({ nr_zones: probe.nrZones, reported: probe.reported }),
  passes: (_seen, probe) => probe.reported === probe.nrZones,
  refuses: (probe) =>
    probe.reported < 0
      ? { errno: 'EIO', log: `zoned: failed to read zone 0 on ${probe.source} (devid 1)` }
      : {
          errno: 'EIO',
          log: `inconsistent number of zones on ${probe.source} (${probe.reported}/${probe.nrZones})`,
        },
};

const activeZonesCount: ZoneRule = {
  id: 'btrfs.mount.active-zones-count',
  source,
  sees: (probe) => ({ active_zones: probe.activeZones, max_active_zones: maxActiveZones(probe) }),
  passes: (_seen, probe) => {
    const max = maxActiveZones(probe);
    return max === 0 || probe.activeZones <= max;
  },
  refuses: (probe) => ({
    errno: 'EIO',
    log: `zoned: ${probe.activeZones} active zones on ${probe.source} exceeds max_active_zones ${maxActiveZones(probe)}`,
  }),
};

/** The first copy whose log zones could not be reported (`failed`) or are in an impossible state. */
function badLog(probe: ZoneProbe): { mirror: number; failed: boolean } | null {
  for (const [mirror, log] of probe.logs.entries()) {
    if (typeof log === 'number') return { mirror, failed: true };
    if (log === null || isInPlace(log)) continue;
    if (writePosition(log, probe.answers.zoneEnd).kind === 'impossible') {
      return { mirror, failed: false };
    }
  }
  return null;
}

const superLog: ZoneRule = {
  id: 'btrfs.mount.super-log',
  source,
  sees: (probe) => ({ bad_copy: badLog(probe)?.mirror ?? 'none' }),
  passes: (_seen, probe) => badLog(probe) === null,
  refuses: (probe) => {
    const bad = badLog(probe)!;
    const zone = superLogZone(probe.zoneSizeBytes, bad.mirror);
    const what = bad.failed
      ? 'failed to read super block log zone info at'
      : 'super block log zone corrupted';
    return { errno: 'EUCLEAN', log: `zoned: ${what} devid 1 zone ${zone}` };
  },
};

/** By id, for `btrfs.mountRules`. */
export const MOUNT_RULES = ruleTable([
  zoneSize,
  zoneSizeMinimum,
  zoneAppendLimit,
  activeZonesMinimum,
  zonesMinimum,
  zoneReport,
  activeZonesCount,
  superLog,
]);

/** What btrfs_check_zoned_mode() looks at. */
export interface ZonedModeSubject {
  readonly deviceName: string;
  readonly deviceModel: string;
  readonly zonedFeature: boolean;
  readonly mixedGroups: boolean;
  /** Null on a file system without the feature. */
  readonly zoneSizeBytes: number | null;
  /** `zonedDeviceNamed` of the kernel. */
  readonly named: boolean;
}

type ModeRule = Rule<ZonedModeSubject>;

const modeSource = { file: 'fs/btrfs/zoned.c', function: 'btrfs_check_zoned_mode' };
const STRIPE_BYTES = 65536;

const zonedDevice: ModeRule = {
  id: 'btrfs.zoned-mode.zoned-device',
  source: modeSource,
  sees: (subject) => ({ zoned: subject.deviceModel, incompat_zoned: subject.zonedFeature }),
  passes: (_seen, subject) => subject.zonedFeature || subject.deviceModel !== 'host-managed',
  refuses: (subject) => ({
    errno: 'EINVAL',
    log: `zoned: mode not enabled but zoned device found${subject.named ? `: ${subject.deviceName}` : ''}`,
  }),
};

const stripeAlignment: ModeRule = {
  id: 'btrfs.zoned-mode.stripe-alignment',
  source: modeSource,
  sees: (subject) => ({ zone_size: subject.zoneSizeBytes ?? 'none' }),
  passes: (_seen, subject) => (subject.zoneSizeBytes ?? 0) % STRIPE_BYTES === 0,
  refuses: (subject) => ({
    errno: 'EINVAL',
    log: `zoned: zone size ${subject.zoneSizeBytes} not aligned to stripe ${STRIPE_BYTES}`,
  }),
};

const mixedGroups: ModeRule = {
  id: 'btrfs.zoned-mode.mixed-groups',
  source: modeSource,
  sees: (subject) => ({ mixed_groups: subject.mixedGroups }),
  passes: (_seen, subject) => !(subject.zonedFeature && subject.mixedGroups),
  refuses: () => ({ errno: 'EINVAL', log: 'zoned: mixed block groups not supported' }),
};

/** By id, for `btrfs.zonedModeRules`. */
export const ZONED_MODE_RULES = ruleTable([zonedDevice, stripeAlignment, mixedGroups]);
