/**
 * Sleeping locks of a file: the inode's read-write semaphore (inode_lock(), inode_lock_shared()) and the truncate mutex of
 * zonefs. First come, first served: a reader waits behind a writer that came before it. The try functions take a free
 * lock without a task of its own, which is what nearly every call needs.
 *
 * Explorers are told of every taking and letting go: whoever finds a lock held does nothing else that would show that it
 * came too late.
 */

import type { Host } from '../../sim/host.ts';
import { Completion, type Task } from '../../sim/task.ts';

class Turn extends Completion {
  readonly exclusive: boolean;

  constructor(exclusive: boolean) {
    super();
    this.exclusive = exclusive;
  }
}

export class RwLock {
  private writer = false;
  private readers = 0;
  private readonly queue: Turn[] = [];
  private readonly host: Host;
  private readonly owner: string;
  private readonly index: number;

  /** `owner` and `index` tell the lock from all others of the host. */
  constructor(host: Host, owner: string, index: number) {
    this.host = host;
    this.owner = owner;
    this.index = index;
  }

  tryExclusive(): boolean {
    if (this.host.explored) this.touch(true);
    if (this.writer || this.readers > 0) return false;
    this.writer = true;
    return true;
  }

  tryShared(): boolean {
    if (this.host.explored) this.touch(false);
    if (this.writer || this.queue.length > 0) return false;
    this.readers += 1;
    return true;
  }

  *exclusive(): Task<void> {
    if (!this.tryExclusive()) yield* this.wait(true);
  }

  *shared(): Task<void> {
    if (!this.tryShared()) yield* this.wait(false);
  }

  releaseExclusive(): void {
    if (this.host.explored) this.touch(true);
    this.writer = false;
    if (this.queue.length > 0) this.handOn();
  }

  releaseShared(): void {
    if (this.host.explored) this.touch(false);
    this.readers -= 1;
    if (this.readers === 0 && this.queue.length > 0) this.handOn();
  }

  private touch(exclusive: boolean): void {
    this.host.touch('lock', this.owner, this.index, exclusive);
  }

  private *wait(exclusive: boolean): Task<void> {
    const turn = new Turn(exclusive);
    this.queue.push(turn);
    yield* turn.wait();
  }

  /** The lock passes straight to the next in line, so nobody can slip in between. */
  private handOn(): void {
    for (let next = this.queue[0]; next !== undefined; next = this.queue[0]) {
      if (this.writer || (next.exclusive && this.readers > 0)) return;
      this.queue.shift();
      if (next.exclusive) this.writer = true;
      else this.readers += 1;
      next.complete();
    }
  }
}
