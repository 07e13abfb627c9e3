/** cmp of diffutils 3.8 (src/cmp.c): compares in reads of 4096 bytes. Equal 0, different 1, trouble 2. */

import { concat, EMPTY, firstDifference, type Payload } from '../block/payload.ts';
import { O, S } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { ddNumber } from './dd-operands.ts';
import { getopt, type OptionSpec } from './getopt.ts';
import { diagnose } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'l', long: 'verbose' },
  { short: 's', long: 'quiet' },
  { long: 'silent' },
  { short: 'n', long: 'bytes', argument: 'required' },
  { short: 'b', long: 'print-bytes' },
  { short: 'i', long: 'ignore-initial', argument: 'required' },
];

const TROUBLE = 2;
/** st_blksize of what is compared here. */
const READ_BYTES = 4096;
const NEWLINE = 10;

interface Comparison {
  readonly process: Process;
  readonly names: readonly [string, string];
  readonly fds: readonly [number, number];
  /** Bytes to compare at most. */
  readonly limit: number;
  readonly mode: 'first' | 'all' | 'silent';
}

/** Its hint has the program's name before it, unlike that of the coreutils. */
function tryHelp(process: Process, message: string): number {
  diagnose(process, message);
  diagnose(process, "Try 'cmp --help' for more information.");
  return TROUBLE;
}

export function* cmp(process: Process): Task<number> {
  const parsed = getopt(process.argv, OPTIONS);
  if (!parsed.ok) return tryHelp(process, parsed.message);
  const { options, operands } = parsed;
  const has = (...names: string[]): boolean => options.some(({ name }) => names.includes(name));
  if (has('print-bytes')) throw new NotModelled('cmp -b', 'use -l');
  if (has('ignore-initial')) throw new NotModelled('cmp -i', 'cut the files with dd skip=');
  const bytes = options.findLast(({ name }) => name === 'bytes')?.value;
  const limit = bytes === undefined ? Number.POSITIVE_INFINITY : ddNumber(bytes!);
  if (limit === null) return tryHelp(process, `invalid --bytes value ${quoted(bytes!)}`);
  const silent = has('quiet', 'silent');
  if (has('verbose') && silent) return tryHelp(process, 'options -l and -s are incompatible');
  if (operands.length === 0) return tryHelp(process, `missing operand after ${quoted('cmp')}`);
  if (operands.length > 2) {
    throw new NotModelled('cmp with more than two operands', 'cut the files with dd skip=');
  }
  const names = [operands[0]!, operands[1] ?? '-'] as const;
  if (names.includes('-')) throw new NotModelled('cmp of standard input', 'name two files');
  const fds: number[] = [];
  for (const name of names) {
    const fd = yield* process.system.sys.open(process, name, O.RDONLY);
    if (fd < 0) {
      if (!silent) diagnose(process, name, fd);
      return TROUBLE;
    }
    fds.push(fd);
  }
  // A file is equal to itself without a look.
  if (process.files.get(fds[0]!)!.inode === process.files.get(fds[1]!)!.inode) return 0;
  const mode = has('verbose') ? 'all' : silent ? 'silent' : 'first';
  return yield* compare({ process, names, fds: [fds[0]!, fds[1]!], limit, mode });
}

/** Digits for the offsets of -l: of the most bytes that the sizes of regular files and -n allow. */
function* offsetWidth({ process, fds, limit }: Comparison): Task<number> {
  let most = limit;
  for (const fd of fds) {
    const stat = yield* process.system.sys.fstat(process, fd);
    if (typeof stat !== 'number' && isType(stat, S.IFREG)) most = Math.min(most, stat.size);
  }
  // INTMAX_MAX has 19 digits.
  return most === Number.POSITIVE_INFINITY ? 19 : String(most).length;
}

/** Reads until `size` bytes or the end; a number is an errno. */
function* readBlock(process: Process, fd: number, size: number): Task<Payload | number> {
  const got = yield* process.system.sys.read(process, fd, size);
  if (typeof got === 'number' || got.lengthBytes === size || got.lengthBytes === 0) return got;
  const rest = yield* process.system.sys.read(process, fd, size - got.lengthBytes);
  if (typeof rest === 'number') return rest;
  return concat([got, rest]);
}

function* compare(state: Comparison): Task<number> {
  const { process, names, fds, limit, mode } = state;
  const lines = new LineCount();
  const width = mode === 'all' ? yield* offsetWidth(state) : 0;
  let at = 0;
  let different = false;
  while (at < limit) {
    const size = Math.min(READ_BYTES, limit - at);
    const blocks: Payload[] = [EMPTY, EMPTY];
    for (const i of [0, 1] as const) {
      const got = yield* readBlock(process, fds[i], size);
      if (typeof got === 'number') {
        if (mode !== 'silent') diagnose(process, names[i], got);
        return TROUBLE;
      }
      blocks[i] = got;
    }
    const [a, b] = [blocks[0]!, blocks[1]!];
    const common = Math.min(a.lengthBytes, b.lengthBytes);
    // Counting lines looks at all of it; so does comparing what cannot be told alike.
    if (mode !== 'silent' || a.knownEqual(b) === null) process.system.host.budget.look(common);
    const found = firstDifference(a, b);
    if (found >= 0) {
      if (mode === 'silent') return 1;
      if (mode === 'first') {
        lines.add(a, found);
        // In the C locale POSIX's `char`; other locales say `byte`.
        const place = `char ${at + found + 1}, line ${lines.newlines + 1}`;
        process.stdout.write(`${names[0]} ${names[1]} differ: ${place}\n`);
        return 1;
      }
      different = true;
      listDifferences(process, at, a.bytes(), b.bytes(), common, width);
    }
    if (mode === 'first') lines.add(a, common);
    at += common;
    if (a.lengthBytes !== b.lengthBytes) {
      const shorter = a.lengthBytes < b.lengthBytes ? names[0] : names[1];
      if (mode !== 'silent') diagnose(process, `EOF on ${shorter}${endText(at, lines, mode)}`);
      return 1;
    }
    if (common < size) break;
  }
  return different ? 1 : 0;
}

/** `which is empty`, `after byte 6, line 2`, `after byte 5, in line 2`; with -l only bytes are counted. */
function endText(at: number, lines: LineCount, mode: Comparison['mode']): string {
  if (at === 0) return ' which is empty';
  if (mode === 'all') return ` after byte ${at}`;
  const line = lines.endsInNewline ? `line ${lines.newlines}` : `in line ${lines.newlines + 1}`;
  return ` after byte ${at}, ${line}`;
}

class LineCount {
  newlines = 0;
  endsInNewline = false;

  add(payload: Payload, length: number): void {
    if (length === 0) return;
    const bytes = payload.bytes();
    for (let i = 0; i < length; i += 1) if (bytes[i] === NEWLINE) this.newlines += 1;
    this.endsInNewline = bytes[length - 1] === NEWLINE;
  }
}

function listDifferences(
  process: Process,
  base: number,
  a: Uint8Array,
  b: Uint8Array,
  length: number,
  width: number,
): void {
  for (let i = 0; i < length; i += 1) {
    if (a[i] === b[i]) continue;
    const place = String(base + i + 1).padStart(width);
    const left = a[i]!.toString(8).padStart(3);
    process.stdout.write(`${place} ${left} ${b[i]!.toString(8).padStart(3)}\n`);
  }
}
