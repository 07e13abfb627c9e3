/**
 * The door of a mapped device's queue (block/blk-core.c, bio_queue_enter(); block/blk-mq.c, blk_mq_freeze_queue()): while
 * the queue is frozen nobody enters, and whoever freezes it waits until those who are inside have left. Bios that wait
 * in a zone write plug are inside.
 *
 * The worker that sends a plugged bio on is inside as well. When a target takes only part of that bio, its rest has to
 * enter anew, and in a queue that is being frozen it never will (CVE-2025-39791, with dm-crypt's split of writes).
 */

import type { Bio } from '../block/bio.ts';
import type { Host } from '../sim/host.ts';
import { type Task, WaitQueue } from '../sim/task.ts';

export class QueueGate {
  frozen = false;
  private readonly host: Host;
  private readonly name: string;
  private readonly left = new WaitQueue();
  private readonly thawed = new WaitQueue();
  private waiting: Bio[] = [];

  constructor(host: Host, name: string) {
    this.host = host;
    this.name = name;
  }

  /** Does `bio` have to wait outside? */
  holds(bio: Bio): boolean {
    this.host.touch('queue', this.name, 0, false);
    if (this.frozen) this.waiting.push(bio);
    return this.frozen;
  }

  /** Somebody has left. */
  leave(): void {
    this.host.touch('queue', this.name, 0, false);
    if (this.frozen) this.left.wakeAll();
  }

  /** Waits until nobody is inside, as `inside` counts them, and keeps others out until thaw(). */
  *freeze(inside: () => number): Task<void> {
    while (this.frozen) yield* this.thawed.wait();
    this.frozen = true;
    for (;;) {
      this.host.touch('queue', this.name, 0, true);
      if (inside() === 0) return;
      yield* this.left.wait();
    }
  }

  /** Opens the queue; returns those who have waited, in order. */
  thaw(): readonly Bio[] {
    this.host.touch('queue', this.name, 0, true);
    const { waiting } = this;
    this.waiting = [];
    this.frozen = false;
    this.thawed.wakeAll();
    return waiting;
  }
}
