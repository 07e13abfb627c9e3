/**
 * The modules in an engine, and the memory that they share. One per program: it holds nothing between two calls but the
 * round keys that were used last.
 */

import { aesModule } from './aes-module.ts';
import { Code, moduleOf } from './assembler.ts';
import { modesModule } from './modes-module.ts';
import { bitslicedSchedule } from './schedule.ts';

/** The part of the engine's interface that is used; the types of the core know no engine. */
declare const WebAssembly:
  | {
      Module: new (bytes: Uint8Array) => object;
      Instance: new (module: object, imports: object) => { readonly exports: unknown };
      Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
    }
  | undefined;

type Four = (a: number, b: number, c: number, d: number) => void;
type ModeCode = Readonly<
  Record<'whiten4' | 'whiten1' | 'xor' | 'xor16' | 'first' | 'next' | 'last', Four>
>;
type AesCode = Readonly<Record<'encrypt' | 'decrypt', Four>>;

/** Newer than the library that the core is written for (ES2024). */
type Transferable = ArrayBufferLike & { transfer?(bytes: number): unknown };

const PAGE_BYTES = 65536;
/** Bytes that one call works on at most. */
export const DATA_BYTES = 8 * PAGE_BYTES;
/** Where in the memory: what is worked on, */
export const DATA = 0;
/** as much again: tweaks, or what CBC decrypted, */
export const BESIDE = DATA + DATA_BYTES;
/** IVs, one of 16 bytes for every unit of 512, */
export const IVS = BESIDE + DATA_BYTES;
const IV_BYTES = DATA_BYTES / 32;
/** a column of CBC, as long as these, */
export const COLUMN = IVS + IV_BYTES;
/** blocks that a caller keeps elsewhere, and round keys. */
const BLOCKS = COLUMN + IV_BYTES;
const BLOCKS_BYTES = PAGE_BYTES;
const KEYS = BLOCKS + BLOCKS_BYTES;
const PAGES = KEYS / PAGE_BYTES + 1;

export class Engine {
  readonly bytes: Uint8Array;
  readonly modes: ModeCode;
  private readonly memory: object;
  private aes: AesCode | null = null;
  /** Whose round keys stand in the memory. */
  private loaded: BitslicedKey | null = null;

  constructor() {
    const memory = new WebAssembly!.Memory({ initial: PAGES });
    this.memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.modes = this.made(modesModule(PAGES)) as ModeCode;
  }

  /** The blocks between two addresses through AES, in place; behind them, up to a whole group, anything may happen. */
  run(key: BitslicedKey, encrypt: boolean, from: number, bytes: number): void {
    if (this.loaded !== key) {
      this.bytes.set(key.schedule, KEYS);
      this.loaded = key;
    }
    this.aes ??= this.made(aesModule(PAGES)) as AesCode;
    const end = from + bytes;
    if (encrypt) this.aes.encrypt(from, end, KEYS, key.rounds);
    else this.aes.decrypt(from, end, KEYS, key.rounds);
  }

  /** The blocks of `data` through AES, in place. */
  runOutside(key: BitslicedKey, encrypt: boolean, data: Uint8Array): void {
    if (data.buffer === this.bytes.buffer) {
      this.run(key, encrypt, data.byteOffset, data.length);
      return;
    }
    for (let at = 0; at < data.length; at += BLOCKS_BYTES) {
      const part = data.subarray(at, at + BLOCKS_BYTES);
      this.bytes.set(part, BLOCKS);
      this.run(key, encrypt, BLOCKS, part.length);
      part.set(this.bytes.subarray(BLOCKS, BLOCKS + part.length));
    }
  }

  /** Brings what a provider made of the bytes from `at` on back to their place, unless they never left it. */
  takeBack(blocks: Uint8Array, at: number): void {
    const { buffer, length } = blocks;
    if (buffer === this.bytes.buffer) return;
    this.bytes.set(blocks, at);
    // Where engines can, give it back at once: its memory is used again while it is in the cache, and not collected.
    if (buffer.byteLength === length) (buffer as Transferable).transfer?.(0);
  }

  private made(bytes: Uint8Array): unknown {
    const { Module, Instance } = WebAssembly!;
    return new Instance(new Module(bytes), { env: { memory: this.memory } }).exports;
  }
}

/** An expanded key of the bitsliced AES. */
export class BitslicedKey {
  readonly rounds: number;
  readonly schedule: Uint8Array;

  constructor(key: Uint8Array) {
    this.rounds = key.length / 4 + 6;
    this.schedule = bitslicedSchedule(key);
  }
}

let engine: Engine | null = null;
let available: boolean | null = null;

function validates(): boolean {
  if (typeof WebAssembly === 'undefined') return false;
  const probe = new Code(1);
  probe.get(0).get(0).load().store();
  try {
    // Not validate(): that says yes where a page's policy forbids to compile (no 'wasm-unsafe-eval').
    new WebAssembly.Module(moduleOf({ probe }, PAGES));
    return true;
  } catch {
    return false;
  }
}

/** Does this program's engine run WebAssembly with 128-bit vectors? */
export function wasmAvailable(): boolean {
  available ??= validates();
  return available;
}

/** Throws Error where there is no WebAssembly with 128-bit vectors: ask `wasmAvailable()` first. */
export function wasmEngine(): Engine {
  if (!wasmAvailable()) throw new Error('"WebAssembly" expected 128-bit vectors, got none');
  engine ??= new Engine();
  return engine;
}
