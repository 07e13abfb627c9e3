/** uname of coreutils 9.1 (src/uname.c): what the kernel record says of itself. */

import type { Task } from '../sim/task.ts';
import { optionsOf, usageError } from './messages.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

const UNAME_OPTIONS = [
  { short: 'a', long: 'all' },
  { short: 's', long: 'kernel-name' },
  { short: 'n', long: 'nodename' },
  { short: 'r', long: 'kernel-release' },
  { short: 'v', long: 'kernel-version' },
  { short: 'm', long: 'machine' },
  { short: 'o', long: 'operating-system' },
];

export function* uname(process: Process): Task<number> {
  const parsed = optionsOf(process, UNAME_OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const { kernel } = process.system.host;
  const texts: readonly (readonly [string, string])[] = [
    ['kernel-name', 'Linux'],
    ['nodename', 'zonestack'],
    ['kernel-release', kernel.release],
    ['kernel-version', '#1 SMP'],
    ['machine', 'x86_64'],
    ['operating-system', 'GNU/Linux'],
  ];
  if (parsed.operands.length > 0) {
    return usageError(process, `extra operand ${quoted(parsed.operands[0]!)}`);
  }
  const asked = new Set(parsed.options.map(({ name }) => name));
  if (asked.size === 0) asked.add('kernel-name');
  const shown = texts.filter(([name]) => asked.has(name) || asked.has('all'));
  process.stdout.write(`${shown.map(([, text]) => text).join(' ')}\n`);
  return 0;
}
