/** falloc, fpunch, fzero and their kin of xfs_io 6.1.0 (io/prealloc.c): fallocate(2) with one mode each. */

import { FALLOC } from '../fs/inode.ts';
import { strerror } from '../kernel/errno.ts';
import type { Task } from '../sim/task.ts';
import { blockSize, complain, type IoCommand, type IoSession, range } from './xfs-io-session.ts';

/** Mode, and the letters an option may have; of all of them `-k` keeps the size. */
const MODES: Readonly<Record<string, { readonly mode: number; readonly keeps?: boolean }>> = {
  falloc: { mode: 0, keeps: true },
  fpunch: { mode: FALLOC.PUNCH_HOLE | FALLOC.KEEP_SIZE },
  fcollapse: { mode: FALLOC.COLLAPSE_RANGE },
  fzero: { mode: FALLOC.ZERO_RANGE, keeps: true },
  finsert: { mode: FALLOC.INSERT_RANGE },
  funshare: { mode: FALLOC.UNSHARE_RANGE },
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
  const wanted = range(session, operands, yield* blockSize(session));
  if (wanted === null) return;
  const how = keep ? mode | FALLOC.KEEP_SIZE : mode;
  const result = yield* process.system.sys.fallocate(process, fd, how, wanted.offset, wanted.count);
  if (result < 0) complain(session, `fallocate: ${strerror(result)}`);
}

export const allocationCommands: Readonly<Record<string, IoCommand>> = Object.fromEntries(
  Object.entries(MODES).map(([name, { keeps = false }]) => [
    name,
    { least: 2, most: keeps ? 3 : 2, run: allocate },
  ]),
);
