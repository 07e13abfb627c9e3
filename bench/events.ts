/**
 * The event loop against the way SimPy does it: an object per event with a list of callbacks, a heap of tuples, processes
 * that yield events. Both hold the same number of processes, each of which waits for a while, half of the times not at
 * all, and waits again.
 * FROZEN: results are ratios to this loop, so a change here would change all of them.
 */

import { Loop } from '../dist/sim/loop.js';
import { Completion, type Task, Tasks } from '../dist/sim/task.js';

const PENDING = 1024;

/** Delays both sides draw, half of them 0; no division, so that drawing costs little. */
class Delays {
  private state = 12345;

  next(): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return (this.state & 0x1_0000) === 0 ? 0 : this.state >>> 20;
  }
}

class SimEvent {
  callbacks: ((event: SimEvent) => void)[] = [];
  value: unknown = null;
  triggered = false;
}

type Entry = readonly [time: number, priority: number, id: number, event: SimEvent];

function before(a: Entry, b: Entry): boolean {
  return a[0] < b[0] || (a[0] === b[0] && (a[1] < b[1] || (a[1] === b[1] && a[2] < b[2])));
}

class Environment {
  now = 0;
  private readonly heap: Entry[] = [];
  private id = 0;

  timeout(delay: number): SimEvent {
    const event = new SimEvent();
    event.triggered = true;
    this.schedule(event, delay);
    return event;
  }

  process(generator: Generator<SimEvent, void, unknown>): void {
    const resume = (event: SimEvent): void => {
      const next = generator.next(event.value);
      if (next.done !== true) next.value.callbacks.push(resume);
    };
    this.timeout(0).callbacks.push(resume);
  }

  step(): boolean {
    const entry = this.pop();
    if (entry === undefined) return false;
    this.now = entry[0];
    const [, , , event] = entry;
    const { callbacks } = event;
    event.callbacks = [];
    for (const callback of callbacks) callback(event);
    return true;
  }

  private schedule(event: SimEvent, delay: number): void {
    const { heap } = this;
    const entry: Entry = [this.now + delay, 1, this.id++, event];
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(entry, heap[up]!)) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = entry;
  }

  private pop(): Entry | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let down = at * 2 + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && before(heap[down + 1]!, heap[down]!)) down += 1;
      if (!before(heap[down]!, last)) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
    return first;
  }
}

/** SimPy's way. Runs `events` events and returns their number. */
export function simpyLike(events: number): number {
  const environment = new Environment();
  const delays = new Delays();
  function* process(): Generator<SimEvent, void, unknown> {
    for (;;) yield environment.timeout(delays.next());
  }
  for (let i = 0; i < PENDING; i += 1) environment.process(process());
  for (let i = 0; i < events; i += 1) environment.step();
  return events;
}

/** The loop itself, as bios use it: a handler and a context. */
export function loopEvents(events: number): number {
  const loop = new Loop();
  const delays = new Delays();
  const again = (context: object): void => loop.post(again, context, delays.next());
  for (let i = 0; i < PENDING; i += 1) loop.post(again, {}, 0);
  for (let i = 0; i < events; i += 1) loop.step();
  return events;
}

/** Tasks that sleep, as programs do: an event to wake, and one to go on. */
export function taskEvents(events: number): number {
  const loop = new Loop();
  const tasks = new Tasks(loop);
  const delays = new Delays();
  const complete = (turn: Completion): void => turn.complete();
  function* sleeper(): Task<void> {
    for (;;) {
      const turn = new Completion();
      loop.post(complete, turn, delays.next());
      yield* turn.wait();
    }
  }
  for (let i = 0; i < PENDING; i += 1) tasks.spawn('sleeper', sleeper());
  for (let i = 0; i < events; i += 1) loop.step();
  return events;
}
