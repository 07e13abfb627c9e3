/** Permission modes as chmod takes them (gnulib lib/modechange.c): octal, or `u+x,go=r`. */

const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const BITS: Readonly<Record<string, number>> = {
  r: 0o444,
  w: 0o222,
  x: 0o111,
  s: 0o6000,
  t: 0o1000,
};
/** As a login has it; it counts where no class is named. */
const UMASK = 0o022;

/** The mode that `text` makes of `before`; null when it is no mode. */
export function parseMode(text: string, before: number, directory: boolean): number | null {
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    return mode > 0o7777 ? null : mode;
  }
  let mode = before & 0o7777;
  for (const clause of text.split(',')) {
    const match = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause);
    if (match === null) return null;
    const named = match[1]!;
    const classes = named.split('').reduce((mask, letter) => mask | WHO[letter]!, 0);
    const affected = named === '' ? 0o7777 & ~UMASK : classes;
    for (const [, operator, letters] of match[2]!.matchAll(/([-+=])([rwxXstugo]*)/g)) {
      const bits = bitsOf(letters!, mode, directory) & affected;
      if (operator === '+') mode |= bits;
      else if (operator === '-') mode &= ~bits;
      else mode = (mode & ~((named === '' ? 0o7777 : classes) & 0o777)) | bits;
    }
  }
  return mode;
}

function bitsOf(letters: string, mode: number, directory: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === 'X') bits |= directory || (mode & 0o111) !== 0 ? 0o111 : 0;
    else if (letter === 'u') bits |= spread(mode >> 6);
    else if (letter === 'g') bits |= spread(mode >> 3);
    else if (letter === 'o') bits |= spread(mode);
    else bits |= BITS[letter]!;
  }
  return bits;
}

/** The permissions of one class, given to all three. */
function spread(bits: number): number {
  return (bits & 7) * 0o111;
}
