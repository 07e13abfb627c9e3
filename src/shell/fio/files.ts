/**
 * The files of a job before it runs (fio 3.33, filesetup.c: setup_files(), extend_file(), generic_open_file()): their
 * sizes, the part the job works on, and laying out what is not there yet.
 */

import { dropClean } from '../../block/cache.ts';
import { O, S } from '../../fs/inode.ts';
import type { ProcessContext } from '../../fs/syscalls.ts';
import { errno, strerror } from '../../kernel/errno.ts';
import type { Task } from '../../sim/task.ts';
import { NEW_FILE_MODE } from '../messages.ts';
import { isType } from '../paths.ts';
import type { Process } from '../program.ts';
import { type JobError, type JobFile, jobError, leastBlock, writes } from './job-file.ts';
import type { Amount, JobOptions } from './job-options.ts';
import { Layout } from './layout.ts';
import type { PlannedJob } from './plan.ts';
import { ZonedJob } from './zone-job.ts';
import { learnZones } from './zone-report.ts';
import { setUpZones } from './zone-setup.ts';
import { ZonedFile, type ZoneRun } from './zones.ts';

const ZONE_AMOUNTS = ['size', 'io_size', 'offset', 'offset_increment', 'zoneskip'] as const;

/** One job's files. `sizeBytes`: what the job moves in one loop. */
export class JobFiles {
  readonly files: JobFile[] = [];
  sizeBytes = 0;
  error: JobError | null = null;
  /** With `--zonemode=zbd`. */
  readonly zoned: ZonedJob | null = null;
  private readonly process: Process;
  private readonly job: PlannedJob;
  private readonly options: JobOptions;
  private readonly quiet: boolean;

  constructor(process: Process, job: PlannedJob, zones: ZoneRun, quiet: boolean) {
    this.process = process;
    this.job = job;
    this.options = job.options;
    this.quiet = quiet;
    if (job.options.zonemode !== 'zbd') return;
    this.zoned = new ZonedJob(process, zones, job.options, this.files, (error) => {
      this.onError(error);
    });
    zones.jobs.push(this.zoned);
  }

  /** Set by the job under way: whose the error is then. */
  onError = (error: JobError): void => {
    this.error ??= error;
  };

  /** Looks at all files and lays out what is missing. False when the job cannot run; that is said. */
  *setUp(): Task<boolean> {
    for (const name of this.job.files) {
      if (!(yield* this.makeDirectories(name))) return false;
      const file = yield* this.look(name);
      if (file === null) return false;
      this.files.push(file);
    }
    if (this.zoned !== null && !(yield* this.learnZones(this.zoned))) return false;
    this.countZones();
    if (!this.measure() || !(yield* this.layOutMissing())) return false;
    return this.zoned === null || (yield* setUpZones(this.process, this.zoned.run, this.zoned));
  }

  /** zbd_init_files(): what another job knows of a file is shared. */
  private *learnZones(zoned: ZonedJob): Task<boolean> {
    const all = zoned.run.jobs.flatMap(({ files }) => files);
    for (const file of this.files) {
      const known = all.find(({ name, zones }) => zones !== null && name === file.name);
      const learnt = known?.zones ?? (yield* learnZones(this.process, file, this.options));
      if (learnt instanceof ZonedFile) file.zones = learnt;
      else {
        this.error ??= learnt.error;
        return false;
      }
    }
    return true;
  }

  /** zbd_recalc_options_with_zone_granularity(): `4z` are so many zones of the last file; where there are none, nothing. */
  private countZones(): void {
    const { options } = this;
    for (const file of this.files) {
      const size = file.zones?.zoneBytes ?? 0;
      if (size === 0) continue;
      for (const name of ZONE_AMOUNTS) {
        const amount = options[name];
        if (amount?.zones === undefined || amount.zones === 0) continue;
        options[name] = { ...amount, value: amount.zones * size };
      }
    }
  }

  private *layOutMissing(): Task<boolean> {
    const missing = this.files.filter(
      (file) => file.kind === 'regular' && file.lengthBytes + file.startBytes > file.sizeBytes,
    );
    if (missing.length === 0 || this.options.create_on_open) {
      for (const file of missing) file.sizeBytes = file.lengthBytes + file.startBytes;
      return true;
    }
    if (!this.quiet) this.process.stdout.write(this.layoutLine(missing));
    const layout = new Layout(this.process, this.job);
    for (const file of missing) {
      file.sizeBytes = file.lengthBytes + file.startBytes;
      this.error = yield* layout.layOut(file);
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
    const none = {
      startBytes: 0,
      givenStartBytes: 0,
      lengthBytes: 0,
      fd: -1,
      map: null,
      done: false,
      position: 0,
    };
    const noZones = { fresh: true, zones: null, firstZone: 0, endZone: 0 };
    const file: JobFile = { name, kind, sizeBytes, ...none, ...noZones, next: [0, 0] };
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
    if (total === 0 && (options.size === null || options.size.value === 0)) {
      this.error = jobError(-errno.EINVAL, 'filesetup.c:1155', 'total_file_size');
      return this.say(`${job.name}: you need to specify size=`);
    }
    const block = leastBlock(options);
    const share = Math.floor(size / files.length);
    let extra = Math.floor((size - share * files.length) / block);
    let sum = 0;
    for (const file of files) {
      file.startBytes = this.startOf(file);
      file.givenStartBytes = file.startBytes;
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
