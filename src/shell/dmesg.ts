/**
 * dmesg of util-linux 2.38.1 (sys-utils/dmesg.c): the kernel log with its time stamps. -C and -c forget what was logged so
 * far; the log itself keeps it for the report.
 */

import type { LogLevel, LogLine } from '../kernel/log.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, optionsOf, usageError } from './messages.ts';
import type { Process } from './program.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 't', long: 'notime' },
  { short: 'c', long: 'read-clear' },
  { short: 'C', long: 'clear' },
  { short: 'l', long: 'level', argument: 'required' },
  { short: 'x', long: 'decode' },
  { short: 'k', long: 'kernel' },
  { short: 'r', long: 'raw' },
  ...['D', 'E', 'H', 'w', 'W', 'T', 'd', 'e', 'p', 'P', 'S', 'u'].map((short) => ({ short })),
  ...['f', 'n', 's', 'F'].map((short) => ({ short, argument: 'required' as const })),
  { long: 'since', argument: 'required' },
  { long: 'until', argument: 'required' },
  { short: 'L', long: 'color', argument: 'optional' },
];
const MODELLED = new Set([
  'notime',
  'read-clear',
  'clear',
  'level',
  'decode',
  'kernel',
  'raw',
  'color',
]);

/** As the tool names them; the model's log says `warning`. */
const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const;
type LevelName = (typeof LEVELS)[number];

function nameOf(level: LogLevel): LevelName {
  return level === 'warning' ? 'warn' : level;
}

export function* dmesg(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const { options, operands } = parsed;
  const has = (name: string): boolean => options.some((option) => option.name === name);
  const left = options.find(({ name }) => !MODELLED.has(name));
  if (left !== undefined)
    throw new NotModelled(`dmesg -${left.name}`, 'there are -t -c -C -l -x -r');
  if (operands.length > 0) return usageError(process, 'bad usage');
  const levels = levelsOf(options.findLast(({ name }) => name === 'level')?.value ?? null);
  if (typeof levels === 'string') {
    diagnose(process, `unknown level '${levels}'`);
    return 1;
  }
  const { host } = process.system;
  const { log } = host;
  host.touch('log', '', 0, true);
  if (!has('clear')) {
    for (const line of log.lines.slice(log.clearedLines)) {
      if (levels !== null && !levels.has(nameOf(line.level))) continue;
      process.stdout.write(lineText(line, has('notime'), has('decode'), has('raw')));
    }
  }
  if (has('clear') || has('read-clear')) log.clearedLines = log.lines.length;
  return 0;
}

/** `err,warn`, `warn+` (that and more serious), `+warn` (that and less serious). A string is an unknown name. */
function levelsOf(text: string | null): ReadonlySet<LevelName> | null | string {
  if (text === null) return null;
  const out = new Set<LevelName>();
  for (const word of text.split(',')) {
    const index = LEVELS.indexOf(word.replace(/^\+|\+$/g, '') as LevelName);
    if (index < 0) return word;
    let range = [LEVELS[index]!];
    if (word.endsWith('+')) range = LEVELS.slice(0, index + 1);
    else if (word.startsWith('+')) range = LEVELS.slice(index);
    for (const level of range) out.add(level);
  }
  return out;
}

/** `[    0.000000] text`; seconds and microseconds of the model's clock. */
function lineText(line: LogLine, bare: boolean, decode: boolean, raw: boolean): string {
  const microseconds = Math.floor(line.timeNs / 1000);
  const seconds = String(Math.floor(microseconds / 1_000_000)).padStart(5);
  const fraction = String(microseconds % 1_000_000).padStart(6, '0');
  const stamp = bare ? '' : `[${seconds}.${fraction}] `;
  const level = nameOf(line.level);
  const prefix = raw ? `<${LEVELS.indexOf(level)}>` : decode ? `kern  :${level.padEnd(6)}: ` : '';
  return `${prefix}${stamp}${line.text}\n`;
}
