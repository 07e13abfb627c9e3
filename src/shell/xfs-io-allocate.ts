/** falloc, fpunch, fzero and their kin of xfs_io 6.1.0 (io/prealloc.c): fallocate(2) with one mode each. */

import { strerror } from '../kernel/errno.ts';
import type { Task } from '../sim/task.ts';
import {
  blockSize,
  complain,
  type IoCommand,
  type IoSession,
  notNumeric,
  xfsNumber,
} from './xfs-io-session.ts';

const KEEP_SIZE = 1;

/** Mode, and the letters an option may have; of all of them `-k` keeps the size. */
const MODES: Readonly<Record<string, { readonly mode: number; readonly keeps?: boolean }>> = {
  falloc: { mode: 0, keeps: true },
  fpunch: { mode: 2 | KEEP_SIZE },
  fcollapse: { mode: 8 },
  fzero: { mode: 16, keeps: true },
  finsert: { mode: 32 },
  funshare: { mode: 64 },
};

function* allocate(session: IoSession, words: readonly string[]): Task<void> {
  const { mode, keeps = false } = MODES[words[0]!]!;
  const keep = keeps && words[1] === '-k';
  const operands = words.slice(keep ? 2 : 1);
  if (operands.length !== 2) {
    complain(
      session,
      `bad argument count ${words.length - 1} to ${words[0]}, expected 2 arguments`,
    );
    return;
  }
  const { process, fd } = session;
  const block = yield* blockSize(session);
  const numbers: number[] = [];
  for (const [at, what] of ['offset', 'length'].entries()) {
    const number = xfsNumber(operands[at]!, block);
    if (number < 0) {
      notNumeric(session, `${what} argument`, operands[at]!);
      return;
    }
    numbers.push(number);
  }
  const how = keep ? mode | KEEP_SIZE : mode;
  const [offset, length] = numbers;
  const result = yield* process.system.sys.fallocate(process, fd, how, offset!, length!);
  if (result < 0) complain(session, `fallocate: ${strerror(result)}`);
}

export const allocationCommands: Readonly<Record<string, IoCommand>> = Object.fromEntries(
  Object.entries(MODES).map(([name, { keeps = false }]) => [
    name,
    { least: 2, most: keeps ? 3 : 2, run: allocate },
  ]),
);
