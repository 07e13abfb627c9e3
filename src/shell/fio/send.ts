/**
 * Sending a job's I/Os and taking them back (fio 3.33, ioengines.c: td_io_queue(); backend.c: io_queue_event(); io_u.c:
 * io_completed()): what was sent, what has ended, and the first error.
 */

import { FillPayload } from '../../block/payload.ts';
import type { AsyncIo, ProcessContext } from '../../fs/syscalls.ts';
import { errno, strerror } from '../../kernel/errno.ts';
import { BudgetExceeded } from '../../sim/budget.ts';
import type { Task } from '../../sim/task.ts';
import type { Process } from '../program.ts';
import { InFlight } from './in-flight.ts';
import { type JobError, type JobFile, jobError } from './job-file.ts';
import { callEngine, directionOf, type Io, isData, issuedAs } from './job-io.ts';
import type { JobOptions } from './job-options.ts';
import { content } from './layout.ts';
import type { PlannedJob } from './plan.ts';
import { type JobStats, READ, WRITE } from './stats.ts';
import type { ZonedJob } from './zone-job.ts';

/** I/Os one job may do: a run that does not end must be told so. */
const MOST_IOS = 2 ** 22;

export class Sender {
  error: JobError | null = null;
  context: ProcessContext | null = null;
  /** Of the job's loops, from 0 on: what it writes differs. */
  loop = -1;
  lastWasSync = false;
  readonly async: boolean;
  readonly flight = new InFlight();
  /** What short I/Os left to do. */
  readonly rests: Io[] = [];
  /** I/Os and bytes sent so far, and I/Os done, by direction. */
  readonly issues: [number, number] = [0, 0];
  readonly issueBytes: [number, number] = [0, 0];
  readonly doneIos: [number, number] = [0, 0];
  private readonly process: Process;
  private readonly job: PlannedJob;
  private readonly options: JobOptions;
  private readonly stats: JobStats;
  private readonly zoned: ZonedJob | null;
  private readonly quiet: boolean;

  constructor(
    process: Process,
    job: PlannedJob,
    stats: JobStats,
    zoned: ZonedJob | null,
    quiet: boolean,
  ) {
    this.process = process;
    this.job = job;
    this.options = job.options;
    this.stats = stats;
    this.zoned = zoned;
    this.quiet = quiet;
    this.async = job.options.ioengine === 'libaio' || job.options.ioengine === 'io_uring';
  }

  private get nowNs(): number {
    return this.process.system.host.loop.nowNs;
  }

  log(text: string): void {
    if (!this.quiet) this.process.stdout.write(text);
  }

  *submit(io: Io): Task<void> {
    const { stats, options } = this;
    if (isData(io)) {
      const direction = directionOf(io);
      this.issues[direction] += 1;
      this.issueBytes[direction] += io.length;
      if (this.issues[READ] + this.issues[WRITE] > MOST_IOS) {
        throw new BudgetExceeded(`a fio job expected to do at most ${MOST_IOS} I/Os`);
      }
    }
    if (this.async && isData(io)) {
      yield* this.submitAsync(io);
      return;
    }
    io.issueNs = this.nowNs;
    io.result = yield* callEngine(
      this.process.system.sys,
      this.context!,
      options.ioengine,
      io,
      () => this.dataOf(io),
    );
    if (io.locked) this.zoned!.sent(io.file, io, true, io.result >= 0);
    stats.submitted(1);
    stats.completed(1);
    stats.atDepth(this.flight.count + 1);
    stats.issued[issuedAs(io)] += 1;
    this.complete(io, this.nowNs);
    if (this.error === null || !isData(io)) return;
    if (this.error.number === errno.EINVAL && this.first(io) && options.direct) {
      this.log(
        'fio: first direct IO errored. File system may not support direct IO, or iomem_align= is bad, or invalid block size. Try setting direct=0.\n',
      );
    }
    const unaligned = [errno.EIO, errno.EREMOTEIO].includes(this.error.number);
    if (unaligned && this.first(io) && this.zoned === null) {
      this.log(
        `fio: first I/O failed. If ${io.file.name} is a zoned block device, consider --zonemode=zbd\n`,
      );
    }
  }

  private first(io: Io): boolean {
    return this.issues[directionOf(io)] === 1;
  }

  private dataOf(io: Io): ReturnType<typeof content> {
    if (io.length === 0) return new FillPayload(0, 0);
    return content(this.options, this.job.number, this.loop, io.offset, io.length);
  }

  private *submitAsync(io: Io): Task<void> {
    const { sys } = this.process.system;
    const { stats, options } = this;
    const ended = this.flight.add(io);
    stats.issued[issuedAs(io)] += 1;
    stats.atDepth(this.flight.count);
    if (io.locked) this.zoned!.sent(io.file, io, false, true);
    const { kind, offset, length } = io;
    const one: AsyncIo =
      kind === 'write' ? { kind, offset, data: this.dataOf(io) } : { kind: 'read', offset, length };
    const sent = yield* sys.aioSubmit(this.context!, io.file.fd, [one], ended);
    io.issueNs = this.nowNs;
    if (sent < 0) {
      this.flight.drop();
      this.release(io);
      this.error ??= jobError(sent, 'ioengines.c:496', 'io commit');
      return;
    }
    stats.submitted(1);
    stats.slat[directionOf(io)].add(io.issueNs - io.startNs);
    if (this.flight.count >= options.iodepth) yield* this.reap(1);
  }

  /** io_getevents(2): waits until `count` have ended and takes so many. */
  *reap(count: number): Task<void> {
    const ended = yield* this.flight.take(count);
    const { nowNs } = this;
    this.stats.completed(count);
    for (const io of ended) {
      this.flight.drop();
      this.complete(io, nowNs);
      this.release(io);
    }
  }

  /** What waits for zones looks again. */
  private release(io: Io): void {
    if (io.locked) this.zoned!.ended(io.file, io);
    io.file.zones?.changed.wakeAll();
  }

  /** io_completed(): an error ends the job, a short I/O goes on where it stopped. */
  private complete(io: Io, nowNs: number): void {
    const { stats } = this;
    const { result, file } = io;
    if (result < 0) {
      this.ioError(
        io.kind === 'fsync' ? 'sync' : io.kind === 'fdatasync' ? 'datasync' : io.kind,
        file,
        result,
        io.offset,
        io.length,
      );
      return;
    }
    if (!isData(io)) {
      this.lastWasSync = true;
      stats.sync.add(nowNs - io.issueNs);
      return;
    }
    const direction = directionOf(io);
    if (result < io.length) {
      if (result === 0) {
        this.error ??= jobError(-errno.EIO, 'backend.c:471', 'full resid');
        return;
      }
      stats.short[direction] += 1;
      if (io.offset + result < file.sizeBytes) {
        // Sent again as a new I/O of what is left; fio counts that as issued twice, and of the bytes only the last part.
        const [offset, length] = [io.offset + result, io.length - result];
        this.rests.push({ ...io, offset, length, result: 0, locked: false });
        stats.completed(0);
        return;
      }
    }
    this.lastWasSync = false;
    this.doneIos[direction] += 1;
    stats.bytes[direction] += result;
    stats.latencies(direction, nowNs - io.issueNs, nowNs - io.startNs);
  }

  ioError(what: string, file: JobFile, result: number, offset: number, length: number): void {
    const why = strerror(result);
    this.say(
      `fio: io_u error on file ${file.name}: ${why}: ${what} offset=${offset}, buflen=${length}`,
    );
    this.error ??= jobError(result, 'io_u.c:1876', 'io_u error');
  }

  say(text: string): void {
    this.process.stderr.write(`${text}\n`);
  }

  *quiesce(): Task<void> {
    while (this.flight.count > 0) yield* this.reap(1);
  }
}
