/**
 * CRC-32 in its reflected form (lib/crc32.c, crc32_le()): polynomial 0xedb88320, four bytes a step. The kernel's function
 * neither presets nor inverts; callers bring the seed and take the value as it is.
 */

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

/** The CRC of `bytes` from `from` up to `to`, going on from `seed`; an unsigned 32-bit number. */
export function crc32(seed: number, bytes: Uint8Array, from = 0, to = bytes.length): number {
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
