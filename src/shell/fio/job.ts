/**
 * One job under way (fio 3.33, backend.c: thread_main(), do_io(); io_u.c: get_io_u()): I/Os one after another, loop after
 * loop, until it has done what it was told. A process of its own; its slots of iodepth work on its CPU.
 */

import type { ProcessContext } from '../../fs/syscalls.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { Completion, type Task } from '../../sim/task.ts';
import type { Process } from '../program.ts';
import { type JobFiles, openJobFile } from './files.ts';
import { type JobError, type JobFile, reads, writes } from './job-file.ts';
import { type Io, isData, type Kind } from './job-io.ts';
import type { JobOptions } from './job-options.ts';
import { Places } from './places.ts';
import type { PlannedJob } from './plan.ts';
import { Sender } from './send.ts';
import { JobStats, READ, WRITE } from './stats.ts';
import type { ZonedJob } from './zone-job.ts';
import { zonedPlace } from './zone-places.ts';
import { Assertion } from './zones.ts';

export class JobRun {
  readonly job: PlannedJob;
  readonly stats = new JobStats();
  readonly files: JobFiles;
  context: ProcessContext | null = null;
  /** From the job's begin to its end. */
  totalNs = 0;
  private readonly process: Process;
  private readonly options: JobOptions;
  private readonly sender: Sender;
  private readonly quiet: boolean;
  private places!: Places;
  private epochNs = 0;
  private terminate = false;
  private done = false;
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
    this.sender = new Sender(process, job, this.stats, files.zoned, quiet);
  }

  get error(): JobError | null {
    return this.sender.error;
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
    this.sender.context = this.context;
    this.joinZones(this.context);
    this.files.onError = (error) => {
      this.sender.error ??= error;
    };
    if (options.startdelay > 0) yield* this.sleep(options.startdelay);
    if (!this.sender.async && options.iodepth > 1 && !this.quiet) {
      process.stdout.write(
        'note: both iodepth >= 1 and synchronous I/O engine are selected, queue depth will be capped at 1\n',
      );
    }
    this.places = new Places(this.job, this.files.files, this.sender.issues, host.schedule.random);
    this.epochNs = this.nowNs;
    yield* this.loopsOrAbort();
    this.totalNs = this.nowNs - this.epochNs;
    this.stats.zoneResets = this.zoned?.resets ?? 0;
    if (this.error !== null)
      this.sender.log(`fio: pid=${this.context.pid}, ${errorText(this.error)}\n`);
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
    const { sender } = this;
    this.zoned.worker = { context, flight: sender.flight, quiesce: () => sender.quiesce() };
  }

  private get nowNs(): number {
    return this.process.system.host.loop.nowNs;
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
      this.sender.say(error.message);
      this.sender.say(`fio: pid=${this.context!.pid}, got signal=6`);
    }
  }

  private *loops(): Task<void> {
    const elapsedNs: [number, number] = [0, 0];
    while (this.keepRunning()) {
      const startNs = this.nowNs;
      if (this.sender.loop > 0) this.rewind();
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
    this.sender.loop += 1;
    if (this.done || this.terminate) return false;
    if (options.time_based || this.sender.loop < Math.max(options.loops, 1)) return true;
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
      this.sender.doneIos[READ] + this.sender.doneIos[WRITE] + this.sender.flight.count >=
        most * Math.max(loops, 1)
    );
  }

  private get bytesExceeded(): boolean {
    const sent = this.sender.issueBytes[READ] + this.sender.issueBytes[WRITE];
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
    const before = this.sender.issueBytes[READ] + this.sender.issueBytes[WRITE];
    const most = this.loopBytes;
    while (timed || !this.bytesExceeded) {
      if (runtime > 0 && this.nowNs - this.epochNs >= runtime * 1000) {
        this.terminate = true;
        break;
      }
      const sent = this.sender.issueBytes[READ] + this.sender.issueBytes[WRITE] - before;
      // fio counts here what it queues; a synchronous engine queues nothing and goes on until there is no place left.
      if (this.sender.async && sent >= most && !timed) break;
      const io = yield* this.nextIo();
      if (io === null) break;
      yield* this.sender.submit(io);
      if (this.error !== null) break;
      if (options.thinktime > 0 && isData(io)) yield* this.think();
    }
    yield* this.finish();
  }

  private *finish(): Task<void> {
    if (this.error !== null) {
      this.stats.completed(0);
      if (this.sender.flight.count > 0) yield* this.sender.reap(this.sender.flight.count);
      return;
    }
    if (this.sender.flight.count > 0) yield* this.sender.reap(this.sender.flight.count);
    if (this.error !== null || !this.options.end_fsync) return;
    if (!writes(this.options) || this.sender.lastWasSync) return;
    const { sys } = this.process.system;
    for (const file of this.files.files) {
      if (file.fd < 0) continue;
      const result = yield* sys.fsync(this.context!, file.fd);
      if (result >= 0) continue;
      this.sender.ioError('sync', file, result, 0, 0);
      this.sender.say(`fio: end_fsync failed for file ${file.name}`);
    }
  }

  /** get_io_u(): the rest of a short one, an fsync whose turn has come, or the next place. */
  private *nextIo(): Task<Io | null> {
    const rest = this.sender.rests.shift();
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
    const written = this.sender.issues[WRITE];
    if (this.sender.lastWasSync || !writes(this.options) || written === 0) return null;
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
    this.sender.error ??= fd;
    return false;
  }

  /** handle_thinktime(): once so many blocks are done, what is in flight is waited for, and then it thinks. */
  private *think(): Task<void> {
    const blocks = this.sender.doneIos[READ] + this.sender.doneIos[WRITE];
    if (blocks < this.thinkBlocks + this.options.thinktime_blocks) return;
    if (this.sender.flight.count > 0) yield* this.sender.reap(this.sender.flight.count);
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
