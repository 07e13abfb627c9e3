/**
 * zio of zonefs-tools (tests/tools/zio.c): reads or writes a file in equal pieces to its end, one at a time or several at
 * once, with the open and I/O flags asked for. The end of a file to write is what it may hold (st_blocks). Speed is not
 * printed: it depends on real time.
 */

import { FillPayload, Payload } from '../block/payload.ts';
import { O } from '../fs/inode.ts';
import type { RwFlags } from '../fs/syscalls.ts';
import { strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { Process } from './program.ts';

interface Run {
  read: boolean;
  /** Several buffers for one transfer: nothing of it can be seen here. */
  vectors: boolean;
  verbose: boolean;
  sizeBytes: number;
  offset: number;
  /** So many transfers; 0: to the end. */
  count: number;
  /** Under way at most; 0: synchronous. */
  depth: number;
  openFlags: number;
  ioFlags: { -readonly [K in keyof RwFlags]: RwFlags[K] };
  path: string;
}

const OPEN_FLAGS: Readonly<Record<string, number>> = {
  direct: O.DIRECT,
  append: O.APPEND,
  ndelay: O.NONBLOCK,
  sync: O.SYNC,
  dsync: O.DSYNC,
  trunc: O.TRUNC,
};

export function* zio(process: Process): Task<number> {
  const run = parse(process);
  if (typeof run === 'number') return run;
  const { sys } = process.system;
  const fd = yield* sys.open(process, run.path, run.openFlags);
  if (fd < 0) {
    process.stderr.write(`Open ${run.path} failed ${-fd} (${strerror(fd)})\n`);
    return 1;
  }
  const stat = yield* sys.fstat(process, fd);
  if (typeof stat === 'number') return 1;
  const appends = (run.openFlags & O.APPEND) !== 0 || run.ioFlags.append === true;
  if (!run.read && appends) run.offset = stat.size;
  const end = run.read ? stat.size : stat.blocks * SECTOR_BYTES;
  const good =
    run.depth === 0
      ? yield* synchronously(process, fd, run, end, appends)
      : yield* atOnce(process, fd, run, end, appends);
  yield* sys.close(process, fd);
  return good ? 0 : 1;
}

function done(run: Run, made: number, end: number): boolean {
  return run.count > 0 ? made >= run.count : run.offset >= end;
}

function* synchronously(
  process: Process,
  fd: number,
  run: Run,
  end: number,
  appends: boolean,
): Task<boolean> {
  const { sys } = process.system;
  const data = new FillPayload(0, run.sizeBytes);
  const verb = run.read ? 'READ' : 'WRITE';
  for (let made = 0; !done(run, made, end); made += 1) {
    const at = !run.read && appends ? 0 : run.offset;
    const result = run.read
      ? yield* sys.pread(process, fd, run.sizeBytes, at)
      : yield* sys.pwrite(process, fd, data, at, run.ioFlags);
    const bytes = result instanceof Payload ? result.lengthBytes : result;
    const pieces = run.vectors ? Math.ceil(run.sizeBytes / 4096) : 1;
    const what = `${numbered(made)}: ${verb} ${run.sizeBytes} B at ${run.offset} (${pieces} vector${pieces > 1 ? 's' : ''})`;
    if (bytes <= 0) {
      // Nothing transferred is told as a failure, yet the tool ends with errno, which nobody set.
      const why = bytes === 0 ? 'Success' : strerror(bytes);
      process.stderr.write(`${what} failed ${-bytes || 0} (${why})\n`);
      return bytes === 0;
    }
    if (run.verbose) process.stdout.write(`${what} -> ${bytes} B done\n`);
    run.offset += bytes;
  }
  return true;
}

/** Rounds of up to `depth` transfers: each is submitted together and waited for together. */
function* atOnce(
  process: Process,
  fd: number,
  run: Run,
  end: number,
  appends: boolean,
): Task<boolean> {
  if (run.read) throw new NotModelled('zio --read --async', 'reads one at a time');
  const { sys } = process.system;
  const data = new FillPayload(0, run.sizeBytes);
  let made = 0;
  while (!done(run, made, end)) {
    const writes: { offset: number; data: Payload }[] = [];
    while (writes.length < run.depth && !done(run, made, end)) {
      writes.push({ offset: appends ? 0 : run.offset, data });
      run.offset += run.sizeBytes;
      made += 1;
    }
    const results = yield* sys.aioWrite(process, fd, writes, run.ioFlags);
    const bad = results.findIndex((result) => result < 0);
    if (bad < 0) continue;
    const error = results[bad]!;
    const number = numbered(made - writes.length + bad);
    process.stderr.write(
      `${number}: WRITE ${run.sizeBytes} B at ${writes[bad]!.offset} failed ${-error} (${strerror(error)})\n`,
    );
    return false;
  }
  return true;
}

function numbered(count: number): string {
  return String(count).padStart(5, '0');
}

/** The command line, or the exit code of a bad one. */
function parse(process: Process): Run | number {
  const run: Run = {
    read: true,
    vectors: false,
    verbose: false,
    sizeBytes: 4096,
    offset: 0,
    count: 0,
    depth: 0,
    openFlags: 0,
    ioFlags: {},
    path: process.argv.at(-1)!,
  };
  if (process.argv.length < 2) {
    process.stdout.write('Usage: zio [options] <file path>\n');
    return 1;
  }
  for (const word of process.argv.slice(1)) {
    const problem = word.startsWith('-') ? take(run, word) : null;
    if (problem === null) continue;
    process.stderr.write(`${problem}\n`);
    return 1;
  }
  return run;
}

/** Takes one option; what is wrong with it, or null. */
function take(run: Run, word: string): string | null {
  const [name, value = ''] = word.split('=', 2);
  const number = Number.parseInt(value, 10) || 0;
  switch (name) {
    case '--v':
      run.verbose = true;
      return null;
    case '--read':
      run.read = true;
      return null;
    case '--write':
      run.read = false;
      run.openFlags |= O.WRONLY;
      return null;
    case '--iovec':
      run.vectors = true;
      return null;
    case '--size':
      run.sizeBytes = number;
      return number > 0 ? null : 'Invalid IO size';
    case '--ofst':
      run.offset = number;
      return number >= 0 ? null : 'Invalid IO offset';
    case '--nio':
      run.count = number;
      return number > 0 ? null : 'Invalid number of IOs';
    case '--async':
      run.depth = number;
      return number > 0 ? null : 'Invalid async IO depth';
    case '--fflag':
      run.openFlags |= OPEN_FLAGS[value] ?? 0;
      return value in OPEN_FLAGS ? null : 'Invalid file open flag';
    case '--ioflag':
      return takeIoFlag(run, value);
    default:
      return `Invalid option "${word}"`;
  }
}

function takeIoFlag(run: Run, value: string): string | null {
  if (value === 'append') run.ioFlags.append = true;
  else if (value === 'dsync') run.ioFlags.dsync = true;
  else if (value === 'nowait') run.ioFlags.noWait = true;
  // Polling for completions is not seen by anybody here.
  else if (value !== 'hipri') return 'Invalid IO flag';
  return null;
}
