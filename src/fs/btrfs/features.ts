/**
 * Feature bits of the superblock and what a mount makes of them (fs/btrfs/disk-io.c, btrfs_check_features(), in 5.x in
 * open_ctree()): bits the kernel does not know refuse the mount, a few others are set on the way.
 */

import { PAGE_BYTES } from '../../kernel/units.ts';
import type { Rule } from '../../sim/decision.ts';
import type { SuperSubject } from './super-rules.ts';
import type { Superblock } from './superblock.ts';

export const Incompat = {
  mixedBackref: 1n << 0n,
  defaultSubvol: 1n << 1n,
  mixedGroups: 1n << 2n,
  compressLzo: 1n << 3n,
  compressZstd: 1n << 4n,
  bigMetadata: 1n << 5n,
  extendedIref: 1n << 6n,
  raid56: 1n << 7n,
  skinnyMetadata: 1n << 8n,
  noHoles: 1n << 9n,
  metadataUuid: 1n << 10n,
  raid1c34: 1n << 11n,
  zoned: 1n << 12n,
} as const;

export const CompatRo = {
  freeSpaceTree: 1n << 0n,
  freeSpaceTreeValid: 1n << 1n,
  verity: 1n << 2n,
  blockGroupTree: 1n << 3n,
} as const;

export function hasIncompat(superblock: Superblock, bit: bigint): boolean {
  return (superblock.incompatFlags & bit) !== 0n;
}

export function hasCompatRo(superblock: Superblock, bit: bigint): boolean {
  return (superblock.compatRoFlags & bit) !== 0n;
}

export interface FeatureSubject extends SuperSubject {
  readonly readOnly: boolean;
}

const source = { file: 'fs/btrfs/disk-io.c', function: 'btrfs_check_features' };
const hex = (bits: bigint): string => `0x${bits.toString(16)}`;
const unknownIncompat = ({ superblock, answers }: FeatureSubject): bigint =>
  superblock.incompatFlags & ~BigInt(answers.incompatSupported);
const unknownCompatRo = ({ superblock, answers }: FeatureSubject): bigint =>
  superblock.compatRoFlags & ~BigInt(answers.compatRoSupported);
const words = ({ answers }: FeatureSubject, kind: string): string =>
  answers.featureWords === 'unknown' ? `unknown ${kind}` : 'unsupported optional';

/** In the order they are asked. */
export const FEATURE_RULES: readonly Rule<FeatureSubject>[] = [
  {
    id: 'btrfs.mount.incompat-features',
    source,
    sees: ({ superblock, answers }) => ({
      incompat_flags: hex(superblock.incompatFlags),
      supported: hex(BigInt(answers.incompatSupported)),
    }),
    passes: (_seen, subject) => unknownIncompat(subject) === 0n,
    refuses: (subject) => ({
      errno: 'EINVAL',
      log: `cannot mount because of ${words(subject, 'incompat')} features (${hex(unknownIncompat(subject))})`,
    }),
  },
  {
    id: 'btrfs.mount.compat-ro-features',
    source,
    sees: ({ superblock, answers, readOnly }) => ({
      compat_ro_flags: hex(superblock.compatRoFlags),
      supported: hex(BigInt(answers.compatRoSupported)),
      read_only: readOnly,
    }),
    passes: (_seen, subject) => subject.readOnly || unknownCompatRo(subject) === 0n,
    refuses: (subject) => ({
      errno: 'EINVAL',
      log: `cannot mount read-write because of ${words(subject, 'compat_ro')} features (${hex(unknownCompatRo(subject))})`,
    }),
  },
];

/** Nodes larger than a page need BIG_METADATA; mkfs leaves setting it to the kernel. */
export function needsBigMetadata(superblock: Superblock): boolean {
  return superblock.nodesize > PAGE_BYTES;
}
