/**
 * Adiantum (crypto/adiantum.c): a wide-block mode, every bit of a unit depends on every other. All but the last 16
 * bytes go through XChaCha; the last block is hashed together with them and the 32-byte tweak (the IV), sent through
 * AES-256 once, and hashed back. All keys come from the one 32-byte key by XChaCha.
 */

import { XChaCha } from './chacha.ts';
import type { KeySet } from './identity.ts';
import { addNhPoly1305, NH_KEY_WORDS, NhHash, Poly1305Core } from './nhpoly1305.ts';
import { type AesKey, type CipherProvider, wordsOf } from './provider.ts';

/** Words of the tweak: the 32 bytes of the IV. */
const TWEAK_WORDS = 8;
const BLOCK_WORDS = 4;
const AES_KEY_BYTES = 32;
const TWO_32 = 0x1_0000_0000;

/** The keys made from one subkey. */
export interface AdiantumKey {
  readonly stream: XChaCha;
  readonly block: AesKey;
  readonly header: Poly1305Core;
  readonly message: Poly1305Core;
  readonly nh: NhHash;
}

/** adiantum_setkey(). `key`: 32 bytes. */
export function adiantumKey(
  key: Uint8Array,
  rounds: 12 | 20,
  provider: CipherProvider,
): AdiantumKey {
  const stream = new XChaCha(wordsOf(key.slice()), rounds);
  const derived = new Uint8Array(AES_KEY_BYTES + 2 * 16 + NH_KEY_WORDS * 4);
  const words = wordsOf(derived);
  // The nonce for keys is 1 at its start; for data 1 stands behind the block.
  stream.xorStream(words, 0, words.length, Uint32Array.of(1, 0, 0, 0), 0, 0);
  const behind = AES_KEY_BYTES / 4;
  return {
    stream,
    block: provider.aes(derived.slice(0, AES_KEY_BYTES)),
    header: new Poly1305Core(words.subarray(behind)),
    message: new Poly1305Core(words.subarray(behind + BLOCK_WORDS)),
    nh: new NhHash(words.subarray(behind + 2 * BLOCK_WORDS)),
  };
}

/** Whole units of `input`, each under its 32-byte IV, into `out`. */
export function adiantum(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const key = keys.adiantum!;
  out.set(input);
  const words = wordsOf(out);
  const tweaks = wordsOf(ivs);
  const unitWords = unitBytes / 4;
  const units = words.length / unitWords;
  const blocks = new Uint32Array(units * BLOCK_WORDS);
  const headers = new Uint32Array(units * BLOCK_WORDS);
  const sum = new Uint32Array(BLOCK_WORDS);
  const bits = Uint32Array.of((unitBytes - BLOCK_WORDS * 4) * 8, 0, 0, 0);
  for (let unit = 0, block = 0; unit < units; unit += 1, block += BLOCK_WORDS) {
    const at = unit * unitWords;
    const end = at + unitWords - BLOCK_WORDS;
    hashHeader(key.header, bits, tweaks, unit * TWEAK_WORDS, headers, block);
    copy(sum, headers, block);
    addNhPoly1305(key.nh, key.message, words, at, end, sum);
    add(blocks, block, words, end, 1, sum);
  }
  // P_M and C_M of every unit: one batch.
  const before = encrypt ? null : blocks.slice();
  const bytes = new Uint8Array(blocks.buffer);
  const after = wordsOf(encrypt ? key.block.encrypt(bytes) : key.block.decrypt(bytes));
  const middles = before ?? after;
  for (let unit = 0, block = 0; unit < units; unit += 1, block += BLOCK_WORDS) {
    const at = unit * unitWords;
    const end = at + unitWords - BLOCK_WORDS;
    key.stream.xorStream(words, at, end, middles, block, 1);
    copy(sum, headers, block);
    addNhPoly1305(key.nh, key.message, words, at, end, sum);
    add(words, end, after, block, -1, sum);
  }
}

/** adiantum_hash_header(): the length of what is streamed, in bits, and the tweak. */
function hashHeader(
  header: Poly1305Core,
  bits: Uint32Array,
  tweaks: Uint32Array,
  at: number,
  out: Uint32Array,
  outAt: number,
): void {
  header.reset();
  header.block(bits, 0);
  for (let word = 0; word < TWEAK_WORDS; word += BLOCK_WORDS) header.block(tweaks, at + word);
  header.addTo(out, outAt);
}

function copy(sum: Uint32Array, from: Uint32Array, at: number): void {
  for (let i = 0; i < BLOCK_WORDS; i += 1) sum[i] = from[at + i]!;
}

/** to[toAt..] = from[fromAt..] + `sign` * sum, 128 bits little endian. */
function add(
  to: Uint32Array,
  toAt: number,
  from: Uint32Array,
  fromAt: number,
  sign: 1 | -1,
  sum: Uint32Array,
): void {
  let carry = 0;
  for (let i = 0; i < BLOCK_WORDS; i += 1) {
    const value = from[fromAt + i]! + sign * sum[i]! + carry;
    to[toAt + i] = value;
    carry = Math.floor(value / TWO_32);
  }
}
