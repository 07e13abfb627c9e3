/** pwd, built into dash. */

import type { Task } from '../sim/task.ts';
import type { Process } from './program.ts';

export function* pwd(process: Process): Task<number> {
  process.stdout.write(`${process.cwd}\n`);
  return 0;
}
