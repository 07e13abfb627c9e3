/**
 * The lmk generator (drivers/md/dm-crypt.c crypt_iv_lmk_one(), crypt_iv_lmk_post(); loop-AES): the IV is an MD5 state,
 * without padding, over the unit's plaintext behind its first 16 bytes and its sector. So encrypting needs the
 * plaintext first, and decrypting ends with taking the IV off the first block. 512-byte units only.
 */

import { _MD5 } from '@noble/hashes/legacy.js';

const BLOCK_BYTES = 64;
const IV_BYTES = 16;
const UNIT_BYTES = 512;
/** "version number": loop-AES's own constant behind the sector. */
const LOOP_AES_TAIL = 4024;
/** Of the sector 56 bits reach the hash; the last byte is a mark. */
const HIGH_BITS = 0x00ff_ffff;
const HIGH_MARK = 0x8000_0000;
const MD5_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476] as const;

/** MD5's compression function alone. */
class Md5State extends _MD5 {
  begin(): void {
    this.set(...MD5_START);
  }

  block(view: DataView, at: number): void {
    this.process(view, at);
  }

  words(): readonly number[] {
    return this.get();
  }
}

export class LmkHash {
  private readonly md5 = new Md5State();
  private readonly seed: DataView | null;
  /** The last block: the unit's last 48 bytes, the sector and the tail. */
  private readonly last = new Uint8Array(BLOCK_BYTES);
  private readonly lastView = new DataView(this.last.buffer);

  /** `seed`: 16 bytes of version 3; empty for version 2. */
  constructor(seed: Uint8Array) {
    const block = new Uint8Array(BLOCK_BYTES);
    block.set(seed.subarray(0, IV_BYTES));
    this.seed = seed.length === 0 ? null : new DataView(block.buffer);
  }

  /** `ivs` holds the counter of each unit in `plain`, low word first; its IV takes their place. */
  ivs(plain: Uint8Array, ivs: Uint32Array): void {
    const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
    const { md5, last, lastView } = this;
    for (let at = 0, iv = 0; at < plain.length; at += UNIT_BYTES, iv += IV_BYTES / 4) {
      md5.begin();
      if (this.seed !== null) md5.block(this.seed, 0);
      const end = at + UNIT_BYTES;
      let block = at + IV_BYTES;
      for (; block + BLOCK_BYTES <= end; block += BLOCK_BYTES) md5.block(view, block);
      for (let i = block; i < end; i += 1) last[i - block] = plain[i]!;
      lastView.setUint32(48, ivs[iv]!, true);
      lastView.setUint32(52, (ivs[iv + 1]! & HIGH_BITS) | HIGH_MARK, true);
      lastView.setUint32(56, LOOP_AES_TAIL, true);
      lastView.setUint32(60, 0, true);
      md5.block(lastView, 0);
      const words = md5.words();
      for (let i = 0; i < 4; i += 1) ivs[iv + i] = words[i]!;
    }
  }
}
