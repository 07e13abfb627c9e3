/**
 * Block modes over whole extents (crypto/xts.c, crypto/cbc.c, crypto/ecb.c): many encryption units in one call, the AES
 * blocks in one batch. Nothing here makes a cipher object or a bigint per sector; that alone costs more than the AES.
 * The other modes stand in files of their names; generators that touch the data in unit-hooks.ts.
 */

import { SECTOR_BYTES } from '../../kernel/units.ts';
import { adiantum } from './adiantum.ts';
import { xorInto } from './bits.ts';
import { ctr } from './ctr.ts';
import type { Chain, CipherIdentity, KeySet } from './identity.ts';
import { ivsOf } from './iv.ts';
import { lrw } from './lrw.ts';
import { aligned, type BlockMode, wordsOf } from './provider.ts';
import { cfb, ofb, pcbc, xorChain } from './serial-modes.ts';
import { decryptUnits, encryptUnits, touchesData } from './unit-hooks.ts';

/** Larger batches leave the cache and are slower. */
const CHUNK_BYTES = 65536;

/** `plain` (whole units, the first at `ccSector`) encrypted; `plain` is left as it is. */
export function encryptExtent(
  identity: CipherIdentity,
  plain: Uint8Array,
  ccSector: number,
): Uint8Array {
  return convert(identity, plain, ccSector, true);
}

/** The inverse of `encryptExtent`. */
export function decryptExtent(
  identity: CipherIdentity,
  ciphertext: Uint8Array,
  ccSector: number,
): Uint8Array {
  return convert(identity, ciphertext, ccSector, false);
}

function convert(
  identity: CipherIdentity,
  input: Uint8Array,
  ccSector: number,
  encrypt: boolean,
): Uint8Array {
  const { unitBytes } = identity;
  const { chain, keys, perZone, ivBytes } = identity.description;
  if (input.length % unitBytes !== 0) {
    throw new RangeError(
      `"extent" expected whole units of ${unitBytes} bytes, got ${input.length}`,
    );
  }
  const { bulk, provider } = identity;
  const out = provider.buffer?.(input.length) ?? new Uint8Array(input.length);
  const mode = bulk?.run ?? MODES[chain];
  const hooked = touchesData(identity);
  // With several keys neighbouring units have different ones.
  const chunk = keys.length > 1 ? unitBytes : (bulk?.chunkBytes ?? CHUNK_BYTES);
  for (let at = 0; at < input.length; at += chunk) {
    const end = Math.min(at + chunk, input.length);
    const sector = ccSector + (perZone ? 0 : at / SECTOR_BYTES);
    const set = identity.keysAt(sector);
    const part = end - at === input.length ? input : input.subarray(at, end);
    const to = part === input ? out : out.subarray(at, end);
    if (!hooked) {
      const units = (end - at) / unitBytes;
      const ivs = ivsOf(identity, sector, units, bulk?.ivs?.(units * ivBytes));
      mode(set, part, ivs, unitBytes, encrypt, to);
    } else if (encrypt) encryptUnits(identity, mode, sector, part, to);
    else decryptUnits(identity, mode, sector, part, to);
  }
  return out;
}

/** One unit under an IV that does not come from its sector; `ccSector` picks the subkey. Without the provider's own way. */
export function convertUnit(
  identity: CipherIdentity,
  ccSector: number,
  iv: Uint8Array,
  data: Uint8Array,
  encrypt: boolean,
): Uint8Array {
  const out = new Uint8Array(data.length);
  const mode = MODES[identity.description.chain];
  // A mode may use up the IV it is given, and this one is kept.
  mode(identity.keysAt(ccSector), data, iv.slice(), data.length, encrypt, out);
  return out;
}

/** The mode of each chain. */
const MODES: Readonly<Record<Chain, BlockMode<KeySet>>> = {
  xts,
  cbc,
  pcbc,
  cfb,
  ofb,
  ecb,
  lrw,
  ctr,
  adiantum,
  xor: xorChain,
};

function ecb(
  keys: KeySet,
  input: Uint8Array,
  _ivs: Uint8Array,
  _unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const work = input.slice();
  out.set(encrypt ? keys.data.encrypt(work) : keys.data.decrypt(work));
}

function cbc(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const work = input.slice();
  out.set(
    encrypt ? cbcEncrypt(keys, work, ivs, unitBytes) : cbcDecrypt(keys, work, ivs, unitBytes),
  );
}

/** Work space of one batch; a fresh buffer per bio would cost more than its tweaks. */
const WORK = new Uint8Array(CHUNK_BYTES);
const WORK_WORDS = wordsOf(WORK);
const TWEAKS = new Uint32Array(CHUNK_BYTES / 4);

function xts(
  keys: KeySet,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  whiten(wordsOf(aligned(input)), wordsOf(keys.tweak!.encrypt(ivs)), unitBytes / 4);
  const work = WORK.subarray(0, input.length);
  const blocks = wordsOf(encrypt ? keys.data.encrypt(work) : keys.data.decrypt(work));
  const words = wordsOf(out);
  for (let i = 0; i < words.length; i += 1) words[i] = blocks[i]! ^ TWEAKS[i]!;
}

/**
 * Fills TWEAKS with each unit's tweak and its products with x in GF(2^128) for the blocks that follow, and WORK with
 * the input under them.
 */
function whiten(input: Uint32Array, firsts: Uint32Array, unitWords: number): void {
  for (let unit = 0, from = 0; unit < input.length; unit += unitWords, from += 4) {
    let t0 = firsts[from]! | 0;
    let t1 = firsts[from + 1]! | 0;
    let t2 = firsts[from + 2]! | 0;
    let t3 = firsts[from + 3]! | 0;
    const end = unit + unitWords;
    for (let at = unit; at < end; at += 4) {
      TWEAKS[at] = t0;
      TWEAKS[at + 1] = t1;
      TWEAKS[at + 2] = t2;
      TWEAKS[at + 3] = t3;
      WORK_WORDS[at] = input[at]! ^ t0;
      WORK_WORDS[at + 1] = input[at + 1]! ^ t1;
      WORK_WORDS[at + 2] = input[at + 2]! ^ t2;
      WORK_WORDS[at + 3] = input[at + 3]! ^ t3;
      // The carry out of bit 127 folds back as x^7 + x^2 + x + 1.
      const fold = (t3 >> 31) & 0x87;
      t3 = (t3 << 1) | (t2 >>> 31);
      t2 = (t2 << 1) | (t1 >>> 31);
      t1 = (t1 << 1) | (t0 >>> 31);
      t0 = (t0 << 1) ^ fold;
    }
  }
}

/**
 * CBC is serial inside a unit but not across units: block j of all units goes through the cipher in one call.
 */
function cbcEncrypt(
  keys: KeySet,
  part: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
): Uint8Array {
  const words = wordsOf(part);
  const unitWords = unitBytes / 4;
  let previous = wordsOf(ivs);
  for (let block = 0; block < unitWords; block += 4) {
    const column = new Uint32Array(previous.length);
    gather(column, words, block, unitWords);
    xorInto(column, previous);
    previous = wordsOf(keys.data.encrypt(new Uint8Array(column.buffer)));
    scatter(words, previous, block, unitWords);
  }
  return part;
}

function gather(column: Uint32Array, words: Uint32Array, block: number, unitWords: number): void {
  for (let to = 0, from = block; to < column.length; to += 4, from += unitWords) {
    column[to] = words[from]!;
    column[to + 1] = words[from + 1]!;
    column[to + 2] = words[from + 2]!;
    column[to + 3] = words[from + 3]!;
  }
}

function scatter(words: Uint32Array, column: Uint32Array, block: number, unitWords: number): void {
  for (let from = 0, to = block; from < column.length; from += 4, to += unitWords) {
    words[to] = column[from]!;
    words[to + 1] = column[from + 1]!;
    words[to + 2] = column[from + 2]!;
    words[to + 3] = column[from + 3]!;
  }
}

function cbcDecrypt(
  keys: KeySet,
  part: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
): Uint8Array {
  // The provider may work in place, and each block needs the ciphertext before it.
  const before = wordsOf(part.slice());
  const blocks = aligned(keys.data.decrypt(part));
  const words = wordsOf(blocks);
  const iv = wordsOf(ivs);
  const unitWords = unitBytes / 4;
  for (let unit = 0, from = 0; unit < words.length; unit += unitWords, from += 4) {
    for (let i = 0; i < 4; i += 1) words[unit + i] = words[unit + i]! ^ iv[from + i]!;
    const end = unit + unitWords;
    for (let at = unit + 4; at < end; at += 1) words[at] = words[at]! ^ before[at - 4]!;
  }
  return blocks;
}
