/**
 * Command line options as getopt_long(3) of glibc takes them, with its messages. Options may stand after operands
 * (GNU permutes); `--` ends them.
 */

export interface OptionSpec {
  /** `f`, or absent for a long option alone. */
  readonly short?: string;
  /** `force`, or absent for a short option alone. */
  readonly long?: string;
  /** Takes an argument; `optional` only in the same word (`-cX`, `--colour=X`). */
  readonly argument?: 'required' | 'optional';
}

export interface GivenOption {
  /** The long name where there is one, else the short. */
  readonly name: string;
  readonly value: string | null;
}

export type Parsed =
  | { readonly ok: true; readonly options: readonly GivenOption[]; readonly operands: string[] }
  | { readonly ok: false; readonly message: string };

/**
 * Parses `argv` (its first word is the program's name). On the first mistake returns glibc's message without the
 * program's name before it.
 */
export function getopt(
  argv: readonly string[],
  specs: readonly OptionSpec[],
  permute = true,
): Parsed {
  const options: GivenOption[] = [];
  const operands: string[] = [];
  for (let at = 1; at < argv.length; at += 1) {
    const word = argv[at]!;
    if (word === '--') {
      operands.push(...argv.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      if (!permute) {
        operands.push(...argv.slice(at));
        break;
      }
      operands.push(word);
      continue;
    }
    const next = argv[at + 1];
    const taken = word.startsWith('--')
      ? longOption(word, next, specs, options)
      : shortOptions(word, next, specs, options);
    if (typeof taken === 'string') return { ok: false, message: taken };
    at += taken;
  }
  return { ok: true, options, operands };
}

/** Returns how many following words were taken, or a message. */
function longOption(
  word: string,
  next: string | undefined,
  specs: readonly OptionSpec[],
  options: GivenOption[],
): number | string {
  const equals = word.indexOf('=');
  const typed = equals < 0 ? word.slice(2) : word.slice(2, equals);
  const value = equals < 0 ? null : word.slice(equals + 1);
  const exact = specs.find((spec) => spec.long === typed);
  const candidates = specs.filter((spec) => spec.long?.startsWith(typed) === true);
  if (exact === undefined && candidates.length > 1) {
    const list = candidates.map((spec) => `'--${spec.long}'`).join(' ');
    return `option '--${typed}' is ambiguous; possibilities: ${list}`;
  }
  const spec = exact ?? candidates[0];
  if (spec === undefined) return `unrecognized option '--${typed}'`;
  const name = spec.long!;
  if (spec.argument === undefined) {
    if (value !== null) return `option '--${name}' doesn't allow an argument`;
    options.push({ name, value: null });
    return 0;
  }
  if (value !== null || spec.argument === 'optional') {
    options.push({ name, value });
    return 0;
  }
  if (next === undefined) return `option '--${name}' requires an argument`;
  options.push({ name, value: next });
  return 1;
}

function shortOptions(
  word: string,
  next: string | undefined,
  specs: readonly OptionSpec[],
  options: GivenOption[],
): number | string {
  for (let i = 1; i < word.length; i += 1) {
    const letter = word[i]!;
    const spec = specs.find((one) => one.short === letter);
    if (spec === undefined) return `invalid option -- '${letter}'`;
    const name = spec.long ?? letter;
    if (spec.argument === undefined) {
      options.push({ name, value: null });
      continue;
    }
    const rest = word.slice(i + 1);
    if (rest !== '' || spec.argument === 'optional') {
      options.push({ name, value: rest === '' ? null : rest });
      return 0;
    }
    if (next === undefined) return `option requires an argument -- '${letter}'`;
    options.push({ name, value: next });
    return 1;
  }
  return 0;
}
