/**
 * CRC-32C (Castagnoli), the checksum of data, tree blocks and superblocks by default (lib/crc32c, btrfs_csum_data()):
 * reflected polynomial 0x82F63B78, all ones before and inverted after. Sliced by eight: eight bytes per step. The same
 * in every era; only who computes it (a driver, a library) changed.
 */

const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

/** SLICES tables of 256 words, one after another. */
const TABLES = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let word = byte;
    for (let bit = 0; bit < 8; bit += 1) word = (word >>> 1) ^ (word & 1 ? POLYNOMIAL : 0);
    tables[byte] = word;
  }
  for (let at = 256; at < SLICES * 256; at += 1) {
    const before = tables[at - 256]!;
    tables[at] = (before >>> 8) ^ tables[before & 0xff]!;
  }
  return tables;
}

/** The bare register after `bytes[from..to)`, without the inversions: what directory name hashes use. */
export function crc32cRegister(
  register: number,
  bytes: Uint8Array,
  from = 0,
  to = bytes.length,
): number {
  const t = TABLES;
  let crc = register >>> 0;
  let at = from;
  for (const end = to - 7; at < end; at += 8) {
    const low =
      crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      t[0x700 + (low & 0xff)]! ^
      t[0x600 + ((low >>> 8) & 0xff)]! ^
      t[0x500 + ((low >>> 16) & 0xff)]! ^
      t[0x400 + (low >>> 24)]! ^
      t[0x300 + bytes[at + 4]!]! ^
      t[0x200 + bytes[at + 5]!]! ^
      t[0x100 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ t[(crc ^ bytes[at]!) & 0xff]!;
  return crc >>> 0;
}

/** CRC-32C of `bytes[from..to)`: 4096 zero bytes give 0x98f94189. */
export function crc32c(bytes: Uint8Array, from = 0, to = bytes.length): number {
  return ~crc32cRegister(0xffffffff, bytes, from, to) >>> 0;
}
