/**
 * IV generators (drivers/md/dm-crypt.c, crypt_iv_*_gen(); all eras alike): from the sector of an encryption unit to its
 * IV. Many units at a time into one buffer of 32-bit words; 64-bit counters are two words, no bigint. What lmk, tcw and
 * elephant do with the data besides stands in files of their names.
 */

import { SECTOR_BYTES } from '../../kernel/units.ts';
import { swapped, xorInto } from './bits.ts';
import type { CipherIdentity } from './identity.ts';
import { lrw } from './lrw.ts';
import { wordsOf } from './provider.ts';

const TWO_32 = 0x1_0000_0000;
/** Bits of `epoch` above the low word of the counter's high half: 2^52 = 2^(32+20). */
const EPOCH_SHIFT = 20;
/**
 * The IVs of `units` units from sector `ccSector` on. With several keys ask for one unit at a time: each key has its
 * own essiv salt. Into `room`, of their length and zeroed. Of lmk this is the counter alone: its IV needs the data (iv-lmk.ts).
 */
export function ivsOf(
  identity: CipherIdentity,
  ccSector: number,
  units: number,
  room: Uint8Array = new Uint8Array(units * identity.description.ivBytes),
): Uint8Array {
  const { iv, essiv } = identity.description;
  let bytes = room;
  if (iv !== 'none' && iv !== 'null') countersInto(identity, ccSector, units, wordsOf(bytes));
  if (iv === 'eboiv' || iv === 'elephant') bytes = encryptedByFirstKey(identity, bytes);
  if (iv === 'tcw') layTcwSeed(identity.tcwSeed, wordsOf(bytes));
  return essiv === '' ? bytes : identity.keysAt(ccSector).essiv!.encrypt(bytes);
}

/** The counters of `units` units where their generator wants them in an IV, before anything is encrypted. */
export function countersInto(
  identity: CipherIdentity,
  ccSector: number,
  units: number,
  words: Uint32Array,
): void {
  const { iv, epoch, perZone, unitBytes, ivBytes, benbiShift } = identity.description;
  const counter = iv as Counter;
  const ivWords = ivBytes / 4;
  const step = perZone ? 0 : unitBytes / SECTOR_BYTES;
  let low = ccSector % TWO_32;
  let high = Math.floor(ccSector / TWO_32) + epoch * 2 ** EPOCH_SHIFT;
  const shift = identity.ivShift;
  for (let at = 0; at < units * ivWords; at += ivWords) {
    const down = shift === 0 ? low : (low >>> shift) | (high << (32 - shift));
    fillCounter(words, at, ivWords, counter, down, high >>> shift, unitBytes, benbiShift);
    low += step;
    if (low >= TWO_32) {
      low -= TWO_32;
      high += 1;
    }
  }
}

type Counter = Exclude<CipherIdentity['description']['iv'], 'none' | 'null'>;

/** Writes one counter, given as two words, where the generator wants it. */
function fillCounter(
  words: Uint32Array,
  at: number,
  ivWords: number,
  iv: Counter,
  low: number,
  high: number,
  unitBytes: number,
  benbiShift: number,
): void {
  const last = at + ivWords - 1;
  switch (iv) {
    case 'plain':
      // 32 bits only: it wraps, which is why plain64 exists.
      words[at] = low;
      return;
    case 'plain64':
    case 'lmk':
    case 'tcw':
      words[at] = low;
      words[at + 1] = high;
      return;
    case 'plain64be':
      words[last - 1] = swapped(high);
      words[last] = swapped(low);
      return;
    case 'benbi': {
      // Big-endian number of the unit's first cipher block, counting from 1; the shift leaves room for the 1.
      words[last - 1] = swapped((high << benbiShift) | (low >>> (32 - benbiShift)));
      words[last] = swapped((low << benbiShift) + 1);
      return;
    }
    case 'eboiv':
    case 'elephant': {
      // Byte offset: the counter times the unit size, even where the counter counts 512-byte sectors of a larger unit.
      const shift = 31 - Math.clz32(unitBytes);
      words[at] = low << shift;
      words[at + 1] = (high << shift) | (low >>> (32 - shift));
      return;
    }
  }
}

/** eboiv: one block of zeroes through the cipher's own mode with the offset as IV, always under the first key. */
function encryptedByFirstKey(identity: CipherIdentity, offsets: Uint8Array): Uint8Array {
  const keys = identity.keySet(0);
  const ivs = keys.essiv === null ? offsets : keys.essiv.encrypt(offsets);
  if (keys.lrw !== null) {
    const out = new Uint8Array(ivs.length);
    lrw(keys, new Uint8Array(ivs.length), ivs, 16, true, out);
    return out;
  }
  if (keys.tweak === null) return keys.data.encrypt(ivs);
  const tweaks = keys.tweak.encrypt(ivs);
  const blocks = keys.data.encrypt(tweaks.slice());
  xorInto(wordsOf(blocks), wordsOf(tweaks));
  return blocks;
}

/** tcw: the sector lies over both halves of the seed. */
function layTcwSeed(seed: Uint32Array, ivs: Uint32Array): void {
  for (let at = 0; at < ivs.length; at += 4) {
    const low = ivs[at]!;
    const high = ivs[at + 1]!;
    ivs[at] = seed[0]! ^ low;
    ivs[at + 1] = seed[1]! ^ high;
    ivs[at + 2] = seed[2]! ^ low;
    ivs[at + 3] = seed[3]! ^ high;
  }
}
