/**
 * The options of a job (fio 3.33, options.c and parse.c): which there are, what their values mean, and what fio says about a value
 * it cannot use. Options fio has and the model has not are "not modelled".
 */

import { NotModelled } from '../../kernel/not-modelled.ts';
import { ENGINES, type JobOptions, RW } from './job-options.ts';
import { sizeOf } from './numbers.ts';
import { HARMLESS, insteadOf, OTHER_ENGINES, UNMODELLED, ZONES_BY_HAND } from './option-names.ts';
import {
  type Apply,
  amount,
  BAD,
  bytes,
  type Choices,
  choice,
  flag,
  GOES_ON,
  share,
  text,
  time,
  unsigned,
  validValues,
  whole,
} from './option-values.ts';
import { MOST_OPEN_ZONES } from './zones.ts';

/** What an option's value did: null, or what goes to standard error, and to standard output before it. */
export interface ValueProblem {
  readonly messages: readonly string[];
  readonly valid?: string;
  /** Only said: the option is taken. */
  readonly goesOn?: boolean;
}

const ALIASES: Readonly<Record<string, string>> = {
  blocksize: 'bs',
  readwrite: 'rw',
  io_limit: 'io_size',
  start_delay: 'startdelay',
};

const RW_CHOICES: Choices = [
  ['read', 'Sequential read'],
  ['write', 'Sequential write'],
  ['trim', 'Sequential trim'],
  ['randread', 'Random read'],
  ['randwrite', 'Random write'],
  ['randtrim', 'Random trim'],
  ['rw', 'Sequential read and write mix'],
  ['readwrite', 'Sequential read and write mix'],
  ['randrw', 'Random read and write mix'],
  ['trimwrite', 'Trim and write mix, trims preceding writes'],
  ['randtrimwrite', 'Randomly trim and write mix, trims preceding writes'],
];

const SYNC_CHOICES: Choices = [
  ['none', ''],
  ['0', ''],
  ['sync', ''],
  ['1', ''],
  ['dsync', ''],
];

const FALLOCATE_CHOICES: Choices = [
  ['none', 'Do not pre-allocate space'],
  ['native', 'Use native pre-allocation if possible'],
  ['posix', 'Use posix_fallocate()'],
  ['keep', 'Use fallocate(..., FALLOC_FL_KEEP_SIZE, ...)'],
  ['truncate', 'Truncate file to final size instead of allocating'],
  ['0', "Alias for 'none'"],
  ['1', "Alias for 'posix'"],
];

function rw(job: JobOptions, value: string): readonly string[] | null {
  const [kind = '', more] = value.split(':', 2);
  if (!RW_CHOICES.some(([word]) => word === kind)) return [validValues(RW_CHOICES), BAD];
  const known = RW.find((one) => one === (kind === 'readwrite' ? 'rw' : kind));
  if (known === undefined) throw new NotModelled(`fio --rw=${kind}`, 'trims are not modelled');
  if (more !== undefined) throw new NotModelled(`fio --rw=${value}`, 'use --rw without a number');
  job.rw = known;
  return null;
}

/** `4k`, or one each for reads, writes and trims; an empty one keeps its default, the last stands for those after it. */
function blockSizes(job: JobOptions, value: string): string | null {
  const words = value.split(',');
  if (words.length > 3) return BAD;
  const sizes = [...job.bs] as [number, number, number];
  let last = -1;
  for (let i = 0; i < 3; i += 1) {
    const word = words[i];
    if (word === '') continue;
    if (word !== undefined) {
      const found = sizeOf(word);
      if (found === null || found.percent || found.value < 1) return BAD;
      last = found.value;
    }
    if (last > 0) sizes[i] = last;
  }
  job.bs = sizes;
  return null;
}

function engine(job: JobOptions, value: string): readonly string[] | null {
  const known = ENGINES.find((one) => one === value);
  if (known !== undefined) {
    job.ioengine = known;
    return null;
  }
  if (OTHER_ENGINES.has(value)) {
    throw new NotModelled(`fio --ioengine=${value}`, `there are ${ENGINES.join(', ')}`);
  }
  const why = `${value}: cannot open shared object file: No such file or directory`;
  return [
    `fio: file:ioengines.c:134, func=dlopen, error=${why}\n`,
    `fio: engine ${value} not loadable`,
    'fio: failed to load engine',
  ];
}

function zoneMode(job: JobOptions, value: string): readonly string[] | null {
  const choices: Choices = [
    ['none', 'no zoning'],
    ['strided', 'strided mode - random I/O is restricted to a single zone'],
    ['zbd', 'zoned block device mode - random I/O selects one of multiple zones randomly'],
  ];
  if (!choices.some(([word]) => word === value)) return [validValues(choices), BAD];
  if (value === 'none' || value === 'zbd') {
    job.zonemode = value;
    return null;
  }
  throw new NotModelled(`fio --zonemode=${value}`, ZONES_BY_HAND);
}

function randomSeed(job: JobOptions, value: string): string | null {
  const found = sizeOf(value);
  if (found === null || found.percent) return BAD;
  job.randseed = found.value;
  return null;
}

const APPLY: Readonly<Record<string, Apply>> = {
  description: text('description'),
  filename: text('filename'),
  filename_format: text('filename_format'),
  directory: text('directory'),
  rw,
  rwmixread: whole('rwmixread', 'rwmixread', 0, 100),
  rwmixwrite: (job, value) => {
    const refused = whole('rwmixread', 'rwmixwrite', 0, 100)(job, value);
    if (refused === null) job.rwmixread = 100 - job.rwmixread;
    return refused;
  },
  bs: blockSizes,
  size: amount('size'),
  io_size: amount('io_size'),
  offset: amount('offset'),
  offset_increment: amount('offset_increment'),
  number_ios: whole('number_ios', 'number_ios', 0),
  loops: whole('loops', 'loops', 0),
  ioengine: engine,
  iodepth: whole('iodepth', 'iodepth', 1),
  numjobs: whole('numjobs', 'numjobs', 0),
  direct: flag('direct'),
  buffered: flag('direct', false),
  sync: choice('sync', SYNC_CHOICES, { 0: 'none', 1: 'sync' }),
  fsync: whole('fsync', 'fsync', 0),
  fdatasync: whole('fdatasync', 'fdatasync', 0),
  end_fsync: flag('end_fsync'),
  overwrite: flag('overwrite'),
  file_append: flag('file_append'),
  allow_file_create: flag('allow_file_create'),
  create_on_open: flag('create_on_open'),
  create_fsync: flag('create_fsync'),
  unlink: flag('unlink'),
  fallocate: choice('fallocate', FALLOCATE_CHOICES, { 0: 'none', 1: 'posix' }),
  group_reporting: flag('group_reporting'),
  stonewall: flag('stonewall'),
  new_group: flag('new_group'),
  randseed: randomSeed,
  randrepeat: flag('randrepeat'),
  norandommap: flag('norandommap'),
  invalidate: flag('invalidate'),
  thinktime: time('thinktime', 1),
  thinktime_blocks: whole('thinktime_blocks', 'thinktime_blocks', 1),
  time_based: flag('time_based'),
  runtime: time('runtime', 1e6),
  startdelay: time('startdelay', 1e6),
  zero_buffers: flag('zero_buffers'),
  zonemode: zoneMode,
  create_serialize: flag('create_serialize'),
  zonesize: bytes('zonesize'),
  zonecapacity: bytes('zonecapacity'),
  zoneskip: amount('zoneskip'),
  read_beyond_wp: flag('read_beyond_wp'),
  max_open_zones: unsigned('max_open_zones', MOST_OPEN_ZONES),
  job_max_open_zones: unsigned('job_max_open_zones', MOST_OPEN_ZONES),
  ignore_zone_limits: flag('ignore_zone_limits'),
  zone_reset_threshold: share('zone_reset_threshold'),
  zone_reset_frequency: share('zone_reset_frequency'),
};

/** Does the option need its value in the word or the word after it? The others may stand bare. */
export function takesArgument(name: string): boolean {
  const own = APPLY[canonical(name)];
  return own !== undefined && !BARE.has(canonical(name));
}

const BARE = new Set(
  'create_serialize read_beyond_wp ignore_zone_limits direct buffered end_fsync overwrite file_append allow_file_create create_on_open create_fsync unlink group_reporting stonewall new_group randrepeat norandommap invalidate time_based zero_buffers sync'.split(
    ' ',
  ),
);

function canonical(name: string): string {
  return ALIASES[name] ?? name;
}

/** Is it an option of fio at all? */
export function knownOption(name: string): boolean {
  const own = canonical(name);
  return own === 'name' || own in APPLY || UNMODELLED.has(own) || HARMLESS.has(own);
}

/** Every name, for suggestions. */
export function optionNames(): string[] {
  return [...Object.keys(APPLY), ...UNMODELLED, ...HARMLESS];
}

/** Numbers that cannot be given in zones. */
const ZONELESS = new Set(
  'rwmixread rwmixwrite bs number_ios loops iodepth numjobs fsync fdatasync randseed thinktime thinktime_blocks runtime startdelay zonesize zonecapacity max_open_zones job_max_open_zones'.split(
    ' ',
  ),
);

function noZones(name: string, value: string): readonly string[] | null {
  const inZones = value.split(',').some((part) => part.endsWith('z'));
  return inZones && ZONELESS.has(name) ? [`${name}: 'z' suffix isn't applicable`] : null;
}

/** Gives a job an option that is known. Throws NotModelled. */
export function setOption(job: JobOptions, name: string, value: string): ValueProblem | null {
  const own = canonical(name);
  if (own === 'name') job.name = value;
  const apply = APPLY[own];
  if (apply === undefined && UNMODELLED.has(own)) {
    throw new NotModelled(`fio --${name}`, insteadOf(own));
  }
  const refused = noZones(own, value) ?? apply?.(job, value) ?? null;
  if (value !== '') job.given = [...job.given, [name, value]];
  if (refused === null) return null;
  const list = typeof refused === 'string' ? [] : refused.filter((one) => one !== BAD);
  if (list.includes(GOES_ON)) {
    return { messages: list.filter((one) => one !== GOES_ON), goesOn: true };
  }
  // What ends in a newline is for standard output.
  const valid = list.find((one) => one.endsWith('\n'));
  const said = list.filter((one) => one !== valid);
  const equals = value === '' ? name : `${name}=${value}`;
  const messages = own === 'ioengine' ? said : [...said, `fio: failed parsing ${equals}`];
  return valid === undefined ? { messages } : { messages, valid };
}
