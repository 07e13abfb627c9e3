/**
 * Generators that touch the data besides making an IV (drivers/md/dm-crypt.c: the preprocessing of
 * crypt_iv_elephant_gen(), the `post` operations of lmk, tcw and elephant): around a block mode, for whole units.
 */

import type { CipherIdentity, KeySet } from './identity.ts';
import { countersInto, ivsOf } from './iv.ts';
import { elephant } from './iv-elephant.ts';
import { type Whitening, whiteningOf } from './iv-tcw.ts';
import { type BlockMode, wordsOf } from './provider.ts';

type Mode = BlockMode<KeySet>;

/** Words of an IV of these generators. */
const IV_WORDS = 4;
/** tcw: the whitening stands behind the IV seed. */
const TCW_SEED_WORDS = 4;

export function touchesData(identity: CipherIdentity): boolean {
  return identity.elephant !== null || identity.lmk !== null || identity.tcwSeed.length > 0;
}

/** `plain`, the first unit at `ccSector`, encrypted into `out`. All units have one key. */
export function encryptUnits(
  identity: CipherIdentity,
  mode: Mode,
  ccSector: number,
  plain: Uint8Array,
  out: Uint8Array,
): void {
  const { unitBytes, lmk, elephant: diffuser } = identity;
  const units = plain.length / unitBytes;
  const keys = identity.keysAt(ccSector);
  const work = plain.slice();
  const ivs = ivsOf(identity, ccSector, units);
  if (diffuser !== null) {
    elephant(diffuser, wordsOf(work), countersOf(identity, ccSector, units), unitBytes / 4, true);
  }
  if (lmk !== null) lmk.ivs(work, wordsOf(ivs));
  mode(keys, work, ivs, unitBytes, true, out);
  whiten(identity, ccSector, units, wordsOf(out));
}

/** The inverse of `encryptUnits`. */
export function decryptUnits(
  identity: CipherIdentity,
  mode: Mode,
  ccSector: number,
  ciphertext: Uint8Array,
  out: Uint8Array,
): void {
  const { unitBytes, lmk, elephant: diffuser } = identity;
  const units = ciphertext.length / unitBytes;
  const keys = identity.keysAt(ccSector);
  const work = ciphertext.slice();
  whiten(identity, ccSector, units, wordsOf(work));
  const ivs = ivsOf(identity, ccSector, units);
  if (lmk === null) mode(keys, work, ivs, unitBytes, false, out);
  else {
    // The IV is a hash of what stands behind the first block, so that has to be there first.
    mode(keys, work, new Uint8Array(ivs.length), unitBytes, false, out);
    const words = wordsOf(out);
    const hashed = wordsOf(ivs);
    lmk.ivs(out, hashed);
    for (let iv = 0; iv < hashed.length; iv += 1) {
      const at = (iv >>> 2) * (unitBytes / 4) + (iv & 3);
      words[at] = words[at]! ^ hashed[iv]!;
    }
  }
  if (diffuser !== null) {
    elephant(diffuser, wordsOf(out), countersOf(identity, ccSector, units), unitBytes / 4, false);
  }
}

function countersOf(identity: CipherIdentity, ccSector: number, units: number): Uint32Array {
  const counters = new Uint32Array(units * IV_WORDS);
  countersInto(identity, ccSector, units, counters);
  return counters;
}

const WHITENING: Whitening = { even: 0, odd: 0 };

/** tcw: eight bytes of each unit's own over its ciphertext; nothing for the others. */
function whiten(
  identity: CipherIdentity,
  ccSector: number,
  units: number,
  words: Uint32Array,
): void {
  const { tcwSeed } = identity;
  if (tcwSeed.length === 0) return;
  const seed = tcwSeed.subarray(TCW_SEED_WORDS);
  const counters = countersOf(identity, ccSector, units);
  const unitWords = identity.unitBytes / 4;
  for (let unit = 0; unit < units; unit += 1) {
    const at = unit * IV_WORDS;
    whiteningOf(seed, counters[at]!, counters[at + 1]!, WHITENING);
    const end = (unit + 1) * unitWords;
    for (let i = unit * unitWords; i < end; i += 2) {
      words[i] = words[i]! ^ WHITENING.even;
      words[i + 1] = words[i + 1]! ^ WHITENING.odd;
    }
  }
}
