/**
 * Sizes as people read them, with the rounding of each tool: gnulib's human_readable() for dd, util-linux's
 * size_to_human_string() for lsblk, and cvtstr() of xfs_io. They differ, so there are three.
 */

const GNU_LETTERS = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/**
 * gnulib human.c, human_readable() with autoscale, round to nearest (half to even), a space and `B`: `131 kB` in base 1000,
 * `128 KiB` in base 1024, `999 B` without a prefix. `.hasPrefix` tells the last apart.
 */
export function gnuSize(bytes: number, base: 1000 | 1024): { text: string; hasPrefix: boolean } {
  let amount = bytes;
  let tenths = 0;
  // What is left below a tenth: 0 nothing, 1 less than half, 2 half, 3 more.
  let rounding = 0;
  let exponent = 0;
  while (amount >= base && exponent < GNU_LETTERS.length - 1) {
    const r10 = (amount % base) * 10 + tenths;
    const r2 = (r10 % base) * 2 + (rounding >> 1);
    amount = Math.floor(amount / base);
    tenths = Math.floor(r10 / base);
    rounding = r2 < base ? (r2 + rounding !== 0 ? 1 : 0) : 2 + (base < r2 + rounding ? 1 : 0);
    exponent += 1;
  }
  let text = '';
  if (exponent > 0 && amount < 10) {
    if (2 < rounding + (tenths & 1)) {
      tenths += 1;
      rounding = 0;
      if (tenths === 10) {
        amount += 1;
        tenths = 0;
      }
    }
    if (amount < 10) {
      text = `.${tenths}`;
      tenths = 0;
      rounding = 0;
    }
  }
  if (5 < tenths + (rounding > 0 || (amount & 1) === 1 ? 1 : 0)) {
    amount += 1;
    if (amount === base && exponent < GNU_LETTERS.length - 1) {
      exponent += 1;
      text = '.0';
      amount = 1;
    }
  }
  if (exponent === 0) return { text: `${amount} B`, hasPrefix: false };
  const letter = GNU_LETTERS[exponent]!;
  const unit = base === 1000 ? `${letter}B` : `${letter.toUpperCase()}iB`;
  return { text: `${amount}${text} ${unit}`, hasPrefix: true };
}

const UTIL_LETTERS = 'BKMGTPE';

/** util-linux lib/strutils.c, size_to_human_string() with one letter: `4M`, `124K`, `1.5G`, `0B`. */
export function utilLinuxSize(bytes: number): string {
  let exponent = 0;
  while (exponent < 6 && bytes >= 1024 ** (exponent + 1)) exponent += 1;
  const letter = UTIL_LETTERS[exponent]!;
  const unit = 1024 ** exponent;
  let whole = Math.floor(bytes / unit);
  const rest = bytes % unit;
  if (rest === 0) return `${whole}${letter}`;
  // Two digits after the point, rounded up from the third, then cut to one unless it says more.
  let fraction = Math.floor((rest * 1000) / unit);
  fraction = Math.floor((fraction + 50) / 100) * 10;
  if (fraction === 100) {
    whole += 1;
    fraction = 0;
  }
  if (fraction === 0) return `${whole}${letter}`;
  const digits = String(fraction).padStart(2, '0').replace(/0$/, '');
  return `${whole}.${digits}${letter}`;
}

const XFS_UNITS = [
  [2 ** 60, 'EiB'],
  [2 ** 50, 'PiB'],
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
] as const;

/**
 * xfsprogs io/../libfrog cvtstr(): `64 KiB`, `5 KiB` for 5000. It means to print whole units without decimals, but asks
 * whether the number of *bytes* is whole and fits an int; so decimals show from 2 GiB on, and below 1 KiB always.
 */
export function xfsSize(bytes: number): string {
  for (const [size, unit] of XFS_UNITS) {
    if (bytes < size) continue;
    const value = bytes / size;
    return bytes < 2 ** 31 ? `${roundHalfEven(value)} ${unit}` : `${value.toFixed(3)} ${unit}`;
  }
  return `${bytes.toFixed(6)} bytes`;
}

/** What printf's `%.f` does with a tie. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
