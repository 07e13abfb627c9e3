/**
 * Which steps of a run came before which of necessity, and where two that depend on each other could have come the other
 * way round (dynamic partial-order reduction with source sets: Abdulla, Aronis, Jonsson, Sagonas, POPL 2014; here every
 * event runs once, enabled from the step that posted it).
 */

import type { Made } from './run.ts';

/** The step `at` might have come after step `by`: then one of `first` had run in its place. */
export interface Race {
  readonly at: number;
  readonly by: number;
  /** Ids of events that can begin an order with `by` before `at`; the one of `by` itself first if it can. */
  readonly first: readonly number[];
}

/** Sets of steps that happened before each step, as bits. */
export class Before {
  private readonly words: number;
  private readonly bits: Uint32Array;

  constructor(steps: number) {
    this.words = (steps + 31) >> 5;
    this.bits = new Uint32Array(this.words * steps);
  }

  has(step: number, earlier: number): boolean {
    return (this.bits[step * this.words + (earlier >> 5)]! & (1 << (earlier & 31))) !== 0;
  }

  /** `earlier` and all before it came before `step`. */
  add(step: number, earlier: number): void {
    const to = step * this.words;
    const from = earlier * this.words;
    for (let i = 0; i < this.words; i += 1) this.bits[to + i]! |= this.bits[from + i]!;
    this.bits[to + (earlier >> 5)]! |= 1 << (earlier & 31);
  }
}

/** All races of `made` whose later step is step `from` or comes after it. */
export function findRaces(made: readonly Made[], from: number): Race[] {
  const before = new Before(made.length);
  const races: Race[] = [];
  const found: number[] = [];
  for (let by = 0; by < made.length; by += 1) {
    const step = made[by]!;
    if (step.parent >= 0) before.add(by, step.parent);
    found.length = 0;
    // From the latest back: what one of them came after is no race with this step of its own.
    for (let at = by - 1; at >= 0; at -= 1) {
      if (before.has(by, at) || !made[at]!.footprint.conflicts(step.footprint)) continue;
      before.add(by, at);
      if (!step.forced && !made[at]!.forced) found.push(at);
    }
    if (by < from) continue;
    for (const at of found) races.push({ at, by, first: initials(made, before, at, by) });
  }
  return races;
}

/** Events without a predecessor among those after `at` that did not come after it of necessity, and `by`. */
function initials(made: readonly Made[], before: Before, at: number, by: number): number[] {
  const rest: number[] = [];
  const out: number[] = [];
  for (let step = at + 1; step <= by; step += 1) {
    if (step !== by && before.has(step, at)) continue;
    const led = rest.some((earlier) => before.has(step, earlier));
    rest.push(step);
    if (led) continue;
    if (step === by) out.unshift(made[step]!.id);
    else out.push(made[step]!.id);
  }
  return out;
}
