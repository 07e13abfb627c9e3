/**
 * What a superblock must be to be mounted (fs/btrfs/disk-io.c, btrfs_validate_super()). The kernel asks all of it and
 * prints a line for each fault; every fault is EINVAL. The same in every era, but for the sector sizes.
 */

import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import { isPowerOfTwo, PAGE_BYTES } from '../../kernel/units.ts';
import { type Rule, ruleTable, type Seen } from '../../sim/decision.ts';
import { SUPER_INFO_OFFSET, SUPER_MAGIC, type Superblock } from './superblock.ts';
import { sameUuid, uuidText } from './uuid.ts';

export interface SuperSubject {
  readonly superblock: Superblock;
  readonly answers: BtrfsAnswers;
}

type SuperRule = Rule<SuperSubject>;

const MAX_LEVEL = 8;
const MAX_METADATA_BLOCK = 65536;
/** WRITTEN, RELOC, ERROR, SEEDING, METADUMP, METADUMP_V2, CHANGING_FSID, CHANGING_FSID_V2. */
const SUPPORTED_FLAGS =
  (1n << 0n) |
  (1n << 1n) |
  (1n << 2n) |
  (1n << 32n) |
  (1n << 33n) |
  (1n << 34n) |
  (1n << 35n) |
  (1n << 36n);
const METADATA_UUID = 1n << 10n;
/** Six tree roots are the least a file system holds. */
const LEAST_ROOTS = 6;
const SYS_ARRAY_BYTES = 2048;
/** A disk key and a chunk with one stripe. */
const SYS_ARRAY_LEAST = 97;

function rule(
  id: string,
  sees: (superblock: Superblock, answers: BtrfsAnswers) => Seen,
  fault: (superblock: Superblock, answers: BtrfsAnswers) => string | null,
): SuperRule {
  return {
    id: `btrfs.super.${id}`,
    source: { file: 'fs/btrfs/disk-io.c', function: 'btrfs_validate_super' },
    sees: ({ superblock, answers }) => sees(superblock, answers),
    passes: (_seen, { superblock, answers }) => fault(superblock, answers) === null,
    refuses: ({ superblock, answers }) => ({
      errno: 'EINVAL',
      log: fault(superblock, answers) ?? '',
    }),
  };
}

const validSector = (bytes: number): boolean =>
  isPowerOfTwo(bytes) && bytes >= 4096 && bytes <= MAX_METADATA_BLOCK;

function levelFault(sb: Superblock): string | null {
  const levels = [
    ['tree_root', sb.rootLevel],
    ['chunk_root', sb.chunkRootLevel],
    ['log_root', sb.logRootLevel],
  ] as const;
  const bad = levels.find(([, level]) => level >= MAX_LEVEL);
  return bad === undefined ? null : `${bad[0]} level too big: ${bad[1]} >= ${MAX_LEVEL}`;
}

function alignmentFault(sb: Superblock): string | null {
  if (sb.sectorsize === 0) return null;
  const roots = [
    ['tree_root', sb.root],
    ['chunk_root', sb.chunkRoot],
    ['log_root', sb.logRoot],
  ] as const;
  const bad = roots.find(([, bytenr]) => bytenr % sb.sectorsize !== 0);
  return bad === undefined ? null : `${bad[0]} block unaligned: ${bad[1]}`;
}

function fsidFault(sb: Superblock): string | null {
  const wanted = (sb.incompatFlags & METADATA_UUID) !== 0n ? sb.metadataUuid : sb.fsid;
  if (sameUuid(wanted, sb.devItem.fsid)) return null;
  const [expected, got] = [uuidText(wanted), uuidText(sb.devItem.fsid)];
  return `dev_item UUID does not match metadata fsid: ${expected} != ${got}`;
}

function sysArrayFault(sb: Superblock): string | null {
  const size = sb.sysChunkArraySize;
  if (size > SYS_ARRAY_BYTES) return `system chunk array too big ${size} > ${SYS_ARRAY_BYTES}`;
  if (size < SYS_ARRAY_LEAST) return `system chunk array too small ${size} < ${SYS_ARRAY_LEAST}`;
  return null;
}

/** By id, for `btrfs.superRules`. */
export const SUPER_RULES = ruleTable<SuperSubject>([
  rule(
    'magic',
    (sb) => ({ magic: `0x${sb.magic.toString(16)}` }),
    (sb) => (sb.magic === SUPER_MAGIC ? null : 'no valid FS found'),
  ),
  rule(
    'flags',
    (sb) => ({ flags: `0x${sb.flags.toString(16)}` }),
    (sb) =>
      (sb.flags & ~SUPPORTED_FLAGS) === 0n
        ? null
        : `unrecognized or unsupported super flag: ${sb.flags & ~SUPPORTED_FLAGS}`,
  ),
  rule('levels', (sb) => ({ root_level: sb.rootLevel }), levelFault),
  rule(
    'sectorsize',
    (sb) => ({ sectorsize: sb.sectorsize }),
    (sb) => (validSector(sb.sectorsize) ? null : `invalid sectorsize ${sb.sectorsize}`),
  ),
  rule(
    'sectorsize-supported',
    (sb) => ({ sectorsize: sb.sectorsize, page_size: PAGE_BYTES }),
    (sb) =>
      sb.sectorsize === PAGE_BYTES
        ? null
        : `sectorsize ${sb.sectorsize} not yet supported for page size ${PAGE_BYTES}`,
  ),
  rule(
    'nodesize',
    (sb) => ({ nodesize: sb.nodesize }),
    (sb) =>
      isPowerOfTwo(sb.nodesize) && sb.nodesize >= sb.sectorsize && sb.nodesize <= MAX_METADATA_BLOCK
        ? null
        : `invalid nodesize ${sb.nodesize}`,
  ),
  rule(
    'leafsize',
    (sb) => ({ leafsize: sb.leafsize, nodesize: sb.nodesize }),
    (sb) =>
      sb.leafsize === sb.nodesize
        ? null
        : `invalid leafsize ${sb.leafsize}, should be ${sb.nodesize}`,
  ),
  rule(
    'root-alignment',
    (sb) => ({ root: sb.root, chunk_root: sb.chunkRoot, log_root: sb.logRoot }),
    alignmentFault,
  ),
  rule('fsid', (sb) => ({ dev_item_fsid: uuidText(sb.devItem.fsid) }), fsidFault),
  rule(
    'bytes-used',
    (sb) => ({ bytes_used: sb.bytesUsed }),
    (sb) =>
      sb.bytesUsed >= LEAST_ROOTS * sb.nodesize ? null : `bytes_used is too small ${sb.bytesUsed}`,
  ),
  rule(
    'stripesize',
    (sb) => ({ stripesize: sb.stripesize }),
    (sb) => (isPowerOfTwo(sb.stripesize) ? null : `invalid stripesize ${sb.stripesize}`),
  ),
  rule(
    'num-devices',
    (sb) => ({ num_devices: sb.numDevices }),
    (sb) => (sb.numDevices === 0 ? 'number of devices is 0' : null),
  ),
  rule(
    'bytenr',
    (sb) => ({ bytenr: sb.bytenr }),
    (sb) =>
      sb.bytenr === SUPER_INFO_OFFSET
        ? null
        : `super offset mismatch ${sb.bytenr} != ${SUPER_INFO_OFFSET}`,
  ),
  rule('system-array', (sb) => ({ sys_chunk_array_size: sb.sysChunkArraySize }), sysArrayFault),
]);
