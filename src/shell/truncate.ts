/** truncate of coreutils 9.1 (src/truncate.c): opens for writing, creating the file, and calls ftruncate(2). */

import { O, S } from '../fs/inode.ts';
import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, NEW_FILE_MODE, optionsOf, usageError } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 's', long: 'size', argument: 'required' },
  { short: 'c', long: 'no-create' },
  { short: 'o', long: 'io-blocks' },
  { short: 'r', long: 'reference', argument: 'required' },
];

/** The largest off_t. */
const MOST_BYTES = 2n ** 63n - 1n;

/** How a size is meant: absolute, or from what the file has. */
type Mode = '' | '+' | '-' | '<' | '>' | '/' | '%';

export function* truncate(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const { options, operands } = parsed;
  const given = (name: string) => options.findLast((option) => option.name === name)?.value;
  const text = given('size');
  if (given('reference') !== undefined) {
    throw new NotModelled('truncate --reference', 'give the size with -s');
  }
  if (given('io-blocks') !== undefined) throw new NotModelled('truncate -o', 'give bytes with -s');
  if (text === undefined || text === null) {
    return usageError(process, "you must specify either '--size' or '--reference'");
  }
  const match = /^\s*([+\-<>/%]?)\s*(\d+)([a-zA-Z]*)$/.exec(text);
  const size = match === null ? null : sizeOf(match[2]!, match[3]!);
  if (match === null || size === null) {
    diagnose(process, `Invalid number: ${quoted(text)}`);
    return 1;
  }
  const mode = match[1] as Mode;
  // A signed number: of 64 bits the negative ones go one further.
  if (size > MOST_BYTES + (mode === '-' ? 1n : 0n)) {
    diagnose(process, `Invalid number: ${quoted(text)}`, -errno.EOVERFLOW);
    return 1;
  }
  if ((mode === '/' || mode === '%') && size === 0n) {
    diagnose(process, 'division by zero');
    return 1;
  }
  if (operands.length === 0) return usageError(process, 'missing file operand');
  let exit = 0;
  for (const name of operands) {
    const created = given('no-create') === undefined;
    if (!(yield* truncateOne(process, name, mode, size, created))) exit = 1;
  }
  return exit;
}

/** Bytes; null when the suffix is none. */
function sizeOf(digits: string, suffix: string): bigint | null {
  if (suffix === '') return BigInt(digits);
  const match = /^([kKmMgGtTPEZY])(iB|B)?$/.exec(suffix);
  if (match === null) return null;
  const exponent = 'KMGTPEZY'.indexOf(match[1]!.toUpperCase()) + 1;
  return BigInt(digits) * (match[2] === 'B' ? 1000n : 1024n) ** BigInt(exponent);
}

function* truncateOne(
  process: Process,
  name: string,
  mode: Mode,
  size: bigint,
  create: boolean,
): Task<boolean> {
  const { sys } = process.system;
  const flags = O.WRONLY | O.NONBLOCK | (create ? O.CREAT : 0);
  const fd = yield* sys.open(process, name, flags, NEW_FILE_MODE);
  if (fd < 0) {
    if (!create && fd === -errno.ENOENT) return true;
    diagnose(process, `cannot open ${quoted(name)} for writing`, fd);
    return false;
  }
  const good = yield* resize(process, fd, name, mode, size);
  const closed = yield* sys.close(process, fd);
  if (closed < 0) diagnose(process, `failed to close ${quoted(name)}`, closed);
  return good && closed >= 0;
}

function* resize(
  process: Process,
  fd: number,
  name: string,
  mode: Mode,
  size: bigint,
): Task<boolean> {
  const { sys } = process.system;
  let wanted = size;
  if (mode !== '') {
    const stat = yield* sys.fstat(process, fd);
    if (typeof stat === 'number') {
      diagnose(process, `cannot fstat ${quoted(name)}`, stat);
      return false;
    }
    // A device has no st_size; its end tells.
    const have = isType(stat, S.IFREG) ? stat.size : yield* sys.lseek(process, fd, 0, 'end');
    if (have < 0) {
      diagnose(process, `cannot get the size of ${quoted(name)}`, have);
      return false;
    }
    wanted = relative(mode, BigInt(have), size);
    if (wanted > MOST_BYTES) {
      const how = mode === '%' ? 'rounding up' : 'extending';
      diagnose(process, `overflow ${how} size of file ${quoted(name)}`);
      return false;
    }
  }
  const result = yield* sys.ftruncate(process, fd, Number(wanted));
  if (result >= 0) return true;
  diagnose(process, `failed to truncate ${quoted(name)} at ${wanted} bytes`, result);
  return false;
}

function relative(mode: Mode, have: bigint, size: bigint): bigint {
  switch (mode) {
    case '+':
      return have + size;
    case '-':
      return have < size ? 0n : have - size;
    case '<':
      return have < size ? have : size;
    case '>':
      return have > size ? have : size;
    case '/':
      return have - (have % size);
    case '%':
      return have + ((size - (have % size)) % size);
    case '':
      return size;
  }
}
