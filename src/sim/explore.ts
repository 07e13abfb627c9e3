/**
 * Every order of steps that can matter: runs a program again and again from its beginning, each time under another
 * schedule, until none is left whose outcome could differ. Orders that only swap steps without anything in common are
 * run once (source sets and sleep sets over the footprints that steps record).
 *
 * A program is a function that runs under the schedule it is given: it hands its loop over (`run.begin`), and everything
 * it does follows from the order of events. It must do the same in the same order, each time.
 */

import { Footprint, Names } from './explore/footprint.ts';
import { AtRandom, Prefix, readyIndex } from './explore/policies.ts';
import { findRaces } from './explore/races.ts';
import {
  ExploredRun,
  goOn,
  type Made,
  type Policy,
  Pruned,
  type RunSettings,
  type SavedStep,
} from './explore/run.ts';
import { fewestSwitches, switchesOf } from './explore/shortest.ts';

/** What one run came to. */
export interface Outcome {
  /** The same text for runs that came to the same. */
  readonly summary: string;
  /** Did a law not hold? */
  readonly failing: boolean;
}

export type Program<O extends Outcome = Outcome> = (run: ExploredRun) => O;

export interface ExploreOptions {
  /** Runs to make at most, given up ones included; 10,000 unless given. */
  readonly max?: number;
  /** All orders, also those that cannot differ: to check the reduction with. */
  readonly full?: boolean;
  /** So many runs with random schedules instead. */
  readonly random?: { readonly seed: number; readonly runs: number };
  /** The power may be cut before any step. */
  readonly powerCut?: boolean;
  /** Of what a machine draws; the same in every run. */
  readonly seed?: number;
  /** Runs to spend on a failing schedule with fewer switches; 400 unless given. */
  readonly maxShorter?: number;
  /** Called now and then. */
  readonly progress?: (schedules: number, pruned: number) => void;
}

export interface OutcomeCount<O extends Outcome> {
  readonly outcome: O;
  readonly schedules: number;
}

export interface FailingSchedule<O extends Outcome> {
  readonly outcome: O;
  /** How often a thread that could have gone on had to wait for another. */
  readonly switches: number;
  /** Is there none with fewer? False when the search was given up before. */
  readonly fewest: boolean;
  readonly steps: readonly Made[];
  /** What the steps' footprints name. */
  readonly names: Names;
  readonly threads: readonly string[];
  readonly saved: readonly SavedStep[];
}

export interface Explored<O extends Outcome> {
  /** Runs to the end. */
  readonly schedules: number;
  /** Runs given up because only what is known could follow. */
  readonly pruned: number;
  /** Was every order run that can matter? */
  readonly complete: boolean;
  /** Steps of the longest run. */
  readonly longest: number;
  /** In order of first appearance. */
  readonly outcomes: readonly OutcomeCount<O>[];
  readonly failing: number;
  readonly shortest: FailingSchedule<O> | null;
}

/** Runs `program` under all schedules that can matter. What it throws is thrown on. */
export function explore<O extends Outcome>(
  program: Program<O>,
  options: ExploreOptions = {},
): Explored<O> {
  return new Exploration(program, options).explored();
}

/** One place in the tree of schedules: before step `depth` of the run that is made. */
interface Node {
  readonly ready: readonly number[];
  readonly forced: boolean;
  /** Events that need not run here: what begins with them was run already. */
  readonly asleep: Map<number, Footprint>;
  /** Events to run here, run ones included. */
  readonly wanted: Set<number>;
  /** Those that were. */
  readonly spent: Set<number>;
  current: number;
  choices: number[];
  footprint: Footprint;
}

class Exploration<O extends Outcome> implements Policy {
  private readonly program: Program<O>;
  private readonly options: ExploreOptions;
  private readonly names = new Names();
  private readonly nodes: Node[] = [];
  private readonly outcomes = new Map<string, { outcome: O; schedules: number }>();
  private schedules = 0;
  private pruned = 0;
  private longest = 0;
  private failing = 0;
  /** Ids of the steps of the failing run with the fewest switches so far. */
  private best: { made: readonly Made[]; switches: number } | null = null;
  /** What sleeps before the step to be picked, behind the nodes there are. */
  private asleep: Map<number, Footprint> = new Map();

  constructor(program: Program<O>, options: ExploreOptions) {
    this.program = program;
    this.options = options;
  }

  explored(): Explored<O> {
    const { random, max = 10_000 } = this.options;
    let complete = false;
    if (random !== undefined) {
      for (let i = 0; i < random.runs; i += 1) this.one(new AtRandom(random.seed + i));
    } else {
      do {
        if (this.schedules + this.pruned >= max) break;
        this.one(this);
        complete = !this.advance();
      } while (!complete);
    }
    const { schedules, pruned, longest, failing } = this;
    const outcomes = [...this.outcomes.values()];
    return { schedules, pruned, complete, longest, outcomes, failing, shortest: this.shortest() };
  }

  private settings(): RunSettings {
    const { powerCut = false, seed = 0 } = this.options;
    return { names: this.names, powerCut, seed };
  }

  private one(policy: Policy): void {
    const run = new ExploredRun(policy, this.settings());
    const known = this.nodes.length;
    this.asleep = new Map();
    let outcome: O | null = null;
    try {
      outcome = this.program(run);
    } catch (error) {
      if (!(error instanceof Pruned)) throw error;
    }
    if (policy === this) this.learn(run, known);
    this.longest = Math.max(this.longest, run.made.length);
    if (outcome === null) this.pruned += 1;
    else this.count(outcome, run);
    if ((this.schedules + this.pruned) % 64 === 0) {
      this.options.progress?.(this.schedules, this.pruned);
    }
  }

  private count(outcome: O, run: ExploredRun): void {
    this.schedules += 1;
    const known = this.outcomes.get(outcome.summary);
    if (known === undefined) this.outcomes.set(outcome.summary, { outcome, schedules: 1 });
    else known.schedules += 1;
    if (!outcome.failing) return;
    this.failing += 1;
    const switches = switchesOf(run.made);
    if (this.best === null || switches < this.best.switches) {
      this.best = { made: run.made, switches };
    }
  }

  /** Policy: what the nodes say, then whatever is not asleep. */
  pick(run: ExploredRun): number {
    const depth = run.made.length;
    const node = this.nodes[depth];
    if (node !== undefined) return readyIndex(run, node.current);
    const { last } = run;
    const above = this.nodes[depth - 1];
    // A phase's beginning and steps of this run have no node yet.
    if (above !== undefined && above.current === last?.id) this.asleep = new Map(above.asleep);
    this.wake(last!.footprint);
    const at = goOn(run, (id) => this.asleep.has(id));
    if (at < 0) throw new Pruned('only what is known follows');
    return at;
  }

  choose(run: ExploredRun, nth: number): number {
    return this.nodes[run.made.length - 1]?.choices[nth] ?? 0;
  }

  /** Whoever depends on what has just run is no longer asleep. */
  private wake(footprint: Footprint): void {
    for (const [id, own] of this.asleep) if (own.conflicts(footprint)) this.asleep.delete(id);
  }

  /** Makes nodes for the steps that were new, and says where other orders are to be run. */
  private learn(run: ExploredRun, known: number): void {
    const { made } = run;
    let above = this.nodes[known - 1];
    if (above !== undefined) {
      const step = made[known - 1]!;
      above.footprint = above.footprint.join(step.footprint);
      above.choices = [...step.choices];
    }
    for (let depth = known; depth < made.length; depth += 1) {
      const step = made[depth]!;
      const asleep = new Map<number, Footprint>();
      const before = made[depth - 1]?.footprint;
      for (const [id, own] of above?.asleep ?? []) {
        if (before !== undefined && !own.conflicts(before)) asleep.set(id, own);
      }
      const wanted = this.options.full === true ? step.ready : [step.id];
      above = {
        ready: step.ready,
        forced: step.forced,
        asleep,
        wanted: new Set(wanted),
        spent: new Set(),
        current: step.id,
        choices: [...step.choices],
        footprint: step.footprint,
      };
      this.nodes.push(above);
    }
    this.alternatives = made.map((step) => step.alternatives);
    if (this.options.full === true) return;
    for (const { at, first } of findRaces(made, Math.max(known - 1, 0))) {
      const node = this.nodes[at]!;
      if (first.some((id) => node.wanted.has(id) || node.asleep.has(id))) continue;
      const id = first.find((one) => node.ready.includes(one));
      if (id === undefined) throw new Error('"race" expected an event that can run, got none');
      node.wanted.add(id);
    }
  }

  private alternatives: readonly (readonly number[])[] = [];

  /** Goes on to the next schedule; false when there is none. */
  private advance(): boolean {
    for (let depth = this.nodes.length - 1; depth >= 0; depth -= 1) {
      const node = this.nodes[depth]!;
      this.nodes.length = depth + 1;
      const choices = following(node.choices, this.alternatives[depth] ?? []);
      if (choices !== null) {
        node.choices = choices;
        return true;
      }
      node.spent.add(node.current);
      if (this.options.full !== true) node.asleep.set(node.current, node.footprint);
      for (const id of node.wanted) {
        if (node.spent.has(id) || node.asleep.has(id)) continue;
        node.current = id;
        node.choices = [];
        node.footprint = new Footprint();
        return true;
      }
    }
    return false;
  }

  private shortest(): FailingSchedule<O> | null {
    if (this.best === null) return null;
    const { program, best } = this;
    const found = fewestSwitches(
      program,
      this.settings(),
      best.switches,
      this.options.maxShorter ?? 400,
    );
    const made = found.made ?? best.made;
    const ids = made.map((step) => step.id);
    const prefix = new Prefix(
      ids,
      made.map((step) => step.choices),
    );
    const run = new ExploredRun(prefix, { ...this.settings(), labels: true });
    const outcome = program(run);
    return {
      outcome,
      switches: switchesOf(run.made),
      // The search makes no choices inside steps: one that needs them may have been missed.
      fewest: found.exhausted && (found.made !== null || !chose(best.made)),
      steps: run.made,
      names: this.names,
      threads: run.threads,
      saved: run.saved,
    };
  }
}

function chose(made: readonly Made[]): boolean {
  return made.some(({ choices }) => choices.some((taken) => taken > 0));
}

/** The next vector of choices, as an odometer counts; null after the last. */
function following(choices: readonly number[], counts: readonly number[]): number[] | null {
  for (let at = choices.length - 1; at >= 0; at -= 1) {
    if (choices[at]! + 1 < counts[at]!) return [...choices.slice(0, at), choices[at]! + 1];
  }
  return null;
}
