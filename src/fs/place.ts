/**
 * Path walking (fs/namei.c): from a path to a place in the tree, over symbolic links and mount points. Nothing here
 * waits: directories of the model answer lookups at once. All eras are alike here.
 */

import { errno } from '../kernel/errno.ts';
import { type Inode, S } from './inode.ts';
import type { MountEntry, MountTable } from './mounts.ts';

const MAX_PATH = 4096;
const MAX_NAME = 255;
/** MAXSYMLINKS: links followed in one walk. */
const MAX_LINKS = 40;

/** An inode under the name it was reached by: the kernel's (mount, dentry) pair. */
export interface Place {
  readonly inode: Inode;
  /** Null for the root of the tree. */
  readonly parent: Place | null;
  /** Canonical: absolute, without links, `.` and `..`. */
  readonly path: string;
  /** The mount it lies on; null on the host's own file systems. */
  readonly mount: MountEntry | null;
}

/** Where a new name would be made or an old one removed. */
export interface Slot {
  readonly directory: Place;
  /** The last component; `.`, `..` or empty (the root itself) where the path ends so. */
  readonly name: string;
  /** The path ended in a slash: only a directory will do. */
  readonly wantsDirectory: boolean;
}

/** One walk: its start, and how many links it has followed. */
interface Walk {
  links: number;
}

export class Walker {
  readonly root: Place;
  private readonly mounts: MountTable;

  constructor(rootInode: Inode, mounts: MountTable) {
    this.root = { inode: rootInode, parent: null, path: '/', mount: null };
    this.mounts = mounts;
  }

  /** The place a path leads to, or a negative errno. A link as the last component is followed if asked. */
  resolve(cwd: string, path: string, follow = true): Place | number {
    return this.walkTo(this.start(cwd, path), path, follow, { links: 0 });
  }

  /** The directory of the last component and its name; the last component need not exist. */
  resolveSlot(cwd: string, path: string): Slot | number {
    return this.walkToSlot(this.start(cwd, path), path, { links: 0 });
  }

  /** One name in a directory, crossing a mount point there. Does not follow links. */
  step(directory: Place, name: string): Place | number {
    if (name === '' || name === '.') return directory;
    if (name === '..') return directory.parent ?? directory;
    if (name.length > MAX_NAME) return -errno.ENAMETOOLONG;
    if (directory.inode.lookup === undefined) return -errno.ENOTDIR;
    const inode = directory.inode.lookup(name);
    if (typeof inode === 'number') return inode;
    const path = directory.path === '/' ? `/${name}` : `${directory.path}/${name}`;
    const mount = this.mounts.empty ? null : this.mounts.top(path);
    return mount === null
      ? { inode, parent: directory, path, mount: directory.mount }
      : { inode: mount.fs.root, parent: directory, path, mount };
  }

  /** Follows a link that stands in `directory`, to its end. */
  follow(directory: Place, link: Inode, walk: Walk): Place | number {
    walk.links += 1;
    if (walk.links > MAX_LINKS) return -errno.ELOOP;
    const target = link.readlink!();
    return this.walkTo(target.startsWith('/') ? this.root : directory, target, true, walk);
  }

  private start(cwd: string, path: string): Place | number {
    if (path === '') return -errno.ENOENT;
    if (path.length >= MAX_PATH) return -errno.ENAMETOOLONG;
    if (path.startsWith('/') || cwd === '/') return this.root;
    return this.walkTo(this.root, cwd, true, { links: 0 });
  }

  private walkTo(start: Place | number, path: string, follow: boolean, walk: Walk): Place | number {
    const slot = this.walkToSlot(start, path, walk);
    if (typeof slot === 'number') return slot;
    const place = this.step(slot.directory, slot.name);
    if (typeof place === 'number') return place;
    const end =
      typeOf(place.inode) === S.IFLNK && (follow || slot.wantsDirectory)
        ? this.follow(slot.directory, place.inode, walk)
        : place;
    if (typeof end === 'number' || !slot.wantsDirectory) return end;
    return typeOf(end.inode) === S.IFDIR ? end : -errno.ENOTDIR;
  }

  private walkToSlot(start: Place | number, path: string, walk: Walk): Slot | number {
    if (typeof start === 'number') return start;
    const names = path.split('/').filter((name) => name !== '');
    const name = names.pop() ?? '';
    let at = start;
    for (const each of names) {
      const next = this.step(at, each);
      if (typeof next === 'number') return next;
      const end = typeOf(next.inode) === S.IFLNK ? this.follow(at, next.inode, walk) : next;
      if (typeof end === 'number') return end;
      if (typeOf(end.inode) !== S.IFDIR) return -errno.ENOTDIR;
      at = end;
    }
    return { directory: at, name, wantsDirectory: path.endsWith('/') && name !== '' };
  }
}

/** The type bits of an inode's mode. */
export function typeOf(inode: Inode): number {
  return inode.stat().mode & S.IFMT;
}
