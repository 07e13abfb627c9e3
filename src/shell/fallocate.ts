/** fallocate of util-linux 2.38.1 (sys-utils/fallocate.c): one fallocate(2) and its complaint. */

import { FALLOC, O } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { byteCount } from './byte-count.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, NEW_FILE_MODE, optionsOf, usageError } from './messages.ts';
import type { Process } from './program.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'n', long: 'keep-size' },
  { short: 'p', long: 'punch-hole' },
  { short: 'c', long: 'collapse-range' },
  { short: 'z', long: 'zero-range' },
  { short: 'i', long: 'insert-range' },
  { short: 'd', long: 'dig-holes' },
  { short: 'x', long: 'posix' },
  { short: 'v', long: 'verbose' },
  { short: 'o', long: 'offset', argument: 'required' },
  { short: 'l', long: 'length', argument: 'required' },
];

const MODES: Readonly<Record<string, number>> = {
  'keep-size': FALLOC.KEEP_SIZE,
  'punch-hole': FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE,
  'collapse-range': FALLOC.COLLAPSE_RANGE,
  'zero-range': FALLOC.ZERO_RANGE,
  'insert-range': FALLOC.INSERT_RANGE,
};

export function* fallocate(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const { options, operands } = parsed;
  const left = options.find(({ name }) => ['dig-holes', 'posix', 'verbose'].includes(name));
  if (left !== undefined) throw new NotModelled(`fallocate --${left.name}`);
  const number = (name: string, otherwise: number): number => {
    const text = options.findLast((option) => option.name === name)?.value;
    return text === undefined || text === null ? otherwise : (byteCount(text) ?? -1);
  };
  const [name] = operands;
  if (name === undefined) return usageError(process, 'no filename specified');
  if (operands.length > 1) return usageError(process, 'unexpected number of arguments');
  const offset = number('offset', 0);
  const length = number('length', -2);
  if (length === -2) return usageError(process, 'no length argument specified');
  if (length <= 0) return complain(process, 'invalid length value specified');
  if (offset < 0) return complain(process, 'invalid offset value specified');
  const mode = options.reduce((flags, option) => flags | (MODES[option.name] ?? 0), 0);
  const { sys } = process.system;
  // Only a plain allocation or one that keeps the size may make the file.
  const creates = (mode & ~FALLOC.KEEP_SIZE) === 0 ? O.CREAT : 0;
  const fd = yield* sys.open(process, name, O.RDWR | creates, NEW_FILE_MODE);
  if (fd < 0) {
    diagnose(process, `cannot open ${name}`, fd);
    return 1;
  }
  const result = yield* sys.fallocate(process, fd, mode, offset, length);
  if (result < 0) diagnose(process, 'fallocate failed', result);
  const closed = yield* sys.close(process, fd);
  return result < 0 || closed < 0 ? 1 : 0;
}

function complain(process: Process, text: string): number {
  diagnose(process, text);
  return 1;
}
