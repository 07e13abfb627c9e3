/** CRC-32 in its reflected form (lib/crc32.c): polynomial 0xedb88320, four bytes a step. */

const POLYNOMIAL = 0xedb88320;

/** Four tables of 256: table k advances a byte over k more bytes of zeroes. */
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(4 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) {
      value = (value & 1) === 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    }
    tables[byte] = value;
  }
  for (let at = 256; at < tables.length; at += 1) {
    const before = tables[at - 256]!;
    tables[at] = (before >>> 8) ^ tables[before & 0xff]!;
  }
  return tables;
}

/** The checksum zlib and most of the world mean by CRC-32: preset with ones and inverted at the end. */
export function crc32(bytes: Uint8Array): number {
  return ~crc32Le(0xffffffff, bytes) >>> 0;
}

/**
 * The kernel's crc32_le(): neither preset nor inverted, so it can go on from a `seed` that is an earlier result. Of
 * `bytes` from `from` up to `to`; an unsigned 32-bit number.
 */
export function crc32Le(
  seed: number,
  bytes: Uint8Array,
  from = 0,
  to: number = bytes.length,
): number {
  const t = TABLES;
  let crc = seed;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    crc =
      t[768 + (crc & 0xff)]! ^
      t[512 + ((crc >>> 8) & 0xff)]! ^
      t[256 + ((crc >>> 16) & 0xff)]! ^
      t[crc >>> 24]!;
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!;
  return crc >>> 0;
}
