/**
 * IV generators (drivers/md/dm-crypt.c, crypt_iv_*_gen(); all eras alike): from the sector of an encryption unit to its
 * 16 bytes. Many units at a time into one buffer of 32-bit words; 64-bit counters are two words, no bigint.
 */

import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { CipherIdentity } from './identity.ts';
import { wordsOf } from './provider.ts';

const TWO_32 = 0x1_0000_0000;
/** Bits of `epoch` above the low word of the counter's high half: 2^52 = 2^(32+20). */
const EPOCH_SHIFT = 20;
/** benbi counts 16-byte blocks: 2^5 of them in a sector. */
const BENBI_SHIFT = 5;

/**
 * The IVs of `units` units from sector `ccSector` on, 16 bytes each. With several keys ask for one unit at a time: each
 * key has its own essiv salt.
 */
export function ivsOf(identity: CipherIdentity, ccSector: number, units: number): Uint8Array {
  const { iv, essiv, epoch, perZone, unitBytes } = identity.description;
  const bytes = new Uint8Array(units * 16);
  if (iv !== 'none' && iv !== 'null') {
    const words = wordsOf(bytes);
    const step = perZone ? 0 : unitBytes / SECTOR_BYTES;
    let low = ccSector % TWO_32;
    let high = Math.floor(ccSector / TWO_32) + epoch * 2 ** EPOCH_SHIFT;
    const shift = identity.ivShift;
    for (let unit = 0; unit < units; unit += 1) {
      const down = shift === 0 ? low : (low >>> shift) | (high << (32 - shift));
      fillCounter(words, unit * 4, iv, down, high >>> shift, unitBytes);
      low += step;
      if (low >= TWO_32) {
        low -= TWO_32;
        high += 1;
      }
    }
  }
  if (iv === 'eboiv') return encryptedByFirstKey(identity, bytes);
  return essiv ? identity.keysAt(ccSector).essiv!.encrypt(bytes) : bytes;
}

type Counter = Exclude<CipherIdentity['description']['iv'], 'none' | 'null'>;

/** Writes one counter, given as two words, where the generator wants it. */
function fillCounter(
  words: Uint32Array,
  at: number,
  iv: Counter,
  low: number,
  high: number,
  unitBytes: number,
): void {
  switch (iv) {
    case 'plain':
      // 32 bits only: it wraps, which is why plain64 exists.
      words[at] = low;
      return;
    case 'plain64':
      words[at] = low;
      words[at + 1] = high;
      return;
    case 'plain64be':
      words[at + 2] = swapped(high);
      words[at + 3] = swapped(low);
      return;
    case 'benbi': {
      // Big-endian number of the unit's first 16-byte block, counting from 1; the shift leaves room for the 1.
      words[at + 2] = swapped((high << BENBI_SHIFT) | (low >>> (32 - BENBI_SHIFT)));
      words[at + 3] = swapped((low << BENBI_SHIFT) + 1);
      return;
    }
    case 'eboiv': {
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
  const { data, tweak } = identity.keySet(0);
  if (tweak === null) return data.encrypt(offsets);
  const tweaks = tweak.encrypt(offsets);
  const blocks = data.encrypt(tweaks.slice());
  const out = wordsOf(blocks);
  const words = wordsOf(tweaks);
  for (let i = 0; i < out.length; i += 1) out[i] = out[i]! ^ words[i]!;
  return blocks;
}

function swapped(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}
