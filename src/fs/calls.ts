/**
 * How a system call shows in the trace, and how bios know which call made them: while a call's task runs,
 * `host.cause` is the index of its record; whenever the task waits, it is somebody else's.
 */

import { Payload } from '../block/payload.ts';
import type { Host } from '../sim/host.ts';
import type { Task, Wait } from '../sim/task.ts';
import { TraceKind } from '../sim/trace.ts';

export class CallTrace {
  readonly host: Host;

  constructor(host: Host) {
    this.host = host;
  }

  /** Records that a call began; returns the index of the record. Names and paths are texts or their numbers in the trace. */
  begin(name: string | number, path: string | number, offset = 0, length = 0): number {
    const { trace, loop, comm } = this.host;
    if (!trace.enabled) return -1;
    const id = typeof path === 'string' ? trace.intern(path) : path;
    return trace.record(
      TraceKind.syscall,
      loop.nowNs,
      typeof name === 'string' ? trace.intern(name) : name,
      comm,
      0,
      0,
      0,
      offset,
      length,
      id,
    );
  }

  /** Records how the call that began at `index` ended; `position` is where a read or write took place. */
  end(name: string | number, index: number, result: number, position = 0): void {
    const { trace, loop, comm } = this.host;
    if (!trace.enabled) return;
    trace.record(
      TraceKind.syscallEnd,
      loop.nowNs,
      typeof name === 'string' ? trace.intern(name) : name,
      comm,
      index,
      0,
      0,
      position,
      0,
      result,
    );
  }

  /** Runs `task` with `index` as the cause of what it sends. */
  *caused<T>(index: number, task: Task<T>): Task<T> {
    let next = this.step(index, task);
    while (next.done !== true) {
      yield next.value;
      next = this.step(index, task);
    }
    return next.value;
  }

  /** Runs `task` until it waits or ends. Calls made for every I/O drive their task with this: a generator less. */
  step<T>(index: number, task: Task<T>): IteratorResult<Wait, T> {
    const { host } = this;
    const outer = host.cause;
    host.cause = index;
    try {
      return task.next();
    } finally {
      host.cause = outer;
    }
  }

  /** A whole call: its two records and, between them, its task. */
  *run<T>(
    name: string,
    path: string | number,
    offset: number,
    length: number,
    task: Task<T>,
  ): Task<T> {
    const index = this.begin(name, path, offset, length);
    const result = yield* this.caused(index, task);
    this.end(name, index, resultNumber(result), offset);
    return result;
  }

  /** A call that needs not wait. */
  now<T>(name: string, path: string | number, body: () => T): T {
    const index = this.begin(name, path);
    const result = body();
    this.end(name, index, resultNumber(result));
    return result;
  }
}

/** What a call returns as the number a trace shows: lengths for data and lists, 0 for structures. */
function resultNumber(result: unknown): number {
  if (typeof result === 'number') return result;
  if (result instanceof Payload) return result.lengthBytes;
  return Array.isArray(result) ? result.length : 0;
}
