/**
 * Ciphers that keep something beside the data (drivers/md/dm-crypt.c crypt_convert_block_skcipher() with
 * integrity_iv_size, crypt_convert_block_aead()): a random IV, the tag of an authenticated mode, or both, the tag first.
 * Computed when it is written and when it is read, never deferred: whether a unit is genuine has to be known then.
 */

import type { Payload } from '../../block/payload.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Random } from '../../sim/random.ts';
import { type Aead, associatedData } from './aead.ts';
import type { CipherIdentity } from './identity.ts';
import { ivsOf } from './iv.ts';
import { convertUnit } from './modes.ts';
import { TaggedPayload, tuplesOf } from './tagged-payload.ts';

const TWO_32 = 0x1_0000_0000;

export interface TaggedCipher {
  /** Makes IVs where they are not random, and holds the keys of the cipher inside. */
  readonly identity: CipherIdentity;
  readonly ivOffsetSectors: number;
  readonly ivBytes: number;
  /** Are IVs drawn and kept? */
  readonly random: boolean;
  readonly aead: Aead | null;
  /** Bytes of the tag that are kept. */
  readonly tagBytes: number;
  /** The whole subkeys, and the bytes at their end that are the MAC's. */
  readonly keys: readonly Uint8Array[];
  readonly macKeyBytes: number;
}

interface Unit {
  /** Sector of the target, without iv_offset. */
  readonly sector: number;
  readonly iv: Uint8Array;
  readonly data: Uint8Array;
}

/** `plain` (whole units, the first at `sector` of the target) with its tuples. */
export function sealed(
  cipher: TaggedCipher,
  plain: Payload,
  sector: number,
  random: Random,
): Payload {
  const { unitBytes } = cipher.identity;
  const { ivBytes, tagBytes } = cipher;
  const tupleBytes = tupleBytesOf(cipher);
  const bytes = plain.bytes();
  const units = bytes.length / unitBytes;
  const out = new Uint8Array(bytes.length);
  const tuples = new Uint8Array(units * tupleBytes);
  for (let at = 0; at < units; at += 1) {
    const place = sector + (at * unitBytes) / SECTOR_BYTES;
    const iv = cipher.random ? random.bytes(ivBytes) : madeIv(cipher, place);
    const data = bytes.slice(at * unitBytes, (at + 1) * unitBytes);
    const { text, tag } = sealUnit(cipher, { sector: place, iv, data });
    out.set(text, at * unitBytes);
    tuples.set(tag.subarray(0, tagBytes), at * tupleBytes);
    if (cipher.random) tuples.set(iv, at * tupleBytes + tagBytes);
  }
  return new TaggedPayload(out, unitBytes, tuples, tupleBytes);
}

/** What `stored` says, or the sector of the first unit that is not genuine. */
export function unsealed(
  cipher: TaggedCipher,
  stored: Payload,
  sector: number,
): Uint8Array | number {
  const { unitBytes } = cipher.identity;
  const { ivBytes, tagBytes } = cipher;
  const tupleBytes = tupleBytesOf(cipher);
  const tuples = tuplesOf(stored, unitBytes, tupleBytes);
  const bytes = stored.bytes();
  const out = new Uint8Array(bytes.length);
  for (let at = 0; at * unitBytes < bytes.length; at += 1) {
    const place = sector + (at * unitBytes) / SECTOR_BYTES;
    const tuple = tuples.subarray(at * tupleBytes, (at + 1) * tupleBytes);
    const iv = cipher.random ? tuple.slice(tagBytes, tagBytes + ivBytes) : madeIv(cipher, place);
    const data = bytes.slice(at * unitBytes, (at + 1) * unitBytes);
    const plain = openUnit(cipher, { sector: place, iv, data }, tuple.subarray(0, tagBytes));
    if (plain === null) return place;
    out.set(plain, at * unitBytes);
  }
  return out;
}

/** Bytes of metadata of a unit. */
function tupleBytesOf({ tagBytes, random, ivBytes }: TaggedCipher): number {
  return tagBytes + (random ? ivBytes : 0);
}

function madeIv({ identity, ivOffsetSectors }: TaggedCipher, sector: number): Uint8Array {
  return ivsOf(identity, sector + ivOffsetSectors, 1);
}

function sealUnit(cipher: TaggedCipher, unit: Unit): { text: Uint8Array; tag: Uint8Array } {
  const { aead } = cipher;
  if (aead === null) return { text: converted(cipher, unit, true), tag: new Uint8Array(0) };
  const { data, tag } = aead.seal(aeadUnit(cipher, unit));
  return { text: data, tag };
}

function openUnit(cipher: TaggedCipher, unit: Unit, tag: Uint8Array): Uint8Array | null {
  const { aead } = cipher;
  return aead === null ? converted(cipher, unit, false) : aead.open(aeadUnit(cipher, unit), tag);
}

function converted(
  { identity, ivOffsetSectors }: TaggedCipher,
  { sector, iv, data }: Unit,
  encrypt: boolean,
): Uint8Array {
  return convertUnit(identity, sector + ivOffsetSectors, iv, data, encrypt);
}

function aeadUnit(cipher: TaggedCipher, { sector, iv, data }: Unit) {
  const { identity, ivOffsetSectors, keys, macKeyBytes } = cipher;
  const ccSector = sector + ivOffsetSectors;
  const key = keys[keys.length === 1 ? 0 : ccSector % keys.length]!;
  const split = key.length - macKeyBytes;
  return {
    identity,
    ccSector,
    key: key.subarray(0, split),
    macKey: key.subarray(split),
    iv,
    associated: associatedData(sector % TWO_32, Math.floor(sector / TWO_32), iv),
    data,
  };
}
