/**
 * Tasks: programs and file-system code in process context, written as generators. A task yields what it waits
 * for and is stepped again when that is there; everything below (bios, requests) is callbacks.
 */

import type { Loop } from './loop.ts';

/** What a task may sleep on: it keeps the sleeper and wakes it once. The kernel's `struct completion`. */
export interface Wait {
  sleeper: Runner | null;
}

/** Something with parts under way, which wakes its sleeper when the last has ended: a bio. */
export interface Pending extends Wait {
  readonly remaining: number;
}

/** A computation in process context; `yield*` it from another task. */
export type Task<T> = Generator<Wait, T, void>;

/** A flag a task can wait for. One sleeper at a time: a second one is a broken invariant. */
export class Completion implements Wait {
  done = false;
  sleeper: Runner | null = null;

  complete(): void {
    this.done = true;
    wake(this);
  }

  *wait(): Task<void> {
    while (!this.done) yield this;
  }
}

/** Many sleepers, woken all at once: the kernel's wait queue. */
export class WaitQueue {
  private waiters: Completion[] = [];

  *wait(): Task<void> {
    const turn = new Completion();
    this.waiters.push(turn);
    yield* turn.wait();
  }

  wakeAll(): void {
    const waiters = this.waiters;
    this.waiters = [];
    for (const waiter of waiters) waiter.complete();
  }
}

/** A sleeping lock held across waits (the kernel's mutex, one owner, first come first served). */
export class Mutex {
  private held = false;
  private readonly queue: Completion[] = [];

  *lock(): Task<void> {
    if (!this.held) {
      this.held = true;
      return;
    }
    const turn = new Completion();
    this.queue.push(turn);
    yield* turn.wait();
  }

  unlock(): void {
    const next = this.queue.shift();
    if (next === undefined) this.held = false;
    else next.complete();
  }
}

/** One running task: its name is the `comm` the trace shows. */
export class Runner {
  done = false;
  result: unknown = undefined;
  failure: unknown = null;
  readonly comm: string;
  /** `comm` as the trace knows it. */
  readonly commId: number;
  /** Until when its CPU is busy (src/sim/cpu.ts), and whose that is where it is not its own. */
  cpuFreeNs = 0;
  onCpuOf: Runner | null = null;
  readonly tasks: Tasks;
  private readonly task: Task<unknown>;

  constructor(tasks: Tasks, comm: string, task: Task<unknown>) {
    this.tasks = tasks;
    this.comm = comm;
    this.commId = tasks.intern(comm);
    this.task = task;
  }

  /** Runs the task until it waits or ends. */
  step(): void {
    const before = this.tasks.current;
    const { now } = this.tasks.loop;
    const commBefore = now.comm;
    this.tasks.current = this;
    now.comm = this.commId;
    try {
      const next = this.task.next();
      if (next.done === true) {
        this.done = true;
        this.result = next.value;
      } else if (next.value !== WOKEN) {
        if (next.value.sleeper !== null) {
          throw new Error(
            `"sleeper" expected none, got ${next.value.sleeper.comm} while ${this.comm} wants to sleep`,
          );
        }
        next.value.sleeper = this;
      }
    } catch (error) {
      this.done = true;
      this.failure = error ?? new Error('a task threw nothing');
    } finally {
      this.tasks.current = before;
      now.comm = commBefore;
    }
  }
}

/** What a task yields that was woken already: its step waits in the loop behind others. */
const WOKEN: Wait = { sleeper: null };

function stepRunner(runner: Runner): void {
  runner.step();
}
stepRunner.label = (runner: Runner): string => `${runner.comm} runs`;
stepRunner.owner = (runner: Runner): object => runner;

/** Wakes whoever sleeps on `wait`; the sleeper runs as an event of its own. */
export function wake(wait: Wait): void {
  const runner = wait.sleeper;
  if (runner === null) return;
  wait.sleeper = null;
  runner.tasks.loop.post(stepRunner, runner);
}

/** A task sleeps and nothing is left that could wake it: on a real host it would hang, too. */
export class NeverWoken extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NeverWoken';
  }
}

/** The power was cut while a task ran: whatever waited for it never hears of it. */
export class PowerOff extends Error {
  constructor() {
    super('the power was cut');
    this.name = 'PowerOff';
  }
}

const KWORKER = 'kworker';

/** All tasks of one machine. */
export class Tasks {
  current: Runner | null = null;
  readonly loop: Loop;
  readonly intern: (comm: string) => number;
  /** Whoever the event that runs now goes on for (actAs()). */
  private acting: Runner | null = null;
  /** runToEnd() is at work, so nobody looks at what happens between two events. */
  private running = false;
  /** What runs outside any task has this comm. */
  private readonly kworker: number;
  /** What an event threw that was run by settle(). */
  private crash: unknown = null;

  /** `intern`: the number that stands for a comm in the trace. */
  constructor(loop: Loop, intern: (comm: string) => number = () => 0) {
    this.loop = loop;
    this.intern = intern;
    this.kworker = intern(KWORKER);
    loop.now.comm = this.kworker;
  }

  /** The name the trace shows for what runs now; work outside any task is a kernel worker's. */
  get comm(): string {
    return this.actor?.comm ?? KWORKER;
  }

  /** The task whose work this is; null for a kernel worker's. */
  get actor(): Runner | null {
    return this.current ?? this.acting;
  }

  /**
   * Runs `act(context)` in the name of a task: an event that goes on with what that task began and would, in the kernel,
   * finish itself after a short sleep inside its call.
   */
  actAs<C>(actor: Runner | null, act: (context: C) => void, context: C): void {
    const before = this.acting;
    const { now } = this.loop;
    const commBefore = now.comm;
    this.acting = actor;
    if (this.current === null) now.comm = this.commIdOf(actor);
    try {
      act(context);
    } finally {
      this.acting = before;
      now.comm = commBefore;
    }
  }

  /** Starts a task; it runs as an event of its own. */
  spawn(comm: string, task: Task<unknown>): Runner {
    const runner = new Runner(this, comm, task);
    this.loop.post(stepRunner, runner);
    return runner;
  }

  /**
   * What the running task asks before it sleeps on `wait`: it runs the events that come before its own step, as long as
   * none of them is a step of another task. Nearly always the next event is the end of the bio it waits for and the one
   * after that its own step; then it just goes on, and a write costs no way out of and back into its generators. The
   * order of events is the loop's. Returns null when the task may go on, else what it has to yield.
   */
  settle(wait: Pending): Wait | null {
    const runner = this.current;
    if (!this.running || runner === null || this.crash !== null) return wait;
    if (wait.sleeper !== null) return wait;
    wait.sleeper = runner;
    const { now } = this.loop;
    this.current = null;
    now.comm = this.commIdOf(this.acting);
    try {
      if (this.loop.runUpTo(stepRunner, runner)) return null;
    } catch (error) {
      // It is the machine's, not the task's: runToEnd() throws it.
      this.crash = error ?? new Error('an event threw nothing');
      return WOKEN;
    } finally {
      this.current = runner;
      now.comm = runner.commId;
    }
    if (wait.sleeper === null) return WOKEN;
    wait.sleeper = null;
    return wait;
  }

  /**
   * Runs the loop until `task` is done and returns its result; others may still be pending. This is the
   * synchronous façade: calling it inside a task is a programming error and throws, as does a task that can
   * never go on.
   */
  runToEnd<T>(comm: string, task: Task<T>): T {
    if (this.current !== null) {
      throw new Error(
        `"runToEnd" expected to be called outside tasks, got a call inside ${this.current.comm}`,
      );
    }
    const runner = new Runner(this, comm, task);
    this.running = true;
    try {
      runner.step();
      while (!runner.done) {
        this.throwCrash();
        if (!this.loop.step()) {
          if (this.loop.off) throw new PowerOff();
          throw new NeverWoken(`task "${comm}" expected an event to wake it, got an idle loop`);
        }
      }
      this.throwCrash();
    } finally {
      this.running = false;
    }
    if (runner.failure !== null) throw runner.failure;
    return runner.result as T;
  }

  private commIdOf(runner: Runner | null): number {
    return runner === null ? this.kworker : runner.commId;
  }

  private throwCrash(): void {
    const { crash } = this;
    this.crash = null;
    if (crash !== null) throw crash;
  }
}
