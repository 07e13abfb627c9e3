/**
 * Ciphers: extents of dm-crypt by each provider, next to `openssl speed`, to a cipher object of Node for every sector,
 * and to `ecb()` of @noble/ciphers for every sector.
 */

import { spawnSync } from 'node:child_process';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { ecb } from '@noble/ciphers/aes.js';
import { type Chain, CipherIdentity } from '../dist/dm/crypt/identity.js';
import { encryptExtent } from '../dist/dm/crypt/modes.js';
import type { CipherProvider } from '../dist/dm/crypt/provider.js';
import type { Case } from './measure.ts';

const KEY = Uint8Array.from({ length: 64 }, (_, i) => i);
const SECTOR_BYTES = 512;
const IV_BYTES = 16;
const MB = 1e6;

export interface Extent {
  readonly unitBytes: number;
  /** Of one bio. */
  readonly bytes: number;
  /** Bios in a round. */
  readonly count: number;
}

/** `count` bios through aes-xts-plain64, or aes-cbc-essiv:sha256. Counts megabytes. */
export function extents(
  name: string,
  provider: CipherProvider,
  chain: 'xts' | 'cbc',
  { unitBytes, bytes, count }: Extent,
  convert: typeof encryptExtent = encryptExtent,
): Case {
  const identity = new CipherIdentity(describedAs(chain, unitBytes), provider);
  const input = Uint8Array.from({ length: bytes }, (_, i) => i);
  const send = (bios: number): number => {
    for (let i = 0; i < bios; i += 1) convert(identity, input, (i * bytes) / SECTOR_BYTES);
    return (bios * bytes) / MB;
  };
  // While another program was measured, this one lost its caches and gave memory back.
  return { name, prepare: () => void send(Math.ceil(count / 4)), run: () => send(count) };
}

function describedAs(chain: Chain, unitBytes: number) {
  return {
    chain,
    iv: 'plain64',
    ivBytes: IV_BYTES,
    essiv: chain === 'cbc' ? 'sha256' : '',
    benbiShift: 5,
    unitBytes,
    largeSectors: false,
    epoch: 0,
    perZone: false,
    keys: [chain === 'xts' ? KEY : KEY.subarray(0, 32)],
    extra: new Uint8Array(0),
    rounds: 20,
  } as const;
}

/** The same bios, each sector by a cipher object of Node made for it. */
export function objectPerSector(name: string, { bytes, count }: Extent): Case {
  const input = Uint8Array.from({ length: bytes }, (_, i) => i);
  return {
    name,
    run: () => {
      for (let i = 0; i < count; i += 1) {
        const out = new Uint8Array(bytes);
        for (let at = 0; at < bytes; at += SECTOR_BYTES) {
          const iv = new Uint8Array(IV_BYTES);
          new DataView(iv.buffer).setUint32(0, (i * bytes + at) / SECTOR_BYTES, true);
          const cipher = createCipheriv('aes-256-xts', KEY, iv);
          out.set(cipher.update(input.subarray(at, at + SECTOR_BYTES)), at);
        }
      }
      return (count * bytes) / MB;
    },
  };
}

/** XTS as one writes it with noble's `ecb()`: all tweaks in one call, and a call for every sector. */
export function noblePerSector(name: string, { bytes, count }: Extent): Case {
  const input = Uint8Array.from({ length: bytes }, (_, i) => i);
  const words = new Uint32Array(input.buffer);
  const sectorWords = SECTOR_BYTES / 4;
  const tweaks = new Uint32Array(sectorWords);
  const work = new Uint32Array(sectorWords);
  const [data, tweak] = [KEY.subarray(0, 32), KEY.subarray(32)];
  const bare = { disablePadding: true };
  return {
    name,
    run: () => {
      for (let i = 0; i < count; i += 1) {
        const out = new Uint32Array(bytes / 4);
        const ivs = new Uint32Array((bytes / SECTOR_BYTES) * 4);
        for (let unit = 0; unit * 4 < ivs.length; unit += 1) {
          ivs[unit * 4] = (i * bytes) / SECTOR_BYTES + unit;
        }
        const firsts = new Uint32Array(ecb(tweak, bare).encrypt(new Uint8Array(ivs.buffer)).buffer);
        for (let at = 0; at < words.length; at += sectorWords) {
          tweaksInto(tweaks, firsts, (at / sectorWords) * 4);
          for (let k = 0; k < sectorWords; k += 1) work[k] = words[at + k]! ^ tweaks[k]!;
          const blocks = ecb(data, bare).encrypt(new Uint8Array(work.buffer));
          const done = new Uint32Array(blocks.buffer, blocks.byteOffset, sectorWords);
          for (let k = 0; k < sectorWords; k += 1) out[at + k] = done[k]! ^ tweaks[k]!;
        }
      }
      return (count * bytes) / MB;
    },
  };
}

function tweaksInto(tweaks: Uint32Array, firsts: Uint32Array, from: number): void {
  for (let k = 0; k < 4; k += 1) tweaks[k] = firsts[from + k]!;
  for (let at = 4; at < tweaks.length; at += 4) {
    const fold = tweaks[at - 1]! >>> 31 === 0 ? 0 : 0x87;
    for (let k = 0; k < 4; k += 1) {
      const carry = k === 0 ? fold : tweaks[at + k - 5]! >>> 31;
      tweaks[at + k] = (tweaks[at + k - 4]! << 1) ^ carry;
    }
  }
}

/** `openssl speed` of one cipher with buffers of `bytes`; without openssl, Node's cipher over one large buffer. */
export function openssl(name: string, cipher: string, bytes: number, decrypt = false): Case {
  if (opensslVersion() === null) return largeBuffer(name, cipher, decrypt);
  return {
    name,
    run: () => 0,
    rate: () => {
      const args = ['speed', '-mr', '-seconds', '1', '-bytes', String(bytes), '-evp', cipher];
      if (decrypt) args.push('-decrypt');
      const { stdout } = spawnSync('openssl', args, { encoding: 'utf8' });
      const found = /^\+F:\d+:[^:]*:([\d.]+)/m.exec(stdout);
      if (found === null) throw new Error(`openssl speed expected a rate, got "${stdout}"`);
      return Number(found[1]) / MB;
    },
  };
}

const LARGE_BYTES = 2 ** 24;

function largeBuffer(name: string, algorithm: string, decrypt: boolean): Case {
  const input = new Uint8Array(LARGE_BYTES);
  const key = KEY.subarray(0, algorithm.endsWith('xts') ? 64 : 32);
  const make = decrypt ? createDecipheriv : createCipheriv;
  return {
    name,
    run: () => {
      make(algorithm, key, KEY.subarray(0, IV_BYTES)).setAutoPadding(false).update(input);
      return LARGE_BYTES / MB;
    },
  };
}

let version: string | null | undefined;

/** `OpenSSL 3.0.19`, or null when the machine has none. */
export function opensslVersion(): string | null {
  if (version === undefined) {
    const { status, stdout } = spawnSync('openssl', ['version'], { encoding: 'utf8' });
    version = status === 0 ? stdout.split(' ').slice(0, 2).join(' ') : null;
  }
  return version;
}
