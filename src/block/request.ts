/** Requests (include/linux/blk-mq.h, struct request): what reaches a driver after bios were split and merged. Pooled. */

import type { CpuContext } from '../sim/cpu.ts';
import { type Bio, type BioOp, Op } from './bio.ts';
import type { RequestQueue } from './queue.ts';
import { type BlockStatus, Status } from './status.ts';

const { ok: OK } = Status;

export class Request {
  /** Its first bio's. */
  id = 0;
  op: BioOp = Op.read;
  flags = 0;
  sector = 0;
  sectors = 0;
  status: BlockStatus = Status.ok;
  /** The bios it carries, in order, linked by `next`. */
  first: Bio | null = null;
  last: Bio | null = null;
  /** The zone whose lock or plug it holds; -1 for none. */
  zone = -1;
  /** Whose CPU sent it; null on a machine without time. */
  cpu: CpuContext | null = null;
  next: Request | null = null;
  /** What it has yet to go through, where flushes belong to it (flush.ts); 0: nothing but itself. */
  steps = 0;
  /** For a flush: the request it is a step of. */
  owner: Request | null = null;
  readonly queue: RequestQueue;

  constructor(queue: RequestQueue) {
    this.queue = queue;
  }

  get endSector(): number {
    return this.sector + this.sectors;
  }

  start(bio: Bio): void {
    this.id = bio.id;
    this.op = bio.op;
    this.flags = bio.flags;
    this.sector = bio.sector;
    this.sectors = bio.sectors;
    this.status = OK;
    this.first = bio;
    this.last = bio;
    this.zone = -1;
    this.next = null;
    this.steps = 0;
    this.owner = null;
    bio.next = null;
  }

  /** Adds a bio that continues it. */
  add(bio: Bio): void {
    bio.next = null;
    this.last!.next = bio;
    this.last = bio;
    this.sectors += bio.sectors;
  }
}
