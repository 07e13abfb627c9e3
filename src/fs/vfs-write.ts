/**
 * write(2) and its kin as a task. It is the call programs make most, so it is a task written out by hand and not a
 * generator: one that does not sleep ends in its first `next`, and costs one small object, which is its own result as well.
 * All eras are alike here.
 */

import type { Payload } from '../block/payload.ts';
import type { Cpu } from '../sim/cpu.ts';
import type { Task, Wait } from '../sim/task.ts';
import type { CallTrace } from './calls.ts';
import type { OpenDescription } from './description.ts';
import type { IoFlags } from './inode.ts';
import { sizeOf, writeAt } from './vfs-io.ts';

/** Not begun yet: no record of a trace has this index. */
const UNBEGUN = -2;

export class WriteCall implements Task<number> {
  private readonly calls: CallTrace;
  private readonly name: number;
  private readonly file: OpenDescription | undefined;
  private readonly position: number;
  private readonly data: Payload;
  private readonly flags: IoFlags | number | undefined;
  private index = UNBEGUN;
  /** The file system's own task, once it has to sleep. */
  private task: Task<number> | null = null;
  /** What `next` gives when the call has ended. */
  readonly done = true;
  value = 0;

  /** `flags`: of this call alone, where they differ from the descriptor's; an errno when they cannot be. */
  constructor(
    calls: CallTrace,
    name: number,
    file: OpenDescription | undefined,
    position: number,
    data: Payload,
    flags: IoFlags | number | undefined,
  ) {
    this.calls = calls;
    this.name = name;
    this.file = file;
    this.position = position;
    this.data = data;
    this.flags = flags;
  }

  get [Symbol.toStringTag](): string {
    return 'WriteCall';
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Wait, number> {
    if (this.index === UNBEGUN) {
      const result = this.begin();
      if (typeof result === 'number') {
        this.value = this.ended(result);
        return this;
      }
      this.task = result;
    }
    const next = this.calls.step(this.index, this.task!);
    if (next.done === true) this.ended(next.value);
    return next;
  }

  return(value: number): IteratorResult<Wait, number> {
    return this.task === null ? { done: true, value } : this.task.return(value);
  }

  throw(error: unknown): IteratorResult<Wait, number> {
    if (this.task === null) throw error;
    return this.task.throw(error);
  }

  private begin(): Task<number> | number {
    const { calls, file, flags, position, data } = this;
    const { host } = calls;
    this.index = calls.began(this.name, file?.pathId ?? 0, position, data.lengthBytes);
    if (typeof flags === 'number') return flags;
    if (host.cpu !== null) return this.onCpu(host.cpu, flags);
    const outer = host.cause;
    host.cause = this.index;
    try {
      return writeAt(file, position, data, flags);
    } finally {
      host.cause = outer;
    }
  }

  private onCpu(cpu: Cpu, flags: IoFlags | undefined): Task<number> {
    const { file, position, data } = this;
    const buffered = (flags ?? file?.ioFlags)?.direct !== true;
    return cpu.call(data.lengthBytes, buffered, () => writing(file, position, data, flags));
  }

  private ended(result: number): number {
    const { file, flags } = this;
    const appends = result > 0 && ((flags as IoFlags | undefined) ?? file!.ioFlags).append;
    const at = appends ? sizeOf(file!) - result : this.position;
    this.calls.ended(this.name, this.index, result, at);
    return result;
  }
}

/** writeAt() as a task. */
function* writing(
  file: OpenDescription | undefined,
  position: number,
  data: Payload,
  flags: IoFlags | undefined,
): Task<number> {
  const result = writeAt(file, position, data, flags);
  return typeof result === 'number' ? result : yield* result;
}
