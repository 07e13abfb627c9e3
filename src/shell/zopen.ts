/** zopen of zonefs-tools (tests/tools/zopen.c): opens files 0, 1, ... of a directory and holds them, until a signal if asked. */

import { O } from '../fs/inode.ts';
import { strerror } from '../kernel/errno.ts';
import type { Task } from '../sim/task.ts';
import { realPath } from './paths.ts';
import type { Process } from './program.ts';

const MAX_FILES = 1024;

const FILE_FLAGS: Readonly<Record<string, number>> = {
  read: O.RDONLY,
  write: O.WRONLY,
  direct: O.DIRECT,
  trunc: O.TRUNC,
};

interface Request {
  start: number;
  count: number;
  flags: number;
  pause: boolean;
  verbose: boolean;
  path: string | null;
}

export function* zopen(process: Process): Task<number> {
  const request = parse(process);
  if (typeof request === 'number') return request;
  const { sys } = process.system;
  const base = request.path === null ? null : yield* realPath(process, request.path);
  if (base === null) {
    process.stderr.write(`Generate base path for ${request.path} failed\n`);
    return 1;
  }
  const { start, count } = request;
  const fds: number[] = [];
  for (let at = start; at < start + count; at += 1) {
    const path = `${base}/${at}`;
    if (request.verbose) process.stdout.write(`Opening ${path}\n`);
    const fd = yield* sys.open(process, path, request.flags);
    if (fd < 0) {
      process.stderr.write(`Open ${path} failed ${-fd} (${strerror(fd)})\n`);
      return 1;
    }
    fds.push(fd);
  }
  const files = `${count} file${count > 1 ? 's' : ''} from file ${start}\n`;
  process.stdout.write(`Opened ${files}`);
  if (request.pause) yield* sys.signals.pause(process);
  for (const fd of fds) yield* sys.close(process, fd);
  process.stdout.write(`Closed ${files}`);
  return 0;
}

/** The command line, or the exit code of a bad one. */
function parse(process: Process): Request | number {
  const request: Request = {
    start: 0,
    count: 1,
    flags: O.RDONLY,
    pause: false,
    verbose: false,
    path: null,
  };
  const complain = (text: string): number => {
    process.stderr.write(`${text}\n`);
    return 1;
  };
  const words = process.argv.slice(1);
  for (const [at, word] of words.entries()) {
    if (!word.startsWith('-')) {
      if (at === words.length - 1) request.path = word;
      break;
    }
    const [name, value = ''] = word.split('=', 2);
    const number = Number.parseInt(value, 10) || 0;
    if (word === '--v') request.verbose = true;
    else if (word === '--pause') request.pause = true;
    else if (name === '--start') {
      if (number < 0) return complain('Invalid start file');
      request.start = number;
    } else if (name === '--nrfiles') {
      if (number <= 0 || number > MAX_FILES) return complain('Invalid number of files');
      request.count = number;
    } else if (name === '--fflag') {
      const flag = FILE_FLAGS[value];
      if (flag === undefined) return complain('Invalid file open flag');
      request.flags |= flag;
    } else return complain(`Invalid option "${word}"`);
  }
  if (request.path !== null) return request;
  process.stdout.write('Usage: zopen [options] <path>\n');
  return 0;
}
