/** touch of coreutils 9.1 (src/touch.c): creates files. Times are not kept, so on a file that is there nothing changes. */

import { O } from '../fs/inode.ts';
import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { diagnose, NEW_FILE_MODE, optionsOf, usageError } from './messages.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

export function* touch(process: Process): Task<number> {
  const parsed = optionsOf(process, [
    { short: 'c', long: 'no-create' },
    { short: 'a' },
    { short: 'm' },
    { short: 'd', long: 'date', argument: 'required' },
    { short: 'r', long: 'reference', argument: 'required' },
    { short: 't', argument: 'required' },
  ]);
  if (typeof parsed === 'number') return parsed;
  const names = parsed.options.map(({ name }) => name);
  const left = ['date', 'reference', 't'].find((name) => names.includes(name));
  if (left !== undefined) throw new NotModelled(`touch -${left}`, 'times are not kept');
  if (parsed.operands.length === 0) return usageError(process, 'missing file operand');
  const { sys } = process.system;
  let exit = 0;
  for (const name of parsed.operands) {
    if (names.includes('no-create')) continue;
    const fd = yield* sys.open(process, name, O.WRONLY | O.CREAT | O.NONBLOCK, NEW_FILE_MODE);
    if (fd >= 0) yield* sys.close(process, fd);
    // A directory cannot be opened for writing, but its time can be set.
    else if (fd !== -errno.EISDIR) {
      diagnose(process, `cannot touch ${quoted(name)}`, fd);
      exit = 1;
    }
  }
  return exit;
}
