/**
 * One job under way (fio 3.33, backend.c: thread_main(), do_io(); io_u.c, ioengines.c): I/Os one after another with the
 * sync engines, up to iodepth in flight with libaio and io_uring, each timed in the machine's time. A process of its
 * own; its slots of iodepth work on its CPU.
 */

import { FillPayload } from '../../block/payload.ts';
import type { AsyncIo, ProcessContext } from '../../fs/syscalls.ts';
import { errno, strerror } from '../../kernel/errno.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { BudgetExceeded } from '../../sim/budget.ts';
import { Completion, type Task } from '../../sim/task.ts';
import type { Process } from '../program.ts';
import { type JobFiles, openJobFile } from './files.ts';
import { InFlight } from './in-flight.ts';
import { type JobError, type JobFile, jobError, reads, writes } from './job-file.ts';
import { callEngine, directionOf, type Io, isData, issuedAs, type Kind } from './job-io.ts';
import type { JobOptions } from './job-options.ts';
import { content } from './layout.ts';
import { Places } from './places.ts';
import type { PlannedJob } from './plan.ts';
import { JobStats, READ, WRITE } from './stats.ts';
import type { ZonedJob } from './zone-job.ts';
import { zonedPlace } from './zone-places.ts';
import { Assertion } from './zones.ts';

/** I/Os one job may do: a run that does not end must be told so. */
const MOST_IOS = 2 ** 22;

export class JobRun {
  readonly job: PlannedJob;
  readonly stats = new JobStats();
  readonly files: JobFiles;
  error: JobError | null = null;
  context: ProcessContext | null = null;
  /** From the job's begin to its end. */
  totalNs = 0;
  private readonly process: Process;
  private readonly options: JobOptions;
  private readonly async: boolean;
  private readonly quiet: boolean;
  private places!: Places;
  private epochNs = 0;
  private terminate = false;
  private done = false;
  private loop = -1;
  private lastWasSync = false;
  private readonly flight = new InFlight();
  /** What short I/Os left to do. */
  private readonly rests: Io[] = [];
  private readonly issueBytes: [number, number] = [0, 0];
  private readonly doneIos: [number, number] = [0, 0];
  private thinkBlocks = 0;
  private readonly zoned: ZonedJob | null;
  /** Died of an assertion. */
  aborted = false;

  constructor(process: Process, job: PlannedJob, files: JobFiles, quiet: boolean) {
    this.process = process;
    this.job = job;
    this.options = job.options;
    this.files = files;
    this.zoned = files.zoned;
    this.quiet = quiet;
    this.async = job.options.ioengine === 'libaio' || job.options.ioengine === 'io_uring';
  }

  /** The job's own process from its begin to its end. */
  *main(): Task<void> {
    const { process, options } = this;
    const { host, sys } = process.system;
    if (options.time_based && host.cpu === null) {
      throw new NotModelled(
        'fio --time_based on a machine without time',
        'give a disk a profile, or the machine costs',
      );
    }
    this.context = sys.newProcess('fio', process.cwd);
    this.joinZones(this.context);
    this.files.onError = (error) => {
      this.error ??= error;
    };
    if (options.startdelay > 0) yield* this.sleep(options.startdelay);
    if (!this.async && options.iodepth > 1 && !this.quiet) {
      process.stdout.write(
        'note: both iodepth >= 1 and synchronous I/O engine are selected, queue depth will be capped at 1\n',
      );
    }
    this.places = new Places(this.job, this.files.files, host.schedule.random);
    this.epochNs = this.nowNs;
    yield* this.loopsOrAbort();
    this.totalNs = this.nowNs - this.epochNs;
    this.stats.zoneResets = this.zoned?.resets ?? 0;
    if (this.error !== null) this.log(`fio: pid=${this.context.pid}, ${errorText(this.error)}\n`);
    if (options.unlink) {
      for (const file of this.files.files) {
        if (file.kind === 'regular') yield* sys.unlink(process, file.name);
      }
    }
    yield* sys.exit(this.context);
  }

  /** The job begins to deal with zones in its own process. */
  private joinZones(context: ProcessContext): void {
    if (this.zoned === null) return;
    this.zoned.worker = { context, flight: this.flight, quiesce: () => this.quiesce() };
  }

  private *quiesce(): Task<void> {
    while (this.flight.count > 0) yield* this.reap(1);
  }

  private get nowNs(): number {
    return this.process.system.host.loop.nowNs;
  }

  private log(text: string): void {
    if (!this.quiet) this.process.stdout.write(text);
  }

  /** One of fio's assertions fails: the job's process dies, its report is what had been counted. */
  private *loopsOrAbort(): Task<void> {
    try {
      yield* this.loops();
    } catch (error) {
      if (!(error instanceof Assertion)) throw error;
      this.aborted = true;
      // fio counts I/Os as they are sent, and bytes as the process ends.
      this.stats.bytes.fill(0);
      this.zoned!.abandon();
      this.say(error.message);
      this.say(`fio: pid=${this.context!.pid}, got signal=6`);
    }
  }

  private *loops(): Task<void> {
    const elapsedNs: [number, number] = [0, 0];
    while (this.keepRunning()) {
      const startNs = this.nowNs;
      if (this.loop > 0) this.rewind();
      const before = this.stats.bytes[READ] + this.stats.bytes[WRITE];
      yield* this.oneLoop();
      if (this.stats.bytes[READ] + this.stats.bytes[WRITE] === before) this.terminate = true;
      for (const direction of [READ, WRITE] as const) {
        const has = direction === READ ? reads(this.options) : writes(this.options);
        if (!has || this.stats.bytes[direction] === 0) continue;
        elapsedNs[direction] += this.nowNs - startNs;
        const us = Math.floor(elapsedNs[direction] / 1000);
        this.stats.runtimeMs[direction] = Math.ceil(us / 1000);
      }
      if (this.error !== null || this.terminate) return;
    }
  }

  /** clear_io_state(). */
  private rewind(): void {
    this.places.rewind();
    if (this.zoned !== null) this.zoned.zoneBytes = 0;
  }

  /** keep_running(): loops, then what io_size wants beyond one loop. */
  private keepRunning(): boolean {
    const { options, stats } = this;
    this.loop += 1;
    if (this.done || this.terminate) return false;
    if (options.time_based || this.loop < Math.max(options.loops, 1)) return true;
    if (this.iosExceeded()) return false;
    const left = this.limit - stats.bytes[READ] - stats.bytes[WRITE];
    if (left < Math.max(...options.bs)) return false;
    return options.io_size !== null || this.files.files.some((file) => !file.done);
  }

  private get limit(): number {
    const { io_size: size } = this.options;
    return size === null || size.percent || size.value === 0 ? this.files.sizeBytes : size.value;
  }

  private iosExceeded(): boolean {
    const { number_ios: most, loops } = this.options;
    return (
      most > 0 &&
      this.doneIos[READ] + this.doneIos[WRITE] + this.flight.count >= most * Math.max(loops, 1)
    );
  }

  private get bytesExceeded(): boolean {
    const sent = this.issueBytes[READ] + this.issueBytes[WRITE];
    return sent >= this.limit * Math.max(this.options.loops, 1) || this.iosExceeded();
  }

  /** What one loop sends: random writes that need no new blocks may send all of io_size. */
  private get loopBytes(): number {
    const { options, files } = this;
    const again = options.norandommap && options.rw.startsWith('rand') && writes(options);
    return again ? Math.max(files.sizeBytes, options.io_size?.value ?? 0) : files.sizeBytes;
  }

  private *oneLoop(): Task<void> {
    const { options } = this;
    const { time_based: timed, runtime } = options;
    const before = this.issueBytes[READ] + this.issueBytes[WRITE];
    const most = this.loopBytes;
    while (timed || !this.bytesExceeded) {
      if (runtime > 0 && this.nowNs - this.epochNs >= runtime * 1000) {
        this.terminate = true;
        break;
      }
      const sent = this.issueBytes[READ] + this.issueBytes[WRITE] - before;
      // fio counts here what it queues; a synchronous engine queues nothing and goes on until there is no place left.
      if (this.async && sent >= most && !timed) break;
      const io = yield* this.nextIo();
      if (io === null) break;
      yield* this.submit(io);
      if (this.error !== null) break;
      if (options.thinktime > 0 && isData(io)) yield* this.think();
    }
    yield* this.finish();
  }

  private *finish(): Task<void> {
    if (this.error !== null) {
      this.stats.completed(0);
      if (this.flight.count > 0) yield* this.reap(this.flight.count);
      return;
    }
    if (this.flight.count > 0) yield* this.reap(this.flight.count);
    if (this.error !== null || !this.options.end_fsync) return;
    if (!writes(this.options) || this.lastWasSync) return;
    const { sys } = this.process.system;
    for (const file of this.files.files) {
      if (file.fd < 0) continue;
      const result = yield* sys.fsync(this.context!, file.fd);
      if (result >= 0) continue;
      this.ioError('sync', file, result, 0, 0);
      this.say(`fio: end_fsync failed for file ${file.name}`);
    }
  }

  /** get_io_u(): the rest of a short one, an fsync whose turn has come, or the next place. */
  private *nextIo(): Task<Io | null> {
    const rest = this.rests.shift();
    if (rest !== undefined) return rest;
    for (let file = this.places.nextFile(); file !== null; file = this.places.nextFile()) {
      if (!(yield* this.open(file))) return null;
      const kind = this.syncDue();
      if (kind !== null) return this.newIo(kind, file, 0, 0, false);
      const drawn = this.places.direction();
      const place =
        this.zoned === null
          ? this.places.in(file, drawn)
          : yield* zonedPlace(this.zoned, this.places, file, drawn);
      if (place === null) continue;
      const { direction, offset, length, locked = false } = place;
      return this.newIo(direction === READ ? 'read' : 'write', file, offset, length, locked);
    }
    return null;
  }

  private newIo(kind: Kind, file: JobFile, offset: number, length: number, locked: boolean): Io {
    const { nowNs } = this;
    return { kind, file, offset, length, startNs: nowNs, issueNs: nowNs, result: 0, locked };
  }

  private syncDue(): Kind | null {
    const { fsync, fdatasync } = this.options;
    const written = this.places.issues[WRITE];
    if (this.lastWasSync || !writes(this.options) || written === 0) return null;
    if (fsync > 0 && written % fsync === 0) return 'fsync';
    return fdatasync > 0 && written % fdatasync === 0 ? 'fdatasync' : null;
  }

  private *open(file: JobFile): Task<boolean> {
    if (file.fd >= 0 && !file.fresh) return true;
    file.fresh = false;
    if (file.fd >= 0) {
      if (this.zoned !== null) yield* this.zoned.countData(file);
      return true;
    }
    const fd = yield* openJobFile(this.process, this.context!, file, this.options);
    if (typeof fd === 'number') {
      file.fd = fd;
      if (this.zoned !== null) yield* this.zoned.countData(file);
      return true;
    }
    this.error ??= fd;
    return false;
  }

  private *submit(io: Io): Task<void> {
    const { stats, options } = this;
    if (isData(io)) {
      const direction = directionOf(io);
      this.places.issues[direction] += 1;
      this.issueBytes[direction] += io.length;
      if (this.places.issues[READ] + this.places.issues[WRITE] > MOST_IOS) {
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
    return this.places.issues[directionOf(io)] === 1;
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
  private *reap(count: number): Task<void> {
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

  private ioError(
    what: string,
    file: JobFile,
    result: number,
    offset: number,
    length: number,
  ): void {
    const why = strerror(result);
    this.say(
      `fio: io_u error on file ${file.name}: ${why}: ${what} offset=${offset}, buflen=${length}`,
    );
    this.error ??= jobError(result, 'io_u.c:1876', 'io_u error');
  }

  private say(text: string): void {
    this.process.stderr.write(`${text}\n`);
  }

  /** handle_thinktime(): once so many blocks are done, what is in flight is waited for, and then it thinks. */
  private *think(): Task<void> {
    const blocks = this.doneIos[READ] + this.doneIos[WRITE];
    if (blocks < this.thinkBlocks + this.options.thinktime_blocks) return;
    if (this.flight.count > 0) yield* this.reap(this.flight.count);
    yield* this.sleep(this.options.thinktime);
    this.thinkBlocks = blocks;
  }

  private *sleep(us: number): Task<void> {
    const done = new Completion();
    this.process.system.host.loop.post(wakeUp, done, us * 1000);
    yield* done.wait();
  }
}

function wakeUp(done: Completion): void {
  done.complete();
}
wakeUp.label = (): string => 'fio has thought';

/** `err=5/file:io_u.c:1876, func=...`. */
export function errorText({ number, text }: JobError): string {
  return `err=${number}/${text}`;
}
