/**
 * Modes where each step needs the one before, without shortcut: pcbc (crypto/pcbc.c), and cbc over cipher_null
 * (crypto/crypto_null.c), whose blocks are one byte long.
 */

import type { KeySet } from './identity.ts';
import { aligned, wordsOf } from './provider.ts';

/** PCBC: a block is XORed with the plaintext and the ciphertext before it. */
export function pcbc(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const from = wordsOf(aligned(input));
  const to = wordsOf(out);
  const feedback = wordsOf(ivs.slice());
  const column = new Uint32Array(feedback.length);
  const unitWords = unitBytes / 4;
  for (let block = 0; block < unitWords; block += 4) {
    // Serial inside a unit, not across units: block j of all units at once.
    for (let i = 0; i < column.length; i += 1) {
      const word = from[(i >>> 2) * unitWords + block + (i & 3)]!;
      column[i] = encrypt ? word ^ feedback[i]! : word;
    }
    const bytes = new Uint8Array(column.slice().buffer);
    const done = wordsOf(encrypt ? keys.data.encrypt(bytes) : keys.data.decrypt(bytes));
    for (let i = 0; i < column.length; i += 1) {
      const at = (i >>> 2) * unitWords + block + (i & 3);
      const word = encrypt ? done[i]! : done[i]! ^ feedback[i]!;
      feedback[i] = from[at]! ^ word;
      to[at] = word;
    }
  }
}

/** CBC over the null cipher: a byte is XORed with the ciphertext byte before it, the first with the IV's. */
export function xorChain(
  _keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const ivBytes = ivs.length / (input.length / unitBytes);
  for (let unit = 0, iv = 0; unit < input.length; unit += unitBytes, iv += ivBytes) {
    let before = ivs[iv]!;
    for (let at = unit; at < unit + unitBytes; at += 1) {
      const byte = input[at]!;
      out[at] = byte ^ before;
      before = encrypt ? out[at]! : byte;
    }
  }
}
