/**
 * Words and numbers of a table line (drivers/md/dm-table.c: dm_split_args(), dm_read_arg(); and the sscanf() calls
 * of the constructors). All eras.
 */

export interface TableLine {
  readonly begin: number;
  readonly length: number;
  readonly type: string;
  /** The text after the type's name, as it stands. */
  readonly params: string;
}

const LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)(?:\s(.*))?$/s;

/** A line `START LENGTH TARGET PARAMS`; null when it is none. dmsetup itself refuses such lines. */
export function parseTableLine(line: string): TableLine | null {
  // The ioctl hands strings over: one ends at its first NUL.
  const end = line.indexOf('\0');
  const match = LINE.exec(end < 0 ? line : line.slice(0, end));
  if (match === null) return null;
  return {
    begin: Number(match[1]),
    length: Number(match[2]),
    type: match[3]!,
    params: (match[4] ?? '').trim(),
  };
}

/**
 * More words than dm_split_args() has room for: it doubles its list, and twice as many pointers are more than the 4 MiB
 * one allocation can have.
 */
export const MOST_ARGS = 524288;

/** The words of `params`: separated by white space, a backslash keeps what follows it. */
export function splitArgs(params: string): string[] {
  if (!params.includes('\\')) return params.match(/\S+/g) ?? [];
  const words: string[] = [];
  let word = '';
  let inWord = false;
  for (let i = 0; i < params.length; i += 1) {
    const char = params[i]!;
    if (char === '\\' && i + 1 < params.length) {
      i += 1;
      word += params[i]!;
      inWord = true;
    } else if (/\s/.test(char)) {
      if (inWord) words.push(word);
      word = '';
      inWord = false;
    } else {
      word += char;
      inWord = true;
    }
  }
  if (inWord) words.push(word);
  return words;
}

/** What `sscanf("%llu%c")` makes of a word that must be a sector number; null when it is none. */
export function parseSector(word: string | undefined): number | null {
  if (word === undefined || !/^\+?\d+$/.test(word)) return null;
  const value = Number(word);
  return value <= Number.MAX_SAFE_INTEGER ? value : null;
}

/** dm_read_arg(): an unsigned number within `min` and `max`; null when it is none. */
export function readNumber(word: string | undefined, min: number, max: number): number | null {
  const value = parseSector(word);
  return value === null || value < min || value > max ? null : value;
}
