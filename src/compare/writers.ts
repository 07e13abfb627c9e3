/**
 * The jobs of a workload, as programs over system calls. Files are opened before the clock is looked at, and each write
 * is timed by its own program: from before the call to after it.
 */

import { PatternPayload } from '../block/payload.ts';
import { O } from '../fs/inode.ts';
import type { ProcessContext } from '../fs/syscalls.ts';
import { errnoName } from '../kernel/errno.ts';
import type { Machine } from '../machine.ts';
import { Random } from '../sim/random.ts';
import { Completion, type Runner, type Task } from '../sim/task.ts';
import type { Point } from './point.ts';
import type { JobPlace } from './stand.ts';

/** A call that did not do what it was asked for. */
export interface FailedCall {
  readonly call: string;
  readonly errno: string | null;
  readonly said: string;
}

export interface Written {
  readonly startNs: number;
  readonly endNs: number;
  /** One for each write, in the order they ended. */
  readonly latenciesNs: readonly number[];
  /** System calls that wrote. */
  readonly calls: number;
  readonly failed: FailedCall | null;
}

/** The data of a job: told apart from every other's. */
export function jobData(job: number, from: number, length: number): PatternPayload {
  return new PatternPayload(job + 1, from, length);
}

/** What a job writes to, opened. */
interface Target {
  readonly process: ProcessContext;
  readonly fd: number;
  readonly job: number;
  /** Where its data begins there. */
  readonly fromBytes: number;
}

class Writers {
  readonly latenciesNs: number[] = [];
  calls = 0;
  failed: FailedCall | null = null;
  private readonly machine: Machine;
  private readonly point: Point;
  private readonly runners: Runner[] = [];

  constructor(machine: Machine, point: Point) {
    this.machine = machine;
    this.point = point;
  }

  *open(process: ProcessContext, { path, create }: JobPlace): Task<number> {
    const direct = this.point.io === 'buffered' ? 0 : O.DIRECT;
    const flags = O.RDWR | direct | (create ? O.CREAT : 0);
    const fd = yield* this.machine.vfs.open(process, path, flags, 0o644);
    if (fd < 0) this.fail('open', fd);
    return fd;
  }

  /** Starts `task` beside others on the CPU of `owner`; `ended` is told when it is over, however that was. */
  start(name: string, task: Task<void>, owner: Runner | null, ended: () => void): void {
    function* whole(): Task<void> {
      try {
        yield* task;
      } finally {
        ended();
      }
    }
    const runner = this.machine.host.tasks.spawn(name, whole());
    runner.onCpuOf = owner;
    this.runners.push(runner);
  }

  /** What broke inside the model goes to whoever runs the machine. */
  rethrow(): void {
    for (const { failure } of this.runners) if (failure !== null) throw failure;
  }

  *job(target: Target): Task<void> {
    const { process, fd } = target;
    const offsets = this.offsets(target.job);
    if (this.point.io === 'async') yield* this.queue(target, offsets);
    else {
      for (const offset of offsets) {
        if (this.failed !== null) return;
        yield* this.write(target, offset);
      }
    }
    if (this.point.io !== 'buffered' || this.failed !== null) return;
    const result = yield* this.machine.vfs.fsync(process, fd);
    if (result < 0) this.fail('fsync', result);
  }

  /** Writes under way at once, each followed by the next: as many as the depth says, on the CPU of their job. */
  private *queue(target: Target, offsets: readonly number[]): Task<void> {
    const { depth } = this.point;
    const all = new Completion();
    const rest = offsets.values();
    let left = depth;
    const ended = (): void => {
      left -= 1;
      if (left === 0) all.complete();
    };
    const owner = this.machine.host.tasks.current;
    for (let i = 0; i < depth; i += 1) {
      this.start(`job${target.job}`, this.slot(target, rest), owner, ended);
    }
    yield* all.wait();
  }

  /** One of the writes under way: takes the next offset there is. */
  private *slot(target: Target, rest: Iterator<number>): Task<void> {
    while (this.failed === null) {
      const { value, done } = rest.next();
      if (done === true) return;
      yield* this.write(target, value);
    }
  }

  /** Writes a block; what a short write leaves is written by another call, as programs do. */
  private *write(target: Target, offset: number): Task<void> {
    const { host } = this.machine;
    const { blockBytes } = this.point;
    const before = host.loop.nowNs;
    for (let done = 0; done < blockBytes; ) {
      const data = jobData(target.job, offset + done, blockBytes - done);
      const written = yield* this.call(target, data, target.fromBytes + offset + done);
      this.calls += 1;
      if (written <= 0) {
        this.fail(this.point.io === 'async' ? 'io_submit' : 'pwrite', written);
        return;
      }
      done += written;
    }
    this.latenciesNs.push(host.loop.nowNs - before);
  }

  private *call({ process, fd }: Target, data: PatternPayload, offset: number): Task<number> {
    const { vfs } = this.machine;
    if (this.point.io !== 'async') return yield* vfs.pwrite(process, fd, data, offset);
    return (yield* vfs.aioWrite(process, fd, [{ offset, data }]))[0]!;
  }

  private offsets(job: number): number[] {
    const { sizeBytes, blockBytes, order } = this.point;
    const offsets = Array.from({ length: sizeBytes / blockBytes }, (_, i) => i * blockBytes);
    if (order === 'sequential') return offsets;
    const random = new Random(job + 1);
    for (let i = offsets.length - 1; i > 0; i -= 1) {
      const other = random.below(i + 1);
      [offsets[i], offsets[other]] = [offsets[other]!, offsets[i]!];
    }
    return offsets;
  }

  /** Keeps the first. */
  private fail(call: string, result: number): void {
    const errno = result < 0 ? errnoName(result) : null;
    const said = errno === null ? `${call} writes nothing` : `${call} says ${errno}`;
    this.failed ??= { call, errno, said };
  }
}

/**
 * Runs all jobs of `point` side by side to their end. Files are opened before `begin` is called and closed after `end`:
 * between the two there is nothing but the workload.
 */
export function runWriters(
  machine: Machine,
  point: Point,
  places: readonly JobPlace[],
  { begin, end }: { readonly begin: () => void; readonly end: () => void },
): Written {
  const { host, vfs } = machine;
  const writers = new Writers(machine, point);
  const processes = places.map((_, job) => vfs.newProcess(`job${job}`));
  const fds = places.map((place, job) => machine.call(writers.open(processes[job]!, place)));
  begin();
  const startNs = host.loop.nowNs;
  const all = new Completion();
  let left = places.length;
  const ended = (): void => {
    left -= 1;
    if (left === 0) all.complete();
  };
  if (writers.failed === null) {
    places.forEach(({ fromBytes }, job) => {
      const target = { process: processes[job]!, fd: fds[job]!, job, fromBytes };
      writers.start(`job${job}`, writers.job(target), null, ended);
    });
    machine.call(all.wait(), 'compare');
  }
  writers.rethrow();
  const endNs = host.loop.nowNs;
  end();
  for (const process of processes) machine.call(vfs.exit(process));
  const { latenciesNs, calls, failed } = writers;
  return { startNs, endNs, latenciesNs, calls, failed };
}
