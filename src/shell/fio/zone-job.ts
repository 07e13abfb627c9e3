/**
 * One job's dealings with zones (fio 3.33, zbd.c): their locks, opening, closing and resetting them, and the write
 * pointers it keeps by itself. A zone's lock is taken for an I/O as its place is chosen and let go when the I/O has
 * ended: two jobs never have I/Os under way in one zone.
 */

import { O } from '../../fs/inode.ts';
import type { ProcessContext } from '../../fs/syscalls.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import type { Process } from '../program.ts';
import { type JobError, type JobFile, jobError, writes } from './job-file.ts';
import type { JobOptions } from './job-options.ts';
import {
  Assertion,
  capacityEnd,
  isInside,
  type Zone,
  type ZonedFile,
  type ZoneRun,
} from './zones.ts';

/** The job under way. */
export interface ZoneWorker {
  readonly context: ProcessContext;
  /** With a synchronous engine nothing ever. */
  readonly flight: { readonly count: number };
  /** io_u_quiesce(): waits until nothing of the job is under way. */
  quiesce(): Task<void>;
}

export class ZonedJob {
  readonly options: JobOptions;
  readonly files: readonly JobFile[];
  readonly run: ZoneRun;
  /** Zones reset, those before the job's begin included. */
  resets = 0;
  /** Bytes of I/Os since the last zone was skipped. */
  zoneBytes = 0;
  worker: ZoneWorker | null = null;
  private readonly process: Process;
  private readonly say: (error: JobError) => void;
  /** Of the zones open, how many this job has opened; less those it has closed, and never negative: unsigned. */
  private opened = 0;

  constructor(
    process: Process,
    run: ZoneRun,
    options: JobOptions,
    files: readonly JobFile[],
    fail: (error: JobError) => void,
  ) {
    this.process = process;
    this.run = run;
    this.options = options;
    this.files = files;
    this.say = fail;
  }

  get isRandom(): boolean {
    return this.options.rw.startsWith('rand');
  }

  fail(result: number, line: number, what: string, text = ''): void {
    if (text !== '') this.process.stderr.write(`${text}\n`);
    this.say(jobError(result, `zbd.c:${line}`, what));
  }

  quiesce(): Task<void> {
    return this.worker === null ? nothing() : this.worker.quiesce();
  }

  /** zone_lock(): again and again by one job; another waits, its own I/Os ended first. */
  *lock(file: JobFile, zone: Zone): Task<void> {
    if (zone.index < file.firstZone || zone.index >= file.endZone) {
      throw new Assertion('zbd.c:97', 'zone_lock', 'f->min_zone <= nz && nz < f->max_zone');
    }
    if (zone.owner !== null && zone.owner !== this) {
      yield* this.quiesce();
      while (zone.owner !== null) yield* file.zones!.changed.wait();
    }
    zone.owner = this;
    zone.depth += 1;
  }

  unlock(zoned: ZonedFile, zone: Zone): void {
    if (zone.owner !== this) return;
    zone.depth -= 1;
    if (zone.depth > 0) return;
    zone.owner = null;
    zoned.changed.wakeAll();
  }

  /** Whoever dies holds nothing. */
  abandon(): void {
    for (const { zones: zoned } of this.files) {
      if (zoned === null) continue;
      for (const zone of zoned.zones) {
        if (zone.owner !== this) continue;
        zone.depth = 1;
        this.unlock(zoned, zone);
      }
    }
  }

  get mayNotOpen(): boolean {
    const { job_max_open_zones: most } = this.options;
    return most > 0 && this.opened >= most;
  }

  get hasOpenedMost(): boolean {
    const { job_max_open_zones: most } = this.options;
    return most > 0 && this.opened === most;
  }

  /** zbd_open_zone(): may the job write to it? Counted only where there is a limit. */
  openZone(zoned: ZonedFile, zone: Zone): boolean {
    if (zone.offline) return false;
    if (zoned.mostOpen === 0) return true;
    // One that I/Os under way will fill is as good as full.
    if (zone.open) return zone.wp < capacityEnd(zone);
    if (this.mayNotOpen || zoned.open.length >= zoned.mostOpen) return false;
    zoned.open.push(zone.index);
    this.opened += 1;
    zone.open = true;
    return true;
  }

  closeZone(zoned: ZonedFile, zone: Zone): void {
    const at = zoned.open.indexOf(zone.index);
    if (!zone.open || at < 0) return;
    zoned.open.splice(at, 1);
    // Whoever closes counts, not whoever has opened it.
    this.opened = (this.opened - 1) >>> 0;
    zone.open = false;
  }

  /** 0, also where there is nothing to reset, or a negative errno, said. */
  *resetZone(file: JobFile, zone: Zone): Task<number> {
    const zoned = file.zones!;
    const length = zoned.endOf(zone) - zone.start;
    const data = zone.wp - zone.start;
    if (data === 0) return 0;
    if (!isInside(file, zone.start + length - 1)) {
      throw new Assertion('zbd.c:260', 'zbd_reset_zone', 'is_valid_offset(f, offset + length - 1)');
    }
    const result = zoned.real ? yield* this.resetPointer(file, zone.start, length) : 0;
    if (result < 0) return result;
    zoned.bytesWithData -= data;
    zoned.pointerBytesWithData -= data;
    zone.wp = zone.start;
    this.resets += 1;
    return result;
  }

  private *resetPointer(file: JobFile, start: number, length: number): Task<number> {
    const { sys } = this.process.system;
    const owner = this.worker?.context ?? this.process;
    const [sector, sectors] = [start / SECTOR_BYTES, length / SECTOR_BYTES];
    const fd = file.fd >= 0 ? file.fd : yield* sys.open(owner, file.name, O.RDWR);
    const result = fd < 0 ? fd : yield* sys.manageZones(owner, fd, 'reset', sector, sectors);
    if (fd >= 0 && file.fd < 0) yield* sys.close(owner, fd);
    if (result >= 0) return 0;
    const where = `${sectors} sectors at sector ${sector}`;
    const text = `${file.name}: resetting wp for ${where} failed (${-result}).`;
    this.fail(result, 231, 'resetting wp failed', text);
    return result;
  }

  /** zbd_file_reset(): a file opened for writes has its data counted, all its zones locked meanwhile. */
  *countData(file: JobFile): Task<void> {
    const { zones: zoned } = file;
    if (zoned === null || !writes(this.options)) return;
    const own = zoned.zones.slice(file.firstZone, file.endZone);
    let bytes = 0;
    let pointerBytes = 0;
    for (const zone of own) {
      if (zone.hasPointer) {
        yield* this.lock(file, zone);
        pointerBytes += zone.wp - zone.start;
      }
      bytes += zone.wp - zone.start;
    }
    // What this job has not looked at is forgotten, although the numbers are those of all jobs.
    zoned.bytesWithData = bytes;
    zoned.pointerBytesWithData = pointerBytes;
    for (const zone of own) if (zone.hasPointer) this.unlock(zoned, zone);
    this.beginCount(zoned);
  }

  private beginCount(zoned: ZonedFile): void {
    const { zone_reset_frequency: frequency } = this.options;
    zoned.writesToReset =
      frequency > 0 ? Math.floor(Math.min(1 / frequency, 2 ** 32 - 1)) : 2 ** 32 - 1;
  }

  /** Has this write's turn come to reset its zone? */
  resetIsDue(file: JobFile): boolean {
    const { zone_reset_frequency: frequency, zone_reset_threshold: threshold } = this.options;
    const zoned = file.zones!;
    if (frequency === 0 || zoned.pointerBytesWithData < file.lengthBytes * threshold) return false;
    zoned.writesToReset -= 1;
    if (zoned.writesToReset > 0) return false;
    this.beginCount(zoned);
    return true;
  }

  /** zbd_queue_io(): the engine took an I/O of a locked zone; with `ended` it is over, too. */
  sent(file: JobFile, io: ZonedIo, ended: boolean, ok: boolean): void {
    const zoned = file.zones!;
    const zone = zoned.at(io.offset);
    if (ok && io.kind === 'write') {
      const end = Math.min(io.offset + io.length, capacityEnd(zone));
      if (zone.wp <= end) {
        zoned.bytesWithData += end - zone.wp;
        zoned.pointerBytesWithData += end - zone.wp;
      }
      zone.wp = end;
    }
    if (ok && !ended) return;
    if (ok) this.closeIfFull(zoned, zone, io);
    this.unlock(zoned, zone);
  }

  /** zbd_put_io(): an I/O that was under way has ended. */
  ended(file: JobFile, io: ZonedIo): void {
    const zoned = file.zones!;
    const zone = zoned.at(io.offset);
    this.closeIfFull(zoned, zone, io);
    this.unlock(zoned, zone);
  }

  private closeIfFull(zoned: ZonedFile, zone: Zone, io: ZonedIo): void {
    if (io.kind === 'write' && io.offset + io.length >= capacityEnd(zone)) {
      this.closeZone(zoned, zone);
    }
  }
}

/** An I/O that holds the lock of its zone. */
export interface ZonedIo {
  readonly kind: string;
  readonly offset: number;
  readonly length: number;
}

function* nothing(): Task<void> {}
