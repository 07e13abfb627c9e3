/**
 * LRW (crypto/lrw.c): every 16-byte block is whitened before and after the cipher with the product, in GF(2^128), of
 * the tweak key and the block's number. The IV is the number of the unit's first block, big endian, which is what the
 * benbi generator makes. The last 16 bytes of a subkey are the tweak key.
 */

import { swapped, xorInto } from './bits.ts';
import type { KeySet } from './identity.ts';
import { wordsOf } from './provider.ts';

/** Words of a product: most significant first. */
const WORDS = 4;
const BITS = 128;
/** x^128 = x^7 + x^2 + x + 1. */
const POLYNOMIAL = 0x87;

/** What is worked out once for a tweak key. */
export interface LrwKey {
  /** key * x^i, for i from 0 to 127. */
  readonly powers: Uint32Array;
  /** key * (x^i + ... + 1): what the product changes by when a number with i low ones is counted up. */
  readonly steps: Uint32Array;
}

/** `tweakKey`: 16 bytes. */
export function lrwKey(tweakKey: Uint8Array): LrwKey {
  const powers = new Uint32Array(BITS * WORDS);
  const steps = new Uint32Array(BITS * WORDS);
  const key = wordsOf(tweakKey.slice());
  for (let i = 0; i < WORDS; i += 1) powers[i] = swapped(key[i]!);
  steps.set(powers.subarray(0, WORDS));
  for (let at = WORDS; at < powers.length; at += WORDS) {
    const fold = (powers[at - WORDS]! | 0) < 0 ? POLYNOMIAL : 0;
    for (let i = 0; i < WORDS; i += 1) {
      const next = i === WORDS - 1 ? fold : powers[at - WORDS + i + 1]! >>> 31;
      powers[at + i] = (powers[at - WORDS + i]! << 1) ^ next;
      steps[at + i] = steps[at - WORDS + i]! ^ powers[at + i]!;
    }
  }
  return { powers, steps };
}

/** Whole units of `input`, each under its IV, into `out`. */
export function lrw(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const tweaks = tweaksOf(keys.lrw!, wordsOf(ivs), input.length / 4, unitBytes / 4);
  const work = input.slice();
  xorInto(wordsOf(work), tweaks);
  const blocks = encrypt ? keys.data.encrypt(work) : keys.data.decrypt(work);
  out.set(blocks);
  xorInto(wordsOf(out), tweaks);
}

/** The product for every block of all units, as it lies in memory. */
function tweaksOf(key: LrwKey, ivs: Uint32Array, words: number, unitWords: number): Uint32Array {
  const tweaks = new Uint32Array(words);
  const product = new Uint32Array(WORDS);
  const count = new Uint32Array(WORDS);
  for (let unit = 0, iv = 0; unit < words; unit += unitWords, iv += WORDS) {
    for (let i = 0; i < WORDS; i += 1) count[i] = swapped(ivs[iv + i]!);
    multiply(key.powers, count, product);
    const end = unit + unitWords;
    for (let at = unit; at < end; at += WORDS) {
      for (let i = 0; i < WORDS; i += 1) tweaks[at + i] = swapped(product[i]!);
      const step = countUp(count) * WORDS;
      for (let i = 0; i < WORDS; i += 1) product[i] = product[i]! ^ key.steps[step + i]!;
    }
  }
  return tweaks;
}

/** `product` = the key times `count`. */
function multiply(powers: Uint32Array, count: Uint32Array, product: Uint32Array): void {
  product.fill(0);
  for (let bit = 0; bit < BITS; bit += 1) {
    if (((count[WORDS - 1 - (bit >>> 5)]! >>> (bit & 31)) & 1) === 0) continue;
    for (let i = 0; i < WORDS; i += 1) product[i] = product[i]! ^ powers[bit * WORDS + i]!;
  }
}

/** Adds 1; returns how many low bits were ones (127 when all were: lrw_next_index()). */
function countUp(count: Uint32Array): number {
  for (let i = WORDS - 1; i >= 0; i -= 1) {
    const word = count[i]!;
    count[i] = word + 1;
    if (count[i] !== 0) return (WORDS - 1 - i) * 32 + 31 - Math.clz32(~word & (word + 1));
  }
  return BITS - 1;
}
