/** rm of coreutils 9.1 (src/rm.c, src/remove.c). It never asks: nobody is at the terminal. */

import { S } from '../fs/inode.ts';
import { errno } from '../kernel/errno.ts';
import type { Task } from '../sim/task.ts';
import { diagnose, optionsOf, usageError } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

interface Removal {
  readonly process: Process;
  readonly force: boolean;
  readonly recursive: boolean;
  readonly emptyFolders: boolean;
  readonly verbose: boolean;
}

export function* rm(process: Process): Task<number> {
  const parsed = optionsOf(process, [
    { short: 'f', long: 'force' },
    { short: 'r', long: 'recursive' },
    { short: 'R' },
    { short: 'd', long: 'dir' },
    { short: 'v', long: 'verbose' },
    { short: 'i' },
    { short: 'I' },
  ]);
  if (typeof parsed === 'number') return parsed;
  const has = (...names: string[]): boolean =>
    parsed.options.some(({ name }) => names.includes(name));
  if (parsed.operands.length === 0) {
    return has('force') ? 0 : usageError(process, 'missing operand');
  }
  const removal = {
    process,
    force: has('force'),
    recursive: has('recursive', 'R'),
    emptyFolders: has('dir'),
    verbose: has('verbose'),
  };
  let exit = 0;
  for (const name of parsed.operands) if (!(yield* remove(removal, name))) exit = 1;
  return exit;
}

function* remove(removal: Removal, name: string): Task<boolean> {
  const { process } = removal;
  const { sys } = process.system;
  const found = yield* sys.stat(process, name, false);
  if (typeof found === 'number') {
    if (removal.force && (found === -errno.ENOENT || found === -errno.ENOTDIR)) return true;
    return refused(removal, name, found);
  }
  if (!isType(found, S.IFDIR)) {
    return finish(removal, name, yield* sys.unlink(process, name), 'removed');
  }
  if (!removal.recursive && !removal.emptyFolders) return refused(removal, name, -errno.EISDIR);
  if (removal.recursive) {
    const names = yield* sys.readdir(process, name);
    if (typeof names === 'number') return refused(removal, name, names);
    let good = true;
    for (const entry of names) {
      if (entry === '.' || entry === '..') continue;
      if (!(yield* remove(removal, `${name.replace(/\/+$/, '')}/${entry}`))) good = false;
    }
    // What could not be emptied is not tried again.
    if (!good) return false;
  }
  return finish(removal, name, yield* sys.rmdir(process, name), 'removed directory');
}

function refused({ process }: Removal, name: string, error: number): false {
  diagnose(process, `cannot remove ${quoted(name)}`, error);
  return false;
}

function finish(removal: Removal, name: string, result: number, verb: string): boolean {
  if (result < 0) return refused(removal, name, result);
  if (removal.verbose) removal.process.stdout.write(`${verb} ${quoted(name)}\n`);
  return true;
}
