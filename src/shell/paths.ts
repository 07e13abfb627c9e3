/** Names of files as tools canonicalise them: links followed, `.` and `..` taken out, device-mapper nodes by their mapping. */

import type { Stat } from '../fs/inode.ts';
import { O, S } from '../fs/inode.ts';
import type { Task } from '../sim/task.ts';
import type { Process } from './program.ts';
import { utf8ToText } from './text.ts';

const MAX_LINKS = 40;

/**
 * realpath(3). With `missingLast` the last part need not exist (`readlink -f`). Null when something on the way is
 * missing or goes round in circles.
 */
export function* realPath(
  process: Process,
  path: string,
  missingLast = false,
): Task<string | null> {
  const { sys } = process.system;
  let left = splitPath(path.startsWith('/') ? path : `${process.cwd}/${path}`);
  let done: string[] = [];
  let links = 0;
  while (left.length > 0) {
    const name = left.shift()!;
    if (name === '..') {
      done.pop();
      continue;
    }
    const here = `/${[...done, name].join('/')}`;
    const stat = yield* sys.stat(process, here, false);
    if (typeof stat === 'number') {
      return missingLast && left.length === 0 ? here : null;
    }
    if (!isType(stat, S.IFLNK)) {
      done.push(name);
      continue;
    }
    const target = yield* sys.readlink(process, here);
    links += 1;
    if (typeof target === 'number' || links > MAX_LINKS) return null;
    if (target.startsWith('/')) done = [];
    left = [...splitPath(target), ...left];
  }
  return `/${done.join('/')}`;
}

function splitPath(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

export function isType(stat: Stat, type: number): boolean {
  return (stat.mode & S.IFMT) === type;
}

/** A device as mount and umount name it: `/dev/dm-0` and its links become `/dev/mapper/NAME` (canonicalize_dm_name()). */
export function* canonicalSource(process: Process, path: string): Task<string> {
  const real = (yield* realPath(process, path)) ?? path;
  const match = /^\/dev\/(dm-\d+)$/.exec(real);
  if (match === null) return real;
  const name = yield* readText(process, `/sys/block/${match[1]}/dm/name`);
  return name === null ? real : `/dev/mapper/${name.trimEnd()}`;
}

/** The text of a small file; null when it cannot be read. */
export function* readText(process: Process, path: string): Task<string | null> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, path, O.RDONLY);
  if (fd < 0) return null;
  let text = '';
  for (;;) {
    const got = yield* sys.read(process, fd, 4096);
    if (typeof got === 'number') {
      yield* sys.close(process, fd);
      return null;
    }
    if (got.lengthBytes === 0) break;
    text += utf8ToText(got.bytes());
  }
  yield* sys.close(process, fd);
  return text;
}

/** The part after the last slash. */
export function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  return trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

/** One line of /proc/mounts. */
export interface MountLine {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  /** As shown: `rw,relatime,errors=remount-ro`. */
  readonly options: string;
}

/** What is mounted, oldest first; a `/dev/dm-N` by its mapping, as libmount reads it. */
export function* mountLines(process: Process): Task<MountLine[]> {
  const text = (yield* readText(process, '/proc/self/mounts')) ?? '';
  const unmangle = (word: string): string =>
    word.replace(/\\(\d{3})/g, (_all, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
  const lines: MountLine[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [source, target, type, options] = line.split(' ');
    const shown = unmangle(source!);
    lines.push({
      source: shown.startsWith('/dev/dm-') ? yield* canonicalSource(process, shown) : shown,
      target: unmangle(target!),
      type: type!,
      options: options!,
    });
  }
  return lines;
}
