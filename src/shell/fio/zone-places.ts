/**
 * Where an I/O goes with `--zonemode=zbd` (fio 3.33, zbd.c: setup_zbd_zone_mode(), zbd_adjust_ddir(),
 * zbd_adjust_block()): a write to the write pointer of its zone, a read to what was written of it, each with the zone's
 * lock taken. In zones without a pointer it stays where it is.
 */

import { errno } from '../../kernel/errno.ts';
import type { Task } from '../../sim/task.ts';
import { type JobFile, reads, writes } from './job-file.ts';
import type { NextPlace, Places } from './places.ts';
import { type Direction, READ, WRITE } from './stats.ts';
import type { ZonedJob } from './zone-job.ts';
import { findOpenZone } from './zone-open.ts';
import { Assertion, capacityEnd, isFull, isInside, type Zone } from './zones.ts';

/** An I/O as it is moved. */
interface Move {
  readonly file: JobFile;
  readonly direction: Direction;
  offset: number;
  length: number;
  readonly block: number;
}

/** The next place in `file`; null when there is none, and the file is done then. Throws Assertion. */
export function* zonedPlace(
  job: ZonedJob,
  places: Places,
  file: JobFile,
  drawn: Direction,
): Task<NextPlace | null> {
  const direction = adjusted(job, file, drawn);
  skipZones(job, file, direction);
  const offset = places.offset(file, direction);
  if (offset === null) return null;
  const block = job.options.bs[direction];
  const move: Move = { file, direction, offset, length: block, block };
  const zone = yield* adjust(job, move);
  if (zone === null) {
    file.done = true;
    return null;
  }
  const place = places.take(file, direction, move.offset, move.length);
  const locked = zone !== 'unlocked';
  if (place === null) {
    if (locked) job.unlock(file.zones!, zone);
    return null;
  }
  job.zoneBytes += place.length;
  return { ...place, locked };
}

/** A mixed job writes as long as there is nothing to read. */
function adjusted({ options }: ZonedJob, file: JobFile, drawn: Direction): Direction {
  if (drawn !== READ || !writes(options) || !reads(options)) return drawn;
  return file.zones!.bytesWithData > 0 || options.read_beyond_wp ? READ : WRITE;
}

/** In order: past what is behind a zone's capacity, and past the zones of zoneskip. */
function skipZones(job: ZonedJob, file: JobFile, direction: Direction): void {
  const { options } = job;
  const zoned = file.zones!;
  if (options.zonesize === 0) {
    throw new Assertion('zbd.c:1708', 'setup_zbd_zone_mode', 'td->o.zone_size');
  }
  if (job.isRandom) return;
  const zone = zoned.at(file.next[direction]);
  const pastCapacity = direction === WRITE && file.next[direction] >= capacityEnd(zone);
  // The entry behind the last zone has no capacity: a job that has written to the disk's end goes on at its begin.
  if (pastCapacity && zone.capacity < zoned.zoneBytes) file.next[direction] = zoned.endOf(zone);
  const skip = options.zoneskip.value;
  if (skip === 0) return;
  const at = file.next[direction];
  const atPointer = direction === READ && !options.read_beyond_wp && at >= zone.wp;
  if (job.zoneBytes < options.zonesize && at < zoned.endOf(zone) && !atPointer) return;
  job.zoneBytes = 0;
  file.startBytes += options.zonesize + skip;
  if (file.startBytes >= file.sizeBytes) file.startBytes = file.givenStartBytes;
  file.next[direction] = file.startBytes;
}

/** The zone, locked; 'unlocked' where no lock is needed; null at the end of the file. */
function* adjust(job: ZonedJob, move: Move): Task<Zone | 'unlocked' | null> {
  const { file, direction } = move;
  const zone = file.zones!.at(move.offset);
  if (!zone.hasPointer) {
    if (direction === WRITE) keepOutOfNext(move, zone);
    return 'unlocked';
  }
  if (direction === READ && job.options.read_beyond_wp && !zone.offline) return 'unlocked';
  yield* job.lock(file, zone);
  return direction === READ ? yield* toData(job, move, zone) : yield* toPointer(job, move, zone);
}

/** A write to a zone without a pointer does not reach into one that has one. */
function keepOutOfNext(move: Move, zone: Zone): void {
  const next = move.file.zones!.zones[zone.index + 1]!;
  if (!next.hasPointer || move.offset + move.length <= next.start) return;
  let room = next.start - move.offset;
  if (room < move.block) {
    move.offset = zone.start + next.start - move.offset;
    room = Math.min(move.length, next.start - move.offset);
  }
  move.length = room - (room % move.block);
}

function* toData(job: ZonedJob, move: Move, from: Zone): Task<Zone | 'unlocked' | null> {
  const { file, block } = move;
  const zoned = file.zones!;
  let zone = from;
  let written = zone.offline ? 0 : zone.wp - zone.start;
  if (written < block || (!job.isRandom && move.offset + block > zone.wp)) {
    job.unlock(zoned, zone);
    const found = yield* nextWithData(job, file, zone, block);
    if (found === null) return null;
    zone = found;
    written = zone.wp - zone.start;
    if (!job.isRandom) move.offset = zone.start;
  }
  if (written <= move.length) move.offset = zone.start;
  else if (job.isRandom) {
    const within = (move.offset - from.start) % (written - move.length);
    move.offset = zone.start + within - (within % block);
  }
  if (!zone.hasPointer) return 'unlocked';
  const room = Math.min(move.length, zone.wp - move.offset);
  move.length = room - (room % block);
  return zone;
}

/** zbd_find_zone(): the next with so much to read, for a random read the nearest on either side; locked. */
function* nextWithData(job: ZonedJob, file: JobFile, from: Zone, bytes: number): Task<Zone | null> {
  const zoned = file.zones!;
  const has = function* (index: number): Task<Zone | null> {
    const zone = zoned.zones[index]!;
    if (zone.hasPointer) yield* job.lock(file, zone);
    if (zone.start + bytes <= zone.wp) return zone;
    if (zone.hasPointer) job.unlock(zoned, zone);
    return null;
  };
  let [up, down] = [from.index + 1, from.index - 1];
  for (; up < file.endZone || down >= file.firstZone; up += 1, down -= 1) {
    if (up < file.endZone && !zoned.zones[up]!.offline) {
      const found = yield* has(up);
      if (found !== null) return found;
    } else if (!job.isRandom) return null;
    if (!job.isRandom || down < file.firstZone || zoned.zones[down]!.offline) continue;
    const found = yield* has(down);
    if (found !== null) return found;
  }
  return null;
}

function* toPointer(job: ZonedJob, move: Move, from: Zone): Task<Zone | null> {
  const { file, block } = move;
  const zoned = file.zones!;
  let zone = from;
  const end = (): null => {
    job.unlock(zoned, zone);
    return null;
  };
  if (move.length > zoned.zoneBytes) {
    job.fail(-errno.EINVAL, 1937, 'I/O buflen exceeds zone size');
    return end();
  }
  if (!job.openZone(zoned, zone)) {
    job.unlock(zoned, zone);
    const found = yield* findOpenZone(job, { file, offset: move.offset, block });
    if (found === null) return null;
    zone = found;
  }
  if (job.resetIsDue(file)) zone.resetDue = true;
  if (zone.resetDue || isFull(zone, block)) {
    // The reset is no I/O of the engine: what was sent before it must have ended.
    yield* job.quiesce();
    zone.resetDue = false;
    if ((yield* job.resetZone(file, zone)) < 0) return end();
    if (zone.capacity < block) {
      const text = `zone capacity ${zone.capacity} smaller than minimum block size ${block}`;
      job.fail(-errno.EINVAL, 1977, 'ZCAP is less min_bs', text);
      return end();
    }
  }
  move.offset = zone.wp;
  if (!isInside(file, move.offset)) {
    job.fail(-errno.EINVAL, 1988, 'invalid WP value');
    return end();
  }
  // Room for one block there is, and blocks of one job are all the same size: nothing is ever cut.
  return zone;
}
