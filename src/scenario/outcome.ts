/**
 * What a step did to the disk, read off the trace: by which path its data left the file-system floor, and which ranges
 * its data bios wrote.
 */

import { Flag, Op } from '../block/bio.ts';
import type { Trace, TraceRecord } from '../sim/trace.ts';
import type { PATHS } from './schema.ts';

export type WritePath = (typeof PATHS)[number];

/**
 * How data bios in trace records `start` to `end` left the file-system floor. An append that a floor below turned into
 * a write at a known sector counts as `emulated-append`; two different ways make `mixed`.
 */
export function writePath(trace: Trace, start: number, end: number): WritePath {
  const appends = new Set<number>();
  const emulated = new Set<number>();
  let regular = 0;
  for (let index = start; index < end; index += 1) {
    const record = trace.at(index);
    if (record.kind === 'appendEmulated') emulated.add(record.bio);
    if (!isDataWrite(record)) continue;
    if (record.op === Op.zoneAppend) appends.add(record.bio);
    else regular += 1;
  }
  const emulatedCount = [...appends].filter((bio) => emulated.has(bio)).length;
  const native = appends.size - emulatedCount;
  const ways = [native, emulatedCount, regular].filter((count) => count > 0).length;
  if (ways === 0) return 'none';
  if (ways > 1) return 'mixed';
  if (regular > 0) return 'regular';
  return native > 0 ? 'append' : 'emulated-append';
}

/** A bio with file data, as it left the file system or a program's raw access. */
export function isDataWrite(record: TraceRecord): boolean {
  const mark = Flag.top | Flag.data;
  return (
    record.kind === 'bioQueue' &&
    (record.flags & mark) === mark &&
    (record.op === Op.write || record.op === Op.zoneAppend)
  );
}
