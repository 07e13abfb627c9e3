/**
 * XChaCha with 12 or 20 rounds, as adiantum uses it (crypto/chacha_generic.c, lib/crypto/chacha.c): an extended nonce
 * whose first 16 bytes make the key. The package the other primitives come from has the 20-round key derivation only.
 */

import { rotatedLeft } from './bits.ts';

const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
const STATE_WORDS = 16;

/** One stream; its buffers are used again for every unit. */
export class XChaCha {
  private readonly rounds: 12 | 20;
  private readonly key: Uint32Array;
  private readonly state = new Uint32Array(STATE_WORDS);
  private readonly block = new Uint32Array(STATE_WORDS);

  /** `key`: 8 words. */
  constructor(key: Uint32Array, rounds: 12 | 20) {
    this.key = key.slice();
    this.rounds = rounds;
  }

  /**
   * XORs the stream into `data` from word `at` to `end`. The nonce is 24 bytes: the four words of `nonce` from
   * `nonceAt` on, then `fifth` and a zero word; counting starts at 0.
   */
  xorStream(
    data: Uint32Array,
    at: number,
    end: number,
    nonce: Uint32Array,
    nonceAt: number,
    fifth: number,
  ): void {
    const { state, block } = this;
    state.set(CONSTANTS);
    state.set(this.key, 4);
    for (let i = 0; i < 4; i += 1) state[12 + i] = nonce[nonceAt + i]!;
    this.permute();
    // The derived key is the first and the last row.
    for (let i = 0; i < 4; i += 1) {
      state[4 + i] = block[i]!;
      state[8 + i] = block[12 + i]!;
    }
    state[12] = 0;
    state[13] = 0;
    state[14] = fifth;
    state[15] = 0;
    for (let from = at; from < end; from += STATE_WORDS) {
      this.permute();
      const words = Math.min(STATE_WORDS, end - from);
      for (let i = 0; i < words; i += 1) {
        data[from + i] = data[from + i]! ^ (block[i]! + state[i]!);
      }
      state[12] = state[12]! + 1;
    }
  }

  /** The rounds over the state, into the block. */
  private permute(): void {
    const { block, rounds } = this;
    block.set(this.state);
    for (let round = 0; round < rounds; round += 2) {
      quarter(block, 0, 4, 8, 12);
      quarter(block, 1, 5, 9, 13);
      quarter(block, 2, 6, 10, 14);
      quarter(block, 3, 7, 11, 15);
      quarter(block, 0, 5, 10, 15);
      quarter(block, 1, 6, 11, 12);
      quarter(block, 2, 7, 8, 13);
      quarter(block, 3, 4, 9, 14);
    }
  }
}

function quarter(x: Uint32Array, a: number, b: number, c: number, d: number): void {
  let wa = x[a]!;
  let wb = x[b]!;
  let wc = x[c]!;
  let wd = x[d]!;
  wa = (wa + wb) | 0;
  wd = rotatedLeft(wd ^ wa, 16);
  wc = (wc + wd) | 0;
  wb = rotatedLeft(wb ^ wc, 12);
  wa = (wa + wb) | 0;
  wd = rotatedLeft(wd ^ wa, 8);
  wc = (wc + wd) | 0;
  wb = rotatedLeft(wb ^ wc, 7);
  x[a] = wa;
  x[b] = wb;
  x[c] = wc;
  x[d] = wd;
}
