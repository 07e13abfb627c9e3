/**
 * One tree block as bytes (struct btrfs_header): a header that holds, and no items in it. All eras are alike
 * here.
 */

import { type CsumType, csumOf } from './csum.ts';

export const HEADER_BYTES = 101;

export interface TreeBlockFields {
  readonly logical: number;
  readonly tree: number;
  readonly generation: number;
  readonly level: number;
  readonly fsid: Uint8Array;
  readonly chunkTreeUuid: Uint8Array;
  readonly nodeBytes: number;
  readonly csumName: CsumType;
}

/** Blocks made here need not be summed again when they come back untouched: payloads never change. */
const own = new WeakSet<ArrayBufferLike>();

export function isOwnBlock(bytes: Uint8Array): boolean {
  return own.has(bytes.buffer) && bytes.byteLength === bytes.buffer.byteLength;
}

export function treeBlockBytes(block: TreeBlockFields): Uint8Array {
  const bytes = new Uint8Array(block.nodeBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(block.fsid, 32);
  view.setBigUint64(48, BigInt(block.logical), true);
  // WRITTEN, and the "mixed backref" revision in the top byte.
  view.setBigUint64(56, 1n | (1n << 56n), true);
  bytes.set(block.chunkTreeUuid, 64);
  view.setBigUint64(80, BigInt(block.generation), true);
  view.setBigInt64(88, BigInt(block.tree), true);
  view.setUint8(100, block.level);
  bytes.set(csumOf(block.csumName, bytes, 32), 0);
  own.add(bytes.buffer);
  return bytes;
}
