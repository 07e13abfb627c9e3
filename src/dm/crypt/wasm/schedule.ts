/** Round keys as the bitsliced AES (aes-module.ts) takes them. */

import { unsafe } from '@noble/ciphers/aes.js';
import { ROUND_KEY_BYTES } from './aes-module.ts';

/** What the S-box adds to every byte; MixColumns leaves it as it is. */
const SBOX_CONSTANT = 0x63;

/**
 * The round keys of `key` (16, 24 or 32 bytes): for each, eight times 16 bytes, all ones where its bit is one. Of the
 * keys behind an S-box the constant of the S-box is part, and their rows lie as those of the state do.
 */
export function bitslicedSchedule(key: Uint8Array): Uint8Array {
  const expanded = new Uint8Array(unsafe.expandKeyLE(key).buffer);
  const rounds = expanded.length / 16;
  const out = new Uint8Array(rounds * ROUND_KEY_BYTES);
  for (let round = 0; round < rounds; round += 1) {
    for (let place = 0; place < 16; place += 1) {
      const [column, row] = [place >> 2, place & 3];
      const from = 16 * round + 4 * ((column - round * row) & 3) + row;
      const byte = expanded[from]! ^ (round === 0 ? 0 : SBOX_CONSTANT);
      for (let bit = 0; bit < 8; bit += 1) {
        out[round * ROUND_KEY_BYTES + 16 * bit + place] = -((byte >> bit) & 1);
      }
    }
  }
  return out;
}
