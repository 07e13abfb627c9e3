/** What a job of fio 3.33 is told (thread_options.h), with fio's defaults. */

/** A number of bytes, or a share of the file. */
export interface Amount {
  readonly value: number;
  readonly percent: boolean;
  /** `4z`: so many zones; `value` is 0 until their size is known. */
  readonly zones?: number;
}

export const RW = ['read', 'write', 'randread', 'randwrite', 'rw', 'randrw'] as const;
export type Rw = (typeof RW)[number];

export const ENGINES = ['psync', 'sync', 'pvsync', 'pvsync2', 'libaio', 'io_uring'] as const;
export type Engine = (typeof ENGINES)[number];

/** What a job is told; defaults are fio's. Times in microseconds, sizes in bytes. */
export class JobOptions {
  name: string | null = null;
  description = '';
  filename: string | null = null;
  filename_format: string | null = null;
  directory: string | null = null;
  rw: Rw = 'read';
  rwmixread = 50;
  /** Of reads, writes and trims. */
  bs: readonly [number, number, number] = [4096, 4096, 4096];
  size: Amount | null = null;
  io_size: Amount | null = null;
  offset: Amount = { value: 0, percent: false };
  offset_increment: Amount = { value: 0, percent: false };
  number_ios = 0;
  loops = 1;
  ioengine: Engine = 'psync';
  iodepth = 1;
  numjobs = 1;
  direct = false;
  sync: 'none' | 'sync' | 'dsync' = 'none';
  fsync = 0;
  fdatasync = 0;
  end_fsync = false;
  overwrite = false;
  file_append = false;
  allow_file_create = true;
  create_on_open = false;
  create_fsync = true;
  unlink = false;
  fallocate: 'none' | 'posix' | 'native' | 'keep' | 'truncate' = 'native';
  group_reporting = false;
  stonewall = false;
  new_group = false;
  randseed: number | null = null;
  randrepeat = true;
  norandommap = false;
  invalidate = true;
  thinktime = 0;
  thinktime_blocks = 1;
  time_based = false;
  runtime = 0;
  startdelay = 0;
  zero_buffers = false;
  create_serialize = true;
  zonemode: 'none' | 'zbd' = 'none';
  /** 0: what the device has. */
  zonesize = 0;
  /** 0: all of a zone. */
  zonecapacity = 0;
  zoneskip: Amount = { value: 0, percent: false };
  read_beyond_wp = false;
  /** 0: any number. */
  max_open_zones = 0;
  job_max_open_zones = 0;
  ignore_zone_limits = false;
  /** Shares, from 0 to 1. */
  zone_reset_threshold = 0;
  zone_reset_frequency = 0;
  /** Every option given, as typed, in order: what the JSON calls "job options". */
  given: readonly (readonly [string, string])[] = [];

  /** A new job that starts from these. */
  copy(): JobOptions {
    return Object.assign(new JobOptions(), this, { given: [] });
  }
}
