/** chmod and chown of coreutils 9.1 (src/chmod.c, src/chown.c). Of users only root has a name here. */

import { S, type Stat } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { parseMode } from './file-mode.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, optionsOf, usageError } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'R', long: 'recursive' },
  { short: 'v', long: 'verbose' },
  { short: 'c', long: 'changes' },
  { short: 'f', long: 'silent' },
  { short: 'h', long: 'no-dereference' },
  { long: 'reference', argument: 'required' },
];

/** Mode or owner, and the files; a number is the exit code. */
function operandsOf(process: Process): readonly string[] | number {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const left = parsed.options[0];
  if (left !== undefined) {
    throw new NotModelled(`${process.argv[0]} --${left.name}`, 'name the files one by one');
  }
  const { operands } = parsed;
  if (operands.length === 0) return usageError(process, 'missing operand');
  if (operands.length > 1) return operands;
  return usageError(process, `missing operand after ${quoted(operands[0]!)}`);
}

export function* chmod(process: Process): Task<number> {
  const operands = operandsOf(process);
  if (typeof operands === 'number') return operands;
  const [text, ...names] = operands;
  if (parseMode(text!, 0, false) === null) {
    return usageError(process, `invalid mode: ${quoted(text!)}`);
  }
  return yield* changeEach(process, names, 'permissions', (name, found) => {
    const mode = parseMode(text!, found.mode, isType(found, S.IFDIR))!;
    return process.system.sys.chmod(process, name, mode);
  });
}

/** Looks at each file and changes it; what cannot be done is told, and the others get their turn. The exit code. */
function* changeEach(
  process: Process,
  names: readonly string[],
  what: string,
  change: (name: string, found: Stat) => Task<number>,
): Task<number> {
  let exit = 0;
  for (const name of names) {
    const found = yield* process.system.sys.stat(process, name);
    const result = typeof found === 'number' ? found : yield* change(name, found);
    if (result >= 0) continue;
    const failed = typeof found === 'number' ? 'cannot access' : `changing ${what} of`;
    diagnose(process, `${failed} ${quoted(name)}`, result);
    exit = 1;
  }
  return exit;
}

/** A user or group: a number, or root. Null when it is neither. */
function idOf(text: string): number | null {
  if (text === 'root') return 0;
  return /^\d+$/.test(text) && Number(text) < 0xffffffff ? Number(text) : null;
}

/** chown(2)'s -1: leave it. */
const KEEP = -1;

export function* chown(process: Process): Task<number> {
  const operands = operandsOf(process);
  if (typeof operands === 'number') return operands;
  const [text, ...names] = operands;
  const [user, group] = text!.split(':', 2);
  const uid = user === '' ? KEEP : idOf(user!);
  const gid = group === undefined || group === '' ? KEEP : idOf(group);
  if (uid === null || gid === null) {
    const kind = uid === null ? 'user' : 'group';
    diagnose(process, `invalid ${kind}: ${quoted(text!)}`);
    return 1;
  }
  return yield* changeEach(process, names, 'ownership', (name, found) => {
    const owner = uid === KEEP ? found.uid : uid;
    return process.system.sys.chown(process, name, owner, gid === KEEP ? found.gid : gid);
  });
}
