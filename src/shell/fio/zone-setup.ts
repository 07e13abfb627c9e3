/**
 * What fio 3.33 asks of jobs with `--zonemode=zbd` before they run (zbd.c: zbd_setup_files(), zbd_using_direct_io(),
 * zbd_zone_align_file_sizes()): direct writes, whole zones, as many open zones as there may be. Each job set up looks at
 * all before it once more, so one that was refused takes those behind it along.
 */

import type { Task } from '../../sim/task.ts';
import type { Process } from '../program.ts';
import { type JobFile, writes } from './job-file.ts';
import type { JobOptions } from './job-options.ts';
import type { ZonedJob } from './zone-job.ts';
import { Assertion, type Zone, type ZonedFile, type ZoneRun } from './zones.ts';

/** False when the job cannot run; that is said. Throws Assertion. */
export function* setUpZones(process: Process, run: ZoneRun, job: ZonedJob): Task<boolean> {
  if (!writesDirectly(run)) {
    process.stderr.write('Using direct I/O is mandatory for writing to ZBD drives\n\n');
    return false;
  }
  for (const other of run.jobs) {
    for (const file of other.files) if (!wholeZones(process, other.options, file)) return false;
  }
  for (const file of job.files) if (!(yield* setUpFile(process, job, file))) return false;
  return true;
}

function writesDirectly({ jobs }: ZoneRun): boolean {
  return jobs.every(
    ({ options, files }) =>
      options.direct ||
      !writes(options) ||
      !files.some(({ kind, zones }) => kind === 'device' && zones?.real === true),
  );
}

/** Does the job work on a zone with a write pointer? */
function hasPointers(file: JobFile, zoned: ZonedFile): boolean {
  if (file.lengthBytes === 0) return false;
  const last = zoned.indexAt(file.startBytes + file.lengthBytes - 1);
  const first = zoned.indexAt(file.startBytes);
  return zoned.zones.slice(first, last + 1).some(({ hasPointer }) => hasPointer);
}

function wholeZones(process: Process, options: JobOptions, file: JobFile): boolean {
  const { zones: zoned, name } = file;
  if (zoned === null || file.startBytes >= file.sizeBytes || !hasPointers(file, zoned)) return true;
  const refuse = (text: string): false => {
    process.stderr.write(`${name}: ${text}\n`);
    return false;
  };
  const size = zoned.zoneBytes;
  if (options.zonesize === 0) options.zonesize = size;
  else if (options.zonesize !== size) {
    return refuse(`zonesize ${options.zonesize} does not match the device zone size ${size}.`);
  }
  const skip = options.zoneskip.value;
  if (skip % size !== 0) {
    return refuse(`zoneskip ${skip} is not a multiple of the device zone size ${size}.`);
  }
  // Reads by order or by chance may begin and end anywhere; td_ddir of a random read has one bit more than TD_DDIR_READ.
  return options.rw === 'read' || roundToZones(process, file, zoned);
}

function roundToZones(process: Process, file: JobFile, zoned: ZonedFile): boolean {
  const { name } = file;
  const say = (text: string): void => process.stdout.write(`${name}: ${text}\n`);
  const first = zoned.at(file.startBytes);
  if (file.startBytes !== first.start) {
    const start = zoned.endOf(first);
    if (start >= file.startBytes + file.lengthBytes) {
      say('io_size must be at least one zone');
      return false;
    }
    say(`rounded up offset from ${file.startBytes} to ${start}`);
    file.lengthBytes -= start - file.startBytes;
    file.startBytes = start;
  }
  const end = zoned.at(file.startBytes + file.lengthBytes).start;
  if (file.startBytes + file.lengthBytes === end) return true;
  if (end <= file.startBytes) {
    say('io_size must be at least one zone');
    return false;
  }
  say(`rounded down io_size from ${file.lengthBytes} to ${end - file.startBytes}`);
  file.lengthBytes = end - file.startBytes;
  return true;
}

function* setUpFile(process: Process, job: ZonedJob, file: JobFile): Task<boolean> {
  const { options } = job;
  const zoned = file.zones!;
  file.firstZone = zoned.indexAt(file.startBytes);
  file.endZone = zoned.indexAt(file.startBytes + file.lengthBytes);
  if (hasPointers(file, zoned) && file.firstZone >= file.endZone) {
    throw new Assertion('zbd.c:1065', 'zbd_setup_files', 'f->min_zone < f->max_zone');
  }
  const refuse = (text: string): false => {
    process.stderr.write(`${text}\n`);
    return false;
  };
  if (options.max_open_zones > 0 && zoned.mostOpen !== options.max_open_zones) {
    return refuse("Different 'max_open_zones' values");
  }
  if (options.job_max_open_zones > 0 && zoned.mostOpen === 0) {
    return refuse("'job_max_open_zones' cannot be used without a global open zones limit");
  }
  options.max_open_zones = zoned.mostOpen;
  for (const zone of openBefore(file, zoned)) {
    if (job.openZone(zoned, zone)) continue;
    // More are open than may be: the rest loses its data, even to a job that only reads.
    if ((yield* job.resetZone(file, zone)) < 0) return refuse(`Failed to reest zone ${zone.index}`);
  }
  return true;
}

function openBefore(file: JobFile, zoned: ZonedFile): readonly Zone[] {
  return zoned.zones.slice(file.firstZone, file.endZone).filter(({ reportedOpen }) => reportedOpen);
}
