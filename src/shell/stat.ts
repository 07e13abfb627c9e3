/** stat of coreutils 9.1 (src/stat.c), with a format (-c, --printf). Times are not modelled, nor the long default output with them. */

import { S, type Stat, type StatFs } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, optionsOf, usageError } from './messages.ts';
import { isType, mountLines, realPath } from './paths.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'c', long: 'format', argument: 'required' },
  { long: 'printf', argument: 'required' },
  { short: 'f', long: 'file-system' },
  { short: 'L', long: 'dereference' },
  { short: 't', long: 'terse' },
];

/** Names of file systems by their magic (coreutils src/stat.c, human_fstype()). */
const FS_NAMES: Readonly<Record<number, string>> = {
  2435016766: 'btrfs',
  1515144787: 'zonefs',
  16914836: 'tmpfs',
  40864: 'proc',
  1650812274: 'sysfs',
};

export function* stat(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const { options, operands } = parsed;
  if (operands.length === 0) return usageError(process, 'missing operand');
  const has = (name: string): boolean => options.some((option) => option.name === name);
  const chosen = options.findLast(({ name }) => name === 'format' || name === 'printf');
  if (chosen === undefined) {
    throw new NotModelled('stat without -c FORMAT', 'times are not modelled; say what to print');
  }
  const escapes = chosen.name === 'printf';
  const format = escapes ? chosen.value! : `${chosen.value}\n`;
  let exit = 0;
  for (const name of operands) {
    const shown = has('file-system')
      ? yield* fileSystemText(process, name, format, escapes)
      : yield* fileText(process, name, format, escapes, has('dereference'));
    if (shown === null) exit = 1;
    else process.stdout.write(shown);
  }
  return exit;
}

function* fileText(
  process: Process,
  name: string,
  format: string,
  escapes: boolean,
  follow: boolean,
): Task<string | null> {
  const { sys } = process.system;
  const found = yield* sys.stat(process, name, follow);
  if (typeof found === 'number') {
    diagnose(process, `cannot statx ${quoted(name)}`, found);
    return null;
  }
  const link = isType(found, S.IFLNK) ? yield* sys.readlink(process, name) : null;
  const mountPoint = format.includes('m') ? yield* mountPointOf(process, name) : '/';
  return fill(process, format, escapes, (letter) => {
    if (letter === 'N') {
      return typeof link === 'string' ? `${quoted(name)} -> ${quoted(link)}` : quoted(name);
    }
    if (letter === 'm') return mountPoint;
    return letter === 'n' ? name : fileField(found, letter);
  });
}

function fileField(found: Stat, letter: string): string | number | null {
  switch (letter) {
    case 'a':
      return (found.mode & 0o7777).toString(8);
    case 'A':
      return modeText(found);
    case 'b':
      return found.blocks;
    case 'B':
      return 512;
    case 'f':
      return found.mode.toString(16);
    case 'F':
      return typeText(found);
    case 'g':
      return found.gid;
    case 'h':
      return found.nlink;
    case 'i':
      return found.ino;
    case 'o':
      return found.blksize;
    case 's':
      return found.size;
    case 't':
      return (found.rdev?.major ?? 0).toString(16);
    case 'T':
      return (found.rdev?.minor ?? 0).toString(16);
    case 'u':
      return found.uid;
    case 'G':
      return found.gid === 0 ? 'root' : 'UNKNOWN';
    case 'U':
      return found.uid === 0 ? 'root' : 'UNKNOWN';
    default:
      if ('CdDrRwWxXyYzZ'.includes(letter)) {
        throw new NotModelled(
          `stat -c %${letter}`,
          'times and device numbers of files are not kept',
        );
      }
      return null;
  }
}

function* fileSystemText(
  process: Process,
  name: string,
  format: string,
  escapes: boolean,
): Task<string | null> {
  const found = yield* process.system.sys.statfs(process, name);
  if (typeof found === 'number') {
    diagnose(process, `cannot read file system information for ${quoted(name)}`, found);
    return null;
  }
  return fill(process, format, escapes, (letter) =>
    letter === 'n' ? name : fileSystemField(found, letter),
  );
}

function fileSystemField(found: StatFs, letter: string): string | number | null {
  switch (letter) {
    case 'a':
      return found.bavail;
    case 'b':
      return found.blocks;
    case 'c':
      return found.files;
    case 'd':
      return found.ffree;
    case 'f':
      return found.bfree;
    case 'l':
      return found.namelen;
    case 's':
      return found.bsize;
    case 'S':
      return found.frsize;
    case 'i':
      return fileSystemId(found);
    case 't':
      return found.type.toString(16);
    case 'T':
      return FS_NAMES[found.type] ?? `UNKNOWN (0x${found.type.toString(16)})`;
    default:
      return null;
  }
}

/** Both words as one hexadecimal number, the first one in front (print_statfs(), out_uint_x()). */
function fileSystemId({ fsid }: StatFs): string {
  if (fsid === undefined) throw new NotModelled('stat -f -c %i', 'zonefs keeps its id');
  const [first, second] = fsid;
  if (first === 0) return second.toString(16);
  return first.toString(16) + second.toString(16).padStart(8, '0');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  '"': '"',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

/** print_it(): directives with flags and a width; `--printf` knows escapes too. */
function fill(
  process: Process,
  format: string,
  escapes: boolean,
  field: (letter: string) => string | number | null,
): string | null {
  let out = '';
  for (let at = 0; at < format.length; at += 1) {
    const letter = format[at]!;
    if (letter === '\\' && escapes) {
      const next = format[at + 1] ?? '\\';
      out += ESCAPES[next] ?? `\\${next}`;
      at += 1;
      continue;
    }
    const directive =
      letter === '%' ? /^%([-+ #0']*)(\d*)(?:\.\d+)?([^\n]?)/.exec(format.slice(at)) : null;
    if (directive === null) {
      out += letter;
      continue;
    }
    const [whole, flags, width, name] = directive;
    at += whole.length - 1;
    if (name === '' || name === '%') {
      if (flags !== '' || width !== '') {
        diagnose(process, `${quoted(whole)}: invalid directive`);
        return null;
      }
      out += '%';
      continue;
    }
    out += padded(field(name!) ?? '?', flags!, Number(width));
  }
  return out;
}

function padded(value: string | number, flags: string, width: number): string {
  let text = String(value);
  const number = /^[0-9a-f]+$/.test(text);
  if (flags.includes('#') && number && typeof value === 'string') text = `0${text}`;
  if (flags.includes('-')) return text.padEnd(width);
  return text.padStart(width, flags.includes('0') && number ? '0' : ' ');
}

/** `regular empty file`, `block special file`: file_type() of gnulib. */
function typeText(found: Stat): string {
  if (isType(found, S.IFREG)) return found.size === 0 ? 'regular empty file' : 'regular file';
  if (isType(found, S.IFDIR)) return 'directory';
  if (isType(found, S.IFLNK)) return 'symbolic link';
  return isType(found, S.IFBLK) ? 'block special file' : 'character special file';
}

/** `-rw-r-----` (gnulib filemode()). */
export function modeText(found: Stat): string {
  const { mode } = found;
  const kinds: readonly [number, string][] = [
    [S.IFDIR, 'd'],
    [S.IFLNK, 'l'],
    [S.IFBLK, 'b'],
    [S.IFCHR, 'c'],
  ];
  const kind = kinds.find(([type]) => isType(found, type))?.[1] ?? '-';
  const triple = (shift: number, special: number, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const execute = (bits & 1) !== 0;
    const set = (mode & special) !== 0;
    const last = set ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return `${(bits & 4) !== 0 ? 'r' : '-'}${(bits & 2) !== 0 ? 'w' : '-'}${last}`;
  };
  return kind + triple(6, 0o4000, 's') + triple(3, 0o2000, 's') + triple(0, 0o1000, 't');
}

function* mountPointOf(process: Process, name: string): Task<string> {
  const real = (yield* realPath(process, name)) ?? name;
  const targets = (yield* mountLines(process)).map((line) => line.target);
  const above = targets.filter(
    (target) => target === '/' || real === target || real.startsWith(`${target}/`),
  );
  return above.reduce((best, target) => (target.length > best.length ? target : best), '/');
}
