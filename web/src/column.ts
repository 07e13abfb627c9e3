/** One column of the page: a setup, its run, and what is made of it only when somebody looks. */

import { type Moment, momentsOf } from './model/moments.ts';
import { type Plan, type Run, readBackOf, runPlan, sayError } from './model/run.ts';
import {
  commandsOf,
  disksOf,
  formatsWith,
  kernelOf,
  type Setup,
  tellingStep,
} from './model/setup.ts';
import { type Chain, chainsOf, type StepReadback } from './package.ts';

export class Column {
  /** What the playground made it of; null for the run of a lesson. */
  readonly setup: Setup | null;
  readonly run: Run | null;
  /** Why there is no run: a patch that does not apply, a disk that cannot be. */
  readonly error: string | null;
  readonly moments: readonly Moment[];
  private readonly tellingStep: number;
  private readonly readBacks = new Map<number, StepReadback>();
  private chains: readonly Chain[] | null = null;

  /** `tellingStep`: where its story is best seen. */
  constructor(plan: () => Plan, tellingStep: number, every: boolean, setup: Setup | null = null) {
    this.setup = setup;
    this.tellingStep = tellingStep;
    let run: Run | null = null;
    let error: string | null = null;
    try {
      run = runPlan(plan());
    } catch (thrown) {
      error = sayError(thrown);
    }
    this.run = run;
    this.error = error;
    this.moments = run === null ? [] : momentsOf(run, every);
  }

  static of(setup: Setup, every: boolean): Column {
    return new Column(() => planOf(setup), tellingStep(setup), every, setup);
  }

  /** Place of a step's last moment. */
  endOf(step: number): number {
    return this.moments.findLastIndex((moment) => moment.step === step);
  }

  /** The place nearest to a record of a step. */
  placeOf(step: number, record: number): number {
    const after = this.moments.findIndex(
      (moment) => moment.step > step || (moment.step === step && moment.record >= record),
    );
    return after < 0 ? this.moments.length - 1 : after;
  }

  get telling(): number {
    const steps = this.run?.steps.length ?? 0;
    return Math.max(this.endOf(Math.min(this.tellingStep, steps - 1)), 0);
  }

  /** What step `index` wrote, read again on a machine of its own; null when it wrote no data. */
  readBack(index: number): StepReadback | null {
    const { run } = this;
    if (run === null || run.steps[index]?.path === 'none') return null;
    let found = this.readBacks.get(index);
    if (found === undefined) {
      found = readBackOf(run.plan, index);
      this.readBacks.set(index, found);
    }
    return found;
  }

  why(): readonly Chain[] {
    const { run } = this;
    if (run === null) return [];
    this.chains ??= chainsOf(run, ({ index }) => this.readBack(index)!);
    return this.chains;
  }
}

function planOf(setup: Setup): Plan {
  // A patch that does not apply is told before anything runs.
  kernelOf(setup);
  return {
    kernel: formatsWith(setup),
    disks: disksOf(setup.use),
    seed: setup.seed,
    commands: commandsOf(setup),
    needsMount: setup.commands === null,
  };
}
