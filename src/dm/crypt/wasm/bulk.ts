/** XTS and CBC over many units, around a provider's block cipher: tweaks, chains and sums are WebAssembly's. */

import type { AesKey, BulkMode, ModeKeys } from '../provider.ts';
import { BESIDE, COLUMN, DATA, DATA_BYTES, type Engine, IVS, wasmEngine } from './engine.ts';

const BLOCK_BYTES = 16;
/** Larger batches leave the nearest cache, and what a provider returns becomes dear to allocate. */
const XTS_CHUNK_BYTES = 65536;

export const WASM_MODES: Readonly<Record<'xts' | 'cbc', BulkMode>> = {
  xts: { chunkBytes: XTS_CHUNK_BYTES, run: xts, ivs: ivsInMemory },
  // A column has a block of each unit, and short columns are mostly calls.
  cbc: { chunkBytes: DATA_BYTES, run: cbc },
};

/** Room for IVs where the tweaks made of them are wanted, all zeroes. */
function ivsInMemory(bytes: number): Uint8Array {
  return wasmEngine()
    .bytes.subarray(IVS, IVS + bytes)
    .fill(0);
}

function xts(
  keys: ModeKeys,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const engine = wasmEngine();
  const { bytes, modes } = engine;
  const { length } = input;
  bytes.set(input, DATA);
  engine.takeBack(keys.tweak!.encrypt(ivs), IVS);
  let at = 0;
  let iv = IVS;
  for (; at + 4 * unitBytes <= length; at += 4 * unitBytes, iv += 4 * BLOCK_BYTES) {
    modes.whiten4(DATA + at, BESIDE + at, iv, unitBytes);
  }
  for (; at < length; at += unitBytes, iv += BLOCK_BYTES) {
    modes.whiten1(DATA + at, BESIDE + at, iv, unitBytes);
  }
  const work = bytes.subarray(DATA, DATA + length);
  engine.takeBack(encrypt ? keys.data.encrypt(work) : keys.data.decrypt(work), DATA);
  modes.xor(DATA, DATA, BESIDE, length);
  out.set(work);
}

function cbc(
  keys: ModeKeys,
  input: Uint8Array,
  ivs: Uint8Array,
  unitBytes: number,
  encrypt: boolean,
  out: Uint8Array,
): void {
  const engine = wasmEngine();
  const { bytes } = engine;
  bytes.set(input, DATA);
  if (encrypt) {
    bytes.set(ivs, COLUMN);
    encryptColumns(engine, keys.data, unitBytes, ivs.length);
    out.set(bytes.subarray(DATA, DATA + input.length));
  } else {
    bytes.set(ivs, IVS);
    bytes.set(input, BESIDE);
    decryptUnits(engine, keys.data, unitBytes, input.length);
    out.set(bytes.subarray(BESIDE, BESIDE + input.length));
  }
}

/** CBC is serial inside a unit but not across units: block by block, of all units at once. */
function encryptColumns(engine: Engine, key: AesKey, unitBytes: number, bytes: number): void {
  const end = COLUMN + bytes;
  const column = engine.bytes.subarray(COLUMN, end);
  const { modes } = engine;
  modes.first(DATA, COLUMN, end, unitBytes);
  for (let at = BLOCK_BYTES; ; at += BLOCK_BYTES) {
    engine.takeBack(key.encrypt(column), COLUMN);
    if (at === unitBytes) break;
    modes.next(DATA + at, COLUMN, end, unitBytes);
  }
  modes.last(DATA + unitBytes, COLUMN, end, unitBytes);
}

/** Every block has the one before it taken off, and the first of a unit the IV. */
function decryptUnits(engine: Engine, key: AesKey, unitBytes: number, bytes: number): void {
  const { modes } = engine;
  const work = engine.bytes.subarray(BESIDE, BESIDE + bytes);
  engine.takeBack(key.decrypt(work), BESIDE);
  for (let at = 0, iv = IVS; at < bytes; at += unitBytes, iv += BLOCK_BYTES) {
    const first = BESIDE + at;
    const behind = first + BLOCK_BYTES;
    modes.xor16(first, first, iv, BLOCK_BYTES);
    modes.xor16(behind, behind, DATA + at, unitBytes - BLOCK_BYTES);
  }
}
