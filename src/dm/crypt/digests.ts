/**
 * Digests an essiv salt may be made with (crypto/essiv.c essiv_create()): their lengths, which decide whether a table
 * loads, and the functions, as far as the library has them. Which a kernel has is its answer `crypt.digests`.
 */

import { blake2b, blake2s } from '@noble/hashes/blake2.js';
import { md5 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { sha3_256 } from '@noble/hashes/sha3.js';

/** Bytes of a digest, by the crypto API's names. */
const LENGTHS: ReadonlyMap<string, number> = new Map([
  ['md4', 16],
  ['md5', 16],
  ['sha1', 20],
  ['sha224', 28],
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
  ['sha3-224', 28],
  ['sha3-256', 32],
  ['sha3-384', 48],
  ['sha3-512', 64],
  ['blake2s-128', 16],
  ['blake2s-160', 20],
  ['blake2s-224', 28],
  ['blake2s-256', 32],
  ['blake2b-160', 20],
  ['blake2b-256', 32],
  ['blake2b-384', 48],
  ['blake2b-512', 64],
  ['rmd128', 16],
  ['rmd160', 20],
  ['rmd256', 32],
  ['rmd320', 40],
  ['tgr128', 16],
  ['tgr160', 20],
  ['tgr192', 24],
  ['wp256', 32],
  ['wp384', 48],
  ['wp512', 64],
  ['streebog256', 32],
  ['streebog512', 64],
  ['crc32c', 4],
  // 16 bytes long, and refused all the same: it wants a key of its own.
  ['ghash', 0],
  ['xxhash64', 8],
  ['michael_mic', 8],
  ['poly1305', 16],
]);

/** Bytes; null when no kernel knows the name. */
export function digestBytes(name: string): number | null {
  return LENGTHS.get(name) ?? null;
}

type Digest = (data: Uint8Array) => Uint8Array;

/** By the crypto API's names. Only lengths that are an AES key can come here. */
const DIGESTS: ReadonlyMap<string, Digest> = new Map<string, Digest>([
  ['md5', md5],
  ['sha256', sha256],
  ['sha3-256', sha3_256],
  ['blake2s-128', (data) => blake2s(data, { dkLen: 16 })],
  ['blake2s-256', blake2s],
  ['blake2b-256', (data) => blake2b(data, { dkLen: 32 })],
]);

export function hasDigest(name: string): boolean {
  return DIGESTS.has(name);
}

export function digestOf(name: string, data: Uint8Array): Uint8Array {
  const digest = DIGESTS.get(name);
  if (digest === undefined) throw new RangeError(`"digest" expected a known one, got ${name}`);
  return digest(data);
}
