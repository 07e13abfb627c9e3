/**
 * Virtual time: a queue of callbacks ordered by (time, sequence). Nothing here reads a clock. Events due now go
 * through a ring, which is where nearly all of them belong; later ones wait in a binary heap.
 */

import { Now } from './now.ts';

/** What the loop calls. Both properties are asked while schedules are explored or replayed, and at no other time. */
export interface Handler<C> {
  (context: C): void;
  /** What the call does, in words that stay the same from run to run: `nullb0 completes write 524288+128`. */
  label?(context: C): string;
  /** Whose turn it is, where that is not whoever posted it: the runner of a task. */
  owner?(context: C): object;
}

/** Decides which of the events due now runs next, in place of the order of posting (src/sim/explore/). */
export interface Chooser {
  readonly idle: boolean;
  posted(handler: Handler<unknown>, context: unknown): void;
  /** Runs one event; false when there is none. */
  step(): boolean;
  /** What runs now looks at (or, with `write`, changes) something that others may. See Host.touch(). */
  touch(kind: string, owner: string, index: number, write: boolean): void;
  clear(): void;
  /** The power is cut: whatever is posted from now on never runs. */
  powerOff(): void;
}

/** Of a machine without power. */
const OFF: Chooser = {
  idle: true,
  posted: () => undefined,
  step: () => false,
  touch: () => undefined,
  clear: () => undefined,
  powerOff: () => undefined,
};

interface Timer {
  readonly atNs: number;
  readonly sequence: number;
  readonly handler: Handler<unknown>;
  readonly context: unknown;
}

const RING_START = 1024;

export class Loop {
  readonly now: Now;
  /** Null: first come, first served. Set by handOver(). */
  chooser: Chooser | null = null;
  /** The power was cut: nothing runs any more. */
  off = false;
  private sequence = 0;
  private readonly timers: Timer[] = [];
  private handlers: (Handler<unknown> | null)[] = new Array(RING_START).fill(null);
  private contexts: unknown[] = new Array(RING_START).fill(null);
  private head = 0;
  private count = 0;

  constructor(now: Now = new Now()) {
    this.now = now;
  }

  get nowNs(): number {
    return this.now.ns;
  }

  /** For whoever makes a machine that begins later than at 0. */
  set nowNs(ns: number) {
    this.now.ns = ns;
  }

  /** Calls `handler(context)` after `delayNs`; in order of posting among those due at one instant. */
  post<C>(handler: Handler<C>, context: C, delayNs = 0): void {
    if (delayNs > 0) {
      this.pushTimer({
        atNs: this.nowNs + delayNs,
        sequence: this.sequence++,
        handler: handler as Handler<unknown>,
        context,
      });
      return;
    }
    if (this.chooser !== null) {
      this.chooser.posted(handler as Handler<unknown>, context);
      return;
    }
    if (this.count === this.handlers.length) this.grow();
    const tail = (this.head + this.count) & (this.handlers.length - 1);
    this.handlers[tail] = handler as Handler<unknown>;
    this.contexts[tail] = context;
    this.count += 1;
  }

  get idle(): boolean {
    return this.count === 0 && this.timers.length === 0 && this.chooser?.idle !== false;
  }

  /** Lets `chooser` order what is due from now on, and what waits already; null: first come again. */
  handOver(chooser: Chooser | null): void {
    this.chooser = chooser ?? (this.off ? OFF : null);
    const { handlers, contexts, head, count } = this;
    if (this.chooser === null || count === 0) return;
    this.count = 0;
    for (let i = 0; i < count; i += 1) {
      const at = (head + i) & (handlers.length - 1);
      this.chooser.posted(handlers[at]!, contexts[at]);
      handlers[at] = null;
      contexts[at] = null;
    }
  }

  /** How many timers have been set. */
  get waiting(): number {
    return this.timers.length;
  }

  /** The earliest timer goes off; false when there is none. */
  fireTimer(): boolean {
    return this.timers.length > 0 && this.stepTimer();
  }

  /** Runs one event. False when there is none. Timers due now were posted before anything in the ring. */
  step(): boolean {
    if (this.chooser !== null) return this.chooser.step();
    if (this.timers.length > 0 && this.stepTimer()) return true;
    if (this.count === 0) return false;
    const handler = this.handlers[this.head]!;
    const context = this.contexts[this.head];
    this.handlers[this.head] = null;
    this.contexts[this.head] = null;
    this.head = (this.head + 1) & (this.handlers.length - 1);
    this.count -= 1;
    handler(context);
    return true;
  }

  /**
   * Runs events up to the first that would call `handler` from the ring. True when that one has `context`: it is taken
   * out, and the caller does what it stood for. False when it has another, or when there is no event any more.
   */
  runUpTo<C>(handler: Handler<C>, context: C): boolean {
    while (this.timers.length === 0 && this.count > 0 && this.chooser === null) {
      const { head } = this;
      const next = this.handlers[head]!;
      const nextContext = this.contexts[head];
      const mine = next === handler;
      if (mine && nextContext !== context) return false;
      this.handlers[head] = null;
      this.contexts[head] = null;
      this.head = (head + 1) & (this.handlers.length - 1);
      this.count -= 1;
      if (mine) return true;
      next(nextContext);
    }
    return false;
  }

  /** Forgets all that is pending: the power is cut. */
  clear(): void {
    this.timers.length = 0;
    this.handlers.fill(null);
    this.contexts.fill(null);
    this.head = 0;
    this.count = 0;
    this.chooser?.clear();
  }

  /** The power fails, now: what waits is forgotten, and what the running event still posts never runs. */
  cutPower(): void {
    this.off = true;
    this.clear();
    if (this.chooser === null) this.chooser = OFF;
    else this.chooser.powerOff();
  }

  private stepTimer(): boolean {
    const timer = this.timers[0]!;
    if (this.count > 0 && timer.atNs > this.nowNs) return false;
    this.popTimer();
    this.now.ns = Math.max(this.now.ns, timer.atNs);
    timer.handler(timer.context);
    return true;
  }

  private grow(): void {
    const size = this.handlers.length;
    const handlers = new Array<Handler<unknown> | null>(size * 2).fill(null);
    const contexts = new Array<unknown>(size * 2).fill(null);
    for (let i = 0; i < this.count; i += 1) {
      const from = (this.head + i) & (size - 1);
      handlers[i] = this.handlers[from]!;
      contexts[i] = this.contexts[from];
    }
    this.handlers = handlers;
    this.contexts = contexts;
    this.head = 0;
  }

  private pushTimer(timer: Timer): void {
    const heap = this.timers;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!earlier(timer, heap[up]!)) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = timer;
  }

  private popTimer(): void {
    const heap = this.timers;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child += 1;
      if (!earlier(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function earlier(a: Timer, b: Timer): boolean {
  return a.atNs < b.atNs || (a.atNs === b.atNs && a.sequence < b.sequence);
}
