/**
 * What a zone must satisfy to become a file (fs/zonefs/super.c, zonefs_init_file_inode() and zonefs_create_zgroup() to
 * 6.2; zonefs_init_zgroup() later). Asked once per zone, so only refusals are recorded. Which ones: `kernel.zonefs.zoneRules`.
 */

import { SECTOR_BYTES } from '../../kernel/units.ts';
import { type Rule, ruleTable } from '../../sim/decision.ts';
import type { FileZone } from './zone.ts';

export interface ZoneUnderTest {
  /** One after the other. */
  zone: FileZone;
  /** The zone size of the device, in sectors. */
  readonly deviceZoneSectors: number;
  readonly aggregated: boolean;
}

const SUPER = 'fs/zonefs/super.c';

/** A longer zone can only come from aggregation; a shorter one is the last of the device and fine. */
function fits(test: ZoneUnderTest): boolean {
  return test.aggregated || test.zone.lengthSectors <= test.deviceZoneSectors;
}

function sizes(test: ZoneUnderTest): Record<string, number> {
  return { length: test.zone.lengthSectors, zone_sectors: test.deviceZoneSectors };
}

const sizeOfInode: Rule<ZoneUnderTest> = {
  id: 'zonefs.zone.size-inode',
  source: { file: SUPER, function: 'zonefs_init_file_inode' },
  sees: sizes,
  passes: (_seen, test) => fits(test),
  refuses: (test) => ({
    errno: 'EINVAL',
    log: `zone size ${test.zone.lengthSectors} doesn't match device's zone sectors ${test.deviceZoneSectors}`,
  }),
};

const size: Rule<ZoneUnderTest> = {
  id: 'zonefs.zone.size',
  source: { file: SUPER, function: 'zonefs_init_zgroup' },
  sees: sizes,
  passes: (_seen, test) => fits(test),
  refuses: (test) => ({
    errno: 'EINVAL',
    log: `Invalid zone size ${test.zone.lengthSectors} (device zone sectors ${test.deviceZoneSectors})`,
  }),
};

/** Capacities below the zone size were thought impossible for conventional zones; later kernels do not ask. */
const aggregatedCapacity: Rule<ZoneUnderTest> = {
  id: 'zonefs.zone.aggregated-capacity',
  source: { file: SUPER, function: 'zonefs_create_zgroup' },
  sees: ({ zone }) => ({ length: zone.lengthSectors, capacity: zone.capacityBytes / SECTOR_BYTES }),
  passes: (_seen, { zone, aggregated }) =>
    !aggregated || zone.sequential || zone.capacityBytes === zone.lengthSectors * SECTOR_BYTES,
  refuses: () => ({ errno: 'EINVAL', log: 'Invalid conventional zone capacity' }),
};

export const zoneRules = ruleTable([sizeOfInode, size, aggregatedCapacity]);
