/** Patterns of file names (fnmatch(3) without flags): `*`, `?`, `[abc]`, `[!a-z]`, a backslash before what stands for itself. */

/** What matches the whole of a name, as a regular expression of the linear-time subset. */
export function globPattern(pattern: string): { test(name: string): boolean } {
  let source = '';
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern[at]!;
    const set = letter === '[' ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(pattern.slice(at)) : null;
    if (letter === '*') source += '.*';
    else if (letter === '?') source += '.';
    else if (set !== null) {
      const inside = set[2]!.replace(/[\\\]^[]/g, '\\$&');
      source += `[${set[1] === '' ? '' : '^'}${inside}]`;
      at += set[0].length - 1;
    } else if (letter === '\\' && at + 1 < pattern.length) {
      at += 1;
      source += escaped(pattern[at]!);
    } else source += escaped(letter);
  }
  return new RegExp(`^${source}$`, 's');
}

function escaped(letter: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(letter) ? `\\${letter}` : letter;
}
