/** Which cipher providers there are where this runs. All give the same bytes, so the choice is one of speed alone. */

import { type CipherProvider, nobleProvider } from './provider.ts';
import { wasmAvailable } from './wasm/engine.ts';
import { wasmProvider } from './wasm/provider.ts';

/** The fastest first: those that the platform brought (`native`), our own WebAssembly, and what runs everywhere. */
export function providersHere(native: readonly CipherProvider[] = []): readonly CipherProvider[] {
  return [...native, ...(wasmAvailable() ? [wasmProvider] : []), nobleProvider];
}

/** The provider with this name, if it is here. */
export function providerNamed(
  name: string,
  native: readonly CipherProvider[] = [],
): CipherProvider | null {
  return providersHere(native).find((one) => one.name === name) ?? null;
}
