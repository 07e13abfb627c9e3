/**
 * Units of the block layer. A sector is 512 bytes everywhere, whatever a device's logical block size
 * is (include/linux/blk_types.h, SECTOR_SHIFT). Sectors are plain numbers: safe to 2^53 = 4 ZiB.
 */

export const SECTOR_BYTES = 512;
export const SECTOR_SHIFT = 9;
export const PAGE_BYTES = 4096;
export const PAGE_SECTORS = PAGE_BYTES / SECTOR_BYTES;
export const KIB = 1024;
export const MIB = 1024 * KIB;
export const SECTORS_PER_MIB = MIB / SECTOR_BYTES;

/** UINT_MAX, the kernel's "no limit yet" in stacked queue limits. */
export const UINT_MAX = 0xffffffff;

export function roundDown(value: number, step: number): number {
  return value - (value % step);
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && 2 ** Math.round(log2(value)) === value;
}

/** The whole part of log2; `Math.log2` is banned because engines differ in its last bit. */
export function log2(value: number): number {
  let shift = 0;
  let rest = value;
  while (rest >= 2) {
    rest /= 2;
    shift += 1;
  }
  return shift;
}

/** The smaller of the two that is not zero (include/linux/minmax.h, min_not_zero()). */
export function minNotZero(a: number, b: number): number {
  if (a === 0) return b;
  if (b === 0) return a;
  return Math.min(a, b);
}
