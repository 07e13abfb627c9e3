/**
 * Authenticated modes as dm-crypt uses them (drivers/md/dm-crypt.c crypt_convert_block_aead(), crypto/gcm.c,
 * crypto/authenc.c, crypto/chacha20poly1305.c): one unit at a time, with the sector and the IV as associated data. They
 * are slower than the others by much; they need metadata beside the data, which no zoned disk has had.
 */

import { ghash } from '@noble/ciphers/_polyval.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { Algorithm } from './algorithms.ts';
import { swapped, xorInto } from './bits.ts';
import type { Chain, CipherIdentity } from './identity.ts';
import { convertUnit } from './modes.ts';
import { wordsOf } from './provider.ts';

const BLOCK_BYTES = 16;

/** Bytes of the sector before the IV in the associated data. */
const SECTOR_FIELD_BYTES = 8;

/** What one authenticated mode does with a unit. */
export interface Aead {
  /** The cipher inside, which gets the subkey without the MAC's. */
  readonly chain: Chain;
  /** Tag lengths crypto_aead_setauthsize() takes. */
  readonly tagFits: (bytes: number) => boolean;
  /** The ciphertext and its whole tag. `macKey`: the last part of the subkey. */
  seal(unit: AeadUnit): { readonly data: Uint8Array; readonly tag: Uint8Array };
  /** The plaintext; null when the tag is another. */
  open(unit: AeadUnit, tag: Uint8Array): Uint8Array | null;
}

export interface AeadUnit {
  readonly identity: CipherIdentity;
  /** 512-byte sector that picks the subkey. */
  readonly ccSector: number;
  readonly key: Uint8Array;
  readonly macKey: Uint8Array;
  readonly iv: Uint8Array;
  readonly associated: Uint8Array;
  readonly data: Uint8Array;
}

const HASHES = { md5, sha1, sha224, sha256, sha384, sha512 } as const;

/** The mode of an AEAD; null when its bytes are not computed. */
export function aeadOf({ chain, name }: Algorithm): Aead | null {
  if (name === 'gcm(aes)') return GCM;
  if (name === 'rfc7539(chacha20,poly1305)') return CHACHA;
  const authenc = /authenc\(hmac\((\w+)\),(cbc|ctr|xts|ecb)\(aes\)\)/.exec(name);
  if (chain !== 'authenc' || authenc === null || !(authenc[1]! in HASHES)) return null;
  return authencOf(HASHES[authenc[1] as keyof typeof HASHES], authenc[2] as Chain);
}

/** The associated data: the sector without iv_offset (two words), then the IV. */
export function associatedData(low: number, high: number, iv: Uint8Array): Uint8Array {
  const out = new Uint8Array(SECTOR_FIELD_BYTES + iv.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, low, true);
  view.setUint32(4, high, true);
  out.set(iv, SECTOR_FIELD_BYTES);
  return out;
}

function sameTag(whole: Uint8Array, tag: Uint8Array): boolean {
  return tag.every((byte, i) => byte === whole[i]);
}

/** Encrypt-then-MAC: the MAC covers associated data and ciphertext (crypto_authenc_genicv()). */
function authencOf(hash: (typeof HASHES)[keyof typeof HASHES], chain: Chain): Aead {
  const tagOf = ({ macKey, associated }: AeadUnit, data: Uint8Array): Uint8Array =>
    hmac.create(hash, macKey).update(associated).update(data).digest();
  const convert = ({ identity, ccSector, iv, data }: AeadUnit, encrypt: boolean): Uint8Array =>
    convertUnit(identity, ccSector, iv, data, encrypt);
  return {
    chain,
    tagFits: (bytes) => bytes <= hash.outputLen,
    seal(unit) {
      const data = convert(unit, true);
      return { data, tag: tagOf(unit, data) };
    },
    open(unit, tag) {
      return sameTag(tagOf(unit, unit.data), tag) ? convert(unit, false) : null;
    },
  };
}

/** GCM with its 96-bit IV: counter mode, and GHASH over associated data and ciphertext. */
const GCM: Aead = {
  chain: 'ctr',
  tagFits: (bytes) => bytes === 4 || bytes === 8 || (bytes >= 12 && bytes <= 16),
  seal(unit) {
    const stream = gcmStream(unit);
    const data = gcmXor(unit.data, stream);
    return { data, tag: gcmTag(unit, data, stream) };
  },
  open(unit, tag) {
    const stream = gcmStream(unit);
    return sameTag(gcmTag(unit, unit.data, stream), tag) ? gcmXor(unit.data, stream) : null;
  },
};

/** The encrypted counters: the first block is for the tag, the others for data; a last block of zeroes keys GHASH. */
function gcmStream({ identity, ccSector, iv, data }: AeadUnit): Uint8Array {
  const blocks = data.length / BLOCK_BYTES + 1;
  const bytes = new Uint8Array((blocks + 1) * BLOCK_BYTES);
  const words = wordsOf(bytes);
  for (let block = 0; block < blocks; block += 1) {
    bytes.set(iv, block * BLOCK_BYTES);
    words[block * 4 + 3] = swapped(block + 1);
  }
  return identity.keysAt(ccSector).data.encrypt(bytes);
}

function gcmXor(data: Uint8Array, stream: Uint8Array): Uint8Array {
  const out = data.slice();
  xorInto(wordsOf(out), wordsOf(stream.subarray(BLOCK_BYTES)));
  return out;
}

function gcmTag({ associated }: AeadUnit, ciphertext: Uint8Array, stream: Uint8Array): Uint8Array {
  const lengths = new Uint8Array(BLOCK_BYTES);
  const view = new DataView(lengths.buffer);
  view.setUint32(4, associated.length * 8);
  view.setUint32(12, ciphertext.length * 8);
  const hash = ghash.create(stream.slice(stream.length - BLOCK_BYTES));
  // Each update is filled up with zeroes to whole blocks, as GCM wants it of both parts.
  hash.update(associated).update(ciphertext).update(lengths);
  const tag = hash.digest();
  for (let i = 0; i < BLOCK_BYTES; i += 1) tag[i] = tag[i]! ^ stream[i]!;
  return tag;
}

const CHACHA: Aead = {
  chain: 'xor',
  tagFits: (bytes) => bytes === 16,
  seal({ key, iv, associated, data }) {
    const sealed = chacha20poly1305(key, iv, associated).encrypt(data);
    return { data: sealed.slice(0, data.length), tag: sealed.slice(data.length) };
  },
  open({ key, iv, associated, data }, tag) {
    const sealed = new Uint8Array(data.length + tag.length);
    sealed.set(data);
    sealed.set(tag, data.length);
    try {
      return chacha20poly1305(key, iv, associated).decrypt(sealed);
    } catch {
      // The library's only word for a wrong tag.
      return null;
    }
  },
};
