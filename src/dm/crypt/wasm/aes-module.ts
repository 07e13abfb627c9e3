/**
 * AES (FIPS 197) over groups of eight blocks, bitsliced: register i holds bit i of all 128 bytes, byte p of it that of
 * byte p of the eight blocks. ShiftRows is never done: the bytes stay where they are and MixColumns looks for its column
 * where ShiftRows would have moved it from (A. Adomnicai, T. Peyrin, "Fixslicing AES-like ciphers", 2020), which saves a
 * third of the permutations; after four rounds everything is in its place again.
 */

import { Code, moduleOf } from './assembler.ts';
import { inverseSubBytes, subBytes } from './sbox.ts';

/** Bytes of the eight blocks that go through together. */
const GROUP_BYTES = 128;
/** Bytes of a round key, bitsliced. */
export const ROUND_KEY_BYTES = 128;
const BITS = 8;

/**
 * `encrypt` and `decrypt`: (at, end, keys, rounds), addresses of whole groups, worked on in place, and of the round keys
 * that `schedule.ts` made.
 */
export function aesModule(pages: number): Uint8Array {
  return moduleOf({ encrypt: encryptCode(), decrypt: decryptCode() }, pages);
}

/** Parameters of both functions. */
const AT = 0;
const FINISH = 1;
const KEYS = 2;
const ROUNDS = 3;

/**
 * Rounds with MixColumns are 9, 11 or 13: a loop over four of them is left behind the first or the third.
 */
function encryptCode(): Code {
  const code = new Code(4);
  const [key, left, last] = [code.number(), code.number(), code.number()];
  const state = code.vectors(BITS);
  lastKeyInto(code, last);
  code.loop(() => {
    loadSliced(code, state);
    addKey(code, state, KEYS, 0);
    code.get(KEYS).constant(ROUND_KEY_BYTES).op('i32.add').set(key);
    code.get(ROUNDS).constant(1).op('i32.sub').set(left);
    code.block(() => {
      code.loop(() => {
        for (const round of [1, 2, 3, 4]) {
          const bits = subBytes(code, state);
          mixColumns(code, bits, round);
          addKey(code, bits, key, (round - 1) * ROUND_KEY_BYTES);
          move(code, bits, state);
          if (round === 1) code.get(left).constant(1).op('i32.sub').set(left);
          if (round === 3) code.get(left).constant(2).op('i32.sub').set(left);
          if (round % 2 === 1) code.get(left).op('i32.eqz').branchIf(1);
        }
        code.get(left).constant(1).op('i32.sub').set(left);
        code.advance(key, 4 * ROUND_KEY_BYTES).branch(0);
      });
    });
    move(code, subBytes(code, state), state);
    addKey(code, state, last, 0);
    moveRows(code, state);
    storeSliced(code, state);
    code.advance(AT, GROUP_BYTES).get(AT).get(FINISH).op('i32.lt_u').branchIf(0);
  });
  return code;
}

function decryptCode(): Code {
  const code = new Code(4);
  const [key, left, last, inside] = [code.number(), code.number(), code.number(), code.number()];
  const state = code.vectors(BITS);
  lastKeyInto(code, last);
  /** Takes back round `number` (modulo 4), but for its S-box what stands before. */
  const round = (number: number): void => {
    addKey(code, state, key, 0);
    doubleMix(code, state, number);
    mixColumns(code, state, number);
    move(code, inverseSubBytes(code, state), state);
    code.get(key).constant(ROUND_KEY_BYTES).op('i32.sub').set(key);
    code.get(left).constant(1).op('i32.sub').set(left);
  };
  code.loop(() => {
    loadSliced(code, state);
    moveRows(code, state);
    addKey(code, state, last, 0);
    move(code, inverseSubBytes(code, state), state);
    code.get(last).constant(ROUND_KEY_BYTES).op('i32.sub').set(key);
    code.get(ROUNDS).constant(1).op('i32.sub').set(left);
    // The loop is entered before the third round of four when there are 11 to take back, else before the first.
    code.get(ROUNDS).constant(12).op('i32.ne').op('i32.eqz').set(inside);
    code.block(() => {
      code.loop(() => {
        code.get(inside).when(() => {
          round(3);
          round(2);
        });
        code.constant(1).set(inside);
        round(1);
        code.get(left).op('i32.eqz').branchIf(1);
        round(4);
        code.branch(0);
      });
    });
    addKey(code, state, KEYS, 0);
    storeSliced(code, state);
    code.advance(AT, GROUP_BYTES).get(AT).get(FINISH).op('i32.lt_u').branchIf(0);
  });
  return code;
}

/** `last` = the address of the last round key. */
function lastKeyInto(code: Code, last: number): void {
  code.get(ROUNDS).constant(7).op('i32.shl').get(KEYS).op('i32.add').set(last);
}

/** For every byte, the place of the byte `rows` further down the column that it is in after `round` ShiftRows. */
function columnMask(rows: number, round: number): number[] {
  return Array.from(
    { length: 16 },
    (_, place) => 4 * (((place >> 2) + round * rows) & 3) + ((place + rows) & 3),
  );
}

/** Bits that change when a product by x is reduced: x^8 = x^4 + x^3 + x + 1. */
const FOLDED = [0, 1, 3, 4];

/**
 * MixColumns of `round` in place. A byte a of a column a b c d becomes 2a + 3b + c + d = 2(a + b) + b + (c + d), and c + d
 * is the a + b of two rows on.
 */
function mixColumns(code: Code, bits: readonly number[], round: number): void {
  const next = code.vector();
  const sums = bits.map((bit) => {
    const sum = code.vector();
    code.get(bit).bytes(columnMask(1, round)).op('i8x16.swizzle').set(next);
    code.get(bit).get(next).op('v128.xor').set(sum);
    code.get(sum).bytes(columnMask(2, round)).op('i8x16.swizzle');
    code.get(next).op('v128.xor').set(bit);
    return sum;
  });
  const highest = sums[BITS - 1]!;
  for (const [i, bit] of bits.entries()) {
    code.get(bit);
    if (i > 0) code.get(sums[i - 1]!).op('v128.xor');
    if (FOLDED.includes(i)) code.get(highest).op('v128.xor');
    code.set(bit);
  }
  code.release(next, ...sums);
}

/** a becomes a + 4(a + c): with MixColumns behind it, that is the inverse of MixColumns. */
function doubleMix(code: Code, bits: readonly number[], round: number): void {
  const sums = bits.map((bit) => {
    const sum = code.vector();
    code.get(bit).bytes(columnMask(2, round)).op('i8x16.swizzle');
    code.get(bit).op('v128.xor').set(sum);
    return sum;
  });
  const add = (bit: number, sum: number): void => {
    code.get(bits[bit]!).get(sums[sum]!).op('v128.xor').set(bits[bit]!);
  };
  for (let i = 2; i < BITS; i += 1) add(i, i - 2);
  for (const folded of FOLDED) {
    add(folded, BITS - 2);
    add(folded + 1, BITS - 1);
  }
  code.release(...sums);
}

/** ShiftRows as often as there were rounds: 10 and 14 are twice, 12 is not at all. */
function moveRows(code: Code, bits: readonly number[]): void {
  const mask = Array.from({ length: 16 }, (_, p) => 4 * (((p >> 2) + 2 * (p & 3)) & 3) + (p & 3));
  code.get(ROUNDS).constant(12).op('i32.ne');
  code.when(() => {
    for (const bit of bits) code.get(bit).bytes(mask).op('i8x16.swizzle').set(bit);
  });
}

function addKey(code: Code, bits: readonly number[], key: number, offset: number): void {
  for (const [i, bit] of bits.entries()) {
    code
      .get(key)
      .load(offset + 16 * i)
      .get(bit)
      .op('v128.xor')
      .set(bit);
  }
}

/** `to` = `from`, whose locals are not needed any more. */
function move(code: Code, from: readonly number[], to: readonly number[]): void {
  for (const [i, local] of from.entries()) code.get(local).set(to[i]!);
  code.release(...from);
}

function loadSliced(code: Code, bits: readonly number[]): void {
  for (const [i, bit] of bits.entries())
    code
      .get(AT)
      .load(16 * i)
      .set(bit);
  slice(code, bits);
}

function storeSliced(code: Code, bits: readonly number[]): void {
  slice(code, bits);
  for (const [i, bit] of bits.entries())
    code
      .get(AT)
      .get(bit)
      .store(16 * i);
}

/** Eight registers by eight bits, turned over: register i to bit i, and the same again back. */
function slice(code: Code, registers: readonly number[]): void {
  const moved = code.vector();
  for (const [places, mask] of [
    [1, 0x55],
    [2, 0x33],
    [4, 0x0f],
  ] as const) {
    for (let i = 0; i < BITS; i += 1) {
      if ((i & places) !== 0) continue;
      const [low, high] = [registers[i]!, registers[i + places]!];
      code.get(low).constant(places).op('i64x2.shr_u').get(high).op('v128.xor');
      code.bytes(Array(16).fill(mask)).op('v128.and').set(moved);
      code.get(high).get(moved).op('v128.xor').set(high);
      code.get(low).get(moved).constant(places).op('i64x2.shl').op('v128.xor').set(low);
    }
  }
  code.release(moved);
}
