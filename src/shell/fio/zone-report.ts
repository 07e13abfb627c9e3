/**
 * How fio 3.33 learns the zones of a file (zbd.c: zbd_create_zone_info(), parse_zone_info(), init_zone_info(),
 * zbd_set_max_open_zones(); oslib/linux-blkzoned.c): from the device's report, or, where there is none, by dividing the
 * file into zones of `--zonesize` that fio plays by itself.
 */

import { ZoneCond, type ZoneView } from '../../block/device.ts';
import { O } from '../../fs/inode.ts';
import { errno } from '../../kernel/errno.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import { readText } from '../paths.ts';
import type { Process } from '../program.ts';
import { type JobError, type JobFile, jobError } from './job-file.ts';
import type { JobOptions } from './job-options.ts';
import { MOST_OPEN_ZONES, newZone, type Zone, ZonedFile } from './zones.ts';

/** What a zone report is asked for at once. */
const MOST_ZONES = 8192;
/** BLK_ZONE_TYPE_SEQWRITE_REQ. */
const SEQUENTIAL_REQUIRED = 2;

/** Its zones; or the error, if fio has one by number, and what was said about it already. */
export type Learnt = ZonedFile | { readonly error: JobError | null };

export function* learnZones(process: Process, file: JobFile, job: JobOptions): Task<Learnt> {
  if (file.kind === 'other') {
    throw new NotModelled(`fio --zonemode=zbd on ${file.name}`, 'take a device or a regular file');
  }
  const model = file.kind === 'device' ? yield* queueAttribute(process, file, 'zoned') : null;
  const real = model === 'host-managed' || model === 'host-aware';
  const learnt = real ? yield* reported(process, file, job) : played(process, file, job);
  if (!(learnt instanceof ZonedFile)) return learnt;
  const limit =
    model === 'host-managed' ? yield* queueAttribute(process, file, 'max_open_zones') : '0';
  const error = limitOpen(process, learnt, job, job.ignore_zone_limits ? 0 : Number(limit ?? 0));
  return error === null ? learnt : { error };
}

function* queueAttribute(process: Process, file: JobFile, name: string): Task<string | null> {
  const stat = yield* process.system.sys.stat(process, file.name);
  if (typeof stat === 'number' || stat.rdev === undefined) return null;
  const { major, minor } = stat.rdev;
  const text = yield* readText(process, `/sys/dev/block/${major}:${minor}/queue/${name}`);
  return text === null ? null : text.trim();
}

/** "func=zbd_create_zone_info() failed", what a negative errno of all this ends as. */
function failed(result: number): { error: JobError } {
  return { error: jobError(result, 'zbd.c:985', 'zbd_create_zone_info() failed') };
}

function* reported(process: Process, file: JobFile, job: JobOptions): Task<Learnt> {
  const views: ZoneView[] = [];
  let zoneBytes = 0;
  for (let count = 1; views.length < count; ) {
    const from = views.length === 0 ? 0 : views.at(-1)!.start + views.at(-1)!.len;
    const most = views.length === 0 ? MOST_ZONES : Math.min(count - views.length, MOST_ZONES);
    const more = yield* oneReport(process, file, from, most);
    if (!Array.isArray(more)) return more as { error: JobError };
    views.push(...(more as ZoneView[]));
    zoneBytes = views[0]!.len * SECTOR_BYTES;
    count = Math.ceil(file.sizeBytes / zoneBytes);
    if (views.length > more.length) continue;
    if (job.zonesize === 0) job.zonesize = zoneBytes;
    if (job.zonesize === zoneBytes) continue;
    process.stderr.write(
      `fio: ${file.name} job parameter zonesize ${job.zonesize} does not match disk zone size ${zoneBytes}.\n`,
    );
    return failed(-errno.EINVAL);
  }
  const zones = views.map((view, index) => zoneOf(view, index));
  const last = views.at(-1)!;
  zones.push(behind(zones.length, (last.start + last.len) * SECTOR_BYTES));
  return new ZonedFile(file.name, true, zoneBytes, zones);
}

function* oneReport(
  process: Process,
  file: JobFile,
  sector: number,
  count: number,
): Task<readonly ZoneView[] | { error: JobError }> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, file.name, O.RDONLY);
  const zones = fd < 0 ? fd : yield* sys.reportZones(process, fd, sector, count);
  if (fd >= 0) yield* sys.close(process, fd);
  if (typeof zones !== 'number' && zones.length > 0) return zones;
  const empty = typeof zones !== 'number';
  const result = empty ? -errno.EIO : zones;
  process.stderr.write(
    empty
      ? `${file.name}: report zones from sector ${sector} is empty.\n`
      : `${file.name}: report zones from sector ${sector} failed (${-result}).\n`,
  );
  process.stdout.write(
    `fio: report zones (offset ${sector * SECTOR_BYTES}) failed for ${file.name} (${-result}).\n`,
  );
  return {
    error: empty
      ? jobError(0, 'zbd.c:202', 'Empty zone report')
      : jobError(result, 'zbd.c:198', 'report zones failed'),
  };
}

/** What fio has no name for, or must not write, is offline to it. */
const USABLE: readonly number[] = [
  ZoneCond.notWp,
  ZoneCond.empty,
  ZoneCond.impOpen,
  ZoneCond.expOpen,
  ZoneCond.closed,
  ZoneCond.full,
];

function zoneOf(view: ZoneView, index: number): Zone {
  const start = view.start * SECTOR_BYTES;
  const capacity = view.capacity * SECTOR_BYTES;
  const offline = !USABLE.includes(view.cond);
  let wp = view.wp * SECTOR_BYTES;
  if (view.cond === ZoneCond.notWp || view.cond === ZoneCond.full) wp = start + capacity;
  else if (offline) wp = start;
  const reportedOpen = view.cond === ZoneCond.impOpen || view.cond === ZoneCond.expOpen;
  const hasPointer = view.type === SEQUENTIAL_REQUIRED;
  return newZone(index, start, capacity, { wp, hasPointer, offline, reportedOpen });
}

function behind(index: number, start: number): Zone {
  return newZone(index, start, 0, { wp: 0, hasPointer: false });
}

/** Zones that only fio knows of, all empty when it starts. */
function played(process: Process, file: JobFile, job: JobOptions): Learnt {
  const { name } = file;
  const { zonesize: size, zonecapacity } = job;
  const say = (text: string): { error: null } => {
    process.stderr.write(`${name}: ${text}\n`);
    return { error: null };
  };
  if (size === 0) {
    return say(
      'Specifying the zone size is mandatory for regular file/block device with --zonemode=zbd\n',
    );
  }
  if (size < 512) return say('zone size must be at least 512 bytes for --zonemode=zbd\n');
  if (zonecapacity > size) {
    return say(`job parameter zonecapacity ${zonecapacity} is larger than zone size ${size}`);
  }
  if (file.sizeBytes < size) {
    say(`file/device size ${file.sizeBytes} is smaller than zone size ${size}`);
    return failed(-errno.EINVAL);
  }
  const capacity = zonecapacity === 0 ? size : zonecapacity;
  const count = Math.ceil(file.sizeBytes / size);
  const zones = Array.from({ length: count }, (_, i) =>
    newZone(i, i * size, capacity, { wp: i * size }),
  );
  return new ZonedFile(name, false, size, [...zones, behind(count, count * size)]);
}

/** The least of what the device and the job allow; a job may not want more than the device. `limit`: 0 for none. */
function limitOpen(
  process: Process,
  zoned: ZonedFile,
  job: JobOptions,
  limit: number,
): JobError | null {
  const wanted = job.max_open_zones;
  zoned.mostOpen = wanted === 0 ? limit : wanted;
  let text = '';
  let said = '';
  let line = 0;
  if (limit > 0 && wanted > limit) {
    text = `Specified --max_open_zones (${wanted}) is larger than max (${limit})`;
    [line, said] = [872, 'Specified --max_open_zones is too large'];
  } else if (zoned.mostOpen > MOST_OPEN_ZONES) {
    text = `'max_open_zones' value is larger than ${MOST_OPEN_ZONES}`;
    [line, said] = [882, "'max_open_zones' value is too large"];
  } else return null;
  process.stderr.write(`${text}\n`);
  return jobError(-errno.EINVAL, `zbd.c:${line}`, said);
}
