/**
 * open(2) and close(2) (fs/namei.c, path_openat(), do_open(); fs/open.c, do_dentry_open()). The order of the checks is
 * the kernel's, because which errno a program sees depends on it. All eras are alike here.
 */

import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import { installDescriptor, OpenDescription } from './description.ts';
import { O, S } from './inode.ts';
import { type Place, typeOf } from './place.ts';
import type { ProcessContext } from './syscalls.ts';
import { leavesNamesOut } from './vfs-making.ts';

/** Ends with a descriptor or a negative errno. */
export function* openPath(
  core: VfsCore,
  process: ProcessContext,
  path: string,
  flags: number,
  mode: number,
): Task<number> {
  if ((flags & O.TMPFILE) === O.TMPFILE) return nameless(core, process, path, flags);
  const found = yield* findOrCreate(core, process, path, flags, mode);
  if (typeof found === 'number') return found;
  const { place, created } = found;
  core.calls.touchFile(place, false);
  const refused = mayOpen(place, flags, created);
  if (refused < 0) return refused;

  const description = new OpenDescription(
    process,
    place,
    flags,
    core.host.trace.intern(place.path),
  );
  if (place.inode.open !== undefined) {
    const opened = yield* place.inode.open(description);
    if (opened < 0) return opened;
  }
  core.calls.opened(description);
  touchOpenFiles(core, description);
  place.mount?.superBlock.files.add(description);
  core.openFiles.add(description);
  // O_TRUNC comes after the file system's own open (handle_truncate()), so its refusal is seen with the file open.
  if (flags & O.TRUNC && !created && typeOf(place.inode) === S.IFREG) {
    core.calls.touchFile(place, true);
    const truncated = yield* place.inode.setSize?.(0) ?? refuse(-errno.EINVAL);
    if (truncated < 0) return yield* failed(core, description, truncated);
  }
  const fd = installDescriptor(process, description);
  return fd < 0 ? yield* failed(core, description, fd) : fd;
}

/** O_TMPFILE (do_tmpfile()): no file system of the model makes files without names. */
function nameless(core: VfsCore, process: ProcessContext, path: string, flags: number): number {
  if ((flags & O.ACCMODE) === O.RDONLY || flags & O.CREAT) return -errno.EINVAL;
  const place = core.walker.resolve(process.cwd, path);
  if (typeof place === 'number') return place;
  if (typeOf(place.inode) !== S.IFDIR) return -errno.ENOTDIR;
  if (place.mount?.fs.readOnly === true) return -errno.EROFS;
  if (leavesNamesOut(place)) throw new NotModelled(`O_TMPFILE in ${place.path}`, 'on zonefs it is');
  return -errno.EOPNOTSUPP;
}

/** Lets a description go. It is nobody's any more even when what its file system then does is not modelled. */
export function* release(core: VfsCore, description: OpenDescription): Task<void> {
  touchOpenFiles(core, description);
  description.place.mount?.superBlock.files.delete(description);
  core.openFiles.delete(description);
  if (description.inode.release !== undefined) yield* description.inode.release(description);
}

/** For explorers: opening and closing meet whoever asks whether a mount is busy, not each other. */
function touchOpenFiles(core: VfsCore, { place }: OpenDescription): void {
  const { mount } = place;
  if (mount !== null) core.host.touch('open files', mount.fs.device.name, 0, false);
}

/** A task that ends with an errno at once. */
export function* refuse(number: number): Task<number> {
  return number;
}

function* failed(core: VfsCore, description: OpenDescription, number: number): Task<number> {
  yield* release(core, description);
  return number;
}

interface Found {
  readonly place: Place;
  readonly created: boolean;
}

function* findOrCreate(
  core: VfsCore,
  process: ProcessContext,
  path: string,
  flags: number,
  mode: number,
): Task<Found | number> {
  core.host.touch('names', '', 0, false);
  const exclusive = (flags & (O.CREAT | O.EXCL)) === (O.CREAT | O.EXCL);
  const place = core.walker.resolve(process.cwd, path, !exclusive);
  if (typeof place !== 'number') {
    return exclusive ? -errno.EEXIST : { place, created: false };
  }
  if (place !== -errno.ENOENT || (flags & O.CREAT) === 0) return place;
  const slot = core.walker.resolveSlot(process.cwd, path);
  if (typeof slot === 'number') return slot;
  const { directory, name } = slot;
  // A link that leads nowhere: the kernel makes what it points to, which the model leaves out.
  if (typeof core.walker.step(directory, name) !== 'number') return -errno.ENOENT;
  if (directory.inode.refusesUnknown === true) return place;
  if (slot.wantsDirectory) return -errno.EISDIR;
  if (typeOf(directory.inode) !== S.IFDIR) return -errno.ENOTDIR;
  if (directory.mount?.fs.readOnly === true) return -errno.EROFS;
  if (directory.inode.create === undefined) return -errno.EACCES;
  core.host.touch('names', '', 0, true);
  const made = yield* directory.inode.create(name, mode);
  if (typeof made === 'number') return made;
  const at = core.walker.step(directory, name);
  if (typeof at === 'number') {
    throw new Error(`"${name}" expected to be there once created, got errno ${-at}`);
  }
  return { place: at, created: true };
}

function mayOpen(place: Place, flags: number, created: boolean): number {
  const type = typeOf(place.inode);
  const writes = (flags & O.ACCMODE) !== O.RDONLY;
  if (flags & O.DIRECTORY && type !== S.IFDIR) return -errno.ENOTDIR;
  if (type === S.IFLNK) return -errno.ELOOP;
  if (type === S.IFDIR && (writes || flags & (O.CREAT | O.TRUNC))) return -errno.EISDIR;
  const changes = !created && (writes || (flags & O.TRUNC) !== 0);
  const onDisk = type === S.IFREG || type === S.IFDIR;
  if (changes && onDisk && place.mount?.fs.readOnly === true) return -errno.EROFS;
  if (flags & O.DIRECT && place.inode.refusesDirect === true) return -errno.EINVAL;
  return 0;
}
