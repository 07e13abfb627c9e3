/**
 * AES by Node's own crypto: one ECB object per key and direction, fed whole buffers. ECB without padding returns every
 * block from `update()` at once, so the object is never finished and serves for the life of the key; making one per
 * sector instead costs eight times as much.
 */

import { type Cipher, createCipheriv, createDecipheriv, type Decipher } from 'node:crypto';
import { type AesKey, aligned, type CipherProvider, checkKeyLength } from '../dm/crypt/provider.ts';

class NodeKey implements AesKey {
  private encipher: Cipher | null = null;
  private decipher: Decipher | null = null;
  private readonly key: Uint8Array;
  private readonly algorithm: string;

  constructor(key: Uint8Array) {
    this.key = key;
    this.algorithm = `aes-${key.length * 8}-ecb`;
  }

  encrypt(data: Uint8Array): Uint8Array {
    this.encipher ??= createCipheriv(this.algorithm, this.key, null).setAutoPadding(false);
    return aligned(this.encipher.update(data));
  }

  decrypt(data: Uint8Array): Uint8Array {
    this.decipher ??= createDecipheriv(this.algorithm, this.key, null).setAutoPadding(false);
    return aligned(this.decipher.update(data));
  }
}

/** Give it to `cryptTarget({ provider: nodeProvider })`. */
export const nodeProvider: CipherProvider = {
  name: 'node',
  aes(key) {
    checkKeyLength(key);
    return new NodeKey(key.slice());
  },
};
