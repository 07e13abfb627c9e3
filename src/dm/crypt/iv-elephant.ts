/**
 * The elephant diffuser of the generator of that name (drivers/md/dm-crypt.c crypt_iv_elephant(); BitLocker): before
 * CBC, a sector key is XORed over the unit and two diffusers mix its words; after decrypting, back. The IV itself is
 * eboiv's.
 */

import { rotatedLeft } from './bits.ts';
import { type AesKey, wordsOf } from './provider.ts';

const A_CYCLES = 5;
const B_CYCLES = 3;
const A_TURNS = [9, 0, 13, 0] as const;
const B_TURNS = [0, 10, 0, 25] as const;
/** The last byte of the second half's block. */
const SECOND_HALF = 0x80;
/** Words of the sector key of one unit. */
const KEY_WORDS = 8;

/**
 * Mixes (`encrypt`) or unmixes every unit of `data`. `offsets`: the eboiv numbers before they are encrypted, 16 bytes
 * a unit; `key` encrypts them to the sector keys.
 */
export function elephant(
  key: AesKey,
  data: Uint32Array,
  offsets: Uint32Array,
  unitWords: number,
  encrypt: boolean,
): void {
  const sectorKeys = sectorKeysOf(key, offsets);
  for (let at = 0, from = 0; at < data.length; at += unitWords, from += KEY_WORDS) {
    const end = at + unitWords;
    if (encrypt) {
      lay(sectorKeys, from, data, at, end);
      mixA(data, at, unitWords);
      mixB(data, at, unitWords);
    } else {
      unmixB(data, at, unitWords);
      unmixA(data, at, unitWords);
      lay(sectorKeys, from, data, at, end);
    }
  }
}

function sectorKeysOf(key: AesKey, offsets: Uint32Array): Uint32Array {
  const words = new Uint32Array(offsets.length * 2);
  for (let from = 0, to = 0; from < offsets.length; from += 4, to += KEY_WORDS) {
    for (let i = 0; i < 4; i += 1) words[to + i] = words[to + 4 + i] = offsets[from + i]!;
    words[to + 7] = SECOND_HALF << 24;
  }
  return wordsOf(key.encrypt(new Uint8Array(words.buffer)));
}

function lay(keys: Uint32Array, from: number, data: Uint32Array, at: number, end: number): void {
  for (let i = at; i < end; i += 1) data[i] = data[i]! ^ keys[from + ((i - at) & (KEY_WORDS - 1))]!;
}

// A word takes from its neighbours behind (A) or ahead (B); encrypting walks backwards and takes away.

function mixA(data: Uint32Array, at: number, words: number): void {
  const mask = words - 1;
  for (let cycle = 0; cycle < A_CYCLES; cycle += 1) {
    for (let i = words - 1; i >= 0; i -= 1) {
      const two = data[at + ((i - 2) & mask)]!;
      const five = rotatedLeft(data[at + ((i - 5) & mask)]!, A_TURNS[i & 3]!);
      data[at + i] = data[at + i]! - (two ^ five);
    }
  }
}

function unmixA(data: Uint32Array, at: number, words: number): void {
  const mask = words - 1;
  for (let cycle = 0; cycle < A_CYCLES; cycle += 1) {
    for (let i = 0; i < words; i += 1) {
      const two = data[at + ((i - 2) & mask)]!;
      const five = rotatedLeft(data[at + ((i - 5) & mask)]!, A_TURNS[i & 3]!);
      data[at + i] = data[at + i]! + (two ^ five);
    }
  }
}

function mixB(data: Uint32Array, at: number, words: number): void {
  const mask = words - 1;
  for (let cycle = 0; cycle < B_CYCLES; cycle += 1) {
    for (let i = words - 1; i >= 0; i -= 1) {
      const two = data[at + ((i + 2) & mask)]!;
      const five = rotatedLeft(data[at + ((i + 5) & mask)]!, B_TURNS[i & 3]!);
      data[at + i] = data[at + i]! - (two ^ five);
    }
  }
}

function unmixB(data: Uint32Array, at: number, words: number): void {
  const mask = words - 1;
  for (let cycle = 0; cycle < B_CYCLES; cycle += 1) {
    for (let i = 0; i < words; i += 1) {
      const two = data[at + ((i + 2) & mask)]!;
      const five = rotatedLeft(data[at + ((i + 5) & mask)]!, B_TURNS[i & 3]!);
      data[at + i] = data[at + i]! + (two ^ five);
    }
  }
}
