/**
 * Reading and writing through descriptors (fs/read_write.c, fs/open.c, fs/sync.c): the checks the kernel
 * makes before a file system is asked, in its order. All eras are alike here.
 *
 * Bodies that are called for every I/O are plain functions that hand on the file system's own task: a generator less.
 */

import type { Payload } from '../block/payload.ts';
import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { PAGE_BYTES, SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import type { OpenDescription } from './description.ts';
import { FALLOC, type IoFlags, S } from './inode.ts';
import { typeOf } from './place.ts';
import type { ProcessContext, RwFlags, Whence } from './syscalls.ts';
import { refuse } from './vfs-open.ts';

/** The most one call transfers (MAX_RW_COUNT): INT_MAX rounded down to a page. */
export const MAX_RW_BYTES = 0x7ffff000;

/** Hands a read to the file system. */
export function readAt(
  file: OpenDescription | undefined,
  position: number,
  length: number,
  flags?: IoFlags,
): Task<Payload | number> {
  if (position < 0) return refuse(-errno.EINVAL);
  if (file === undefined || !file.readable) return refuse(-errno.EBADF);
  if (file.isDirectory) return refuse(-errno.EISDIR);
  if (length < 0 || file.inode.read === undefined) return refuse(-errno.EINVAL);
  return file.inode.read(file, position, Math.min(length, MAX_RW_BYTES), flags ?? file.ioFlags);
}

/** Hands a write to the file system, which may have done it when this returns (Inode.write). */
export function writeAt(
  file: OpenDescription | undefined,
  position: number,
  data: Payload,
  flags?: IoFlags,
): Task<number> | number {
  if (position < 0) return -errno.EINVAL;
  if (file === undefined || !file.writable) return -errno.EBADF;
  const { inode } = file;
  if (inode.write === undefined) return -errno.EINVAL;
  const some = data.lengthBytes > MAX_RW_BYTES ? data.slice(0, MAX_RW_BYTES) : data;
  return inode.write(file, position, some, flags ?? file.ioFlags);
}

/** The flags of one pwritev2(2); a negative errno when the file does not know one (kiocb_set_rw_flags()). */
export function writeFlags(file: OpenDescription, asked: RwFlags): IoFlags | number {
  if (asked.noWait === true && file.inode.supportsNoWait !== true) return -errno.EOPNOTSUPP;
  return {
    direct: file.ioFlags.direct,
    dsync: file.ioFlags.dsync || asked.dsync === true,
    append: file.ioFlags.append || asked.append === true,
    noWait: asked.noWait === true,
    blocking: true,
    memoryOffset: (asked.memoryOffset ?? 0) % PAGE_BYTES,
  };
}

export function seek(file: OpenDescription | undefined, offset: number, whence: Whence): number {
  if (file === undefined) return -errno.EBADF;
  if (whence === 'data' || whence === 'hole') return seekData(file, offset, whence);
  if (whence === 'end' && file.inode.seeksFromEnd === false) return -errno.EINVAL;
  const base = whence === 'set' ? 0 : whence === 'cur' ? file.position : sizeOf(file);
  const position = base + offset;
  const limit = file.inode.seekLimit?.() ?? Number.MAX_SAFE_INTEGER;
  if (position < 0 || position > limit) return -errno.EINVAL;
  file.position = position;
  return position;
}

/** SEEK_DATA and SEEK_HOLE where a file is data to its end (generic_file_llseek_size()). */
function seekData(file: OpenDescription, offset: number, whence: 'data' | 'hole'): number {
  const { inode } = file;
  const end = inode.seekLimit?.();
  if (inode.device !== undefined || inode.seeksFromEnd === false) return -errno.EINVAL;
  if (end === undefined)
    throw new NotModelled(`lseek SEEK_${whence.toUpperCase()}`, 'on zonefs it is');
  // A negative offset counts as one beyond every file: the comparison is of unsigned numbers.
  if (offset < 0 || offset >= end) return -errno.ENXIO;
  file.position = whence === 'data' ? offset : end;
  return file.position;
}

/** The end of a file; of a block device, its size, which stat does not show. */
export function sizeOf(file: OpenDescription): number {
  const { device } = file.inode;
  return device === undefined ? file.inode.stat().size : device.sizeSectors * SECTOR_BYTES;
}

/** ftruncate(2): a descriptor that cannot write is EINVAL here, not EBADF. */
export function truncateOpen(file: OpenDescription | undefined, size: number): Task<number> {
  if (size < 0) return refuse(-errno.EINVAL);
  if (file === undefined) return refuse(-errno.EBADF);
  if (typeOf(file.inode) !== S.IFREG || !file.writable) return refuse(-errno.EINVAL);
  return file.inode.setSize?.(size) ?? refuse(-errno.EINVAL);
}

export function truncatePath(
  core: VfsCore,
  process: ProcessContext,
  path: string,
  size: number,
): Task<number> {
  if (size < 0) return refuse(-errno.EINVAL);
  const place = core.walker.resolve(process.cwd, path);
  if (typeof place === 'number') return refuse(place);
  const type = typeOf(place.inode);
  if (type === S.IFDIR) return refuse(-errno.EISDIR);
  if (type !== S.IFREG) return refuse(-errno.EINVAL);
  if (place.mount?.fs.readOnly === true) return refuse(-errno.EROFS);
  return place.inode.setSize?.(size) ?? refuse(-errno.EINVAL);
}

export function syncFile(file: OpenDescription | undefined, dataOnly: boolean): Task<number> {
  if (file === undefined) return refuse(-errno.EBADF);
  return file.inode.fsync?.(file, dataOnly) ?? refuse(-errno.EINVAL);
}

const KNOWN_MODES = Object.values(FALLOC).reduce((all, mode) => all | mode, 0);

/** fallocate(2), by vfs_fallocate(). */
export function allocate(
  file: OpenDescription | undefined,
  mode: number,
  offset: number,
  length: number,
): Task<number> {
  if (file === undefined) return refuse(-errno.EBADF);
  if (offset < 0 || length <= 0) return refuse(-errno.EINVAL);
  const punches = (mode & FALLOC.PUNCH_HOLE) !== 0;
  if (mode & ~KNOWN_MODES || (punches && !(mode & FALLOC.KEEP_SIZE))) {
    return refuse(-errno.EOPNOTSUPP);
  }
  if (!file.writable) return refuse(-errno.EBADF);
  if (file.isDirectory) return refuse(-errno.EISDIR);
  const type = typeOf(file.inode);
  if (type !== S.IFREG && type !== S.IFBLK) return refuse(-errno.ENODEV);
  return file.inode.fallocate?.(file, mode, offset, length) ?? refuse(-errno.EOPNOTSUPP);
}
