/** The I/Os of one job under way with libaio or io_uring (fio 3.33, engines/libaio.c), and those that have ended. */

import type { AsyncEnded } from '../../fs/syscalls.ts';
import { Completion, type Task } from '../../sim/task.ts';
import type { Io } from './job-io.ts';

export class InFlight {
  /** Sent and not yet taken. */
  count = 0;
  /** In the order they ended. */
  private readonly ended: Io[] = [];
  private wanted = 0;
  private waker: Completion | null = null;
  private crash: unknown = null;

  /** One more is sent: what its end is told to. */
  add(io: Io): AsyncEnded {
    this.count += 1;
    return (_at, result, thrown) => {
      io.result = result;
      this.crash ??= thrown;
      this.ended.push(io);
      if (this.ended.length >= this.wanted) this.waker?.complete();
    };
  }

  /** It was not sent after all. */
  drop(): void {
    this.count -= 1;
  }

  /** io_getevents(2): waits until `count` have ended and takes so many; they count until they are taken. */
  *take(count: number): Task<Io[]> {
    while (this.ended.length < count) {
      this.wanted = count;
      this.waker = new Completion();
      yield* this.waker.wait();
      this.waker = null;
    }
    if (this.crash !== null) throw this.crash;
    return this.ended.splice(0, count);
  }
}
