/**
 * The port to a block cipher: AES over whole buffers of independent 16-byte blocks. Modes and IVs are built on this
 * (modes.ts), so a provider need not know them; the core brings one that runs everywhere (@noble/ciphers), Node's
 * own is in src/node/crypto-provider.ts. All give identical bytes, and a test says so.
 */

import { unsafe } from '@noble/ciphers/aes.js';

/** One AES key, expanded once. */
export interface AesKey {
  /**
   * Encrypts every 16-byte block of `data` on its own. The buffer is given away: use only what is returned, which
   * may be the same memory. Starts on a 4-byte boundary, as the result does.
   */
  encrypt(data: Uint8Array): Uint8Array;
  decrypt(data: Uint8Array): Uint8Array;
}

export interface CipherProvider {
  /** As the command line and benchmarks name it. */
  readonly name: string;
  /** `key`: 16, 24 or 32 bytes. Throws RangeError on any other length. */
  aes(key: Uint8Array): AesKey;
  /** Modes that it has a faster way for than modes.ts; the bytes are the same. */
  readonly bulk?: Readonly<Partial<Record<'xts' | 'cbc', BulkMode>>>;
  /** A buffer that will be written all over, where there is one cheaper than zeroes. */
  readonly buffer?: (bytes: number) => Uint8Array;
}

/** What a block mode needs of the keys of its data. */
export interface ModeKeys {
  readonly data: AesKey;
  /** XTS: encrypts the IV. */
  readonly tweak: AesKey | null;
}

/** Whole units of `input`, each under its IV (which may be used up), into `out`; `input` stays as it is. */
export type BlockMode<Keys extends ModeKeys = ModeKeys> = (
  keys: Keys,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
) => void;

export interface BulkMode {
  /** Bytes that `run` takes at once. */
  readonly chunkBytes: number;
  readonly run: BlockMode;
  /** Zeroed room for the IVs that `run` is given next, when it has a place for them. */
  readonly ivs?: (bytes: number) => Uint8Array;
}

class NobleKey implements AesKey {
  private readonly encryption: Uint32Array;
  private decryption: Uint32Array | null = null;
  private readonly key: Uint8Array;

  constructor(key: Uint8Array) {
    this.key = key;
    this.encryption = unsafe.expandKeyLE(key);
  }

  encrypt(data: Uint8Array): Uint8Array {
    const words = wordsOf(data);
    for (let at = 0; at < words.length; at += 4) {
      const out = unsafe.encrypt(
        this.encryption,
        words[at]!,
        words[at + 1]!,
        words[at + 2]!,
        words[at + 3]!,
      );
      words[at] = out.s0;
      words[at + 1] = out.s1;
      words[at + 2] = out.s2;
      words[at + 3] = out.s3;
    }
    return data;
  }

  decrypt(data: Uint8Array): Uint8Array {
    const schedule = this.schedule(false);
    const words = wordsOf(data);
    for (let at = 0; at < words.length; at += 4) {
      const out = unsafe.decrypt(
        schedule,
        words[at]!,
        words[at + 1]!,
        words[at + 2]!,
        words[at + 3]!,
      );
      words[at] = out.s0;
      words[at + 1] = out.s1;
      words[at + 2] = out.s2;
      words[at + 3] = out.s3;
    }
    return data;
  }

  schedule(encrypt: boolean): Uint32Array {
    if (encrypt) return this.encryption;
    // The inverse schedule costs more than the forward one, and most keys only ever encrypt.
    this.decryption ??= unsafe.expandKeyDecLE(this.key);
    return this.decryption;
  }
}

/**
 * XTS in one pass: a block's tweak is made, laid over it before and after, and multiplied by x while the block's tables
 * are waited for, which modes.ts leaves to three passes over the data.
 */
function xts(
  keys: ModeKeys,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const schedule = (keys.data as NobleKey).schedule(encrypt);
  const firsts = wordsOf(keys.tweak!.encrypt(ivs));
  const from = wordsOf(aligned(input));
  const to = wordsOf(out);
  for (let unit = 0, iv = 0; unit < from.length; unit += unitBytes / 4, iv += 4) {
    let t0 = firsts[iv]! | 0;
    let t1 = firsts[iv + 1]! | 0;
    let t2 = firsts[iv + 2]! | 0;
    let t3 = firsts[iv + 3]! | 0;
    const end = unit + unitBytes / 4;
    for (let at = unit; at < end; at += 4) {
      const s0 = from[at]! ^ t0;
      const s1 = from[at + 1]! ^ t1;
      const s2 = from[at + 2]! ^ t2;
      const s3 = from[at + 3]! ^ t3;
      // Two calls that are written out: the engine puts both in place, and makes no object of what they return.
      if (encrypt) {
        const block = unsafe.encrypt(schedule, s0, s1, s2, s3);
        to[at] = block.s0 ^ t0;
        to[at + 1] = block.s1 ^ t1;
        to[at + 2] = block.s2 ^ t2;
        to[at + 3] = block.s3 ^ t3;
      } else {
        const block = unsafe.decrypt(schedule, s0, s1, s2, s3);
        to[at] = block.s0 ^ t0;
        to[at + 1] = block.s1 ^ t1;
        to[at + 2] = block.s2 ^ t2;
        to[at + 3] = block.s3 ^ t3;
      }
      // The carry out of bit 127 folds back as x^7 + x^2 + x + 1.
      const fold = (t3 >> 31) & 0x87;
      t3 = (t3 << 1) | (t2 >>> 31);
      t2 = (t2 << 1) | (t1 >>> 31);
      t1 = (t1 << 1) | (t0 >>> 31);
      t0 = (t0 << 1) ^ fold;
    }
  }
}

/** The portable provider. Its tables are little endian, as every engine this runs on is. */
export const nobleProvider: CipherProvider = {
  name: 'noble',
  aes(key) {
    checkKeyLength(key);
    return new NobleKey(key.slice());
  },
  bulk: { xts: { chunkBytes: 65536, run: xts } },
};

export function checkKeyLength(key: Uint8Array): void {
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) {
    throw new RangeError(`"key" expected 16, 24 or 32 bytes, got ${key.length}`);
  }
}

/** The buffer as little-endian 32-bit words, in place. */
export function wordsOf(data: Uint8Array): Uint32Array {
  return new Uint32Array(data.buffer, data.byteOffset, data.byteLength >>> 2);
}

/** `data`, or a copy of it when it does not start on a 4-byte boundary. */
export function aligned(data: Uint8Array): Uint8Array {
  return (data.byteOffset & 3) === 0 ? data : data.slice();
}
