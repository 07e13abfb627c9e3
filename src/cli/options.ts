/** How a command line is read. */

import { parseArgs } from 'node:util';
import { closest } from '../kernel/suggest.ts';
import { UsageError } from './context.ts';

type OptionTable = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly multiple?: boolean }>
>;

type Config<T extends OptionTable> = { args: string[]; allowPositionals: true; options: T };
type Parsed<T extends OptionTable> = ReturnType<typeof parseArgs<Config<T>>>;

/** parseArgs, with the option that was meant. Throws UsageError. */
export function parsed<T extends OptionTable>(args: string[], options: T): Parsed<T> {
  const names = Object.keys(options).map((name) => `--${name}`);
  // An option is what stands before `--`; parseArgs itself names no candidate.
  for (const arg of args) {
    if (arg === '--') break;
    const name = arg.split('=', 1)[0]!;
    if (!name.startsWith('-') || name === '-' || names.includes(name) || isNumber(name)) continue;
    const near = closest(name, names);
    const hint = near === null ? listed(names) : `; did you mean "${near}"?`;
    throw new UsageError(`there is no option "${name}" here${hint}`);
  }
  try {
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!(code ?? '').startsWith('ERR_PARSE_ARGS')) throw error;
    throw new UsageError(inOurWords(args, message));
  }
}

/** What parseArgs found wrong: an option without its value, one with a value too many, or a number for an option. */
function inOurWords(args: readonly string[], message: string): string {
  const name = /'(-[^' ]*)/.exec(message)?.[1];
  if (name === undefined) return message.split('\n')[0]!;
  if (message.includes('does not take an argument')) return `"${name}" expected no value, got one`;
  if (message.startsWith('Unknown option')) return `there is no option "${name}" here`;
  const next = args[args.indexOf(name) + 1];
  const got =
    next === undefined ? 'none' : `the option "${next}"; write ${name}=${next} if it is meant`;
  return `"${name}" expected a value, got ${got}`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? '' : `; there are ${names.join(', ')}`;
}

function isNumber(text: string): boolean {
  return /^-\d/.test(text);
}

/** `text` or `json`. Throws UsageError. */
export function formatOf(value: string | undefined): 'text' | 'json' {
  if (value === undefined || value === 'text') return 'text';
  if (value === 'json') return 'json';
  throw new UsageError(`"--format" expected text or json, got "${value}"`);
}
