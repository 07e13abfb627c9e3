/**
 * Jobs as they will run (fio 3.33, init.c: add_job(), fixup_options(), make_filename()): `numjobs` copies each, groups,
 * names of files, and the lines fio prints before it starts.
 */

import { S } from '../../fs/inode.ts';
import type { Task } from '../../sim/task.ts';
import { isType } from '../paths.ts';
import type { Process } from '../program.ts';
import { JobOptions } from './job-options.ts';
import { bytesText } from './numbers.ts';

export interface PlannedJob {
  /** Its own: setting it up counts out zones and sizes in them. */
  readonly options: JobOptions;
  readonly name: string;
  /** Over all jobs, from 1 on: of seeds. */
  readonly number: number;
  /** Among the copies of one job: what `offset_increment` counts. Copies are made from the last one down. */
  readonly subjob: number;
  readonly group: number;
  /** The first of a group that waits for those before it. */
  readonly waits: boolean;
  readonly files: readonly string[];
}

export interface Plan {
  readonly jobs: readonly PlannedJob[];
  /** The lines before `fio-3.33`. */
  readonly header: string;
}

/** Null when a job cannot be; said on standard error. */
export function* planJobs(
  process: Process,
  all: readonly JobOptions[],
  quiet: boolean,
): Task<Plan | null> {
  const jobs: PlannedJob[] = [];
  let header = '';
  let group = 0;
  let inGroup = 0;
  for (const options of all) {
    const name = options.name ?? 'fio';
    const problem = fixup(process, options);
    if (problem !== null) {
      if (!quiet) process.stdout.write(header);
      process.stderr.write(`${problem}\n`);
      return null;
    }
    const { numjobs } = options;
    const waits = options.stonewall && jobs.length > 0;
    if ((options.stonewall || options.new_group) && inGroup > 0) {
      group += 1;
      inGroup = 0;
    }
    header += `${name}: (g=${group}): rw=${options.rw}, bs=${blockText(options)}, ioengine=${options.ioengine}, iodepth=${options.iodepth}\n`;
    if (numjobs === 0) {
      process.stdout.write(header);
      process.stderr.write('error: maximum number of jobs reached.\n');
      process.stderr.write('error: failed to setup shm segment\n');
      return null;
    }
    if (numjobs > 1) header += '...\n';
    for (let copy = 0; copy < numjobs; copy += 1) {
      const subjob = copy === 0 ? 0 : numjobs - copy;
      const files = yield* fileNames(process, options, name, subjob);
      const number = jobs.length + 1;
      const own = Object.assign(new JobOptions(), options);
      jobs.push({ options: own, name, number, subjob, group, waits: waits && copy === 0, files });
      inGroup += 1;
    }
  }
  return { jobs, header };
}

/** What options do to each other; a text when they cannot stand together. */
function fixup(process: Process, options: JobOptions): string | null {
  const { size, bs, time_based, runtime } = options;
  if (time_based && runtime === 0) {
    process.stderr.write('fio: time_based requires a runtime/timeout setting\n');
    options.time_based = false;
  }
  if (options.zonemode === 'none' && options.zonesize > 0) {
    return 'fio: --zonemode=none and --zonesize are not compatible.';
  }
  if (options.zonemode === 'zbd' && !options.create_serialize) {
    return 'fio: --zonemode=zbd and --create_serialize=0 are not compatible.';
  }
  const least = Math.min(...bs);
  if (size !== null && !size.percent && size.value > 0 && size.value < least) {
    return `fio: size too small, must not be less than minimum block size: ${size.value} < ${least}`;
  }
  return null;
}

function blockText({ bs }: JobOptions): string {
  return ['R', 'W', 'T']
    .map((letter, i) => `(${letter}) ${bytesText(bs[i]!, true)}-${bytesText(bs[i]!, true)}`)
    .join(', ');
}

/** `--filename=a:b` names several; without it each copy has a file of its own, or the node the job is named after. */
function* fileNames(
  process: Process,
  options: JobOptions,
  name: string,
  subjob: number,
): Task<readonly string[]> {
  const { filename, filename_format: format, directory } = options;
  const inside = (path: string): string => (directory === null ? path : `${directory}/${path}`);
  if (filename !== null) {
    const parts = filename.split(/(?<!\\):/).map((part) => part.replaceAll('\\:', ':'));
    return parts.filter((part) => part !== '').map(inside);
  }
  const stat = yield* process.system.sys.stat(process, name);
  if (typeof stat !== 'number' && !isType(stat, S.IFREG)) return [name];
  const pattern = format ?? '$jobname.$jobnum.$filenum';
  const values: Readonly<Record<string, string>> = {
    $jobname: name,
    $jobnum: String(subjob),
    $filenum: '0',
  };
  const made = pattern.replace(/\$jobname|\$jobnum|\$filenum/gi, (word) => {
    return values[word.toLowerCase()]!;
  });
  return [inside(made)];
}
