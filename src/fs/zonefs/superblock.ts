/**
 * The super block of zonefs: 4096 bytes at sector 0, little endian, written by mkzonefs and never by the kernel
 * (fs/zonefs/zonefs.h, struct zonefs_super). The layout is the same from 5.6 to 7.3.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js';
import { crc32Le } from '../crc32.ts';

export const SUPER_BYTES = 4096;
/** Reads "ZOFS" as a number. */
export const ZONEFS_MAGIC = 0x5a4f4653;
export const LABEL_BYTES = 64;
export const DEFAULT_PERMISSIONS = 0o640;

/** Feature bits. No bit was added from 5.10 to 7.3; any other bit makes the kernel refuse the mount. */
export const Feature = { aggregateConventional: 1, uid: 2, gid: 4, permissions: 8 } as const;
export const KNOWN_FEATURES = 0xf;

/** The fields: name, offset and length in bytes. All else is reserved and zero. */
export const SUPER_FIELDS = [
  ['s_magic', 0, 4],
  ['s_crc', 4, 4],
  ['s_label', 8, LABEL_BYTES],
  ['s_uuid', 72, 16],
  ['s_features', 88, 8],
  ['s_uid', 96, 4],
  ['s_gid', 100, 4],
  ['s_perm', 104, 4],
] as const;

const RESERVED_AT = 108;
const CRC_AT = 4;
const CRC_SEED = 0xffffffff;

export interface ZonefsSuper {
  readonly magic: number;
  /** As stored; see `superChecksum` for what it should be. */
  readonly crc: number;
  /** Up to 64 bytes of UTF-8; at 64 there is no terminating NUL. The kernel never reads it. */
  readonly label: Uint8Array;
  readonly uuid: Uint8Array;
  readonly features: bigint;
  readonly uid: number;
  readonly gid: number;
  readonly permissions: number;
  readonly reservedIsZero: boolean;
}

/** Reads the first 4096 bytes of a device. Nothing is checked here: the mount rules do that, in their order. */
export function decodeSuper(block: Uint8Array): ZonefsSuper {
  const view = new DataView(block.buffer, block.byteOffset, SUPER_BYTES);
  return {
    magic: view.getUint32(0, true),
    crc: view.getUint32(CRC_AT, true),
    label: block.subarray(8, 8 + LABEL_BYTES),
    uuid: block.subarray(72, 88),
    features: view.getBigUint64(88, true),
    uid: view.getUint32(96, true),
    gid: view.getUint32(100, true),
    permissions: view.getUint32(104, true),
    reservedIsZero: allZero(view),
  };
}

function allZero(view: DataView): boolean {
  for (let at = RESERVED_AT; at < SUPER_BYTES; at += 4) {
    if (view.getUint32(at, true) !== 0) return false;
  }
  return true;
}

export interface NewSuper {
  readonly label: string;
  readonly uuid: Uint8Array;
  readonly features: number;
  readonly uid: number;
  readonly gid: number;
  readonly permissions: number;
}

/** The block mkzonefs writes, checksum included. Throws for a label over 64 bytes. */
export function encodeSuper(fields: NewSuper): Uint8Array {
  const block = new Uint8Array(SUPER_BYTES);
  const view = new DataView(block.buffer);
  const label = utf8ToBytes(fields.label);
  if (label.length > LABEL_BYTES) {
    throw new RangeError(`"label" expected up to ${LABEL_BYTES} bytes, got ${label.length}`);
  }
  view.setUint32(0, ZONEFS_MAGIC, true);
  block.set(label, 8);
  block.set(fields.uuid, 72);
  view.setUint32(88, fields.features, true);
  view.setUint32(96, fields.uid, true);
  view.setUint32(100, fields.gid, true);
  view.setUint32(104, fields.permissions, true);
  view.setUint32(CRC_AT, superChecksum(block), true);
  return block;
}

const NO_CRC = new Uint8Array(4);

/** The checksum over all 4096 bytes with s_crc taken as zero. Not inverted at the end, unlike zlib's. */
export function superChecksum(block: Uint8Array): number {
  let crc = crc32Le(CRC_SEED, block, 0, CRC_AT);
  crc = crc32Le(crc, NO_CRC);
  return crc32Le(crc, block, CRC_AT + 4, SUPER_BYTES);
}
