/** true and false, built into dash. */

import type { Task } from '../sim/task.ts';

export function* success(): Task<number> {
  return 0;
}

export function* failure(): Task<number> {
  return 1;
}
