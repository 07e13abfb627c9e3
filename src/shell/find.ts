/**
 * find of findutils 4.9 (find/tree.c, find/parser.c): walks trees in the order directories list, and prints what its
 * tests let through. Tests are -type, -name and the depth bounds; actions beyond -print are not modelled.
 */

import { S, type Stat } from '../fs/inode.ts';
import { strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { globPattern } from './glob.ts';
import { programName } from './messages.ts';
import { baseName, isType } from './paths.ts';
import type { Process } from './program.ts';

interface Search {
  readonly roots: readonly string[];
  least: number;
  most: number;
  readonly tests: ((name: string, stat: Stat) => boolean)[];
}

const TYPES: Readonly<Record<string, number>> = {
  b: S.IFBLK,
  c: S.IFCHR,
  d: S.IFDIR,
  f: S.IFREG,
  l: S.IFLNK,
};

export function* find(process: Process): Task<number> {
  const search = parse(process);
  if (search === null) return 1;
  let good = true;
  for (const root of search.roots) good = (yield* visit(process, search, root, 0)) && good;
  return good ? 0 : 1;
}

/** The words of the command line; null after a complaint. */
function parse(process: Process): Search | null {
  const words = process.argv.slice(1);
  const first = words.findIndex((word) => /^[-(!]/.test(word));
  const roots = first < 0 ? words : words.slice(0, first);
  const search: Search = {
    roots: roots.length === 0 ? ['.'] : roots,
    least: 0,
    most: Number.POSITIVE_INFINITY,
    tests: [],
  };
  for (let at = roots.length; at < words.length; at += 1) {
    const word = words[at]!;
    if (word === '-print') continue;
    const value = words[at + 1];
    if (!['-name', '-type', '-maxdepth', '-mindepth'].includes(word)) {
      throw new NotModelled(`find ${word}`, 'there are -name, -type, -maxdepth, -mindepth, -print');
    }
    if (value === undefined) return complain(process, `missing argument to \`${word}'`);
    at += 1;
    const problem = take(search, word, value);
    if (problem !== null) return complain(process, problem);
  }
  return search;
}

function take(search: Search, word: string, value: string): string | null {
  if (word === '-name') {
    const pattern = globPattern(value);
    search.tests.push((name) => pattern.test(baseName(name)));
  } else if (word === '-type') {
    const types = value.split(',').map((letter) => TYPES[letter]);
    if (types.includes(undefined)) return `Unknown argument to -type: ${value}`;
    search.tests.push((_name, stat) => types.some((type) => isType(stat, type!)));
  } else {
    if (!/^\d+$/.test(value)) {
      return `Expected a positive decimal integer argument to ${word}, but got \`${value}'`;
    }
    if (word === '-maxdepth') search.most = Number(value);
    else search.least = Number(value);
  }
  return null;
}

function complain(process: Process, text: string): null {
  process.stderr.write(`${programName(process)}: ${text}\n`);
  return null;
}

/** False when something could not be looked at. */
function* visit(process: Process, search: Search, path: string, depth: number): Task<boolean> {
  const { sys } = process.system;
  const stat = yield* sys.stat(process, path, false);
  if (typeof stat === 'number') {
    complain(process, `\u2018${path}\u2019: ${strerror(stat)}`);
    return false;
  }
  if (depth >= search.least && search.tests.every((test) => test(path, stat))) {
    process.stdout.write(`${path}\n`);
  }
  if (!isType(stat, S.IFDIR) || depth >= search.most) return true;
  const names = yield* sys.readdir(process, path);
  if (typeof names === 'number') {
    complain(process, `\u2018${path}\u2019: ${strerror(names)}`);
    return false;
  }
  let good = true;
  for (const name of names) {
    if (name === '.' || name === '..') continue;
    const below = path.endsWith('/') ? `${path}${name}` : `${path}/${name}`;
    good = (yield* visit(process, search, below, depth + 1)) && good;
  }
  return good;
}
