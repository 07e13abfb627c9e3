/**
 * One run of a program under a schedule: it takes over the loop, keeps the events that may run, asks its policy which
 * one does, and records the steps made with what each touched. A step is one event of the loop.
 *
 * An event's identity is who posted it and as which of its posts, so it is the same in every order of steps that do not
 * depend on each other; a task's turn is known by its task.
 */

import type { Chooser, Handler, Loop } from '../loop.ts';
import { Random } from '../random.ts';
import { PREEMPTION, type Schedule } from '../schedule.ts';
import { Footprint, type Names } from './footprint.ts';

/** One entry of a saved schedule: a step's label, or a choice inside a step. */
export type SavedStep = string | { readonly choose: string; readonly take: string };

/** An event that may run. */
export interface Ready {
  readonly id: number;
  readonly handler: Handler<unknown>;
  readonly context: unknown;
  /** On whose behalf: index in the names given to begin(); FORCED or POWER. */
  readonly thread: number;
  /** The step that posted it. */
  readonly parent: number;
}

/** A step that was made. */
export interface Made {
  readonly id: number;
  readonly thread: number;
  readonly parent: number;
  readonly footprint: Footprint;
  /** What could have run instead, itself included, in order of posting. */
  readonly ready: readonly number[];
  /** Nothing else could run and nothing may be put before it: a phase's beginning, a timer. */
  readonly forced: boolean;
  /** Would each thread's running as long as it can have made this step too? */
  readonly usual: boolean;
  /** Choices made inside the step, and how many alternatives each had. */
  readonly choices: number[];
  readonly alternatives: number[];
  /** Empty unless the run keeps labels. */
  readonly label: string;
  /** What `mark` said when the step began. */
  readonly mark: number;
}

/** Decides what a run does. */
export interface Policy {
  /** Which of `run.ready` runs next. Throws Pruned when nothing that follows is of interest. */
  pick(run: ExploredRun): number;
  /** The answer to the `nth` choice inside the running step. */
  choose(run: ExploredRun, nth: number, what: string, alternatives: readonly string[]): number;
  /** Of a list of steps to make, those whose turn never came. */
  readonly left?: readonly SavedStep[];
}

export interface RunSettings {
  readonly names: Names;
  /** Of what a machine draws. */
  readonly seed?: number;
  readonly labels?: boolean;
  /** The power may be cut before any step. */
  readonly powerCut?: boolean;
}

/** Nothing new can follow: the run is given up. */
export class Pruned extends Error {}

export const FORCED = -1;
export const POWER = -2;

export class ExploredRun implements Chooser, Schedule {
  readonly random: Random;
  readonly ready: Ready[] = [];
  readonly made: Made[] = [];
  /** What Replayed needs to make this run again; empty unless the run keeps labels. */
  readonly saved: SavedStep[] = [];
  readonly settings: RunSettings;
  /** Names of the threads of the phase that runs. */
  threads: readonly string[] = [];
  /** The power was cut. */
  cut = false;
  /** A number to find a step again by: the length of the trace. */
  mark: () => number = () => 0;
  private readonly policy: Policy;
  private loop: Loop | null = null;
  private posts = 0;
  private threadPosts = 0;
  private readonly owners = new Map<object, { readonly thread: number; turns: number }>();

  constructor(policy: Policy, settings: RunSettings) {
    this.policy = policy;
    this.settings = settings;
    this.random = new Random(settings.seed ?? 0);
  }

  /** Takes over `loop`. The first posts are those of the threads named, in that order. */
  begin(loop: Loop, threads: readonly string[]): void {
    this.loop = loop;
    this.threads = threads;
    this.threadPosts = 0;
    this.cut = false;
    const parent = this.made.length - 1;
    const id = this.idOf(-1, this.made.length);
    this.note({ id, thread: FORCED, parent }, true, true, '', [id]).all = true;
    loop.handOver(this);
    if (this.settings.powerCut === true) this.add(cutPower, this, POWER);
  }

  /** Gives the loop back; what has not run does so first come, first served. */
  end(): void {
    const { loop } = this;
    this.loop = null;
    if (loop === null) return;
    loop.handOver(null);
    for (const { handler, context } of this.ready) {
      if (handler !== cutPower) loop.post(handler, context);
    }
    this.ready.length = 0;
  }

  get idle(): boolean {
    return this.ready.length === 0;
  }

  /** Steps of the saved schedule, where one is replayed, whose turn never came. */
  get left(): readonly SavedStep[] {
    return this.policy.left ?? [];
  }

  /** The step that is being made. */
  get last(): Made | undefined {
    return this.made[this.made.length - 1];
  }

  posted(handler: Handler<unknown>, context: unknown): void {
    if (this.cut) return;
    const { last } = this;
    let thread = last!.thread;
    if (last!.forced && this.threadPosts < this.threads.length) thread = this.threadPosts++;
    this.add(handler, context, thread);
  }

  step(): boolean {
    if (this.cut) return false;
    if (this.nothingReady && !this.readyTimer() && this.ready.length === 0) return false;
    const at = this.policy.pick(this);
    const event = this.ready[at]!;
    const { handler, context } = event;
    const label = this.settings.labels === true ? this.labelOf(event) : '';
    if (label !== '' && this.ready.length > 1) this.saved.push(label);
    const ids = this.ready.map(({ id }) => id);
    const forced = handler === fireTimer;
    const usual = forced || goOn(this) === at;
    const footprint = this.note(event, forced, usual, label, ids);
    footprint.all = forced || handler === cutPower;
    this.ready.splice(at, 1);
    handler(context);
    return true;
  }

  touch(kind: string, owner: string, index: number, write: boolean): void {
    this.last!.footprint.add(this.settings.names.number(`${kind} ${owner} ${index}`), write);
  }

  clear(): void {
    this.ready.length = 0;
  }

  powerOff(): void {
    this.cut = true;
  }

  /** Nothing that waits will ever run. */
  cutPower(): void {
    this.loop?.cutPower();
  }

  choose(what: string, alternatives: readonly string[]): number {
    if (this.loop === null) return 0;
    // Being overtaken or not is an order of steps: cut the step in two, and orders are explored anyway.
    if (alternatives === PREEMPTION) return 1;
    const { choices, alternatives: counts } = this.last!;
    const taken = this.policy.choose(this, choices.length, what, alternatives);
    choices.push(taken);
    counts.push(alternatives.length);
    if (this.settings.labels === true) {
      this.saved.push({ choose: what, take: alternatives[taken]! });
    }
    return taken;
  }

  /** What `event` is, in words; a second one of that name is told apart by its place. */
  labelOf(event: Ready): string {
    const text = this.plainLabel(event);
    let before = 0;
    for (const one of this.ready) {
      if (one === event) break;
      if (this.plainLabel(one) === text) before += 1;
    }
    return before === 0 ? text : `${text} #${before + 1}`;
  }

  private plainLabel({ handler, context, thread }: Ready): string {
    const what = handler.label?.(context) ?? handler.name;
    return thread < 0 ? what : `${this.threads[thread]}: ${what}`;
  }

  private get nothingReady(): boolean {
    const { ready } = this;
    return ready.length === 0 || (ready.length === 1 && ready[0]!.handler === cutPower);
  }

  private readyTimer(): boolean {
    const { loop } = this;
    if (loop === null || loop.waiting === 0) return false;
    this.add(fireTimer, loop, FORCED);
    return true;
  }

  private add(handler: Handler<never>, context: unknown, posted: number): void {
    const parent = this.made.length - 1;
    let thread = posted;
    let id: number;
    const owner = (handler as Handler<unknown>).owner?.(context);
    if (owner === undefined) id = this.idOf(this.made[parent]!.id, this.posts++);
    else {
      let known = this.owners.get(owner);
      if (known === undefined) {
        known = { thread, turns: this.idOf(this.made[parent]!.id, this.posts++) };
        this.owners.set(owner, known);
      } else known.turns = this.idOf(known.turns, -1);
      id = known.turns;
      thread = known.thread;
    }
    this.ready.push({ id, handler: handler as Handler<unknown>, context, thread, parent });
  }

  private idOf(parent: number, post: number): number {
    return this.settings.names.event(parent, post);
  }

  private note(
    event: Pick<Ready, 'id' | 'thread' | 'parent'>,
    forced: boolean,
    usual: boolean,
    label: string,
    ready: readonly number[],
  ): Footprint {
    const { id, thread, parent } = event;
    const footprint = new Footprint();
    const mark = this.mark();
    this.made.push({
      id,
      thread,
      parent,
      footprint,
      ready,
      forced,
      usual,
      choices: [],
      alternatives: [],
      label,
      mark,
    });
    this.posts = 0;
    return footprint;
  }
}

/**
 * Where in run.ready the event stands that runs when nothing speaks for another: the thread that ran goes on as long as
 * it can, then the next one in order. So schedules switch rarely, and can be read. `skip` says which do not count; -1
 * when that is all of them.
 */
export function goOn(run: ExploredRun, skip?: (id: number) => boolean): number {
  const running = run.last?.thread ?? 0;
  let best = -1;
  let lowest = Number.POSITIVE_INFINITY;
  for (let at = 0; at < run.ready.length; at += 1) {
    const { id, thread } = run.ready[at]!;
    if (skip?.(id) === true) continue;
    if (thread === running) return at;
    const rank = thread === POWER ? Number.MAX_SAFE_INTEGER : thread;
    if (rank < lowest) {
      lowest = rank;
      best = at;
    }
  }
  return best;
}

function fireTimer(loop: Loop): void {
  loop.fireTimer();
}
fireTimer.label = (): string => 'time passes';

function cutPower(run: ExploredRun): void {
  run.cutPower();
}
cutPower.label = (): string => 'the power is cut';
