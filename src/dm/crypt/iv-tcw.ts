/**
 * The tcw generator (drivers/md/dm-crypt.c crypt_iv_tcw_gen(), crypt_iv_tcw_whitening(); old TrueCrypt): the IV is a
 * seed XOR the sector, and eight bytes made from sector and key lie over the whole ciphertext. 512-byte units only.
 */

const CRC32_POLYNOMIAL = 0xedb88320;
export const TCW_WHITENING_BYTES = 16;

/** crc32 of one byte each; the register starts at 0 and is not inverted at the end. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? CRC32_POLYNOMIAL : 0);
  return crc;
});

/** Eight bytes, as two words, that lie over every eight of a unit's ciphertext. */
export interface Whitening {
  even: number;
  odd: number;
}

/**
 * The whitening of the unit whose counter is `low` and `high`, into `out`. `seed`: the words behind the IV seed, four.
 */
export function whiteningOf(seed: Uint32Array, low: number, high: number, out: Whitening): void {
  const w0 = crcOfWord(seed[0]! ^ low);
  const w1 = crcOfWord(seed[1]! ^ high);
  const w2 = crcOfWord(seed[2]! ^ low);
  const w3 = crcOfWord(seed[3]! ^ high);
  out.even = w0 ^ w3;
  out.odd = w1 ^ w2;
}

function crcOfWord(word: number): number {
  let crc = 0;
  for (let shift = 0; shift < 32; shift += 8) {
    crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ (word >>> shift)) & 0xff]!;
  }
  return crc;
}
