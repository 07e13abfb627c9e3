/**
 * The one door for every choice that a real machine leaves to chance: which task runs next, in which order
 * completions come, what a random IV is. First-come, seeded and replayed schedules are implementations of one interface.
 */

import { Random } from './random.ts';

export interface Schedule {
  /** Picks one of `alternatives` (each a label that survives code changes); returns its index. */
  choose(what: string, alternatives: readonly string[]): number;
  /** Random bytes a machine would draw (UUIDs, random IVs). */
  readonly random: Random;
}

/**
 * The alternatives of a place where the running task may be preempted. Whoever explores orders of steps takes the
 * second: the task's next turn is then one event among others.
 */
export const PREEMPTION: readonly string[] = ['at-once', 'after-others'];

/** Always the first alternative: what a machine with one CPU and no luck does. */
export class FirstCome implements Schedule {
  readonly random: Random;

  constructor(seed = 0) {
    this.random = new Random(seed);
  }

  choose(): number {
    return 0;
  }
}

/** Picks by a seed: same seed, same machine, same choices. */
export class Seeded implements Schedule {
  readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  choose(_what: string, alternatives: readonly string[]): number {
    return alternatives.length < 2 ? 0 : this.random.below(alternatives.length);
  }
}
