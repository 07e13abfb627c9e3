/**
 * Names: mkdir, rmdir, unlink, rename, readdir and what stat(2) tells (fs/namei.c, fs/stat.c, fs/statfs.c). The order
 * of the checks is the kernel's. All eras are alike here.
 */

import { errno } from '../kernel/errno.ts';
import { PAGE_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import { S, type StatFs } from './inode.ts';
import { type Place, type Slot, typeOf } from './place.ts';
import type { ProcessContext } from './syscalls.ts';

const TMPFS_MAGIC = 0x01021994;

export function* makeDirectory(
  core: VfsCore,
  process: ProcessContext,
  path: string,
  mode: number,
): Task<number> {
  const slot = freeSlot(core, process, path, true);
  if (typeof slot === 'number') return slot;
  return yield* slot.directory.inode.mkdir?.(slot.name, mode) ?? refused();
}

/** Where a new name can be made, or why it cannot (filename_create()). */
export function freeSlot(
  core: VfsCore,
  process: ProcessContext,
  path: string,
  forDirectory = false,
): Slot | number {
  const slot = core.walker.resolveSlot(process.cwd, path);
  if (typeof slot === 'number') return slot;
  if (isDots(slot.name)) return -errno.EEXIST;
  const { directory } = slot;
  const there = core.walker.step(directory, slot.name);
  if (typeof there !== 'number') return -errno.EEXIST;
  if (there !== -errno.ENOENT || directory.inode.refusesUnknown === true) return there;
  if (slot.wantsDirectory && !forDirectory) return -errno.ENOENT;
  return isReadOnly(directory) ? -errno.EROFS : slot;
}

export function* removeName(
  core: VfsCore,
  process: ProcessContext,
  path: string,
  what: 'file' | 'directory',
): Task<number> {
  const slot = core.walker.resolveSlot(process.cwd, path);
  if (typeof slot === 'number') return slot;
  const { directory, name } = slot;
  if (isDots(name)) return what === 'file' ? -errno.EISDIR : removedDots(name);
  if (isReadOnly(directory)) return -errno.EROFS;
  const place = core.walker.step(directory, name);
  if (typeof place === 'number') return place;
  const isDirectory = typeOf(place.inode) === S.IFDIR;
  if (what === 'file') {
    if (slot.wantsDirectory && !isDirectory) return -errno.ENOTDIR;
    if (isDirectory) return -errno.EISDIR;
    return yield* directory.inode.unlink?.(name) ?? refused();
  }
  if (!isDirectory) return -errno.ENOTDIR;
  if (isMountPoint(core, place)) return -errno.EBUSY;
  return yield* directory.inode.rmdir?.(name) ?? refused();
}

export function* renamePath(
  core: VfsCore,
  process: ProcessContext,
  from: string,
  to: string,
): Task<number> {
  const source = core.walker.resolveSlot(process.cwd, from);
  if (typeof source === 'number') return source;
  const target = core.walker.resolveSlot(process.cwd, to);
  if (typeof target === 'number') return target;
  if (source.directory.mount !== target.directory.mount) return -errno.EXDEV;
  if (isDots(source.name) || isDots(target.name)) return -errno.EBUSY;
  if (isReadOnly(source.directory)) return -errno.EROFS;
  const moved = core.walker.step(source.directory, source.name);
  if (typeof moved === 'number') return moved;
  const replaced = core.walker.step(target.directory, target.name);
  const isNew = replaced === -errno.ENOENT && target.directory.inode.refusesUnknown !== true;
  if (typeof replaced === 'number' && !isNew) return replaced;
  const refusal = mayRename(core, source, target, moved, replaced);
  if (refusal !== 0) return refusal;
  if (typeof replaced !== 'number' && replaced.inode === moved.inode) return 0;
  const { inode } = source.directory;
  return yield* inode.rename?.(source.name, target.directory.inode, target.name) ?? refused();
}

/** The names of a directory with `.` and `..` first. */
export function list(
  core: VfsCore,
  process: ProcessContext,
  path: string,
): readonly string[] | number {
  const place = core.walker.resolve(process.cwd, path);
  if (typeof place === 'number') return place;
  if (typeOf(place.inode) !== S.IFDIR) return -errno.ENOTDIR;
  return ['.', '..', ...(place.inode.entries?.() ?? [])];
}

export function statFs(place: Place): StatFs {
  if (place.mount !== null) return place.mount.fs.statfs();
  return {
    type: TMPFS_MAGIC,
    bsize: PAGE_BYTES,
    blocks: 0,
    bfree: 0,
    bavail: 0,
    files: 0,
    ffree: 0,
    namelen: 255,
    frsize: PAGE_BYTES,
  };
}

/** chmod(2), chown(2) and others that change what an inode says: a place that can be changed, or why not. */
export function changeable(core: VfsCore, process: ProcessContext, path: string): Place | number {
  const place = core.walker.resolve(process.cwd, path);
  if (typeof place === 'number') return place;
  return isReadOnly(place) ? -errno.EROFS : place;
}

/** What the VFS answers where a file system has no such operation. */
export function* refused(): Task<number> {
  return -errno.EPERM;
}

function isReadOnly(place: Place): boolean {
  return place.mount?.fs.readOnly === true;
}

function isDots(name: string): boolean {
  return name === '' || name === '.' || name === '..';
}

function removedDots(name: string): number {
  if (name === '.') return -errno.EINVAL;
  return name === '..' ? -errno.ENOTEMPTY : -errno.EBUSY;
}

function isMountPoint(core: VfsCore, place: Place): boolean {
  return core.mounts.top(place.path) !== null;
}

function mayRename(
  core: VfsCore,
  source: Slot,
  target: Slot,
  moved: Place,
  replaced: Place | number,
): number {
  const movesDirectory = typeOf(moved.inode) === S.IFDIR;
  if (movesDirectory && `${target.directory.path}/`.startsWith(`${moved.path}/`)) {
    return -errno.EINVAL;
  }
  if (!movesDirectory && (source.wantsDirectory || target.wantsDirectory)) return -errno.ENOTDIR;
  if (typeof replaced !== 'number') {
    const replacesDirectory = typeOf(replaced.inode) === S.IFDIR;
    if (movesDirectory && !replacesDirectory) return -errno.ENOTDIR;
    if (!movesDirectory && replacesDirectory) return -errno.EISDIR;
    if (isMountPoint(core, replaced)) return -errno.EBUSY;
  }
  return isMountPoint(core, moved) ? -errno.EBUSY : 0;
}
