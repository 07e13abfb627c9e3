/**
 * The hash inside adiantum (crypto/nhpoly1305.c, lib/crypto/poly1305*.c): NH shrinks each 1024 bytes to 32, Poly1305
 * hashes those. Both without their final secret addend: what comes out is a polynomial's value modulo 2^128.
 */

/** Bytes one NH hash covers. */
const NH_MESSAGE_BYTES = 1024;
const NH_PASSES = 4;
/** Words of an NH key: those of a message, and four more for each further pass. */
export const NH_KEY_WORDS = NH_MESSAGE_BYTES / 4 + 4 * (NH_PASSES - 1);

const TWO_16 = 0x1_0000;
const TWO_32 = 0x1_0000_0000;

const LIMBS = 10;
const LIMB_BITS = 13;
const LIMB = 2 ** LIMB_BITS;

/** Poly1305 over whole 16-byte blocks; limbs of 13 bits keep every sum exact in a number. */
export class Poly1305Core {
  private readonly r = new Float64Array(LIMBS);
  private h = new Float64Array(LIMBS);
  private next = new Float64Array(LIMBS);

  /** `key`: four words; clamped here. */
  constructor(key: Uint32Array) {
    const clamped = Uint32Array.of(
      key[0]! & 0x0fffffff,
      key[1]! & 0x0ffffffc,
      key[2]! & 0x0ffffffc,
      key[3]! & 0x0ffffffc,
    );
    for (let i = 0; i < LIMBS; i += 1) this.r[i] = limb(clamped, 0, i);
  }

  reset(): void {
    this.h.fill(0);
  }

  /** Takes in the four words of `words` from `at` on. */
  block(words: Uint32Array, at: number): void {
    const { r, h, next } = this;
    for (let i = 0; i < LIMBS; i += 1) h[i] = h[i]! + limb(words, at, i);
    h[LIMBS - 1] = h[LIMBS - 1]! + 2 ** (128 - LIMB_BITS * (LIMBS - 1));
    let carry = 0;
    for (let i = 0; i < LIMBS; i += 1) {
      let sum = carry;
      for (let j = 0; j <= i; j += 1) sum += h[j]! * r[i - j]!;
      // 2^130 = 5.
      for (let j = i + 1; j < LIMBS; j += 1) sum += h[j]! * 5 * r[LIMBS + i - j]!;
      carry = Math.floor(sum / LIMB);
      next[i] = sum - carry * LIMB;
    }
    next[0] = next[0]! + carry * 5;
    this.next = h;
    this.h = next;
  }

  /** Adds the value modulo 2^128 to the four words of `sum` from `at` on. */
  addTo(sum: Uint32Array, at: number): void {
    const { h } = this;
    // Twice: the first carry out of the top may carry again.
    for (let round = 0; round < 2; round += 1) {
      let carry = 0;
      for (let i = 0; i < LIMBS; i += 1) {
        const value = h[i]! + carry;
        carry = Math.floor(value / LIMB);
        h[i] = value - carry * LIMB;
      }
      h[0] = h[0]! + carry * 5;
    }
    // At least 2^130 - 5: take it off by adding 5 and dropping bit 130.
    let over = 5;
    for (let i = 0; i < LIMBS; i += 1) over = Math.floor((h[i]! + over) / LIMB);
    let carry = over * 5;
    for (let word = 0; word < 4; word += 1) {
      carry += sum[at + word]! + wordFrom(h, word * 32);
      sum[at + word] = carry % TWO_32;
      carry = Math.floor(carry / TWO_32);
    }
  }
}

/** Bits 13*i to 13*i+12 of the 128-bit number in the four words from `at` on. */
function limb(words: Uint32Array, at: number, i: number): number {
  const bit = i * LIMB_BITS;
  const word = bit >>> 5;
  const shift = bit & 31;
  let value = words[at + word]! >>> shift;
  if (shift > 32 - LIMB_BITS && word < 3) value |= words[at + word + 1]! << (32 - shift);
  return value & (LIMB - 1);
}

/** 32 bits of the number in the limbs, from `bit` on. */
function wordFrom(limbs: Float64Array, bit: number): number {
  let value = 0;
  for (let i = Math.floor(bit / LIMB_BITS); i < LIMBS && i * LIMB_BITS < bit + 32; i += 1) {
    const shift = i * LIMB_BITS - bit;
    value += shift >= 0 ? limbs[i]! * 2 ** shift : Math.floor(limbs[i]! / 2 ** -shift);
  }
  return value % TWO_32;
}

/** NH with its key; the 32 bytes it made last stand in `out`. */
export class NhHash {
  readonly out = new Uint32Array(NH_PASSES * 2);
  private readonly key: Uint32Array;

  /** `key`: NH_KEY_WORDS words. */
  constructor(key: Uint32Array) {
    this.key = key.slice();
  }

  /** Hashes `data` from word `at` to `end`: at most 1024 bytes, whole 16-byte units. */
  hash(data: Uint32Array, at: number, end: number): void {
    const { key, out } = this;
    for (let pass = 0; pass < NH_PASSES; pass += 1) {
      let low = 0;
      let high = 0;
      let k = pass * 4;
      for (let i = at; i < end; i += 4, k += 4) {
        // Words 0 and 2 of a unit are a pair, and 1 and 3.
        for (let pair = 0; pair < 2; pair += 1) {
          const a = (data[i + pair]! + key[k + pair]!) >>> 0;
          const b = (data[i + pair + 2]! + key[k + pair + 2]!) >>> 0;
          const aHigh = a >>> 16;
          const bHigh = b >>> 16;
          const aLow = a & 0xffff;
          const bLow = b & 0xffff;
          const middle = aLow * bHigh + aHigh * bLow;
          low += aLow * bLow + (middle % TWO_16) * TWO_16;
          high += aHigh * bHigh + Math.floor(middle / TWO_16);
        }
      }
      out[pass * 2] = low % TWO_32;
      out[pass * 2 + 1] = (high + Math.floor(low / TWO_32)) % TWO_32;
    }
  }
}

/** Adds NHPoly1305 of `data`, from word `at` to `end` (whole 16-byte units), to the four words of `sum`. */
export function addNhPoly1305(
  nh: NhHash,
  poly: Poly1305Core,
  data: Uint32Array,
  at: number,
  end: number,
  sum: Uint32Array,
): void {
  poly.reset();
  for (let from = at; from < end; from += NH_MESSAGE_BYTES / 4) {
    nh.hash(data, from, Math.min(from + NH_MESSAGE_BYTES / 4, end));
    poly.block(nh.out, 0);
    poly.block(nh.out, 4);
  }
  poly.addTo(sum, 0);
}
