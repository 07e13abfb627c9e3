/**
 * Commands of xfs_io 6.1.0 (io/pwrite.c, io/pread.c, io/truncate.c, io/fsync.c, io/stat.c). Reads and writes go in blocks
 * of 4096 bytes unless -b says otherwise; a short one ends the loop. The timing in the second line is left out.
 */

import { FillPayload, type Payload } from '../block/payload.ts';
import { O, S, type Stat } from '../fs/inode.ts';
import type { RwFlags } from '../fs/syscalls.ts';
import { strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { type GivenOption, getopt, type OptionSpec } from './getopt.ts';
import { xfsSize } from './human.ts';
import { isType } from './paths.ts';
import { allocationCommands } from './xfs-io-allocate.ts';
import { memoryCommands } from './xfs-io-memory.ts';
import {
  ANY,
  BLOCK_BYTES,
  blockSize,
  complain,
  dump,
  type IoCommand,
  type IoSession,
  notNumeric,
  numberOf,
  option,
  type Range,
  range,
  usage,
  xfsNumber,
} from './xfs-io-session.ts';

const SEED = 0xcd;

const ALIASES: Readonly<Record<string, string>> = {
  w: 'pwrite',
  r: 'pread',
  t: 'truncate',
  s: 'fsync',
  ds: 'fdatasync',
  mm: 'mmap',
  mr: 'mread',
  ms: 'msync',
  mu: 'munmap',
  mw: 'mwrite',
  q: 'quit',
};

/** Every command of the real tool that is no command here. */
const NOT_MODELLED = new Set(
  'add_enckey allocsp bmap bulkstat bulkstat_single chattr chmod chproj copy_range cowextsize crc32cselftest dedupe enckey_status extsize fadvise fiemap flink freesp fsmap get_encpolicy inode inumbers label log_writes lsattr lsproj madvise mincore mremap open print readdir reflink resvsp rm_enckey scrub seek sendfile set_encpolicy statfs statx swapext sync_range unresvsp utimes zero help close file'.split(
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
  ...Object.entries(memoryCommands),
  ...Object.entries(allocationCommands),
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
