/**
 * Refusals on the I/O path: what a call or a write meets that does not reach the device. Only refusals are recorded
 * here, so the checks themselves stand where they are made and cost nothing when they pass.
 */

import { type ErrnoName, errno } from '../../kernel/errno.ts';
import type { Seen, Source } from '../../sim/decision.ts';
import type { ZonefsFile } from './file.ts';

export interface IoRule {
  readonly id: string;
  readonly source: Source;
  /** What the caller gets; null when the kernel makes no error of it (a write that returns 0). */
  readonly errno: ErrnoName | null;
}

const FILE = 'fs/zonefs/file.c';
const CHECKS = { file: FILE, function: 'zonefs_write_checks' } as const;
const WRITE_ITER = { file: FILE, function: 'zonefs_file_write_iter' } as const;
const DIO_WRITE = { file: FILE, function: 'zonefs_file_dio_write' } as const;
const TRUNCATE = { file: FILE, function: 'zonefs_file_truncate' } as const;
const OPEN = { file: FILE, function: 'zonefs_seq_file_write_open' } as const;

/** To 6.2 all of these functions stood in fs/zonefs/super.c. */
export const IoRules = {
  immutable: { id: 'zonefs.io.immutable', source: WRITE_ITER, errno: 'EPERM' },
  readOnly: { id: 'zonefs.write.read-only', source: WRITE_ITER, errno: 'EROFS' },
  beyondCapacity: { id: 'zonefs.write.capacity', source: WRITE_ITER, errno: 'EFBIG' },
  bufferedSequential: {
    id: 'zonefs.write.buffered-sequential',
    source: { file: FILE, function: 'zonefs_file_buffered_write' },
    errno: 'EIO',
  },
  appendConventional: { id: 'zonefs.write.append-conventional', source: CHECKS, errno: 'EINVAL' },
  appendedBeyond: { id: 'zonefs.write.append-capacity', source: CHECKS, errno: 'EFBIG' },
  noWait: { id: 'zonefs.write.nowait', source: DIO_WRITE, errno: 'EOPNOTSUPP' },
  alignment: { id: 'zonefs.write.alignment', source: DIO_WRITE, errno: 'EINVAL' },
  memory: {
    id: 'zonefs.io.memory-alignment',
    source: { file: 'fs/iomap/direct-io.c', function: 'iomap_dio_bio_iter' },
    errno: 'EINVAL',
  },
  mapSequential: {
    id: 'zonefs.mmap.sequential',
    source: { file: FILE, function: 'zonefs_file_mmap' },
    errno: 'EINVAL',
  },
  swapSequential: {
    id: 'zonefs.swap.sequential',
    source: { file: FILE, function: 'zonefs_swap_activate' },
    errno: 'EINVAL',
  },
  atPointer: { id: 'zonefs.write.at-pointer', source: DIO_WRITE, errno: 'EINVAL' },
  appendLimit: {
    id: 'zonefs.append.limit',
    source: { file: FILE, function: 'zonefs_file_dio_append' },
    errno: null,
  },
  location: {
    id: 'zonefs.append.location',
    source: { file: FILE, function: 'zonefs_file_dio_append' },
    errno: 'EIO',
  },
  shortWrite: { id: 'zonefs.write.short', source: DIO_WRITE, errno: 'EIO' },
  readAlignment: {
    id: 'zonefs.read.alignment',
    source: { file: FILE, function: 'zonefs_file_read_iter' },
    errno: 'EINVAL',
  },
  encryptionUnit: {
    id: 'zonefs.read.encryption-unit',
    source: { file: 'fs/crypto/crypto.c', function: 'fscrypt_decrypt_pagecache_blocks' },
    errno: 'EIO',
  },
  truncateConventional: { id: 'zonefs.truncate.conventional', source: TRUNCATE, errno: 'EPERM' },
  truncateSize: { id: 'zonefs.truncate.size', source: TRUNCATE, errno: 'EPERM' },
  truncateBeyond: {
    id: 'zonefs.truncate.maximum',
    source: { file: 'fs/attr.c', function: 'inode_newsize_ok' },
    errno: 'EFBIG',
  },
  openLimit: { id: 'zonefs.open.limit', source: OPEN, errno: 'EBUSY' },
} as const satisfies Record<string, IoRule>;

/** Records that `rule` refused; returns the negative errno (0 when the kernel makes no error of it). */
export function refuseIo(file: ZonefsFile, rule: IoRule, seen: Seen = {}, bio = 0): number {
  file.mount.host.decide({
    rule: rule.id,
    subject: `${file.mount.device.name} ${file.name}`,
    seen,
    verdict: 'refuses',
    ...(rule.errno === null ? {} : { errno: rule.errno }),
    source: rule.source,
    ...(bio === 0 ? {} : { bio }),
  });
  return rule.errno === null ? 0 : -errno[rule.errno];
}

/** A task that ends at once with `result`. */
export function* ended<T>(result: T): Generator<never, T, void> {
  return result;
}
