/** mkdir and rmdir of coreutils 9.1 (src/mkdir.c, src/rmdir.c). */

import { S } from '../fs/inode.ts';
import { errno } from '../kernel/errno.ts';
import type { Task } from '../sim/task.ts';
import { parseMode } from './file-mode.ts';
import { diagnose, NEW_DIRECTORY_MODE, optionsOf, usageError } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

export function* mkdir(process: Process): Task<number> {
  const parsed = optionsOf(process, [
    { short: 'p', long: 'parents' },
    { short: 'm', long: 'mode', argument: 'required' },
    { short: 'v', long: 'verbose' },
  ]);
  if (typeof parsed === 'number') return parsed;
  if (parsed.operands.length === 0) return usageError(process, 'missing operand');
  const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
  const modeText = parsed.options.findLast(({ name }) => name === 'mode')?.value;
  const mode = modeText === undefined ? NEW_DIRECTORY_MODE : parseMode(modeText!, 0o777, true);
  if (mode === null) {
    diagnose(process, `invalid mode ${quoted(modeText!)}`);
    return 1;
  }
  let exit = 0;
  for (const name of parsed.operands) {
    const made = has('parents')
      ? yield* makeWithParents(process, name, mode, has('verbose'))
      : yield* makeOne(process, name, mode, has('verbose'));
    if (!made) exit = 1;
  }
  return exit;
}

function* makeOne(process: Process, name: string, mode: number, verbose: boolean): Task<boolean> {
  const result = yield* process.system.sys.mkdir(process, name, mode);
  if (result < 0) {
    diagnose(process, `cannot create directory ${quoted(name)}`, result);
    return false;
  }
  if (verbose) process.stdout.write(`mkdir: created directory ${quoted(name)}\n`);
  return true;
}

/** What is there already and is a directory is no error. */
function* makeWithParents(
  process: Process,
  name: string,
  mode: number,
  verbose: boolean,
): Task<boolean> {
  const { sys } = process.system;
  const parts = name.split('/').filter((part) => part !== '');
  let path = name.startsWith('/') ? '' : '.';
  for (const [index, part] of parts.entries()) {
    path = path === '.' ? part : `${path}/${part}`;
    const last = index === parts.length - 1;
    const result = yield* sys.mkdir(process, path, last ? mode : NEW_DIRECTORY_MODE);
    if (result >= 0) {
      if (verbose) process.stdout.write(`mkdir: created directory ${quoted(path)}\n`);
      continue;
    }
    const found = yield* sys.stat(process, path);
    if (typeof found !== 'number' && isType(found, S.IFDIR)) continue;
    const error = result === -errno.EEXIST && !last ? -errno.ENOTDIR : result;
    diagnose(process, `cannot create directory ${quoted(path)}`, error);
    return false;
  }
  return true;
}

export function* rmdir(process: Process): Task<number> {
  const parsed = optionsOf(process, [
    { short: 'p', long: 'parents' },
    { short: 'v', long: 'verbose' },
    { long: 'ignore-fail-on-non-empty' },
  ]);
  if (typeof parsed === 'number') return parsed;
  if (parsed.operands.length === 0) return usageError(process, 'missing operand');
  const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
  let exit = 0;
  for (const operand of parsed.operands) {
    let name = operand.replace(/\/+$/, '');
    do {
      if (has('verbose')) process.stdout.write(`rmdir: removing directory, ${quoted(name)}\n`);
      const result = yield* process.system.sys.rmdir(process, name);
      if (result < 0) {
        if (result === -errno.ENOTEMPTY && has('ignore-fail-on-non-empty')) break;
        const what = name === operand ? 'failed to remove' : 'failed to remove directory';
        diagnose(process, `${what} ${quoted(name)}`, result);
        exit = 1;
        break;
      }
      name = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : '';
    } while (has('parents') && name !== '');
  }
  return exit;
}
