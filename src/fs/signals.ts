/**
 * Processes that wait for a signal (kernel/signal.c, pause(2)) and those who send one. Only a process that pauses can be
 * signalled: what would end others in the middle of a call is not modelled.
 */

import { Completion, type Task } from '../sim/task.ts';
import type { ProcessContext, SignalCalls } from './syscalls.ts';

export class Signals implements SignalCalls {
  private readonly paused = new Map<ProcessContext, Completion>();

  /** pause(2): ends when somebody signals the process. */
  *pause(process: ProcessContext): Task<void> {
    const turn = new Completion();
    this.paused.set(process, turn);
    yield* turn.wait();
  }

  /** Wakes all who pause under this name; how many they were. */
  wake(comm: string): number {
    let count = 0;
    for (const [process, turn] of this.paused) {
      if (process.comm !== comm) continue;
      this.paused.delete(process);
      turn.complete();
      count += 1;
    }
    return count;
  }
}
