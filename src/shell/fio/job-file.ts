/** A file as a job of fio 3.33 sees it (struct fio_file, filesetup.c), and what went wrong with it. */

import { strerror } from '../../kernel/errno.ts';
import type { JobOptions } from './job-options.ts';
import type { BlockMap } from './random.ts';
import type { ZonedFile } from './zones.ts';

/** What went wrong first: `err=5/file:io_u.c:1876, func=io_u error, error=...`. */
export interface JobError {
  readonly number: number;
  readonly text: string;
}

/** `source`: file and line of fio 3.33 that says so, since it prints them. `result` of a call, negative. */
export function jobError(result: number, source: string, what: string): JobError {
  const text = `file:${source}, func=${what}, error=${strerror(result)}`;
  return { number: Math.abs(result), text };
}

export interface JobFile {
  readonly name: string;
  readonly kind: 'regular' | 'device' | 'other';
  sizeBytes: number;
  /** The part the job works on. */
  startBytes: number;
  lengthBytes: number;
  /** Where it begins by the options, before zones and zoneskip move it: where a new loop begins. */
  givenStartBytes: number;
  fd: number;
  /** Where the next read and the next write go, in order. */
  readonly next: [number, number];
  map: BlockMap | null;
  done: boolean;
  /** Opened anew, or a new loop has begun: what is known of its zones is counted once more. */
  fresh: boolean;
  /** Its zones with `--zonemode=zbd`, and the first the job works on and the first behind it. */
  zones: ZonedFile | null;
  firstZone: number;
  endZone: number;
  /** Behind the last I/O: what lseek(2) is asked for by the sync engine. */
  position: number;
}

export function reads({ rw }: JobOptions): boolean {
  return rw === 'read' || rw === 'randread' || rw === 'rw' || rw === 'randrw';
}

export function writes({ rw }: JobOptions): boolean {
  return rw !== 'read' && rw !== 'randread';
}

/** The smallest block of the directions the job has. */
export function leastBlock(options: JobOptions): number {
  const { bs } = options;
  if (!writes(options)) return bs[0];
  return reads(options) ? Math.min(bs[0], bs[1]) : bs[1];
}
