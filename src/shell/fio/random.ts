/**
 * The random numbers of fio 3.33 (lib/rand.c, "taus88" of L'Ecuyer, 1996), so that a job goes to the same places as the
 * real tool's: io_u.c, __get_next_rand_offset(); init.c, setup_random_seeds(). Only the seeds need 64 bits.
 */

import type { Random } from '../../sim/random.ts';

export class Tausworthe {
  private s1: number;
  private s2: number;
  private s3: number;

  constructor(seed: number) {
    const mixed = (x: number): number => (Math.imul(x, 69069) ^ seed) >>> 0;
    // The source writes (2^31) + (2^17) + (2^7) and means powers; in C that is exclusive or: 29 + 19 + 5.
    this.s1 = atLeast(mixed((2 ^ 31) + (2 ^ 17) + (2 ^ 7)), 1);
    this.s2 = atLeast(mixed(this.s1), 7);
    this.s3 = atLeast(mixed(this.s2), 15);
    for (let crank = 0; crank < 6; crank += 1) this.next();
  }

  /** From 0 to 2^32 - 1. */
  next(): number {
    const { s1, s2, s3 } = this;
    this.s1 = (((s1 & 0xfffffffe) << 12) ^ (((s1 << 13) ^ s1) >>> 19)) >>> 0;
    this.s2 = (((s2 & 0xfffffff8) << 4) ^ (((s2 << 2) ^ s2) >>> 25)) >>> 0;
    this.s3 = (((s3 & 0xfffffff0) << 17) ^ (((s3 << 3) ^ s3) >>> 11)) >>> 0;
    return (this.s1 ^ this.s2 ^ this.s3) >>> 0;
  }

  /** From 0 to `bound` - 1, evenly. */
  below(bound: number): number {
    return Math.floor(bound * (this.next() / 2 ** 32));
  }
}

function atLeast(x: number, least: number): number {
  return x < least ? x + least : x;
}

const MIX = 0x9e370001n;
const WORD = (1n << 64n) - 1n;
const BLOCK_SEED = 0xb1899bedn;

/** Which of a job's seeds: fio.h, FIO_RAND_MIX_OFF and FIO_RAND_BLOCK_OFF. */
export const SEED = { mix: 4, block: 6 } as const;

/**
 * The seed of stream `which` of the job with this number (from 1 on, over all jobs). The places follow randseed only when
 * randrepeat is off: 3.33 looks at randrepeat before randseed takes it back.
 */
export function seedOf(
  which: number,
  jobNumber: number,
  { randseed, randrepeat }: { readonly randseed: number | null; readonly randrepeat: boolean },
  machine: Random,
): number {
  if (!randrepeat && randseed === null) return machine.next32();
  if (randrepeat && which === SEED.block) return low32(BLOCK_SEED * BigInt(jobNumber));
  let seed = BigInt.asUintN(64, BigInt(randseed ?? 0x89));
  for (let i = 0; i < 4; i += 1) seed = (seed * MIX) & WORD;
  let found = 0n;
  for (let i = 0; i <= which; i += 1) {
    found = (seed * BigInt(jobNumber) + BigInt(i)) & WORD;
    seed = (seed * MIX) & WORD;
  }
  return low32(found);
}

function low32(value: bigint): number {
  return Number(value & 0xffffffffn);
}

/** Which blocks of a file have had their turn, and the next that has not (lib/axmap.c). */
export class BlockMap {
  private readonly blocks: number;
  /** For a block that had its turn: one at or before the next that had not. */
  private readonly after = new Map<number, number>();

  constructor(blocks: number) {
    this.blocks = blocks;
  }

  get full(): boolean {
    return this.after.size >= this.blocks;
  }

  /** `block` itself if it is free, else the next free one, from the end on to the beginning; -1 when there is none. */
  take(block: number): number {
    if (this.full) return -1;
    let free = this.freeFrom(block);
    if (free >= this.blocks) free = this.freeFrom(0);
    this.after.set(free, free + 1);
    return free;
  }

  private freeFrom(block: number): number {
    let at = block;
    for (let next = this.after.get(at); next !== undefined; next = this.after.get(at)) at = next;
    // Whoever comes this way again is there at once.
    for (let step = block; step !== at; ) {
      const next = this.after.get(step)!;
      this.after.set(step, at);
      step = next;
    }
    return at;
  }
}
