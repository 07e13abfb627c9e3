/**
 * mq-deadline's zone write lock (block/mq-deadline.c, block/blk-zoned.c: blk_req_zone_write_lock(); to 6.9): one write
 * per zone is at the device, the others wait, sorted by sector. Appends, reads and zone management need no lock. No
 * write pointer is looked at: a write at the wrong place fails at the device, and nothing is remembered.
 */

import { TraceKind } from '../sim/trace.ts';
import { Op } from './bio.ts';
import type { RequestQueue } from './queue.ts';
import type { Request } from './request.ts';

export class ZoneLocks {
  private readonly held: Uint8Array;
  private readonly waiting = new Map<number, Request>();

  constructor(zones: number) {
    this.held = new Uint8Array(zones);
  }

  /** Takes the lock `request` needs; false when it has to wait, or was merged into one that does. */
  take(request: Request, queue: RequestQueue, zoneSectors: number): boolean {
    if (request.op !== Op.write && request.op !== Op.writeZeroes) return true;
    if (!queue.device.isSequentialZone(request.sector)) return true;
    const zone = Math.floor(request.sector / zoneSectors);
    if (this.held[zone] === 0) {
      this.held[zone] = 1;
      request.zone = zone;
      return true;
    }
    this.park(zone, request, queue);
    return false;
  }

  /** Gives the lock back, or hands it to the waiting write with the lowest sector, which is returned. */
  release(zone: number): Request | null {
    const next = this.waiting.size === 0 ? undefined : this.waiting.get(zone);
    if (next === undefined) {
      this.held[zone] = 0;
      return null;
    }
    if (next.next === null) this.waiting.delete(zone);
    else this.waiting.set(zone, next.next);
    next.next = null;
    next.zone = zone;
    return next;
  }

  private park(zone: number, request: Request, queue: RequestQueue): void {
    let before: Request | null = null;
    let after = this.waiting.get(zone) ?? null;
    while (after !== null && after.sector <= request.sector) {
      before = after;
      after = after.next;
    }
    // mq-deadline joins neighbours. Where nothing takes time nothing waits long enough for that to be recorded.
    if (queue.timed !== null && before !== null && queue.join(before, request)) return;
    queue.timed?.parked(request);
    queue.traceRequest(TraceKind.plugAdd, request, 0);
    request.next = after;
    if (before === null) this.waiting.set(zone, request);
    else before.next = request;
  }
}
