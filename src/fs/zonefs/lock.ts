/**
 * Sleeping locks of a file: the inode's read-write semaphore (inode_lock(), inode_lock_shared()) and the truncate mutex of
 * zonefs. First come, first served: a reader waits behind a writer that came before it. The try functions take a free
 * lock without a task of its own, which is what nearly every call needs.
 */

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

  tryExclusive(): boolean {
    if (this.writer || this.readers > 0) return false;
    this.writer = true;
    return true;
  }

  tryShared(): boolean {
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
    this.writer = false;
    if (this.queue.length > 0) this.handOn();
  }

  releaseShared(): void {
    this.readers -= 1;
    if (this.readers === 0 && this.queue.length > 0) this.handOn();
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
