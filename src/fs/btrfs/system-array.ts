/**
 * The superblock's sys_chunk_array: the system chunks, without which the chunk tree cannot be read. All eras
 * are alike here.
 */

import type { ChunkItem } from './trees.ts';

const ARRAY_BYTES = 2048;
const KEY_BYTES = 17;
const CHUNK_BYTES = 48;
const STRIPE_BYTES = 32;
const STRIPE_LEN = 64 * 1024;
/** FIRST_CHUNK_TREE_OBJECTID and CHUNK_ITEM_KEY. */
const CHUNK_KEY = { objectid: 256n, type: 228 };
const TYPE_FLAGS = { data: 1, system: 2, metadata: 4 } as const;
const DUP_FLAG = 0x20;

/** The array and how much of it is in use. `deviceUuid`: 16 bytes. */
export function systemChunkArray(
  chunks: readonly ChunkItem[],
  deviceUuid: Uint8Array,
  sectorBytes: number,
): { readonly bytes: Uint8Array; readonly sizeBytes: number } {
  const bytes = new Uint8Array(ARRAY_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const chunk of chunks) {
    if (chunk.kind !== 'system') continue;
    const size = KEY_BYTES + CHUNK_BYTES + STRIPE_BYTES * chunk.stripes.length;
    if (at + size > ARRAY_BYTES) break;
    view.setBigUint64(at, CHUNK_KEY.objectid, true);
    view.setUint8(at + 8, CHUNK_KEY.type);
    view.setBigUint64(at + 9, BigInt(chunk.logical), true);
    writeChunk(view, at + KEY_BYTES, chunk, deviceUuid, sectorBytes);
    at += size;
  }
  return { bytes, sizeBytes: at };
}

function writeChunk(
  view: DataView,
  at: number,
  chunk: ChunkItem,
  deviceUuid: Uint8Array,
  sectorBytes: number,
): void {
  const type = TYPE_FLAGS[chunk.kind] | (chunk.profile === 'dup' ? DUP_FLAG : 0);
  view.setBigUint64(at, BigInt(chunk.length), true);
  view.setBigUint64(at + 8, 2n, true);
  view.setBigUint64(at + 16, BigInt(STRIPE_LEN), true);
  view.setBigUint64(at + 24, BigInt(type), true);
  view.setUint32(at + 32, STRIPE_LEN, true);
  view.setUint32(at + 36, STRIPE_LEN, true);
  view.setUint32(at + 40, sectorBytes, true);
  view.setUint16(at + 44, chunk.stripes.length, true);
  view.setUint16(at + 46, 1, true);
  for (const [index, physical] of chunk.stripes.entries()) {
    const stripe = at + CHUNK_BYTES + index * STRIPE_BYTES;
    view.setBigUint64(stripe, 1n, true);
    view.setBigUint64(stripe + 8, BigInt(physical), true);
    for (let i = 0; i < 16; i += 1) view.setUint8(stripe + 16 + i, deviceUuid[i] ?? 0);
  }
}
