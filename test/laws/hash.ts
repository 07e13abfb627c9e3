/** A quick digest of bytes, for comparing runs. */

import { FillPayload, type Payload } from '../../src/block/payload.ts';

const fills = new Map<string, string>();

/** The digest of a payload's bytes; that of a fill is computed once. */
export function payloadHash(payload: Payload): string {
  if (!(payload instanceof FillPayload)) return bytesHash(payload.bytes());
  const key = `${payload.byte} ${payload.lengthBytes}`;
  let hash = fills.get(key);
  if (hash === undefined) {
    hash = bytesHash(payload.bytes());
    fills.set(key, hash);
  }
  return hash;
}

/** FNV-1a over 32-bit words and the rest, with the length. */
export function bytesHash(bytes: Uint8Array): string {
  const aligned = (bytes.byteOffset & 3) === 0 ? bytes : bytes.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word ^ (word >>> 15), 0x01000193);
  for (let i = words.length * 4; i < aligned.length; i += 1) {
    hash = Math.imul(hash ^ aligned[i]!, 0x01000193);
  }
  return `${bytes.length}:${(hash >>> 0).toString(16)}`;
}
