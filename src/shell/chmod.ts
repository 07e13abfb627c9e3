/** chmod and chown of coreutils 9.1 (src/chmod.c, src/chown.c). Of users only root has a name here. */

import { S } from '../fs/inode.ts';
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
  const { sys } = process.system;
  let exit = 0;
  for (const name of names) {
    const found = yield* sys.stat(process, name);
    if (typeof found === 'number') {
      diagnose(process, `cannot access ${quoted(name)}`, found);
      exit = 1;
      continue;
    }
    const mode = parseMode(text!, found.mode, isType(found, S.IFDIR))!;
    const result = yield* sys.chmod(process, name, mode);
    if (result < 0) {
      diagnose(process, `changing permissions of ${quoted(name)}`, result);
      exit = 1;
    }
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
  const { sys } = process.system;
  let exit = 0;
  for (const name of names) {
    const found = yield* sys.stat(process, name);
    if (typeof found === 'number') {
      diagnose(process, `cannot access ${quoted(name)}`, found);
      exit = 1;
      continue;
    }
    const owner = uid === KEEP ? found.uid : uid;
    const result = yield* sys.chown(process, name, owner, gid === KEEP ? found.gid : gid);
    if (result < 0) {
      diagnose(process, `changing ownership of ${quoted(name)}`, result);
      exit = 1;
    }
  }
  return exit;
}
