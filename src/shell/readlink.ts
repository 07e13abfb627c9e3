/** readlink of coreutils 9.1 (src/readlink.c). */

import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { optionsOf, usageError } from './messages.ts';
import { realPath } from './paths.ts';
import type { Process } from './program.ts';

export function* readlink(process: Process): Task<number> {
  const parsed = optionsOf(process, [
    { short: 'f', long: 'canonicalize' },
    { short: 'e', long: 'canonicalize-existing' },
    { short: 'n', long: 'no-newline' },
    { short: 'm', long: 'canonicalize-missing' },
  ]);
  if (typeof parsed === 'number') return parsed;
  const has = (name: string): boolean => parsed.options.some((option) => option.name === name);
  if (has('canonicalize-missing')) throw new NotModelled('readlink -m', 'use -f');
  if (parsed.operands.length === 0) return usageError(process, 'missing operand');
  const end = has('no-newline') && parsed.operands.length === 1 ? '' : '\n';
  let exit = 0;
  for (const name of parsed.operands) {
    let text: string | number | null;
    if (has('canonicalize') || has('canonicalize-existing')) {
      text = yield* realPath(process, name, has('canonicalize'));
    } else text = yield* process.system.sys.readlink(process, name);
    if (typeof text === 'string') process.stdout.write(`${text}${end}`);
    else exit = 1;
  }
  return exit;
}
