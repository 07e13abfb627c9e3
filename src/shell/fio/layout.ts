/**
 * Laying out the files a job reads or overwrites and that are not there yet (fio 3.33, filesetup.c: extend_file()), and
 * what is written to them.
 */

import { FillPayload, PatternPayload } from '../../block/payload.ts';
import { FALLOC, O } from '../../fs/inode.ts';
import { errno, strerror } from '../../kernel/errno.ts';
import type { Task } from '../../sim/task.ts';
import { NEW_FILE_MODE } from '../messages.ts';
import type { Process } from '../program.ts';
import { type JobError, type JobFile, jobError, reads } from './job-file.ts';
import type { JobOptions } from './job-options.ts';
import type { PlannedJob } from './plan.ts';

export class Layout {
  private readonly process: Process;
  private readonly job: PlannedJob;
  private readonly options: JobOptions;

  constructor(process: Process, job: PlannedJob) {
    this.process = process;
    this.job = job;
    this.options = job.options;
  }

  private say(text: string): void {
    this.process.stderr.write(`${text}\n`);
  }

  /** extend_file(): unlinked and made anew for writes; written in full where the job reads or overwrites. */
  *layOut(file: JobFile): Task<JobError | null> {
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
