/** cat of coreutils 9.1: reads of 128 KiB, each written out as it came. Options that change the text are not modelled. */

import { O, S } from '../fs/inode.ts';
import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { diagnose, optionsOf } from './messages.ts';
import { writeOut } from './output.ts';
import type { Process } from './program.ts';
import { quotedIfNeeded } from './text.ts';

/** io_blksize() of coreutils. */
export const READ_BYTES = 128 * 1024;

const OPTIONS = [
  { short: 'u' },
  ...'A b e E n s t T v'.split(' ').map((short) => ({ short })),
  ...['show-all', 'number-nonblank', 'show-ends', 'number', 'squeeze-blank', 'show-tabs'].map(
    (long) => ({ long }),
  ),
];

export function* cat(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const used = parsed.options.find((option) => option.name !== 'u');
  if (used !== undefined) throw new NotModelled(`cat with option ${used.name}`, 'plain cat is');
  let exit = 0;
  for (const name of parsed.operands.length === 0 ? ['-'] : parsed.operands) {
    if (name === '-') process.stdout.write(process.stdin);
    else if (!(yield* catFile(process, name))) exit = 1;
  }
  return exit;
}

function* catFile(process: Process, name: string): Task<boolean> {
  const { sys } = process.system;
  const shown = quotedIfNeeded(name);
  const fd = yield* sys.open(process, name, O.RDONLY);
  if (fd < 0) {
    diagnose(process, shown, fd);
    return false;
  }
  let good = true;
  const stat = yield* sys.fstat(process, fd);
  if (typeof stat !== 'number' && (stat.mode & S.IFMT) === S.IFDIR) {
    diagnose(process, shown, -errno.EISDIR);
    good = false;
  }
  while (good) {
    const got = yield* sys.read(process, fd, READ_BYTES);
    if (typeof got === 'number') {
      diagnose(process, shown, got);
      good = false;
    } else if (got.lengthBytes === 0) break;
    else {
      const written = yield* writeOut(process, got);
      if (written < 0) {
        diagnose(process, 'write error', written);
        good = false;
      }
    }
  }
  yield* sys.close(process, fd);
  return good;
}
