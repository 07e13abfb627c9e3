/**
 * What the content of a super block must satisfy (fs/zonefs/super.c, zonefs_read_super()), and that the device is
 * zoned at all (zonefs_fill_super()). The order is the kernel's: `kernel.zonefs.superRules`.
 */

import type { BlockDevice } from '../../block/device.ts';
import { type Rule, ruleTable } from '../../sim/decision.ts';
import { Feature, KNOWN_FEATURES, ZONEFS_MAGIC, type ZonefsSuper } from './superblock.ts';

const READ_SUPER = { file: 'fs/zonefs/super.c', function: 'zonefs_read_super' } as const;

/** (uid_t)-1 is the one id that maps to no user, and so no owner can be. */
const INVALID_ID = 0xffffffff;

export interface SuperUnderTest {
  readonly block: ZonefsSuper;
  /** Over the 4096 bytes that were read. */
  readonly checksum: number;
}

/** A regular device has no zones to make files of; nothing below dm turns one into a zoned one. */
export const zonedDevice: Rule<BlockDevice> = {
  id: 'zonefs.mount.zoned',
  source: { file: 'fs/zonefs/super.c', function: 'zonefs_fill_super' },
  sees: (device) => ({ zoned: device.limits.zoned }),
  passes: (_seen, device) => device.limits.zoned.value !== 'none',
  refuses: () => ({ errno: 'EINVAL', log: 'Not a zoned block device' }),
};

/** Silent: mount(8) tries one type after the other, and a line per try would be noise. */
const magic: Rule<SuperUnderTest> = {
  id: 'zonefs.super.magic',
  source: READ_SUPER,
  sees: ({ block }) => ({ s_magic: hex(block.magic) }),
  passes: (_seen, { block }) => block.magic === ZONEFS_MAGIC,
  refuses: () => ({ errno: 'EINVAL' }),
};

/** "Expected" is the computed value and "got" the stored one. The format ends without a newline. */
const checksum: Rule<SuperUnderTest> = {
  id: 'zonefs.super.checksum',
  source: READ_SUPER,
  sees: (test) => ({ s_crc: hex(test.block.crc), computed: hex(test.checksum) }),
  passes: (_seen, test) => test.block.crc === test.checksum,
  refuses: (test) => ({
    errno: 'EINVAL',
    log: `Invalid checksum (Expected ${hex(test.checksum)}, got ${hex(test.block.crc)})`,
    unterminated: true,
  }),
};

const features: Rule<SuperUnderTest> = {
  id: 'zonefs.super.features',
  source: READ_SUPER,
  sees: ({ block }) => ({ s_features: `0x${block.features.toString(16)}` }),
  passes: (_seen, { block }) => block.features <= BigInt(KNOWN_FEATURES),
  refuses: ({ block }) => ({
    errno: 'EINVAL',
    log: `Unknown features set 0x${block.features.toString(16)}`,
  }),
};

const uid: Rule<SuperUnderTest> = {
  id: 'zonefs.super.uid',
  source: READ_SUPER,
  sees: ({ block }) => ({ s_uid: block.uid, uid_feature: hasFeature(block, Feature.uid) }),
  passes: (_seen, { block }) => !hasFeature(block, Feature.uid) || block.uid !== INVALID_ID,
  refuses: () => ({ errno: 'EINVAL', log: 'Invalid UID feature' }),
};

const gid: Rule<SuperUnderTest> = {
  id: 'zonefs.super.gid',
  source: READ_SUPER,
  sees: ({ block }) => ({ s_gid: block.gid, gid_feature: hasFeature(block, Feature.gid) }),
  passes: (_seen, { block }) => !hasFeature(block, Feature.gid) || block.gid !== INVALID_ID,
  refuses: () => ({ errno: 'EINVAL', log: 'Invalid GID feature' }),
};

const reserved: Rule<SuperUnderTest> = {
  id: 'zonefs.super.reserved',
  source: READ_SUPER,
  sees: ({ block }) => ({ reserved_is_zero: block.reservedIsZero }),
  passes: (_seen, { block }) => block.reservedIsZero,
  refuses: () => ({ errno: 'EINVAL', log: 'Reserved area is being used' }),
};

export const superRules = ruleTable([magic, checksum, features, uid, gid, reserved]);

export function hasFeature(block: ZonefsSuper, feature: number): boolean {
  return (block.features & BigInt(feature)) !== 0n;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}
