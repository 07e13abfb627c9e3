/**
 * The flush machinery of a request queue (block/blk-flush.c): a write that asks for a flush before it, or to be durable
 * on a device that cannot do that itself, becomes a sequence: flush, data, flush. The flushes are requests of their
 * own, which carry no bio; so nothing is logged of one that fails, and the request they were for ends with its status.
 * A flush of the kernel is sent for all that wait for one; here each has its own.
 */

import type { QueueSettings } from './base-device.ts';
import { Flag, Op } from './bio.ts';
import type { Request } from './request.ts';

/** What a request has yet to go through, as bits. */
const PREFLUSH = 1;
const DATA = 2;
const POSTFLUSH = 4;

const ASKS = Flag.preflush | Flag.fua;

/**
 * blk_flush_policy() and blk_insert_flush(): says which steps `request` takes, none if it can go to the driver as it
 * is; takes from it what the driver would not know. Log and trace show the request as the driver sees it.
 */
export function planFlushes(request: Request, { writeCache, hasCache }: QueueSettings): void {
  if (!writeCache || (request.flags & ASKS) === 0) return;
  let steps = request.sectors > 0 ? DATA : 0;
  if ((request.flags & Flag.preflush) !== 0) steps |= PREFLUSH;
  if ((request.flags & Flag.fua) !== 0 && !hasCache) steps |= POSTFLUSH;
  request.flags &= hasCache ? ~Flag.preflush : ~ASKS;
  request.flags |= Flag.sync;
  request.steps = steps === DATA ? 0 : steps;
}

/** Is the next step of `request` a flush? */
export function flushIsNext({ steps }: Request): boolean {
  return (steps & PREFLUSH) !== 0 || (steps & DATA) === 0;
}

/** Makes `flush` the next step of `request` (blk_kick_flush()). */
export function startFlush(flush: Request, request: Request): void {
  flush.id = request.id;
  flush.op = Op.flush;
  flush.flags = Flag.preflush;
  flush.sector = 0;
  flush.sectors = 0;
  flush.status = 0;
  flush.zone = -1;
  flush.owner = request;
}

/** The step `request` was at went well; true when others follow. */
export function stepDone(request: Request): boolean {
  // The lowest bit is the one that was done.
  request.steps &= request.steps - 1;
  return request.steps !== 0;
}
