/**
 * Links, device nodes, times and extended attributes (fs/namei.c, fs/utimes.c, fs/xattr.c): the checks of the VFS, in
 * its order, and what a file system answers that has no such operation. All eras are alike here.
 */

import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import { S } from './inode.ts';
import { type Place, typeOf } from './place.ts';
import type { ProcessContext } from './syscalls.ts';
import { changeable, freeSlot } from './vfs-names.ts';

/** XATTR_NAME_MAX. */
const MAX_ATTRIBUTE_NAME = 255;

/** The directory's file system has such operations in the kernel, and the model leaves them out. */
export function leavesNamesOut(place: Place): boolean {
  return place.mount === null || place.mount.fs.typeName === 'btrfs';
}

/** link(2) (do_linkat(), vfs_link()): the new name is looked at before the two mounts are. */
export function* linkName(
  core: VfsCore,
  process: ProcessContext,
  from: string,
  to: string,
): Task<number> {
  const source = core.walker.resolve(process.cwd, from, false);
  if (typeof source === 'number') return source;
  const slot = freeSlot(core, process, to);
  if (typeof slot === 'number') return slot;
  if (source.mount !== slot.directory.mount) return -errno.EXDEV;
  const { inode } = slot.directory;
  if (inode.link === undefined) return yield* missing(slot.directory, 'link');
  if (typeOf(source.inode) === S.IFDIR) return -errno.EPERM;
  return yield* inode.link(slot.name, source.inode);
}

/** symlink(2). An empty target is ENOENT (getname()). */
export function* makeLink(
  core: VfsCore,
  process: ProcessContext,
  target: string,
  path: string,
): Task<number> {
  if (target === '') return -errno.ENOENT;
  const slot = freeSlot(core, process, path);
  if (typeof slot === 'number') return slot;
  const { inode } = slot.directory;
  return yield* inode.symlink?.(slot.name, target) ?? missing(slot.directory, 'symlink');
}

/** mknod(2): a regular file is made as by open(2), whose missing operation is EACCES (vfs_create()). */
export function* makeNode(
  core: VfsCore,
  process: ProcessContext,
  path: string,
  mode: number,
): Task<number> {
  const type = mode & S.IFMT;
  if (type === S.IFDIR) return -errno.EPERM;
  const slot = freeSlot(core, process, path);
  if (typeof slot === 'number') return slot;
  const { inode } = slot.directory;
  if (type !== 0 && type !== S.IFREG) {
    return yield* missing(slot.directory, 'mknod of a device');
  }
  if (inode.create === undefined) return -errno.EACCES;
  const made = yield* inode.create(slot.name, mode & 0o7777);
  return typeof made === 'number' ? made : 0;
}

/** utimensat(2) to the present: the times themselves are not kept. */
export function touch(core: VfsCore, process: ProcessContext, path: string): number {
  const place = changeable(core, process, path);
  return typeof place === 'number' ? place : (place.inode.immutable?.() ?? 0);
}

/** setxattr(2): the name, the mount, the inode; then no file system here takes attributes (__vfs_setxattr()). */
export function* setAttribute(
  core: VfsCore,
  process: ProcessContext,
  path: string,
  name: string,
): Task<number> {
  if (name === '' || name.length > MAX_ATTRIBUTE_NAME) return -errno.ERANGE;
  const place = changeable(core, process, path);
  if (typeof place === 'number') return place;
  const { inode } = place;
  const type = typeOf(inode);
  const refused = inode.immutable?.() ?? 0;
  if (refused < 0) return refused;
  if (name.startsWith('user.') && type !== S.IFREG && type !== S.IFDIR) return -errno.EPERM;
  if (leavesNamesOut(place)) {
    throw new NotModelled(`extended attributes of ${place.path}`, 'on zonefs they are');
  }
  return -errno.EOPNOTSUPP;
}

/** swapon(2) of something whose header the tool has found good: the file system is asked (swap_activate). */
export function* swapOn(core: VfsCore, process: ProcessContext, path: string): Task<number> {
  const place = core.walker.resolve(process.cwd, path);
  if (typeof place === 'number') return place;
  const { inode } = place;
  const type = typeOf(inode);
  if (type !== S.IFREG && type !== S.IFBLK) return -errno.EINVAL;
  if (type === S.IFREG && place.mount?.fs.readOnly === true) return -errno.EROFS;
  if (inode.swapActivate === undefined) throw new NotModelled(`swap space on ${place.path}`);
  return inode.swapActivate();
}

function* missing(place: Place, what: string): Task<number> {
  if (leavesNamesOut(place)) throw new NotModelled(`${what} in ${place.path}`, 'on zonefs it is');
  return -errno.EPERM;
}
