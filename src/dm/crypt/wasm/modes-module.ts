/**
 * What XTS and CBC do around the block cipher, 16 bytes at a time: making tweaks and laying them over the data, and
 * the columns in which CBC goes through many units at once. The cipher itself may be anybody's.
 */

import { Code, moduleOf } from './assembler.ts';

const BLOCK = 16;
/** Chains of tweaks that are made side by side: each link waits for the one before it, four of them do not. */
const ABREAST = 4;
/** Blocks in one turn of a loop; units have 32 of them and more. */
const UNROLLED = 4;

export function modesModule(pages: number): Uint8Array {
  return moduleOf(
    {
      whiten4: whitenCode(ABREAST),
      whiten1: whitenCode(1),
      xor: xorCode(UNROLLED * BLOCK),
      xor16: xorCode(BLOCK),
      first: columnCode(false, true),
      next: columnCode(true, true),
      last: columnCode(true, false),
    },
    pages,
  );
}

/**
 * (data, tweaks, firsts, unitBytes): `units` neighbouring units whose first tweaks stand at `firsts`. Adds each block's
 * tweak to it and leaves it at its place from `tweaks` on.
 */
function whitenCode(units: number): Code {
  const [DATA, TWEAKS, FIRSTS, UNIT] = [0, 1, 2, 3];
  const code = new Code(4);
  const offsets: number[] = [];
  const at: number[] = [];
  const to: number[] = [];
  const tweak = code.vectors(units);
  const end = code.number();
  for (let unit = 0; unit < units; unit += 1) {
    at.push(code.number());
    to.push(code.number());
    offsets.push(unit * BLOCK);
    const before = unit === 0 ? null : unit - 1;
    code.get(before === null ? DATA : at[before]!);
    if (before !== null) code.get(UNIT).op('i32.add');
    code.set(at[unit]!);
    code.get(before === null ? TWEAKS : to[before]!);
    if (before !== null) code.get(UNIT).op('i32.add');
    code.set(to[unit]!);
    code.get(FIRSTS).load(offsets[unit]!).set(tweak[unit]!);
  }
  code.get(DATA).get(UNIT).op('i32.add').set(end);
  code.loop(() => {
    for (let offset = 0; offset < UNROLLED * BLOCK; offset += BLOCK) {
      for (let unit = 0; unit < units; unit += 1) {
        const [from, into, value] = [at[unit]!, to[unit]!, tweak[unit]!];
        code.get(into).get(value).store(offset);
        code.get(from).get(from).load(offset).get(value).op('v128.xor').store(offset);
        times2(code, value);
      }
    }
    for (const address of [...at, ...to]) code.advance(address, UNROLLED * BLOCK);
    code.get(at[0]!).get(end).op('i32.lt_u').branchIf(0);
  });
  return code;
}

/** Lanes 3, 0, 1 and 2 of 32 bits; the second also stands in the third, where it is masked out. */
const CARRY_LANES = [3, 3, 1, 1].flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));
/** Bit 63 goes to bit 64; bit 127 folds back as x^7 + x^2 + x + 1. */
const CARRIES = [0x87, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];

/** The vector in `local` by x in GF(2^128): both halves doubled, and what falls out of each. */
function times2(code: Code, local: number): void {
  code.get(local).get(local).shuffle(CARRY_LANES).constant(31).op('i32x4.shr_s');
  code.bytes(CARRIES).op('v128.and');
  code.get(local).get(local).op('i64x2.add').op('v128.xor').set(local);
}

/** (into, a, b, bytes): into = a + b, `step` bytes at a time. */
function xorCode(step: number): Code {
  const [INTO, A, B, BYTES] = [0, 1, 2, 3];
  const code = new Code(4);
  const end = code.number();
  code.get(INTO).get(BYTES).op('i32.add').set(end);
  code.loop(() => {
    for (let offset = 0; offset < step; offset += BLOCK) {
      code.get(INTO).get(A).load(offset).get(B).load(offset).op('v128.xor').store(offset);
    }
    code.advance(INTO, step).advance(A, step).advance(B, step);
    code.get(INTO).get(end).op('i32.lt_u').branchIf(0);
  });
  return code;
}

/**
 * (data, column, end, unitBytes): a column is one block of each unit, side by side from `column` to `end`. `store`: what
 * the cipher made of it goes to the block before `data`; `chain`: the block at `data` is added to it.
 */
function columnCode(store: boolean, chain: boolean): Code {
  const [DATA, COLUMN, END, UNIT] = [0, 1, 2, 3];
  const code = new Code(4);
  const block = code.vector();
  const before = code.number();
  if (store) code.get(DATA).constant(BLOCK).op('i32.sub').set(before);
  code.loop(() => {
    code.get(COLUMN).load().set(block);
    if (store) {
      code.get(before).get(block).store();
      code.get(before).get(UNIT).op('i32.add').set(before);
    }
    if (chain) {
      code.get(COLUMN).get(DATA).load().get(block).op('v128.xor').store();
      code.get(DATA).get(UNIT).op('i32.add').set(DATA);
    }
    code.advance(COLUMN, BLOCK).get(COLUMN).get(END).op('i32.lt_u').branchIf(0);
  });
  return code;
}
