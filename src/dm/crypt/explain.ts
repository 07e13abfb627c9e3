/**
 * Which IV a unit of a crypt device gets, and how: the numbers behind `zonestack iv` and `zonestack why`. Made with the
 * identity that encrypts, so it cannot tell another story. Never holds a key.
 */

import { bytesToHex } from '@noble/hashes/utils.js';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { cipherOf } from './cipher.ts';
import type { CipherIdentity } from './identity.ts';
import { countersInto, ivsOf } from './iv.ts';
import { decryptExtent, encryptExtent } from './modes.ts';
import { wordsOf } from './provider.ts';
import type { CryptSpec, IvMode } from './spec.ts';

export interface IvStory {
  /** First sector of the unit that holds the sector asked for, as the target counts. */
  readonly unitSector: number;
  readonly unitSectors: number;
  /** The number that feeds the generator; text, since it may be beyond what numbers hold. */
  readonly ivSector: string;
  /** How it came about: `(8192 + 24) / 8`. */
  readonly ivSectorHow: string;
  readonly generator: string;
  /** What the generator does, in a sentence. */
  readonly how: string;
  /** The IV as the generator left it; null when there is none, or when it is drawn at random. */
  readonly iv: string | null;
  /** What the cipher starts from, where an essiv template encrypts the IV first. */
  readonly encryptedIv: string | null;
  readonly subkey: number;
  readonly subkeys: number;
  /** First 16 bytes before and after; null where the model computes none. */
  readonly before: string | null;
  readonly after: string | null;
}

const HOW: Readonly<Record<IvMode, string>> = {
  none: 'the mode takes no IV',
  null: 'all zeroes, whatever the sector',
  plain: 'the low 32 bits of the number, little endian',
  plain64: 'the number as 64 bits, little endian',
  plain64be: 'the number as 64 bits, big endian, at the end',
  essiv: 'the number as 64 bits, little endian, encrypted with a digest of the key',
  benbi: 'the number of its first cipher block, counting from 1, big endian, at the end',
  eboiv: 'the number times the sector size, encrypted with the data key',
  elephant: 'as eboiv; a sector key and two diffusers go over the data besides',
  lmk: 'an MD5 state over the data behind its first 16 bytes and the number',
  tcw: 'a seed from the key XOR the number; whitening made of both lies over the ciphertext',
  random: 'drawn anew for each write and kept beside the data',
};

/** The story of the unit that holds sector `sector` of the target, with `plain` in it (zeroes for what it is short of). */
export function explainUnit(spec: CryptSpec, sector: number, plain: Uint8Array): IvStory {
  const unitSectors = spec.options.sectorBytes / SECTOR_BYTES;
  const unitSector = sector - (sector % unitSectors);
  // The sum wraps at 2^64, before it is divided.
  const cc = BigInt.asUintN(64, BigInt(unitSector) + spec.ivOffset);
  const large = spec.options.largeSectors && unitSectors > 1;
  const number = large ? cc / BigInt(unitSectors) : cc;
  const sum = spec.ivOffset === 0n ? `${unitSector}` : `${unitSector} + ${spec.ivOffset}`;
  const bare = spec.ivOffset === 0n ? sum : `(${sum})`;
  const cipher = cipherOf(spec, false);
  const identity = cipher.kind === 'identity' ? cipher.identity : null;
  const at = cipher.kind === 'identity' ? unitSector + cipher.ivOffsetSectors : 0;
  const data = new Uint8Array(spec.options.sectorBytes);
  data.set(plain.subarray(0, data.length));
  const after =
    identity !== null
      ? encryptExtent(identity, data, at)
      : cipher.kind === 'transparent'
        ? data
        : null;
  return {
    unitSector,
    unitSectors,
    ivSector: number.toString(),
    ivSectorHow: large ? `${bare} / ${unitSectors}` : sum,
    generator: spec.ivMode,
    how: HOW[spec.ivMode],
    ...ivTexts(spec, identity, at, data),
    subkey: Number(cc & BigInt(spec.keyCount - 1)),
    subkeys: spec.keyCount,
    before: after === null ? null : bytesToHex(data.subarray(0, 16)),
    after: after === null ? null : bytesToHex(after.subarray(0, 16)),
  };
}

/** First 16 bytes a unit decrypts to when it was encrypted as that of sector `sent` and is read as that of `read`. */
export function misread(
  spec: CryptSpec,
  plain: Uint8Array,
  sent: number,
  read: number,
): string | null {
  const cipher = cipherOf(spec, false);
  if (cipher.kind !== 'identity') return null;
  const { identity, ivOffsetSectors } = cipher;
  const data = new Uint8Array(spec.options.sectorBytes);
  data.set(plain.subarray(0, data.length));
  const stored = encryptExtent(identity, data, sent + ivOffsetSectors);
  const back = decryptExtent(identity, stored, read + ivOffsetSectors);
  return bytesToHex(back.subarray(0, 16));
}

function ivTexts(
  spec: CryptSpec,
  identity: CipherIdentity | null,
  at: number,
  data: Uint8Array,
): { iv: string | null; encryptedIv: string | null } {
  if (identity === null || spec.ivMode === 'none' || spec.ivMode === 'random') {
    return { iv: null, encryptedIv: null };
  }
  const made = ivsOf(identity, at, 1);
  if (identity.lmk !== null) identity.lmk.ivs(data, wordsOf(made));
  if (identity.description.essiv === '' || spec.ivMode === 'eboiv') {
    return { iv: bytesToHex(made), encryptedIv: null };
  }
  const counter = new Uint8Array(identity.description.ivBytes);
  if (spec.ivMode !== 'null') countersInto(identity, at, 1, wordsOf(counter));
  return { iv: bytesToHex(counter), encryptedIv: bytesToHex(made) };
}
