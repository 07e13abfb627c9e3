/**
 * Named test data: the same bytes on every machine, by a formula. Sector `n` (of 512 bytes) of pattern `seed` is a
 * xorshift stream; the recordings of real kernels use the same formula, so their digests can be compared.
 */

import { SECTOR_BYTES } from '../kernel/units.ts';

const WORDS = SECTOR_BYTES / 4;

/** Writes sector `sector` of pattern `seed` to `target` at `offset` (512 bytes). */
export function patternSector(
  seed: number,
  sector: number,
  target: Uint8Array,
  offset: number,
): void {
  const high = Math.floor(sector / 0x1_0000_0000);
  let x =
    (Math.imul(seed, 0x9e3779b1) +
      Math.imul(sector | 0, 0x85ebca6b) +
      Math.imul(high, 0xc2b2ae35) +
      1) |
    0;
  if (x === 0) x = 1;
  for (let word = 0; word < WORDS; word += 1) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    const at = offset + word * 4;
    target[at] = x;
    target[at + 1] = x >>> 8;
    target[at + 2] = x >>> 16;
    target[at + 3] = x >>> 24;
  }
}

/** `length` bytes of pattern `seed` from byte `from` on. */
export function patternBytes(seed: number, from: number, length: number): Uint8Array {
  const firstSector = Math.floor(from / SECTOR_BYTES);
  const skip = from - firstSector * SECTOR_BYTES;
  const sectors = Math.ceil((skip + length) / SECTOR_BYTES);
  const out = new Uint8Array(sectors * SECTOR_BYTES);
  for (let i = 0; i < sectors; i += 1) {
    patternSector(seed, firstSector + i, out, i * SECTOR_BYTES);
  }
  return skip === 0 && out.length === length ? out : out.slice(skip, skip + length);
}
