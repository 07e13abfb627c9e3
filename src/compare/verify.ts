/** Reading back what a workload wrote, past all caches. A fast wrong answer is not a win. */

import { firstDifference, type Payload, samePayload } from '../block/payload.ts';
import { O } from '../fs/inode.ts';
import { errnoName } from '../kernel/errno.ts';
import type { Task } from '../sim/task.ts';
import type { Point } from './point.ts';
import type { Data } from './result.ts';
import type { Stand } from './stand.ts';
import { jobData } from './writers.ts';

/** Reads every job's data and stops at the first byte that is wrong, or the first read that fails. */
export function readBack(stand: Stand, point: Point): Data {
  const { machine, jobs } = stand;
  const refused = stand.remount();
  if (refused !== null) {
    return { verdict: 'lost', job: 0, offset: 0, errno: refused.errno ?? refused.why };
  }
  const process = machine.vfs.newProcess('readback');
  for (const [job, { path, fromBytes }] of jobs.entries()) {
    const fd = machine.call(machine.vfs.open(process, path, O.RDONLY | O.DIRECT));
    for (let offset = 0; offset < point.sizeBytes; offset += point.blockBytes) {
      const length = point.blockBytes;
      const got = machine.call<Payload | number>(
        fd < 0 ? failing(fd) : machine.vfs.pread(process, fd, length, fromBytes + offset),
      );
      if (typeof got === 'number') {
        return { verdict: 'lost', job, offset, errno: errnoName(got) };
      }
      const meant = jobData(job, offset, length);
      if (samePayload(got, meant)) continue;
      const first = firstDifference(got, meant);
      return { verdict: 'garbage', job, offset: offset + (first < 0 ? got.lengthBytes : first) };
    }
  }
  machine.call(machine.vfs.exit(process));
  return { verdict: 'right' };
}

function* failing(errno: number): Task<number> {
  return errno;
}
