/** A quick digest of bytes, for comparing runs. */

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
