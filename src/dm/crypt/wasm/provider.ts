/**
 * The provider for engines with WebAssembly and nothing native, as browsers are: everything runs in our own code, the
 * AES bitsliced. Constant time besides: it has no tables.
 */

import { type AesKey, type CipherProvider, checkKeyLength } from '../provider.ts';
import { WASM_MODES } from './bulk.ts';
import { BitslicedKey, wasmEngine } from './engine.ts';

class WasmKey implements AesKey {
  private readonly key: BitslicedKey;

  constructor(key: Uint8Array) {
    this.key = new BitslicedKey(key);
  }

  encrypt(data: Uint8Array): Uint8Array {
    wasmEngine().runOutside(this.key, true, data);
    return data;
  }

  decrypt(data: Uint8Array): Uint8Array {
    wasmEngine().runOutside(this.key, false, data);
    return data;
  }
}

/** Only where `wasmAvailable()`. */
export const wasmProvider: CipherProvider = {
  name: 'wasm',
  aes(key) {
    checkKeyLength(key);
    return new WasmKey(key);
  },
  bulk: WASM_MODES,
};
