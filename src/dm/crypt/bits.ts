/** Words of 32 bits, as every mode and generator here handles them. */

/** The word with its bytes in the other order: big-endian fields in little-endian words. */
export function swapped(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** `target` ^= `other`, word by word over all of `target`. */
export function xorInto(target: Uint32Array, other: Uint32Array): void {
  for (let i = 0; i < target.length; i += 1) target[i] = target[i]! ^ other[i]!;
}

/** `word` turned left by `count` bits (0 to 31). */
export function rotatedLeft(word: number, count: number): number {
  return (word << count) | (word >>> (32 - count));
}
