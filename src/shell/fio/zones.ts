/**
 * What fio 3.33 knows of the zones of a file with `--zonemode=zbd` (zbd.h, zbd.c: struct zoned_block_device_info): learnt
 * once, shared by all jobs that name the file, and from then on kept by fio itself. All in bytes.
 */

import { WaitQueue } from '../../sim/task.ts';
import type { JobFile } from './job-file.ts';
import type { ZonedJob } from './zone-job.ts';

/** Entries of fio's list of open zones. */
export const MOST_OPEN_ZONES = 4096;

export interface Zone {
  readonly index: number;
  readonly start: number;
  readonly capacity: number;
  /** Where fio thinks the next write goes; of a zone without a pointer its capacity's end. */
  wp: number;
  /** Only zones that require sequential writes have one for fio. */
  readonly hasPointer: boolean;
  /** Read-only zones count as offline, too. */
  readonly offline: boolean;
  /** By the report before the run. */
  readonly reportedOpen: boolean;
  /** Among ZonedFile.open. */
  open: boolean;
  /** zone_reset_frequency wants it reset before it is written again. */
  resetDue: boolean;
  /** Who holds its lock, and how often. */
  owner: ZonedJob | null;
  depth: number;
}

export class ZonedFile {
  readonly name: string;
  /** Has the device zones itself? If not, resets are fio's own affair. */
  readonly real: boolean;
  readonly zoneBytes: number;
  /** All of the device, and one more behind its end that nobody can write. */
  readonly zones: readonly Zone[];
  /** Zones all jobs together may have open; 0: any number, and none is counted. */
  mostOpen = 0;
  /** Indices of open zones, in the order they were opened. */
  readonly open: number[] = [];
  bytesWithData = 0;
  /** Of zones with a write pointer. */
  pointerBytesWithData = 0;
  /** Writes until zone_reset_frequency resets the next zone. */
  writesToReset = 0;
  /** Woken whenever a zone's lock is let go or I/Os have ended. */
  readonly changed = new WaitQueue();

  constructor(name: string, real: boolean, zoneBytes: number, zones: readonly Zone[]) {
    this.name = name;
    this.real = real;
    this.zoneBytes = zoneBytes;
    this.zones = zones;
  }

  /** Without the one behind the end. */
  get count(): number {
    return this.zones.length - 1;
  }

  indexAt(offset: number): number {
    return Math.min(Math.floor(offset / this.zoneBytes), this.count);
  }

  at(offset: number): Zone {
    return this.zones[this.indexAt(offset)]!;
  }

  /** Where the next zone begins. Behind the last entry fio reads memory that is zero. */
  endOf(zone: Zone): number {
    return this.zones[zone.index + 1]?.start ?? 0;
  }
}

/** A zone as it begins. */
export function newZone(
  index: number,
  start: number,
  capacity: number,
  has: { wp: number; hasPointer?: boolean; offline?: boolean; reportedOpen?: boolean },
): Zone {
  const { wp, hasPointer = true, offline = false, reportedOpen = false } = has;
  const fixed = { index, start, capacity, wp, hasPointer, offline, reportedOpen };
  return { ...fixed, open: false, resetDue: false, owner: null, depth: 0 };
}

export function capacityEnd(zone: Zone): number {
  return zone.start + zone.capacity;
}

/** Has the zone no room for `bytes` more? */
export function isFull(zone: Zone, bytes: number): boolean {
  if (bytes % 512 !== 0) {
    throw new Assertion('zbd.c:84', 'zbd_zone_full', '(required & 511) == 0');
  }
  return zone.hasPointer && zone.wp + bytes > capacityEnd(zone);
}

/** is_valid_offset(): is it in the part the job works on? */
export function isInside(file: JobFile, offset: number): boolean {
  return offset >= file.startBytes && offset - file.startBytes < file.lengthBytes;
}

/** All jobs of a run that know zones, in the order they were set up. */
export class ZoneRun {
  readonly jobs: ZonedJob[] = [];
}

/** An assertion of fio's own that fails: the process is gone. */
export class Assertion extends Error {
  constructor(place: string, where: string, what: string) {
    super(`fio: ${place}: ${where}: Assertion \`${what}' failed.`);
  }
}
