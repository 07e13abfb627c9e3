/**
 * Block status codes, the errno a caller sees and the word the log prints (block/blk-core.c, blk_errors[]).
 * The numbers are the model's own: kernels number a few of them differently, and none of them is visible.
 */

import { type ErrnoName, errno } from '../kernel/errno.ts';

export const Status = {
  ok: 0,
  notSupported: 1,
  timeout: 2,
  noSpace: 3,
  transport: 4,
  target: 5,
  nexus: 6,
  medium: 7,
  protection: 8,
  resource: 9,
  ioError: 10,
  dmRequeue: 11,
  again: 12,
  deviceResource: 13,
  zoneOpenResource: 14,
  zoneActiveResource: 15,
  offline: 16,
  durationLimit: 17,
  invalid: 19,
} as const;

export type BlockStatus = (typeof Status)[keyof typeof Status];

const ERRORS: Record<BlockStatus, readonly [ErrnoName | null, string]> = {
  0: [null, ''],
  1: ['EOPNOTSUPP', 'operation not supported'],
  2: ['ETIMEDOUT', 'timeout'],
  3: ['ENOSPC', 'critical space allocation'],
  4: ['ENOLINK', 'recoverable transport'],
  5: ['EREMOTEIO', 'critical target'],
  6: ['EBADE', 'critical nexus'],
  7: ['ENODATA', 'critical medium'],
  8: ['EILSEQ', 'protection'],
  9: ['ENOMEM', 'kernel resource'],
  10: ['EIO', 'I/O'],
  11: ['EREMCHG', 'dm internal retry'],
  12: ['EAGAIN', 'nonblocking retry'],
  13: ['EBUSY', 'device resource'],
  14: ['ETOOMANYREFS', 'open zones exceeded'],
  15: ['EOVERFLOW', 'active zones exceeded'],
  16: ['ENODEV', 'device offline'],
  17: ['ETIME', 'duration limit exceeded'],
  19: ['EINVAL', 'invalid'],
};

/** 0 or a negative errno: blk_status_to_errno(). */
export function statusToErrno(status: BlockStatus): number {
  return status === 0 ? 0 : errnoOf(status);
}

function errnoOf(status: BlockStatus): number {
  const name = ERRORS[status][0];
  return name === null ? 0 : -errno[name];
}

/** The word before ` error, dev` in the log. */
export function statusWord(status: BlockStatus): string {
  return ERRORS[status][1];
}
