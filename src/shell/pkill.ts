/** pkill of procps 4.0 (src/pgrep.c): signals processes by name. Only those that wait for a signal are known by name here. */

import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { Process } from './program.ts';

/** Signals a program of the model may wait for; all end its pause alike. */
const SIGNALS = new Set(['-INT', '-TERM', '-SIGINT', '-SIGTERM', '-2', '-15', '-x']);

/** 0 when somebody was signalled, 1 when nobody of that name waits, 2 for a bad command line. */
export function* pkill(process: Process): Task<number> {
  const names = process.argv.slice(1).filter((word) => !SIGNALS.has(word));
  const option = names.find((word) => word.startsWith('-'));
  if (option !== undefined) throw new NotModelled(`pkill ${option}`, 'pkill NAME');
  if (names.length !== 1) {
    const what =
      names.length === 0 ? 'no matching criteria specified' : 'only one pattern can be provided';
    process.stderr.write(`pkill: ${what}\nTry \`pkill --help' for more information.\n`);
    return 2;
  }
  return process.system.sys.signals.wake(names[0]!) > 0 ? 0 : 1;
}
