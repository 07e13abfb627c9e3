/**
 * Commands of xfs_io 6.1.0 (io/pwrite.c, io/pread.c, io/truncate.c, io/fsync.c, io/stat.c). Reads and writes go in blocks
 * of 4096 bytes unless -b says otherwise; a short one ends the loop. The timing in the second line is left out.
 */

import { FillPayload, type Payload } from '../block/payload.ts';
import { O, S, type Stat } from '../fs/inode.ts';
import type { RwFlags } from '../fs/syscalls.ts';
import { strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { type GivenOption, getopt, type OptionSpec } from './getopt.ts';
import { hexRow } from './hex.ts';
import { xfsSize } from './human.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';

export interface IoSession {
  readonly process: Process;
  fd: number;
  path: string;
  /** O_* the file was opened with. */
  flags: number;
  exit: number;
  quit: boolean;
}

interface IoCommand {
  readonly least: number;
  readonly most: number;
  run(session: IoSession, words: readonly string[]): Task<void>;
}

const ANY = -1;
const BLOCK_BYTES = 4096;
const SEED = 0xcd;

const ALIASES: Readonly<Record<string, string>> = {
  w: 'pwrite',
  r: 'pread',
  t: 'truncate',
  s: 'fsync',
  ds: 'fdatasync',
  q: 'quit',
};

/** Every command of the real tool that is no command here. */
const NOT_MODELLED = new Set(
  'add_enckey allocsp bmap bulkstat bulkstat_single chattr chmod chproj copy_range cowextsize crc32cselftest dedupe enckey_status extsize fadvise falloc fcollapse fiemap finsert flink fpunch freesp fsmap funshare fzero get_encpolicy inode inumbers label log_writes lsattr lsproj madvise mincore mmap mread mremap msync munmap mwrite open print readdir reflink resvsp rm_enckey scrub seek sendfile set_encpolicy statfs statx swapext sync_range unresvsp utimes zero help close file'.split(
    ' ',
  ),
);

/** Runs one `-c` text. Mistakes go to stderr; only some of them change the exit code, as in the tool. */
export function* runIoCommand(session: IoSession, text: string): Task<void> {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return;
  const name = ALIASES[words[0]!] ?? words[0]!;
  const { stderr } = session.process;
  if (NOT_MODELLED.has(name)) {
    throw new NotModelled(
      `the xfs_io command ${name}`,
      `there are ${[...COMMANDS.keys()].join(', ')}`,
    );
  }
  const command = COMMANDS.get(name);
  if (command === undefined) {
    stderr.write(`command "${name}" not found\n`);
    return;
  }
  const count = words.length - 1;
  const { least, most } = command;
  if (count < least || (most !== ANY && count > most)) {
    const wanted =
      most === ANY
        ? `at least ${least}`
        : least === most
          ? `${least}`
          : `between ${least} and ${most}`;
    stderr.write(`bad argument count ${count} to ${name}, expected ${wanted} arguments\n`);
    return;
  }
  // What works on a file is passed over in silence when none is open.
  if (session.fd < 0 && name !== 'quit' && name !== 'sync') return;
  yield* command.run(session, words);
}

/** cvtnum(): decimal, octal or hex, with one letter after it. -1 when it is no number. */
export function xfsNumber(text: string, blockBytes: number): number {
  const match = /^(0[xX][0-9a-fA-F]+|\d+)([a-zA-Z]?)$/.exec(text);
  if (match === null) return -1;
  const digits = match[1]!;
  const octal = /^0[0-7]+$/.test(digits);
  const number = octal ? Number.parseInt(digits, 8) : Number(digits);
  const suffix = match[2]!.toLowerCase();
  if (suffix === '') return number;
  if (suffix === 'b') return number * blockBytes;
  if (suffix === 's') return number * SECTOR_BYTES;
  const exponent = 'kmgtpe'.indexOf(suffix);
  return exponent < 0 ? -1 : number * 1024 ** (exponent + 1);
}

function* blockSize(session: IoSession): Task<number> {
  const { process } = session;
  const stat = yield* process.system.sys.fstat(process, session.fd);
  return typeof stat === 'number' ? BLOCK_BYTES : stat.blksize;
}

function complain(session: IoSession, text: string): null {
  session.process.stderr.write(`${text}\n`);
  session.exit = 1;
  return null;
}

/** The numbers of a transfer: offset and length. Null after a complaint. */
interface Range {
  readonly offset: number;
  readonly count: number;
}

/** A word that is no number: the tool says so on standard output. */
function notNumeric(session: IoSession, what: string, text: string): null {
  session.process.stdout.write(`non-numeric ${what} -- ${text}\n`);
  session.exit = 1;
  return null;
}

function range(session: IoSession, operands: readonly string[], block: number): Range | null {
  const offset = xfsNumber(operands[0]!, block);
  if (offset < 0) return notNumeric(session, 'offset argument', operands[0]!);
  const count = xfsNumber(operands[1]!, block);
  if (count < 0) return notNumeric(session, 'length argument', operands[1]!);
  return { offset, count };
}

function option(options: readonly GivenOption[], name: string): GivenOption | undefined {
  return options.findLast((given) => given.name === name);
}

/** A number given with an option; -1 after a complaint. */
function numberOf(
  session: IoSession,
  given: GivenOption | undefined,
  otherwise: number,
  what: string,
  block: number,
): number {
  if (given === undefined) return otherwise;
  const number = xfsNumber(given.value!, block);
  if (number < 0) notNumeric(session, what, given.value!);
  return number;
}

const PWRITE_USAGE =
  'pwrite [-i infile [-qdDwNOW] [-s skip]] [-b bs] [-S seed] [-FBR [-Z N]] [-V N] off len -- writes a number of bytes at a specified offset';
const PREAD_USAGE =
  'pread [-b bs] [-qv] [-i N] [-FBR [-Z N]] off len -- reads a number of bytes at a specified offset';

const PWRITE_OPTIONS: readonly OptionSpec[] = [
  ...['b', 'S', 'V', 'i', 's', 'Z'].map((short) => ({ short, argument: 'required' as const })),
  ...['q', 'd', 'D', 'w', 'W', 'N', 'O', 'F', 'B', 'R'].map((short) => ({ short })),
];
const PREAD_OPTIONS: readonly OptionSpec[] = [
  ...['b', 'Z', 'V', 'i'].map((short) => ({ short, argument: 'required' as const })),
  ...['q', 'v', 'F', 'B', 'R', 'u'].map((short) => ({ short })),
];

function usage(session: IoSession, complaint: string | null, text: string): void {
  if (complaint !== null) session.process.stderr.write(`${complaint}\n`);
  session.process.stdout.write(`${text}\n`);
  session.exit = 1;
}

function refuseOrder(options: readonly GivenOption[], name: string): void {
  const left = options.find((given) => ['B', 'R', 'Z', 'u'].includes(given.name));
  if (left !== undefined) throw new NotModelled(`xfs_io ${name} -${left.name}`, 'forwards only');
}

interface Transfer {
  readonly range: Range;
  readonly bytes: number;
  readonly operations: number;
}

/** The two lines a transfer ends with, the second without its timing. */
function reportTransfer(session: IoSession, verb: string, done: Transfer): void {
  const { offset, count } = done.range;
  const { stdout } = session.process;
  stdout.write(`${verb} ${done.bytes}/${count} bytes at offset ${offset}\n`);
  stdout.write(`${xfsSize(done.bytes)}, ${done.operations} ops\n`);
}

function* pwrite(session: IoSession, words: readonly string[]): Task<void> {
  const parsed = getopt(words, PWRITE_OPTIONS, false);
  if (!parsed.ok) return usage(session, `pwrite: ${parsed.message}`, PWRITE_USAGE);
  const { options, operands } = parsed;
  refuseOrder(options, 'pwrite');
  if (operands.length !== 2) return usage(session, null, PWRITE_USAGE);
  const block = yield* blockSize(session);
  const size = numberOf(session, option(options, 'b'), BLOCK_BYTES, 'bsize', block);
  const seed = numberOf(session, option(options, 'S'), SEED, 'seed', block);
  const skip = numberOf(session, option(options, 's'), 0, 'skip', block);
  const vectors = Math.max(1, Number(option(options, 'V')?.value ?? 1) || 1);
  if (size < 0 || seed < 0 || skip < 0) return;
  const wanted = range(session, operands, block);
  if (wanted === null) return;
  const { process } = session;
  const { sys } = process.system;
  let input = -1;
  const inputPath = option(options, 'i')?.value;
  if (inputPath !== undefined && inputPath !== null) {
    const direct = option(options, 'd') === undefined ? 0 : O.DIRECT;
    input = yield* sys.open(process, inputPath, O.RDONLY | direct);
    if (input < 0) {
      complain(session, `${inputPath}: ${strerror(input)}`);
      return;
    }
  }
  const flags: RwFlags = {
    dsync: option(options, 'D') !== undefined,
    noWait: option(options, 'N') !== undefined,
  };
  const once = option(options, 'O') !== undefined;
  const step = once ? wanted.count : size * vectors;
  const source = { input, skip, seed: seed & 0xff };
  const done = yield* writeForward(session, wanted, step, source, flags, once);
  if (input >= 0) yield* sys.close(process, input);
  if (done === null) return;
  if (option(options, 'W') !== undefined) yield* sync(session, false);
  if (option(options, 'w') !== undefined) yield* sync(session, true);
  if (option(options, 'q') === undefined) reportTransfer(session, 'wrote', done);
}

interface WriteSource {
  /** The descriptor of `-i`; negative: the fill byte. */
  readonly input: number;
  readonly skip: number;
  readonly seed: number;
}

/** write_buffer(), write_once(). Null after an error. */
function* writeForward(
  session: IoSession,
  wanted: Range,
  step: number,
  source: WriteSource,
  flags: RwFlags,
  once: boolean,
): Task<Transfer | null> {
  const { process, fd } = session;
  const { sys } = process.system;
  let bytes = 0;
  let operations = 0;
  while (bytes < wanted.count) {
    const ask = Math.min(step, wanted.count - bytes);
    let data: Payload = new FillPayload(source.seed, ask);
    if (source.input >= 0) {
      const got = yield* sys.pread(process, source.input, step, source.skip + bytes);
      if (typeof got === 'number') return complain(session, `pread: ${strerror(got)}`);
      data = got.lengthBytes > ask ? got.slice(0, ask) : got;
    }
    if (data.lengthBytes === 0) break;
    const written = yield* sys.pwrite(process, fd, data, wanted.offset + bytes, flags);
    if (written < 0) return complain(session, `pwrite: ${strerror(written)}`);
    if (written === 0) break;
    operations += 1;
    bytes += written;
    if (written < ask || once) break;
  }
  return { range: wanted, bytes, operations };
}

function* pread(session: IoSession, words: readonly string[]): Task<void> {
  const parsed = getopt(words, PREAD_OPTIONS, false);
  if (!parsed.ok) return usage(session, `pread: ${parsed.message}`, PREAD_USAGE);
  const { options, operands } = parsed;
  refuseOrder(options, 'pread');
  if (operands.length !== 2) return usage(session, null, PREAD_USAGE);
  const block = yield* blockSize(session);
  const size = numberOf(session, option(options, 'b'), BLOCK_BYTES, 'bsize', block);
  const vectors = Math.max(1, Number(option(options, 'V')?.value ?? 1) || 1);
  if (size < 0) return;
  const wanted = range(session, operands, block);
  if (wanted === null) return;
  const { process, fd } = session;
  const shown = option(options, 'v') !== undefined;
  let bytes = 0;
  let operations = 0;
  while (bytes < wanted.count) {
    const ask = Math.min(size * vectors, wanted.count - bytes);
    const at = wanted.offset + bytes;
    const got = yield* process.system.sys.pread(process, fd, ask, at);
    if (typeof got === 'number') {
      complain(session, `pread: ${strerror(got)}`);
      return;
    }
    if (got.lengthBytes === 0) break;
    operations += 1;
    bytes += got.lengthBytes;
    if (shown) {
      process.system.host.budget.look(got.lengthBytes);
      dump(session, at, got.bytes());
    }
    if (got.lengthBytes < ask) break;
  }
  if (option(options, 'q') === undefined) {
    reportTransfer(session, 'read', { range: wanted, bytes, operations });
  }
}

/** dump_buffer(): sixteen bytes a line, letters and digits (nothing else) right behind the last one. */
function dump(session: IoSession, offset: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 16) {
    const row = hexRow(bytes.subarray(at, at + 16));
    const text = row.text.replace(/[^A-Za-z0-9]/g, '.');
    const place = (offset + at).toString(16).padStart(8, '0');
    session.process.stdout.write(`${place}:  ${row.hex.join(' ')}  ${text}\n`);
  }
}

function* truncateFile(session: IoSession, words: readonly string[]): Task<void> {
  const { process, fd } = session;
  const size = xfsNumber(words[1]!, yield* blockSize(session));
  if (size < 0) {
    notNumeric(session, 'truncate argument', words[1]!);
    return;
  }
  const result = yield* process.system.sys.ftruncate(process, fd, size);
  if (result < 0) complain(session, `ftruncate: ${strerror(result)}`);
}

function* sync(session: IoSession, dataOnly: boolean): Task<void> {
  const { process, fd } = session;
  const result = yield* process.system.sys.fsync(process, fd, dataOnly);
  if (result < 0) complain(session, `${dataOnly ? 'fdatasync' : 'fsync'}: ${strerror(result)}`);
}

function typeName(stat: Stat): string {
  if (isType(stat, S.IFREG)) return 'regular file';
  if (isType(stat, S.IFDIR)) return 'directory';
  if (isType(stat, S.IFBLK)) return 'block device';
  return isType(stat, S.IFCHR) ? 'char device' : '';
}

function flagNames(flags: number): string {
  const access = flags & O.ACCMODE;
  return [
    (flags & O.SYNC) === O.SYNC ? 'sync' : 'non-sync',
    (flags & O.DIRECT) !== 0 ? 'direct' : 'non-direct',
    access === O.RDONLY ? 'read-only' : 'read-write',
    ...((flags & O.APPEND) !== 0 ? ['append-only'] : []),
    ...((flags & O.NONBLOCK) !== 0 ? ['non-block'] : []),
  ].join(',');
}

function* stat(session: IoSession, words: readonly string[]): Task<void> {
  if (words.includes('-v') || words.includes('-r')) {
    throw new NotModelled(`xfs_io stat ${words[1]}`, 'plain stat is; times are left out');
  }
  const { process, fd } = session;
  const { stdout } = process;
  stdout.write(`fd.path = "${session.path}"\nfd.flags = ${flagNames(session.flags)}\n`);
  const found = yield* process.system.sys.fstat(process, fd);
  if (typeof found === 'number') {
    complain(session, `fstat: ${strerror(found)}`);
    return;
  }
  stdout.write(`stat.ino = ${found.ino}\nstat.type = ${typeName(found)}\n`);
  stdout.write(`stat.size = ${found.size}\nstat.blocks = ${found.blocks}\n`);
}

const COMMANDS: ReadonlyMap<string, IoCommand> = new Map([
  ['pwrite', { least: 2, most: ANY, run: pwrite }],
  ['pread', { least: 2, most: ANY, run: pread }],
  ['truncate', { least: 1, most: 1, run: truncateFile }],
  ['fsync', { least: 0, most: 0, run: (session) => sync(session, false) }],
  ['fdatasync', { least: 0, most: 0, run: (session) => sync(session, true) }],
  ['stat', { least: 0, most: 1, run: stat }],
  [
    'sync',
    {
      least: 0,
      most: 0,
      *run({ process }: IoSession): Task<void> {
        yield* process.system.sys.sync(process);
      },
    },
  ],
  [
    'syncfs',
    {
      least: 0,
      most: 0,
      *run(session: IoSession): Task<void> {
        const { process, fd } = session;
        const result = yield* process.system.sys.syncfs(process, fd);
        if (result < 0) complain(session, `syncfs: ${strerror(result)}`);
      },
    },
  ],
  [
    'quit',
    {
      least: 0,
      most: 0,
      *run(session: IoSession): Task<void> {
        session.quit = true;
      },
    },
  ],
] as [string, IoCommand][]);
