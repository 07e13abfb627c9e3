/**
 * echo, as the built-in of dash 0.5.12 (src/bltin/printf.c, echocmd()): `-n` leaves out the newline, and backslash
 * escapes are always understood. `-e` is no option of dash: it is printed.
 */

import type { Task } from '../sim/task.ts';
import type { OutputStream, Process } from './program.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

export function* echo(process: Process): Task<number> {
  const words = process.argv.slice(1);
  const bare = words[0] === '-n';
  if (bare) words.shift();
  const stopped = writeUnescaped(process.stdout, words.join(' '));
  if (!bare && !stopped) process.stdout.write('\n');
  return 0;
}

/** Writes `text` with its escapes replaced. True when `\c` ended the output. Octal needs its zero: `\0101`. */
function writeUnescaped(out: OutputStream, text: string): boolean {
  let plain = '';
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]!;
    if (letter !== '\\') {
      plain += letter;
      continue;
    }
    const rest = text.slice(at + 1, at + 5);
    if (rest.startsWith('c')) {
      out.write(plain);
      return true;
    }
    const octal = /^0([0-7]{0,3})/.exec(rest);
    if (octal !== null) {
      // A byte, not a character: it may be half of one.
      out.write(plain);
      out.write(Uint8Array.of(Number.parseInt(octal[1] || '0', 8) & 0xff));
      plain = '';
      at += octal[0].length;
      continue;
    }
    const simple = ESCAPES[rest[0] ?? ''];
    plain += simple ?? letter;
    if (simple !== undefined) at += 1;
  }
  out.write(plain);
  return false;
}
