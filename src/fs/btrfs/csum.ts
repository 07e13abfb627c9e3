/**
 * The four checksums of btrfs (fs/btrfs/ctree.c, btrfs_csums[]; fs/btrfs/fs.c since 6.17): by number as the superblock
 * holds it, with the name and size that messages show. Digests are kept in 32 bytes, the unused tail zero.
 */

import { blake2b } from '@noble/hashes/blake2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { crc32c } from './crc32c.ts';
import { xxhash64 } from './xxhash64.ts';

export const CSUM_BYTES = 32;

export type CsumType = 'crc32c' | 'xxhash64' | 'sha256' | 'blake2b';

interface CsumKind {
  readonly name: CsumType;
  readonly sizeBytes: number;
  /** The generic driver that does the work, as kernels that name one print it. */
  readonly driver: string;
}

/** By csum_type of the superblock. */
export const CSUM_KINDS: readonly CsumKind[] = [
  { name: 'crc32c', sizeBytes: 4, driver: 'crc32c-generic' },
  { name: 'xxhash64', sizeBytes: 8, driver: 'xxhash64-generic' },
  { name: 'sha256', sizeBytes: 32, driver: 'sha256-generic' },
  { name: 'blake2b', sizeBytes: 32, driver: 'blake2b-256-generic' },
];

export function csumTypeNumber(type: CsumType): number {
  return CSUM_KINDS.findIndex((kind) => kind.name === type);
}

/** The digest of `bytes[from..to)` in 32 bytes, little endian where it is a number. */
export function csumOf(type: CsumType, bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array {
  const out = new Uint8Array(CSUM_BYTES);
  const view = new DataView(out.buffer);
  switch (type) {
    case 'crc32c':
      view.setUint32(0, crc32c(bytes, from, to), true);
      break;
    case 'xxhash64':
      view.setBigUint64(0, xxhash64(bytes, from, to), true);
      break;
    case 'sha256':
      out.set(sha256(bytes.subarray(from, to)));
      break;
    case 'blake2b':
      out.set(blake2b(bytes.subarray(from, to), { dkLen: CSUM_BYTES }));
      break;
  }
  return out;
}
