/**
 * A transaction that cannot go on (fs/btrfs/transaction.c, __btrfs_abort_transaction(); messages.c,
 * __btrfs_handle_fs_error()): the file system turns read-only for good, and the disk keeps the last committed
 * state. From 5.12 on.
 */

import { type ErrnoName, errnoName } from '../../kernel/errno.ts';
import { stateText } from './printk.ts';
import type { FsState, Transaction } from './state.ts';

/** btrfs_decode_error(). */
const WORDS: Partial<Record<ErrnoName, string>> = {
  ENOENT: 'No such entry',
  EIO: 'IO failure',
  ENOMEM: 'Out of memory',
  EEXIST: 'Object already exists',
  ENOSPC: 'No space left',
  EROFS: 'Readonly filesystem',
  EOPNOTSUPP: 'Operation not supported',
  EUCLEAN: 'Filesystem corrupted',
};

/**
 * Ends the running transaction with `errno` (negative). `where`: the function and line the kernel names;
 * `more`: what it adds in brackets. Returns `errno`.
 */
export function abortTransaction(
  fs: FsState,
  transaction: Transaction,
  errno: number,
  where: { readonly name: string; readonly line: number },
  more = '',
): number {
  if (transaction.aborted !== 0) return errno;
  transaction.aborted = errno;
  const { host, env } = fs;
  const name = errnoName(errno);
  // An I/O error has been reported where it happened; others say that the code did not expect them.
  if (name !== 'EIO' && name !== 'EROFS') {
    host.printk('debug', `BTRFS: Transaction aborted (error ${errno})`);
    host.printk('warning', `WARNING: CPU PID at ${where.name}`);
  }
  env.state.add('A');
  const bracket = more === '' ? '' : ` (${more})`;
  const device = `${fs.device.name}${stateText(host, env.state)}`;
  host.printk(
    'crit',
    `BTRFS: error (device ${device}) in ${where.name}:${where.line}: errno=${errno} ${WORDS[name] ?? 'unknown'}${bracket}`,
  );
  env.state.add('E');
  if (fs.aborted === 0) {
    fs.aborted = errno;
    if (!env.readOnly) {
      env.readOnly = true;
      env.log('info', 'forced readonly');
    }
  }
  return errno;
}
