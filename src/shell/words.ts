/**
 * Command lines as dash splits them (POSIX.1 shell grammar 2.2, 2.7), cut down to what a scenario step needs: words with
 * quotes, and redirections of the two output streams. What a shell would act on and this subset does not (pipes,
 * lists, globs, substitutions) is refused with its place instead of being passed on as a letter: a step that means
 * something else on a real shell must not run here.
 */

export interface Redirect {
  /** The stream it turns: 1 standard output, 2 standard error. */
  readonly fd: 1 | 2;
  readonly kind: 'truncate' | 'append' | 'duplicate';
  /** The file's name; for `duplicate` the number of the stream it becomes a copy of, as text. */
  readonly target: string;
  /** Where the operator stands. */
  readonly position: number;
}

export type CommandErrorCode =
  | 'empty-command'
  | 'unsupported-syntax'
  | 'unterminated-quote'
  | 'missing-redirect-target';

export interface ParsedCommand {
  readonly ok: true;
  readonly words: readonly string[];
  /** Where each word starts in the text. */
  readonly positions: readonly number[];
  readonly redirects: readonly Redirect[];
}

export interface CommandError {
  readonly ok: false;
  readonly code: CommandErrorCode;
  /** Offset in the text, from 0. */
  readonly position: number;
  readonly message: string;
}

/** What the shell's operators would do, and what to do instead. Two-letter operators first. */
const OPERATORS: readonly (readonly [text: string, name: string, advice: string])[] = [
  ['&&', 'a list of commands', 'write a step for each command'],
  ['||', 'a list of commands', 'write a step for each command'],
  ['<<', 'a here-document', 'write the text to a file in a step before'],
  ['|', 'a pipe', 'write the output to a file, or check it with `expect`'],
  [';', 'a list of commands', 'write a step for each command'],
  ['&', 'a background command', 'write `background: true` in its step'],
  ['<', 'input from a file', 'name the file as an argument'],
  ['(', 'a subshell', 'write a step for each command'],
  [')', 'a subshell', 'write a step for each command'],
  ['`', 'a command substitution', 'write the value out'],
  ['*', 'a file name pattern', 'write the names out, or quote it'],
  ['?', 'a file name pattern', 'write the names out, or quote it'],
  ['[', 'a file name pattern', 'write the names out, or quote it'],
  ['\n', 'a second line', 'write a step for each command'],
];

const NAME_START = /[A-Za-z_]/;
const PARAMETER = /[A-Za-z0-9_@*#?$!-]/;
const BLANK = /[ \t]/;

/** Thrown inside, turned into a result by `parseCommand`. */
class Refusal extends Error {
  readonly code: CommandErrorCode;
  readonly position: number;

  constructor(code: CommandErrorCode, position: number, message: string) {
    super(message);
    this.code = code;
    this.position = position;
  }
}

/** Splits a command line. Never throws: what is refused comes back with its code, place and a sentence. */
export function parseCommand(text: string): ParsedCommand | CommandError {
  try {
    return new Scanner(text).command();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, code: error.code, position: error.position, message: error.message };
  }
}

class Scanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    // A line read from YAML may end in newlines; only one inside would start a second command.
    let end = text.length;
    while (text[end - 1] === '\n') end -= 1;
    this.text = text.slice(0, end);
  }

  command(): ParsedCommand {
    const words: string[] = [];
    const positions: number[] = [];
    const redirects: Redirect[] = [];
    for (this.skipBlanks(); this.at < this.text.length; this.skipBlanks()) {
      const redirect = this.redirect();
      if (redirect !== null) {
        redirects.push(redirect);
        continue;
      }
      this.refuseWordStart(words.length === 0);
      positions.push(this.at);
      words.push(this.word());
    }
    if (words.length === 0) {
      throw new Refusal('empty-command', 0, 'there is no command here');
    }
    return { ok: true, words, positions, redirects };
  }

  private skipBlanks(): void {
    while (BLANK.test(this.text[this.at] ?? '')) this.at += 1;
  }

  /** `>`, `>>`, `1>`, `2>`, `2>&1`: a digit counts only right before the operator. */
  private redirect(): Redirect | null {
    const match = /^(\d*)(>>|>&|>\||>)/.exec(this.text.slice(this.at, this.at + 16));
    if (match === null) return null;
    const position = this.at;
    const number = match[1]!;
    const operator = match[2]!;
    if (number !== '' && number !== '1' && number !== '2') {
      throw unsupported(position, match[0], `a redirection of stream ${number}`, 'use 1 or 2');
    }
    if (operator === '>|') {
      throw unsupported(position, match[0], 'a forced redirection', 'write `>`');
    }
    this.at += match[0].length;
    this.skipBlanks();
    if (this.at >= this.text.length || this.text[this.at] === '>') {
      throw new Refusal(
        'missing-redirect-target',
        position,
        `\`${match[0]}\` needs the name of a file after it`,
      );
    }
    this.refuseWordStart(false);
    const target = this.word();
    const fd = number === '2' ? 2 : 1;
    if (operator !== '>&') {
      return { fd, kind: operator === '>' ? 'truncate' : 'append', target, position };
    }
    if (target !== '1' && target !== '2') {
      throw unsupported(position, `>&${target}`, 'a copy of another stream', 'use 1 or 2');
    }
    return { fd, kind: 'duplicate', target, position };
  }

  /** What has a meaning only at the start of a word, or of the command. */
  private refuseWordStart(first: boolean): void {
    const letter = this.text[this.at]!;
    if (letter === '#') {
      throw unsupported(this.at, '#', 'a comment', 'put comments into YAML, or quote it');
    }
    if (letter === '~') throw unsupported(this.at, '~', 'a home directory', 'write the path out');
    if (!first) return;
    const rest = this.text.slice(this.at);
    const assignment = /^[A-Za-z_][A-Za-z0-9_]*=/.exec(rest);
    if (assignment !== null) {
      throw unsupported(this.at, assignment[0], 'a variable assignment', 'write the value out');
    }
    const reserved = /^(?:!|\{|\}|if|for|while|until|case)(?=[ \t]|$)/.exec(rest);
    if (reserved !== null) {
      throw unsupported(
        this.at,
        reserved[0],
        'a compound command',
        'write a step for each command',
      );
    }
  }

  private word(): string {
    let word = '';
    while (this.at < this.text.length) {
      const letter = this.text[this.at]!;
      if (BLANK.test(letter) || letter === '>') break;
      if (letter === "'") word += this.singleQuoted();
      else if (letter === '"') word += this.doubleQuoted();
      else if (letter === '\\') word += this.escaped();
      else {
        this.refuseOperator();
        word += letter;
        this.at += 1;
      }
    }
    return word;
  }

  private singleQuoted(): string {
    const end = this.text.indexOf("'", this.at + 1);
    if (end < 0) throw unterminated(this.at, "'");
    const inside = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return inside;
  }

  /** Inside double quotes a backslash keeps itself unless one of `$`, `` ` ``, `"`, `\`, newline follows (POSIX 2.2.3). */
  private doubleQuoted(): string {
    const start = this.at;
    let inside = '';
    this.at += 1;
    for (;;) {
      const letter = this.text[this.at];
      if (letter === undefined) throw unterminated(start, '"');
      this.at += 1;
      if (letter === '"') return inside;
      if (letter === '\\') {
        const next = this.text[this.at];
        if (next === undefined) throw unterminated(start, '"');
        if (next === '\n') this.at += 1;
        else if ('$`"\\'.includes(next)) {
          inside += next;
          this.at += 1;
        } else inside += letter;
        continue;
      }
      if (letter === '$') this.refuseDollar(this.at - 1);
      if (letter === '`') throw operatorAt(this.at - 1, '`');
      inside += letter;
    }
  }

  private escaped(): string {
    const next = this.text[this.at + 1];
    this.at += next === undefined ? 1 : 2;
    // A backslash at the end stands for itself; before a newline both vanish.
    if (next === undefined) return '\\';
    return next === '\n' ? '' : next;
  }

  private refuseOperator(): void {
    if (this.text[this.at] === '$') {
      this.refuseDollar(this.at);
      return;
    }
    for (const [operator] of OPERATORS) {
      if (this.text.startsWith(operator, this.at)) throw operatorAt(this.at, operator);
    }
  }

  /** A `$` before anything else is an ordinary letter. */
  private refuseDollar(position: number): void {
    const next = this.text[position + 1] ?? '';
    if (next === '(') {
      throw unsupported(position, '$(', 'a command substitution', 'write the value out');
    }
    if (next === '{' || PARAMETER.test(next)) {
      const end = NAME_START.test(next)
        ? this.text.slice(position + 1).search(/[^A-Za-z0-9_]|$/)
        : 1;
      const shown = this.text.slice(position, position + 1 + end);
      throw unsupported(
        position,
        shown,
        'a variable',
        `only declared matrix names in \${name} are replaced; a literal goes into single quotes`,
      );
    }
  }
}

function operatorAt(position: number, operator: string): Refusal {
  const [, name, advice] = OPERATORS.find(([text]) => text === operator)!;
  return unsupported(position, operator, name, advice);
}

function unsupported(position: number, shown: string, name: string, advice: string): Refusal {
  const text = shown === '\n' ? 'a line break' : `\`${shown}\``;
  return new Refusal(
    'unsupported-syntax',
    position,
    `${text} (${name}) is not run here: ${advice}`,
  );
}

function unterminated(position: number, quote: string): Refusal {
  return new Refusal('unterminated-quote', position, `the quote ${quote} is never closed`);
}
