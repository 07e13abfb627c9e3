/** Who decides in a run: nobody in particular, a die, a list of labels. */

import { Random } from '../random.ts';
import { Names } from './footprint.ts';
import { ExploredRun, goOn, type Policy, type SavedStep } from './run.ts';

/** Each thread runs as long as it can. */
export const inTurn: Policy = {
  pick: (run) => goOn(run),
  choose: () => 0,
};

/** As the seed says. */
export class AtRandom implements Policy {
  private readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  pick(run: ExploredRun): number {
    return this.random.below(run.ready.length);
  }

  choose(_run: ExploredRun, _nth: number, _what: string, alternatives: readonly string[]): number {
    return this.random.below(alternatives.length);
  }
}

/** The steps of a schedule by their ids, then each thread as long as it can. */
export class Prefix implements Policy {
  readonly steps: readonly number[];
  readonly choices: readonly (readonly number[])[];

  /** `steps` by position in run.made; 0 where the run has no say. */
  constructor(steps: readonly number[], choices: readonly (readonly number[])[] = []) {
    this.steps = steps;
    this.choices = choices;
  }

  pick(run: ExploredRun): number {
    const id = this.steps[run.made.length];
    if (id === undefined) return inTurn.pick(run);
    return readyIndex(run, id);
  }

  choose(run: ExploredRun, nth: number): number {
    return this.choices[run.made.length - 1]?.[nth] ?? 0;
  }
}

/** A new run that makes the same steps as `run` has so far. */
export function repeat(run: ExploredRun): ExploredRun {
  const { made, settings } = run;
  const steps = made.map(({ id }) => id);
  const choices = made.map((step) => [...step.choices]);
  return new ExploredRun(new Prefix(steps, choices), { ...settings, labels: false });
}

/** Where the event `id` stands in run.ready. A run that has it not is not the same as the one before. */
export function readyIndex(run: ExploredRun, id: number): number {
  const at = run.ready.findIndex((one) => one.id === id);
  if (at < 0) {
    const there = run.ready.map((one) => run.labelOf(one)).join(', ');
    throw new Error(
      `"run" expected to repeat, got other events at step ${run.made.length}: ${there}`,
    );
  }
  return at;
}

/** A saved schedule does not fit the run: what it wants next is not there. */
export class ScheduleMisfit extends Error {
  constructor(wanted: string, ready: readonly string[]) {
    super(`the schedule expected "${wanted}" to be able to run, got ${ready.join(', ')}`);
    this.name = 'ScheduleMisfit';
  }
}

/**
 * A saved schedule: the labels of the steps where more than one could run, and of choices. Steps it does not know (the
 * code has changed since) run as soon as they can.
 */
export class Replayed implements Policy {
  private readonly saved: readonly SavedStep[];
  private next = 0;

  constructor(saved: readonly SavedStep[]) {
    this.saved = saved;
  }

  get left(): readonly SavedStep[] {
    return this.saved.slice(this.next);
  }

  pick(run: ExploredRun): number {
    if (run.ready.length === 1) return 0;
    if (this.next >= this.saved.length) return inTurn.pick(run);
    const wanted = this.saved[this.next];
    const labels = run.ready.map((one) => run.labelOf(one));
    const at = typeof wanted === 'string' ? labels.indexOf(wanted) : -1;
    if (at >= 0) {
      this.next += 1;
      return at;
    }
    const later = new Set(this.saved.slice(this.next));
    const unknown = labels.findIndex((label) => !later.has(label));
    if (unknown >= 0) return unknown;
    throw new ScheduleMisfit(typeof wanted === 'string' ? wanted : `${wanted?.choose}`, labels);
  }

  choose(_run: ExploredRun, _nth: number, what: string, alternatives: readonly string[]): number {
    const wanted = this.saved[this.next];
    if (typeof wanted !== 'object' || wanted.choose !== what) return 0;
    const at = alternatives.indexOf(wanted.take);
    if (at < 0) throw new ScheduleMisfit(wanted.take, alternatives);
    this.next += 1;
    return at;
  }
}

/** A run under the schedule that `explore` saved with a failing one; throws ScheduleMisfit where that does not fit. */
export function replayOf(
  saved: readonly SavedStep[],
  settings: { readonly seed?: number; readonly powerCut?: boolean } = {},
): ExploredRun {
  return new ExploredRun(new Replayed(saved), { ...settings, names: new Names() });
}
