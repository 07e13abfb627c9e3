/** ls of coreutils 9.1, into a file or pipe: one name a line, in order of bytes (C locale). With -l the time is left out. */

import { S, type Stat } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, optionsOf } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { modeText } from './stat.ts';
import { quoted } from './text.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'a', long: 'all' },
  { short: 'A', long: 'almost-all' },
  { short: 'd', long: 'directory' },
  { short: 'i', long: 'inode' },
  { short: 'l' },
  { short: 'n', long: 'numeric-uid-gid' },
  { short: 'r', long: 'reverse' },
  { short: '1' },
  { short: 'U' },
  ...['F', 'R', 'S', 'h', 's', 't', 'g', 'o', 'm', 'Q', 'v', 'X', 'c', 'k', 'p', 'x', 'C'].map(
    (short) => ({ short }),
  ),
];
const MODELLED = new Set([
  'all',
  'almost-all',
  'directory',
  'inode',
  'l',
  'numeric-uid-gid',
  'reverse',
  '1',
  'U',
  'C',
]);

interface Look {
  readonly process: Process;
  has(option: string): boolean;
  exit: number;
}

interface Entry {
  readonly name: string;
  readonly stat: Stat;
  /** Where a symbolic link leads; only with -l. */
  readonly link: string | null;
}

export function* ls(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS, 2);
  if (typeof parsed === 'number') return parsed;
  const { options, operands } = parsed;
  const left = options.find(({ name }) => !MODELLED.has(name));
  if (left !== undefined) {
    throw new NotModelled(`ls -${left.name}`, 'there are -1 -a -A -d -i -l -n -r -U');
  }
  const look: Look = { process, exit: 0, has: (name) => options.some((one) => one.name === name) };
  const files: Entry[] = [];
  const folders: string[] = [];
  for (const name of operands.length === 0 ? ['.'] : operands) {
    const entry = yield* entryOf(look, name, name, !look.has('l') && !look.has('directory'));
    if (entry === null) continue;
    if (isType(entry.stat, S.IFDIR) && !look.has('directory')) folders.push(name);
    else files.push(entry);
  }
  show(look, look.has('U') ? files : files.sort(byName));
  const titled = operands.length > 1;
  let first = files.length === 0;
  for (const name of look.has('U') ? folders : folders.sort(byBytes)) {
    if (titled) process.stdout.write(`${first ? '' : '\n'}${name}:\n`);
    first = false;
    yield* listFolder(look, name);
  }
  return look.exit;
}

/** A failure of something named is serious (2), of something found on the way minor (1). */
function* entryOf(
  look: Look,
  path: string,
  name: string,
  follow: boolean,
  exit = 2,
): Task<Entry | null> {
  const { process } = look;
  const { sys } = process.system;
  const stat = yield* sys.stat(process, path, follow);
  if (typeof stat === 'number') {
    diagnose(process, `cannot access ${quoted(path)}`, stat);
    look.exit = Math.max(look.exit, exit);
    return null;
  }
  const link = look.has('l') && isType(stat, S.IFLNK) ? yield* sys.readlink(process, path) : null;
  return { name, stat, link: typeof link === 'string' ? link : null };
}

function* listFolder(look: Look, path: string): Task<void> {
  const { process } = look;
  const names = yield* process.system.sys.readdir(process, path);
  if (typeof names === 'number') {
    diagnose(process, `cannot open directory ${quoted(path)}`, names);
    look.exit = 2;
    return;
  }
  const entries: Entry[] = [];
  for (const name of look.has('U') ? names : [...names].sort(byBytes)) {
    const dots = name === '.' || name === '..';
    if (name.startsWith('.') && !look.has('all') && (dots || !look.has('almost-all'))) continue;
    const entry = yield* entryOf(look, `${path.replace(/\/$/, '')}/${name}`, name, false, 1);
    if (entry !== null) entries.push(entry);
  }
  const long = look.has('l') || look.has('numeric-uid-gid');
  if (long) {
    // In units of 1 KiB, counted from st_blocks.
    const blocks = entries.reduce((sum, { stat }) => sum + stat.blocks, 0);
    process.stdout.write(`total ${Math.ceil(blocks / 2)}\n`);
  }
  show(look, entries);
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byName(a: Entry, b: Entry): number {
  return byBytes(a.name, b.name);
}

/** Who owns it: names of users other than root are not known here. */
function owner(look: Look, id: number): string {
  return id === 0 && !look.has('numeric-uid-gid') ? 'root' : String(id);
}

function show(look: Look, entries: readonly Entry[]): void {
  if (look.has('reverse') && !look.has('U')) entries = [...entries].reverse();
  const long = look.has('l') || look.has('numeric-uid-gid');
  const rows = entries.map(({ name, stat, link }) => {
    const cells: string[] = [];
    if (look.has('inode')) cells.push(String(stat.ino));
    if (long) {
      const { rdev } = stat;
      const size = rdev === undefined ? String(stat.size) : `${rdev.major}, ${rdev.minor}`;
      const who = [owner(look, stat.uid), owner(look, stat.gid)];
      cells.push(modeText(stat), String(stat.nlink), ...who, size);
    }
    return { cells, name: link === null ? name : `${name} -> ${link}` };
  });
  const widths = (rows[0]?.cells ?? []).map((_cell, i) =>
    Math.max(...rows.map(({ cells }) => cells[i]!.length)),
  );
  // Owner and group are aligned to the left, numbers to the right.
  const first = look.has('inode') ? 1 : 0;
  const toLeft = new Set(long ? [first, first + 2, first + 3] : []);
  for (const { cells, name } of rows) {
    const padded = cells.map((cell, i) =>
      toLeft.has(i) ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!),
    );
    look.process.stdout.write(`${[...padded, name].join(' ')}\n`);
  }
}
