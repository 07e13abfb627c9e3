/**
 * Counter mode (crypto/ctr.c): the cipher runs over numbers counting up, big endian, from the unit's IV; data is XORed
 * with what comes out. dm-crypt accepts it, and one should not: the numbers of neighbouring units overlap unless the
 * IV leaves room in its last bytes.
 */

import { swapped, xorInto } from './bits.ts';
import type { KeySet } from './identity.ts';
import { wordsOf } from './provider.ts';

/** Whole units of `input`, each from its IV on, into `out`; both directions are the same. */
export function ctr(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  _encrypt: boolean,
  out: Uint8Array,
): void {
  const numbers = new Uint8Array(input.length);
  const words = wordsOf(numbers);
  const firsts = wordsOf(ivs);
  const unitWords = unitBytes / 4;
  for (let unit = 0, iv = 0; unit < words.length; unit += unitWords, iv += 4) {
    let w0 = swapped(firsts[iv]!);
    let w1 = swapped(firsts[iv + 1]!);
    let w2 = swapped(firsts[iv + 2]!);
    let w3 = swapped(firsts[iv + 3]!);
    const end = unit + unitWords;
    for (let at = unit; at < end; at += 4) {
      words[at] = swapped(w0);
      words[at + 1] = swapped(w1);
      words[at + 2] = swapped(w2);
      words[at + 3] = swapped(w3);
      w3 = (w3 + 1) | 0;
      if (w3 === 0) w2 = (w2 + 1) | 0;
      if (w3 === 0 && w2 === 0) w1 = (w1 + 1) | 0;
      if (w3 === 0 && w2 === 0 && w1 === 0) w0 = (w0 + 1) | 0;
    }
  }
  const stream = keys.data.encrypt(numbers);
  out.set(input);
  xorInto(wordsOf(out), wordsOf(stream));
}
