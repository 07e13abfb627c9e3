/** Digests an essiv salt may be made with, as far as the library has them (crypto/essiv.c essiv_create()). */

import { blake2b, blake2s } from '@noble/hashes/blake2.js';
import { md5 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { sha3_256 } from '@noble/hashes/sha3.js';

type Digest = (data: Uint8Array) => Uint8Array;

/** By the crypto API's names. Only lengths that are an AES key can come here. */
const DIGESTS: ReadonlyMap<string, Digest> = new Map<string, Digest>([
  ['md5', md5],
  ['sha256', sha256],
  ['sha3-256', sha3_256],
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
