/**
 * AES by Node's own crypto: one ECB object per key and direction, fed whole buffers. ECB without padding returns every
 * block from `update()` at once, so the object is never finished and serves for the life of the key; making one per
 * sector instead costs eight times as much. What surrounds it is WebAssembly's where there is WebAssembly.
 */

import type { Cipher, Decipher } from 'node:crypto';
import { type AesKey, aligned, type CipherProvider, checkKeyLength } from '../dm/crypt/provider.ts';
import { WASM_MODES } from '../dm/crypt/wasm/bulk.ts';
import { wasmAvailable } from '../dm/crypt/wasm/engine.ts';
import { wasmProvider } from '../dm/crypt/wasm/provider.ts';

/** Loaded when there is something to encrypt: most runs never look at ciphertext, and loading it takes a while. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}

/** Up to here a call into the native code costs more than the bitsliced cipher does. */
const SMALL_BYTES = 256;

class NodeKey implements AesKey {
  private encipher: Cipher | null = null;
  private decipher: Decipher | null = null;
  private small: AesKey | null = null;
  private readonly key: Uint8Array;
  private readonly algorithm: string;

  constructor(key: Uint8Array) {
    this.key = key;
    this.algorithm = `aes-${key.length * 8}-ecb`;
  }

  encrypt(data: Uint8Array): Uint8Array {
    if (data.length <= SMALL_BYTES && wasmAvailable()) return this.smallKey().encrypt(data);
    this.encipher ??= crypto().createCipheriv(this.algorithm, this.key, null).setAutoPadding(false);
    return aligned(this.encipher.update(data));
  }

  decrypt(data: Uint8Array): Uint8Array {
    if (data.length <= SMALL_BYTES && wasmAvailable()) return this.smallKey().decrypt(data);
    this.decipher ??= crypto()
      .createDecipheriv(this.algorithm, this.key, null)
      .setAutoPadding(false);
    return aligned(this.decipher.update(data));
  }

  private smallKey(): AesKey {
    this.small ??= wasmProvider.aes(this.key);
    return this.small;
  }
}

/** Buffers up to this size share one allocation, which costs more than what a small bio's cipher does. */
const SHARED_BYTES = 8192;
const SLAB_BYTES = 65536;
let slab: Uint8Array = new Uint8Array(0);
let used = 0;

function buffer(bytes: number): Uint8Array {
  // As Uint8Array, so that nobody above meets two kinds of arrays.
  if (bytes > SHARED_BYTES) return plainArray(Buffer.allocUnsafeSlow(bytes));
  if (used + bytes > slab.length) {
    slab = plainArray(Buffer.allocUnsafeSlow(SLAB_BYTES));
    used = 0;
  }
  const from = used;
  // The next one starts on a word too.
  used += (bytes + 15) & ~15;
  return slab.subarray(from, from + bytes);
}

function plainArray(made: Buffer): Uint8Array {
  return new Uint8Array(made.buffer, made.byteOffset, made.length);
}

/** Give it to `new Machine({ cipherProvider: nodeProvider })`. */
export const nodeProvider: CipherProvider = {
  name: 'node',
  aes(key) {
    checkKeyLength(key);
    return new NodeKey(key.slice());
  },
  buffer,
  ...(wasmAvailable() ? { bulk: WASM_MODES } : {}),
};
