/** sleep of coreutils 9.1 (src/sleep.c). */

import { Completion, type Task } from '../sim/task.ts';
import { usageError } from './messages.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

const SECONDS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400 };

/** Waits in the model's time. */
export function* sleep(process: Process): Task<number> {
  const words = process.argv.slice(1);
  if (words.length === 0) return usageError(process, 'missing operand');
  let seconds = 0;
  for (const word of words) {
    const match = /^(\d+\.?\d*|\.\d+)([smhd]?)$/.exec(word);
    if (match === null) return usageError(process, `invalid time interval ${quoted(word)}`);
    seconds += Number(match[1]) * SECONDS[match[2]!]!;
  }
  const done = new Completion();
  process.system.host.loop.post(complete, done, Math.round(seconds * 1e9));
  yield* done.wait();
  return 0;
}

function complete(done: Completion): void {
  done.complete();
}
