/** mv of coreutils 9.1 (src/mv.c) within one file system: rename(2). Copying to another one is not modelled. */

import { S } from '../fs/inode.ts';
import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { diagnose, optionsOf, usageError } from './messages.ts';
import { baseName, isType } from './paths.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

export function* mv(process: Process): Task<number> {
  const parsed = optionsOf(process, [
    { short: 'f', long: 'force' },
    { short: 'v', long: 'verbose' },
    { short: 'T', long: 'no-target-directory' },
  ]);
  if (typeof parsed === 'number') return parsed;
  const { operands } = parsed;
  const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
  if (operands.length === 0) return usageError(process, 'missing file operand');
  if (operands.length === 1) {
    return usageError(process, `missing destination file operand after ${quoted(operands[0]!)}`);
  }
  const { sys } = process.system;
  const target = operands[operands.length - 1]!;
  const sources = operands.slice(0, -1);
  const found = yield* sys.stat(process, target);
  const folder = !has('no-target-directory') && typeof found !== 'number' && isType(found, S.IFDIR);
  if (sources.length > 1 && !folder) {
    const error = typeof found === 'number' ? found : -errno.ENOTDIR;
    diagnose(process, `target ${quoted(target)}`, error);
    return 1;
  }
  let exit = 0;
  for (const source of sources) {
    const to = folder ? `${target.replace(/\/+$/, '')}/${baseName(source)}` : target;
    const seen = yield* sys.stat(process, source, false);
    if (typeof seen === 'number') {
      diagnose(process, `cannot stat ${quoted(source)}`, seen);
      exit = 1;
      continue;
    }
    const result = yield* sys.rename(process, source, to);
    if (result === -errno.EXDEV) {
      throw new NotModelled('mv to another file system', 'use dd and rm');
    }
    if (result < 0) {
      diagnose(process, `cannot move ${quoted(source)} to ${quoted(to)}`, result);
      exit = 1;
    } else if (has('verbose')) {
      process.stdout.write(`renamed ${quoted(source)} -> ${quoted(to)}\n`);
    }
  }
  return exit;
}
