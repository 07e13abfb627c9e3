/**
 * Modes where each step needs the one before: pcbc, cfb and ofb (crypto/pcbc.c, cfb.c, ofb.c), and cbc over cipher_null
 * (crypto/crypto_null.c), whose blocks are one byte long. They are serial inside a unit, not across units: block j of
 * all units goes through the cipher in one call.
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
    for (let i = 0; i < column.length; i += 1) {
      const word = from[placeOf(i, unitWords, block)]!;
      column[i] = encrypt ? word ^ feedback[i]! : word;
    }
    const bytes = new Uint8Array(column.slice().buffer);
    const done = wordsOf(encrypt ? keys.data.encrypt(bytes) : keys.data.decrypt(bytes));
    for (let i = 0; i < column.length; i += 1) {
      const at = placeOf(i, unitWords, block);
      const word = encrypt ? done[i]! : done[i]! ^ feedback[i]!;
      feedback[i] = from[at]! ^ word;
      to[at] = word;
    }
  }
}

/** CFB: a block is XORed with the encrypted ciphertext before it. */
export function cfb(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  feedBack(keys, input, ivs, unitBytes, out, encrypt ? 'output' : 'input');
}

/** OFB: the IV is encrypted again and again, and data is XORed with what comes out; both directions are the same. */
export function ofb(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  _encrypt: boolean,
  out: Uint8Array,
): void {
  feedBack(keys, input, ivs, unitBytes, out, 'stream');
}

/** `feeds`: what goes through the cipher for the next block. */
function feedBack(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  out: Uint8Array,
  feeds: 'input' | 'output' | 'stream',
): void {
  const from = wordsOf(aligned(input));
  const to = wordsOf(out);
  const feedback = wordsOf(ivs.slice());
  const unitWords = unitBytes / 4;
  for (let block = 0; block < unitWords; block += 4) {
    const stream = wordsOf(keys.data.encrypt(new Uint8Array(feedback.slice().buffer)));
    for (let i = 0; i < feedback.length; i += 1) {
      const at = placeOf(i, unitWords, block);
      const word = from[at]!;
      to[at] = word ^ stream[i]!;
      feedback[i] = feeds === 'input' ? word : feeds === 'output' ? to[at]! : stream[i]!;
    }
  }
}

/** Where word `i` of a column of blocks stands in the extent. */
function placeOf(i: number, unitWords: number, block: number): number {
  return (i >>> 2) * unitWords + block + (i & 3);
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
