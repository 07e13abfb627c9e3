/**
 * What data was encrypted with: mode, IV generator, keys, unit size. Two payloads with the same identity at the same
 * place are the same ciphertext when their plaintexts are, so dm-crypt compares identities instead of computing
 * bytes (cipher-payload.ts). Equality is by content: a table loaded again with the same key is the same identity.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { type AdiantumKey, adiantumKey } from './adiantum.ts';
import { digestOf } from './digests.ts';
import { LmkHash } from './iv-lmk.ts';
import { type LrwKey, lrwKey } from './lrw.ts';
import {
  type AesKey,
  type BulkMode,
  type CipherProvider,
  type ModeKeys,
  nobleProvider,
  wordsOf,
} from './provider.ts';

/** `xor` is cbc over cipher_null: every byte is XORed with the one before. */
export type Chain =
  | 'xts'
  | 'cbc'
  | 'pcbc'
  | 'cfb'
  | 'ofb'
  | 'ecb'
  | 'lrw'
  | 'ctr'
  | 'adiantum'
  | 'xor';
/** IV generators of drivers/md/dm-crypt.c that are computed here. essiv is plain64 with `essiv` set. */
export type IvGenerator =
  | 'none'
  | 'null'
  | 'plain'
  | 'plain64'
  | 'plain64be'
  | 'benbi'
  | 'eboiv'
  | 'elephant'
  | 'lmk'
  | 'tcw';

/** Sectors of the IV counter are kept in a number; what lies above bit 52 of `iv_offset` is the epoch. */
export const EPOCH_BITS = 52;
const TWO_32 = 0x1_0000_0000;

export interface CipherDescription {
  readonly chain: Chain;
  readonly iv: IvGenerator;
  /** Bytes of an IV: 16 but for adiantum (32) and cipher_null (8). */
  readonly ivBytes: number;
  /** The IV is encrypted once more with a key that is this digest of the subkey; empty: it is not. */
  readonly essiv: string;
  /** benbi: how often 2 divides the cipher blocks of a 512-byte sector. */
  readonly benbiShift: number;
  /** Bytes of one encryption unit: sector_size. */
  readonly unitBytes: number;
  /** iv_large_sectors: the IV counts units, not 512-byte sectors. */
  readonly largeSectors: boolean;
  /** The bits of iv_offset above 2^52. */
  readonly epoch: number;
  /** All units of a zone have the IV of the zone's start (the cover letter's alternative). */
  readonly perZone: boolean;
  /** The subkeys; their count is a power of two. XTS: data key and tweak key, one after the other. */
  readonly keys: readonly Uint8Array[];
  /** authenc: bytes at the end of a subkey that the cipher does not get; none when absent. */
  readonly macKeyBytes?: number;
  /** What stands behind the subkeys in the key: elephant's second key, the seeds of lmk and tcw. */
  readonly extra: Uint8Array;
  /** adiantum: the rounds of its stream. */
  readonly rounds: 12 | 20;
}

/** The expanded keys of one subkey. */
export interface KeySet extends ModeKeys {
  /** essiv: encrypts what the generator made. */
  readonly essiv: AesKey | null;
  readonly lrw: LrwKey | null;
  readonly adiantum: AdiantumKey | null;
}

export class CipherIdentity {
  readonly description: CipherDescription;
  readonly unitBytes: number;
  /** Number of binary places between a 512-byte sector and the IV's counter. */
  readonly ivShift: number;
  /** 512-byte sectors to one step of the IV's counter. */
  readonly ivDivisor: number;
  /** IV sectors from one unit to the next. */
  readonly ivStep: number;
  /** Compute at once instead of when somebody looks: for proof and for teaching. */
  readonly eager: boolean;
  readonly provider: CipherProvider;
  /** The provider's own way of the mode. */
  readonly bulk: BulkMode | null;
  /**
   * Ciphertext repeats after this many sectors: 1 when it does not depend on the sector at all, the key count for a
   * null IV with several keys, 0 when it never repeats.
   */
  private readonly periodSectors: number;
  /** Sectors from one byte to the next: 1/512, or 0 when a whole zone has one IV. */
  private readonly sectorsPerByte: number;
  private readonly content: string;
  private readonly sets: (KeySet | null)[];
  /** elephant: makes the sector keys. */
  readonly elephant: AesKey | null;
  readonly lmk: LmkHash | null;
  /** tcw: the words of the IV seed and of the whitening. */
  readonly tcwSeed: Uint32Array;

  constructor(
    description: CipherDescription,
    provider: CipherProvider = nobleProvider,
    eager = false,
  ) {
    const { chain, iv, essiv, keys, extra, largeSectors, perZone } = description;
    this.periodSectors = period(description);
    this.description =
      this.periodSectors > 0 && description.epoch !== 0
        ? { ...description, epoch: 0 }
        : description;
    this.unitBytes = description.unitBytes;
    this.ivShift = largeSectors ? shiftOf(description.unitBytes) : 0;
    this.ivDivisor = largeSectors ? description.unitBytes / SECTOR_BYTES : 1;
    this.ivStep = perZone ? 0 : largeSectors ? 1 : description.unitBytes / SECTOR_BYTES;
    this.sectorsPerByte = perZone ? 0 : 1 / SECTOR_BYTES;
    this.provider = provider;
    this.bulk = (chain === 'xts' || chain === 'cbc' ? provider.bulk?.[chain] : null) ?? null;
    this.eager = eager;
    this.sets = keys.map(() => null);
    this.elephant = iv === 'elephant' ? provider.aes(extra) : null;
    this.lmk = iv === 'lmk' ? new LmkHash(extra) : null;
    this.tcwSeed = iv === 'tcw' ? wordsOf(extra.slice()) : new Uint32Array(0);
    const secret = sha256.create();
    for (const key of keys) secret.update(key);
    secret.update(extra);
    const { epoch } = this.description;
    // The digest stands in for the keys: an identity may be looked at, a key may not.
    this.content = [
      chain,
      iv,
      essiv,
      this.unitBytes,
      this.ivShift,
      perZone,
      epoch,
      description.ivBytes,
      description.benbiShift,
      description.rounds,
      keys.length,
      keys[0]!.length,
      extra.length,
      bytesToHex(secret.digest()),
    ].join(' ');
  }

  /** Does it make the same ciphertext everywhere? */
  same(other: CipherIdentity): boolean {
    return this === other || this.content === other.content;
  }

  /** The place that stands for sector `ccSector`: equal places, equal ciphertext. */
  place(ccSector: number): number {
    return this.periodSectors === 0 ? ccSector : ccSector % this.periodSectors;
  }

  /** The place `bytes` (whole units) behind `place`. */
  behind(place: number, bytes: number): number {
    return this.place(place + bytes * this.sectorsPerByte);
  }

  /** The keys for the unit at `ccSector`: its low bits pick one (crypt_alloc_req_skcipher()). */
  keysAt(ccSector: number): KeySet {
    const { keys } = this.description;
    return this.keySet(keys.length === 1 ? 0 : ccSector % keys.length);
  }

  /** The expanded keys of subkey `index`. */
  keySet(index: number): KeySet {
    const known = this.sets[index];
    if (known !== null && known !== undefined) return known;
    const set = this.expand(this.description.keys[index]!);
    this.sets[index] = set;
    return set;
  }

  private expand(key: Uint8Array): KeySet {
    const { chain, essiv, rounds, macKeyBytes = 0 } = this.description;
    const { provider } = this;
    const own = key.subarray(0, key.length - macKeyBytes);
    // XTS: two keys of equal length. LRW: the last 16 bytes are the tweak key.
    const split = chain === 'xts' ? own.length / 2 : chain === 'lrw' ? own.length - 16 : own.length;
    const blocks = chain !== 'xor' && chain !== 'adiantum';
    return {
      data: blocks ? provider.aes(own.subarray(0, split)) : NO_CIPHER,
      tweak: chain === 'xts' ? provider.aes(own.subarray(split)) : null,
      essiv: essiv === '' ? null : provider.aes(digestOf(essiv, key)),
      lrw: chain === 'lrw' ? lrwKey(own.subarray(split)) : null,
      adiantum: chain === 'adiantum' ? adiantumKey(own, rounds, provider) : null,
    };
  }
}

/** cipher_null; adiantum has ciphers of its own. */
const NO_CIPHER: AesKey = { encrypt: (data) => data, decrypt: (data) => data };

function period({ iv, keys, perZone, unitBytes, largeSectors }: CipherDescription): number {
  if (iv === 'none' || iv === 'null') return perZone ? 1 : keys.length;
  // Only the low 32 bits of the counter reach a plain IV.
  if (iv === 'plain') return TWO_32 * (largeSectors ? unitBytes / SECTOR_BYTES : 1);
  return 0;
}

function shiftOf(unitBytes: number): number {
  let shift = 0;
  for (let bytes = SECTOR_BYTES; bytes < unitBytes; bytes *= 2) shift += 1;
  return shift;
}
