/**
 * The files of a job before it runs (fio 3.33, filesetup.c: setup_files(), extend_file(), generic_open_file()): their
 * sizes, the part the job works on, and laying out what is not there yet.
 */

import { dropClean } from '../../block/cache.ts';
import { FillPayload, PatternPayload } from '../../block/payload.ts';
import { FALLOC, O, S } from '../../fs/inode.ts';
import type { ProcessContext } from '../../fs/syscalls.ts';
import { errno, strerror } from '../../kernel/errno.ts';
import type { Task } from '../../sim/task.ts';
import { NEW_FILE_MODE } from '../messages.ts';
import { isType } from '../paths.ts';
import type { Process } from '../program.ts';
import type { Amount, JobOptions } from './options.ts';
import type { PlannedJob } from './plan.ts';
import type { BlockMap } from './random.ts';

/** What went wrong first: `err=5/file:io_u.c:1876, func=io_u error, error=...`. */
export interface JobError {
  readonly number: number;
  readonly text: string;
}

/** `source`: file and line of fio 3.33 that says so, since it prints them. `result` of a call, negative. */
export function jobError(result: number, source: string, what: string): JobError {
  const text = `file:${source}, func=${what}, error=${strerror(result)}`;
  return { number: Math.abs(result), text };
}

export interface JobFile {
  readonly name: string;
  readonly kind: 'regular' | 'device' | 'other';
  sizeBytes: number;
  /** The part the job works on. */
  startBytes: number;
  lengthBytes: number;
  fd: number;
  /** Where the next read and the next write go, in order. */
  readonly next: [number, number];
  map: BlockMap | null;
  done: boolean;
  /** Behind the last I/O: what lseek(2) is asked for by the sync engine. */
  position: number;
}

export function reads({ rw }: JobOptions): boolean {
  return rw === 'read' || rw === 'randread' || rw === 'rw' || rw === 'randrw';
}

export function writes({ rw }: JobOptions): boolean {
  return rw !== 'read' && rw !== 'randread';
}

/** The smallest block of the directions the job has. */
export function leastBlock(options: JobOptions): number {
  const { bs } = options;
  if (!writes(options)) return bs[0];
  return reads(options) ? Math.min(bs[0], bs[1]) : bs[1];
}

/** One job's files. `sizeBytes`: what the job moves in one loop. */
export class JobFiles {
  readonly files: JobFile[] = [];
  sizeBytes = 0;
  error: JobError | null = null;
  private readonly process: Process;
  private readonly job: PlannedJob;
  private readonly options: JobOptions;
  private readonly quiet: boolean;

  constructor(process: Process, job: PlannedJob, quiet: boolean) {
    this.process = process;
    this.job = job;
    this.options = job.options;
    this.quiet = quiet;
  }

  /** Looks at all files and lays out what is missing. False when the job cannot run; that is said. */
  *setUp(): Task<boolean> {
    for (const name of this.job.files) {
      if (!(yield* this.makeDirectories(name))) return false;
      const file = yield* this.look(name);
      if (file === null) return false;
      this.files.push(file);
    }
    if (!this.measure()) return false;
    const missing = this.files.filter(
      (file) => file.kind === 'regular' && file.lengthBytes + file.startBytes > file.sizeBytes,
    );
    if (missing.length === 0 || this.options.create_on_open) {
      for (const file of missing) file.sizeBytes = file.lengthBytes + file.startBytes;
      return true;
    }
    if (!this.quiet) this.process.stdout.write(this.layoutLine(missing));
    for (const file of missing) {
      file.sizeBytes = file.lengthBytes + file.startBytes;
      this.error = yield* this.layOut(file);
      if (this.error !== null) return false;
    }
    return true;
  }

  private say(text: string): false {
    this.process.stderr.write(`${text}\n`);
    return false;
  }

  private *makeDirectories(name: string): Task<boolean> {
    const { sys } = this.process.system;
    const parts = name.split('/').slice(0, -1);
    for (let i = 1; i <= parts.length; i += 1) {
      const path = parts.slice(0, i).join('/');
      if (path === '') continue;
      const stat = yield* sys.stat(this.process, path);
      if (typeof stat !== 'number') continue;
      const made = yield* sys.mkdir(this.process, path, 0o700);
      if (made < 0 && made !== -errno.EEXIST) {
        return this.say(`fio: failed to create dir (${path}): ${strerror(made)}`);
      }
    }
    return true;
  }

  private *look(name: string): Task<JobFile | null> {
    const { sys } = this.process.system;
    const stat = yield* sys.stat(this.process, name);
    let sizeBytes = 0;
    let kind: JobFile['kind'] = 'regular';
    if (typeof stat !== 'number') {
      if (isType(stat, S.IFBLK)) kind = 'device';
      else if (!isType(stat, S.IFREG) && !isType(stat, S.IFDIR)) kind = 'other';
      // A directory is no regular file to fio's stat either; laying it out then fails at unlink(2).
      sizeBytes = isType(stat, S.IFDIR) ? 0 : stat.size;
    }
    if (kind === 'other') sizeBytes = this.options.size?.value ?? 0;
    const none = { startBytes: 0, lengthBytes: 0, fd: -1, map: null, done: false, position: 0 };
    const file: JobFile = { name, kind, sizeBytes, ...none, next: [0, 0] };
    if (kind !== 'device') return file;
    const fd = yield* openJobFile(this.process, this.process, file, this.options);
    if (typeof fd !== 'number') {
      this.error = fd;
      this.say(`fio: failed opening blockdev ${name} for size check`);
      this.say(fd.text);
      return null;
    }
    file.sizeBytes = yield* sys.lseek(this.process, fd, 0, 'end');
    yield* sys.close(this.process, fd);
    return file;
  }

  /** The part of each file the job works on. */
  private measure(): boolean {
    const { options, job, files } = this;
    const total = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    const size = options.size === null || options.size.percent ? 0 : options.size.value;
    if (total === 0 && options.size === null) {
      this.error = jobError(-errno.EINVAL, 'filesetup.c:1155', 'total_file_size');
      return this.say(`${job.name}: you need to specify size=`);
    }
    const block = leastBlock(options);
    const share = Math.floor(size / files.length);
    let extra = Math.floor((size - share * files.length) / block);
    let sum = 0;
    for (const file of files) {
      file.startBytes = this.startOf(file);
      file.lengthBytes = share + (extra > 0 ? block : 0);
      extra -= 1;
      if (file.lengthBytes === 0) {
        if (file.startBytes > file.sizeBytes) {
          return this.say(`${job.name}: you need to specify valid offset=`);
        }
        file.lengthBytes = file.sizeBytes - file.startBytes;
        if (file.lengthBytes === 0 && !this.quiet) {
          this.process.stdout.write(`fio: file ${file.name} may be ignored\n`);
        }
      }
      this.cutToShare(file, block);
      sum += file.lengthBytes;
    }
    this.sizeBytes = size === 0 || (sum > 0 && size > sum) ? sum : size;
    if (this.sizeBytes >= block) return true;
    return this.say('fio: blocksize is larger than data set range');
  }

  /** `--size=50%`. */
  private cutToShare(file: JobFile, block: number): void {
    const { size } = this.options;
    if (size === null || !size.percent || size.value === 100) return;
    const whole = file.lengthBytes + file.startBytes;
    const share = Math.min(Math.floor((whole * size.value) / 100), whole - file.startBytes);
    file.lengthBytes = share - (share % block);
  }

  private startOf(file: JobFile): number {
    const { options, job } = this;
    if (options.file_append && file.kind === 'regular') return file.sizeBytes;
    const { offset, offset_increment: step } = options;
    const bytes = ({ value, percent }: Amount): number =>
      percent ? Math.floor((file.sizeBytes * value) / 100) : value;
    const start = bytes(offset) + job.subjob * bytes(step);
    if (!step.percent && !offset.percent) return start;
    const block = leastBlock(options);
    return Math.ceil(start / block) * block;
  }

  private layoutLine(files: readonly JobFile[]): string {
    const bytes = files.reduce((sum, file) => sum + file.lengthBytes + file.startBytes, 0);
    const mib = Math.floor(bytes / 2 ** 20);
    const [s, total] = files.length > 1 ? ['s', 'total '] : ['', ''];
    return `${this.job.name}: Laying out IO file${s} (${files.length} file${s} / ${total}${mib}MiB)\n`;
  }

  /** extend_file(): unlinked and made anew for writes; written in full where the job reads or overwrites. */
  private *layOut(file: JobFile): Task<JobError | null> {
    const { options, process } = this;
    const { sys } = process.system;
    const keeps = options.file_append && !reads(options);
    const anew = reads(options) || (options.overwrite && !keeps);
    if (anew || !keeps) {
      const gone = yield* sys.unlink(process, file.name);
      if (gone < 0 && gone !== -errno.ENOENT) {
        return jobError(gone, 'filesetup.c:150', 'unlink');
      }
    }
    const create = options.allow_file_create ? O.CREAT : 0;
    const flags = O.WRONLY | create | (anew ? O.TRUNC : 0);
    const fd = yield* sys.open(process, file.name, flags, NEW_FILE_MODE);
    if (fd < 0) {
      if (fd === -errno.ENOENT && !options.allow_file_create) {
        this.say('fio: file creation disallowed by allow_file_create=0');
        return { number: 0, text: '' };
      }
      return jobError(fd, 'filesetup.c:174', 'open');
    }
    let error = yield* this.allocate(file, fd);
    if (error === null && anew) error = yield* this.fill(file, fd);
    yield* sys.close(process, fd);
    return error;
  }

  private *allocate(file: JobFile, fd: number): Task<JobError | null> {
    const { process, options } = this;
    const { sys } = process.system;
    const size = file.sizeBytes;
    switch (options.fallocate) {
      case 'native':
        // Whether it can be had or not is nobody's business.
        yield* sys.fallocate(process, fd, 0, 0, size);
        return null;
      case 'posix': {
        const result = yield* sys.fallocate(process, fd, 0, 0, size);
        if (result < 0) this.say(`fio: posix_fallocate fails: ${strerror(result)}`);
        return null;
      }
      case 'keep': {
        const result = yield* sys.fallocate(process, fd, FALLOC.KEEP_SIZE, 0, size);
        return result < 0 ? jobError(result, 'filesetup.c:93', 'fallocate') : null;
      }
      case 'truncate': {
        const result = yield* sys.ftruncate(process, fd, size);
        return result < 0 ? jobError(result, 'filesetup.c:106', 'ftruncate') : null;
      }
      default:
        return null;
    }
  }

  private *fill(file: JobFile, fd: number): Task<JobError | null> {
    const { process, options, job } = this;
    const { sys } = process.system;
    const cut = yield* sys.ftruncate(process, fd, file.sizeBytes);
    if (cut < 0 && cut !== -errno.EFBIG) return jobError(cut, 'filesetup.c:195', 'ftruncate');
    const block = options.bs[1];
    for (let at = 0; at < file.sizeBytes; ) {
      const data = content(options, job.number, 0, at, Math.min(block, file.sizeBytes - at));
      const written = yield* sys.write(process, fd, data);
      if (written <= 0) {
        if (written === -errno.ENOSPC) {
          process.stdout.write('fio: ENOSPC on laying out file, stopping\n');
        }
        return written < 0
          ? jobError(written, 'filesetup.c:240', 'write')
          : jobError(-errno.EIO, 'filesetup.c:242', 'write');
      }
      at += written;
    }
    if (!options.create_fsync) return null;
    const synced = yield* sys.fsync(process, fd);
    return synced < 0 ? jobError(synced, 'filesetup.c:253', 'fsync') : null;
  }
}

/** What a job writes at a place in loop `loop`: a pattern of its own, so that it can be told from what stood there. */
export function content(
  options: JobOptions,
  jobNumber: number,
  loop: number,
  offset: number,
  length: number,
): PatternPayload | FillPayload {
  if (options.zero_buffers) return new FillPayload(0, length);
  return new PatternPayload(jobNumber * 1000 + loop, offset, length);
}

/** generic_open_file(): the descriptor in `owner`, or the error. */
export function* openJobFile(
  process: Process,
  owner: ProcessContext,
  file: JobFile,
  options: JobOptions,
): Task<number | JobError> {
  const { sys, block } = process.system;
  const create = options.allow_file_create && (writes(options) || options.create_on_open);
  const flags =
    (writes(options) ? O.RDWR : O.RDONLY) |
    (create && file.kind === 'regular' ? O.CREAT : 0) |
    (options.direct ? O.DIRECT : 0) |
    (options.sync === 'none' ? 0 : options.sync === 'sync' ? O.SYNC : O.DSYNC);
  const fd = yield* sys.open(owner, file.name, flags, NEW_FILE_MODE);
  if (fd < 0) {
    if (fd === -errno.EINVAL && options.direct) {
      process.stderr.write(
        'fio: looks like your file system does not support direct=1/buffered=0\n',
      );
    }
    return jobError(fd, 'filesetup.c:805', `open(${file.name})`);
  }
  if (!options.invalidate || options.direct) return fd;
  // file_invalidate_cache(): BLKFLSBUF on a device, POSIX_FADV_DONTNEED on a file.
  const { inode } = owner.files.get(fd)!;
  if (inode.device === undefined) inode.dropCache?.();
  else {
    yield* sys.fsync(owner, fd);
    dropClean(block, inode.device);
  }
  return fd;
}
