/**
 * mq-deadline's zone write lock (block/mq-deadline.c, block/blk-zoned.c: blk_req_zone_write_lock(); to 6.9): one write
 * per zone is at the device, the others wait, sorted by sector. Appends, reads and zone management need no lock. No
 * write pointer is looked at: a write at the wrong place fails at the device, and nothing is remembered.
 */

import { TraceKind } from '../sim/trace.ts';
import { Op } from './bio.ts';
import type { RequestQueue } from './queue.ts';
import type { Request } from './request.ts';

const { write: WRITE, writeZeroes: WRITE_ZEROES } = Op;

/** States of a lock; conventional zones have none. */
const FREE = 0;
const HELD = 1;
const NONE = 2;

export class ZoneLocks {
  private readonly states: Uint8Array;
  private readonly zoneSectors: number;
  private readonly waiting = new Map<number, Request>();

  constructor({ device }: RequestQueue) {
    const zoneSectors = device.zoneSizeSectors;
    this.zoneSectors = zoneSectors;
    this.states = new Uint8Array(device.nrZones);
    for (let zone = 0; zone < device.nrZones; zone += 1) {
      if (!device.isSequentialZone(zone * zoneSectors)) this.states[zone] = NONE;
    }
  }

  /** Takes the lock `request` needs; false when it has to wait, or was merged into one that does. */
  take(request: Request, queue: RequestQueue): boolean {
    if (request.op !== WRITE && request.op !== WRITE_ZEROES) return true;
    const zone = Math.floor(request.sector / this.zoneSectors);
    const state = this.states[zone];
    if (state === FREE) {
      this.states[zone] = HELD;
      request.zone = zone;
      return true;
    }
    if (state === NONE) return true;
    this.park(zone, request, queue);
    return false;
  }

  /** Gives the lock back, or hands it to the waiting write with the lowest sector, which is returned. */
  release(zone: number): Request | null {
    const next = this.waiting.size === 0 ? undefined : this.waiting.get(zone);
    if (next === undefined) {
      this.states[zone] = FREE;
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
