/** sync of coreutils 9.1 (src/sync.c). */

import { O } from '../fs/inode.ts';
import type { Task } from '../sim/task.ts';
import { diagnose, optionsOf } from './messages.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

/** sync(1): all, or the files named; -d their data, -f their file system. */
export function* sync(process: Process): Task<number> {
  const parsed = optionsOf(process, [
    { short: 'd', long: 'data' },
    { short: 'f', long: 'file-system' },
  ]);
  if (typeof parsed === 'number') return parsed;
  const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
  const { sys } = process.system;
  if (has('data') && has('file-system')) {
    diagnose(process, 'cannot specify both --data and --file-system');
    return 1;
  }
  if (parsed.operands.length === 0) {
    if (has('data')) {
      diagnose(process, '--data needs at least one argument');
      return 1;
    }
    yield* sys.sync(process);
    return 0;
  }
  let exit = 0;
  for (const name of parsed.operands) {
    const fd = yield* sys.open(process, name, O.RDONLY | O.NONBLOCK);
    if (fd < 0) {
      diagnose(process, `error opening ${quoted(name)}`, fd);
      exit = 1;
      continue;
    }
    const result = has('file-system')
      ? yield* sys.syncfs(process, fd)
      : yield* sys.fsync(process, fd, has('data'));
    if (result < 0) {
      diagnose(process, `error syncing ${quoted(name)}`, result);
      exit = 1;
    }
    yield* sys.close(process, fd);
  }
  return exit;
}
