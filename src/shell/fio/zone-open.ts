/**
 * Another zone for a write whose own may not be opened (fio 3.33, zbd.c: zbd_convert_to_open_zone()): one of those open,
 * by chance; if that is full, the next that can be opened; at last any open one with room.
 */

import type { Task } from '../../sim/task.ts';
import type { JobFile } from './job-file.ts';
import type { ZonedJob } from './zone-job.ts';
import { Assertion, capacityEnd, isInside, type Zone, type ZonedFile } from './zones.ts';

/** A write of at least `block` bytes that was to go to `offset`. */
export interface HomelessWrite {
  readonly file: JobFile;
  readonly offset: number;
  readonly block: number;
}

/** The zone, locked; null when there is none. */
export function* findOpenZone(job: ZonedJob, write: HomelessWrite): Task<Zone | null> {
  const { file, block } = write;
  const zoned = file.zones!;
  const found = yield* candidate(job, write);
  if (found === null) return null;
  const { zone, examine } = found;
  if (examine && hasRoom(zone, block)) return zone;
  const { open, mostOpen } = zoned;
  const mustWait =
    open.length === file.endZone - file.firstZone ||
    (mostOpen > 0 && open.length === mostOpen) ||
    job.hasOpenedMost;
  if (mustWait) yield* job.quiesce();
  return yield* openAnother(job, write, zone);
}

function hasRoom(zone: Zone, block: number): boolean {
  return zone.wp + block <= capacityEnd(zone);
}

/** The write's place in the file, as a place in the list of open zones. */
function pick({ file, offset }: HomelessWrite, zoned: ZonedFile): number {
  return Math.floor(((offset - file.startBytes) * zoned.open.length) / file.lengthBytes);
}

/** Where to begin, locked if it has a pointer. `examine`: look whether there is room in it before opening another. */
function* candidate(
  job: ZonedJob,
  write: HomelessWrite,
): Task<{ zone: Zone; examine: boolean } | null> {
  const { file, offset } = write;
  const zoned = file.zones!;
  const limited = zoned.mostOpen > 0 || job.options.job_max_open_zones > 0;
  // Places of the list that are not in use hold zone 0.
  const first = limited ? (zoned.open[pick(write, zoned)] ?? 0) : zoned.indexAt(offset);
  let at = Math.max(Math.min(first, file.endZone - 1), file.firstZone);
  for (;;) {
    const zone = zoned.zones[at]!;
    if (zone.hasPointer) {
      yield* job.lock(file, zone);
      if (!zone.offline && !limited) return { zone, examine: true };
      if (zoned.open.length === 0) return { zone, examine: false };
    }
    const next = openInRange(write, zoned);
    if (next === at) return { zone, examine: true };
    if (zone.hasPointer) job.unlock(zoned, zone);
    if (next === null) return null;
    at = next;
  }
}

/** The first open zone of the job's own part from the picked one on, round about. */
function openInRange(write: HomelessWrite, zoned: ZonedFile): number | null {
  const { firstZone, endZone } = write.file;
  const { open } = zoned;
  const from = pick(write, zoned);
  const turned = [...open.slice(from), ...open.slice(0, from)];
  return turned.find((index) => index >= firstZone && index < endZone) ?? null;
}

/** `zone`: locked if it has a pointer. */
function* openAnother(job: ZonedJob, write: HomelessWrite, from: Zone): Task<Zone | null> {
  const { file } = write;
  const zoned = file.zones!;
  let zone = from;
  for (let again = true; ; ) {
    const next = yield* openNext(job, file, zone);
    if (next.opened) return next.zone;
    zone = next.zone;
    const open = yield* roomInOpen(job, write, zone);
    if (open.found) return open.zone;
    zone = open.zone;
    const underWay = job.run.jobs.some(({ worker }) => (worker?.flight.count ?? 0) > 0);
    if (zone.hasPointer) job.unlock(zoned, zone);
    if (!underWay && !again) return null;
    const mine = (job.worker?.flight.count ?? 0) > 0;
    yield* job.quiesce();
    // fio asks again and again while I/Os of other jobs are under way; here it sleeps until something has changed.
    if (underWay && !mine) yield* zoned.changed.wait();
    if (zone.hasPointer) yield* job.lock(file, zone);
    again = underWay;
  }
}

/** The next zones, round about, as many as the job's part has: the first that can be opened. */
function* openNext(
  job: ZonedJob,
  file: JobFile,
  from: Zone,
): Task<{ zone: Zone; opened: boolean }> {
  const zoned = file.zones!;
  let zone = from;
  for (let left = Math.floor(file.lengthBytes / zoned.zoneBytes); left > 0; left -= 1) {
    if (zone.hasPointer) job.unlock(zoned, zone);
    const next = zoned.zones[zone.index + 1];
    zone = next !== undefined && isInside(file, next.start) ? next : zoned.zones[file.firstZone]!;
    if (!isInside(file, zone.start)) {
      const where = 'zbd_convert_to_open_zone';
      throw new Assertion('zbd.c:1412', where, 'is_valid_offset(f, z->start)');
    }
    if (!zone.hasPointer) continue;
    yield* job.lock(file, zone);
    if (!zone.open && job.openZone(zoned, zone)) return { zone, opened: true };
  }
  return { zone, opened: false };
}

function* roomInOpen(
  job: ZonedJob,
  { file, block }: HomelessWrite,
  from: Zone,
): Task<{ zone: Zone; found: boolean }> {
  const zoned = file.zones!;
  let zone = from;
  for (let i = 0; i < zoned.open.length; i += 1) {
    const index = zoned.open[i]!;
    if (index < file.firstZone || index >= file.endZone) continue;
    if (zone.hasPointer) job.unlock(zoned, zone);
    zone = zoned.zones[index]!;
    yield* job.lock(file, zone);
    if (hasRoom(zone, block)) return { zone, found: true };
  }
  return { zone, found: false };
}
