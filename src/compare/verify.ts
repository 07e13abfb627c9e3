/** Reading back what a workload wrote, past all caches. A fast wrong answer is not a win. */

import { firstDifference, type Payload, samePayload } from '../block/payload.ts';
import { O } from '../fs/inode.ts';
import { errnoName } from '../kernel/errno.ts';
import { PAGE_BYTES, roundDown } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { Records } from './because.ts';
import type { Point } from './point.ts';
import type { Data } from './result.ts';
import type { Stand } from './stand.ts';
import { jobData } from './writers.ts';

export interface ReadBack {
  readonly data: Data;
  /** The records of the read that showed it; null where all is right, or none was made. */
  readonly read: Records | null;
}

/** Reads every job's data and stops at the first byte that is wrong, or the first read that fails. */
export function readBack(stand: Stand, point: Point): ReadBack {
  const { machine, jobs } = stand;
  const refused = stand.remount();
  if (refused !== null) {
    const errno = refused.errno ?? refused.why;
    return { data: { verdict: 'lost', job: 0, offset: 0, errno }, read: null };
  }
  const process = machine.vfs.newProcess('readback');
  for (const [job, { path, fromBytes }] of jobs.entries()) {
    const fd = machine.call(machine.vfs.open(process, path, O.RDONLY | O.DIRECT));
    for (let offset = 0; offset < point.sizeBytes; offset += point.blockBytes) {
      const length = point.blockBytes;
      const before = machine.trace.length;
      const got = machine.call<Payload | number>(
        fd < 0 ? failing(fd) : machine.vfs.pread(process, fd, length, fromBytes + offset),
      );
      if (typeof got === 'number') {
        const read = { start: before, end: machine.trace.length };
        return { data: { verdict: 'lost', job, offset, errno: errnoName(got) }, read };
      }
      const meant = jobData(job, offset, length);
      if (samePayload(got, meant)) continue;
      const first = firstDifference(got, meant);
      const at = offset + (first < 0 ? got.lengthBytes : first);
      // Read again alone, so that the records tell of the wrong block and of no other.
      const start = machine.trace.length;
      const block = fromBytes + roundDown(at, PAGE_BYTES);
      machine.call(machine.vfs.pread(process, fd, PAGE_BYTES, block));
      const again = { start, end: machine.trace.length };
      return { data: { verdict: 'garbage', job, offset: at }, read: again };
    }
  }
  machine.call(machine.vfs.exit(process));
  return { data: { verdict: 'right' }, read: null };
}

function* failing(errno: number): Task<number> {
  return errno;
}
