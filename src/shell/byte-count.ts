/** Sizes as util-linux takes them (lib/strutils.c, strtosize()): `64K`, `1MiB`, `1MB`, `0x1000`. */

/** The number of bytes; null when it is none. */
export function byteCount(text: string): number | null {
  const match = /^(0[xX][0-9a-fA-F]+|\d+)(?:([kKmMgGtTpPeE])(iB|B)?)?$/.exec(text);
  if (match === null) return null;
  const [, digits, letter, unit] = match;
  if (letter === undefined) return Number(digits);
  const exponent = 'KMGTPE'.indexOf(letter.toUpperCase()) + 1;
  return Number(digits) * (unit === 'B' ? 1000 : 1024) ** exponent;
}
