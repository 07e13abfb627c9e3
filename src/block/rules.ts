/**
 * The checks every bio meets on submission (block/blk-core.c: submit_bio_checks(), later submit_bio_noacct();
 * blk_check_zone_append()), as rules. They are asked one by one only when something is wrong; the fast path of
 * src/block/base-device.ts looks at the same numbers without making objects.
 */

import { type Rule, ruleTable } from '../sim/decision.ts';
import type { BaseBlockDevice } from './base-device.ts';
import { type Bio, Op } from './bio.ts';
import { type BlockStatus, Status } from './status.ts';

export interface Submission {
  readonly bio: Bio;
  readonly device: BaseBlockDevice;
}

export interface BioRule extends Rule<Submission> {
  /** How the bio ends when it is refused. */
  readonly status: BlockStatus;
}

const APPEND = { file: 'block/blk-core.c', function: 'blk_check_zone_append' };
const SUBMIT = { file: 'block/blk-core.c', function: 'submit_bio_noacct' };

export const endOfDevice: BioRule = {
  id: 'block.end-of-device',
  source: { file: 'block/blk-core.c', function: 'bio_check_eod' },
  status: Status.ioError,
  sees: ({ bio, device }) => ({ end_sector: bio.endSector, capacity: device.sizeSectors }),
  passes: (seen) => Number(seen.end_sector) <= Number(seen.capacity),
  refuses: () => ({ errno: 'EIO' }),
};

export const discardSupported: BioRule = {
  id: 'block.discard.supported',
  source: SUBMIT,
  status: Status.notSupported,
  sees: ({ device }) => ({ max_discard_sectors: device.limits.max_discard_sectors }),
  passes: (_seen, { device }) => device.limits.max_discard_sectors.value !== 0,
  refuses: () => ({ errno: 'EOPNOTSUPP' }),
};

export const writeZeroesSupported: BioRule = {
  id: 'block.write-zeroes.supported',
  source: SUBMIT,
  status: Status.notSupported,
  sees: ({ device }) => ({ max_write_zeroes_sectors: device.limits.max_write_zeroes_sectors }),
  passes: (_seen, { device }) => device.limits.max_write_zeroes_sectors.value !== 0,
  refuses: () => ({ errno: 'EOPNOTSUPP' }),
};

const appendZoned: BioRule = {
  id: 'block.append.zoned',
  source: APPEND,
  status: Status.notSupported,
  sees: ({ device }) => ({ zoned: device.limits.zoned }),
  passes: (_seen, { device }) => device.limits.zoned.value !== 'none',
  refuses: () => ({ errno: 'EOPNOTSUPP' }),
};

const appendZoneStart: BioRule = {
  id: 'block.append.zone-start',
  source: APPEND,
  status: Status.ioError,
  sees: ({ bio, device }) => ({ sector: bio.sector, chunk_sectors: device.limits.chunk_sectors }),
  passes: (_seen, { bio, device }) => bio.sector % device.limits.chunk_sectors.value === 0,
  refuses: () => ({ errno: 'EIO' }),
};

/** Up to 6.9 only: later the zone write plugs, or the driver, find out. */
const appendSequential: BioRule = {
  id: 'block.append.sequential',
  source: APPEND,
  status: Status.ioError,
  sees: ({ bio, device }) => ({
    sector: bio.sector,
    sequential: device.isSequentialZone(bio.sector),
  }),
  passes: (seen) => seen.sequential === true,
  refuses: () => ({ errno: 'EIO' }),
};

const appendZoneSize: BioRule = {
  id: 'block.append.zone-size',
  source: APPEND,
  status: Status.ioError,
  sees: ({ bio, device }) => ({ sectors: bio.sectors, chunk_sectors: device.limits.chunk_sectors }),
  passes: (_seen, { bio, device }) => bio.sectors <= device.limits.chunk_sectors.value,
  refuses: () => ({ errno: 'EIO' }),
};

/** An append is never split, so one over the limit cannot be sent. A limit of 0 therefore refuses all of them. */
const appendLimit: BioRule = {
  id: 'block.append.limit',
  source: APPEND,
  status: Status.ioError,
  sees: ({ bio, device }) => ({
    sectors: bio.sectors,
    max_zone_append_sectors: device.limits.max_zone_append_sectors,
  }),
  passes: (_seen, { bio, device }) => bio.sectors <= device.limits.max_zone_append_sectors.value,
  refuses: () => ({ errno: 'EIO' }),
};

const managementZoned: BioRule = {
  id: 'block.zone-management.zoned',
  source: SUBMIT,
  status: Status.notSupported,
  sees: ({ device }) => ({ zoned: device.limits.zoned }),
  passes: (_seen, { device }) => device.limits.zoned.value !== 'none',
  refuses: () => ({ errno: 'EOPNOTSUPP' }),
};

/** Only queues whose driver sets QUEUE_FLAG_ZONE_RESETALL take it before 6.10: null_blk, sd and nvme do, dm does not. */
const managementResetAll: BioRule = {
  id: 'block.zone-management.reset-all',
  source: SUBMIT,
  status: Status.notSupported,
  sees: ({ bio, device }) => ({
    reset_all: bio.op === Op.zoneResetAll,
    supported: device.resetsAllZones,
  }),
  passes: (seen) => seen.reset_all !== true || seen.supported === true,
  refuses: () => ({ errno: 'EOPNOTSUPP' }),
};

/** 7.x: a conventional zone has no state to manage, and no driver need be asked. */
const managementSequential: BioRule = {
  id: 'block.zone-management.sequential',
  source: SUBMIT,
  status: Status.ioError,
  sees: ({ bio, device }) => ({
    reset_all: bio.op === Op.zoneResetAll,
    sequential: bio.op === Op.zoneResetAll || device.isSequentialZone(bio.sector),
  }),
  passes: (seen) => seen.sequential === true,
  refuses: () => ({ errno: 'EIO' }),
};

export const bioRules = ruleTable<Submission>([
  appendZoned,
  appendZoneStart,
  appendSequential,
  appendZoneSize,
  appendLimit,
  managementZoned,
  managementResetAll,
  managementSequential,
]) as ReadonlyMap<string, BioRule>;
