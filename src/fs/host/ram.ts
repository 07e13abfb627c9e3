/**
 * The host's root file system, kept in memory (mm/shmem.c, tmpfs): directories, files, symbolic links. Regular files
 * hold payloads, so a pattern written to one stays a pattern. All eras are alike here.
 */

import { concat, EMPTY, FillPayload, type Payload } from '../../block/payload.ts';
import { errno } from '../../kernel/errno.ts';
import { MIB, PAGE_BYTES, SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import { FALLOC, type Inode, type IoFlags, type OpenFile, S, type Stat } from '../inode.ts';
import { PageCache } from '../pagecache.ts';
import { type InodeNumbers, isDirectory } from './pseudo.ts';

/** What all files of the root may hold together; over it, ENOSPC. tmpfs takes half of the memory of its machine. */
const CAPACITY_BYTES = 1024 * MIB;
const MAX_FILE_BYTES = 2 ** 43;

/** What the inodes of one root share. */
export class RamSpace {
  readonly numbers: InodeNumbers;
  usedBytes = 0;

  constructor(numbers: InodeNumbers) {
    this.numbers = numbers;
  }
}

/** Mode and owner, as chmod(2) and chown(2) change them. */
abstract class RamInode {
  readonly mount = null;
  readonly ino: number;
  protected readonly space: RamSpace;
  private mode: number;
  private uid = 0;
  private gid = 0;

  protected constructor(space: RamSpace, mode: number) {
    this.space = space;
    this.ino = space.numbers.next();
    this.mode = mode;
  }

  *chmod(mode: number): Task<number> {
    this.mode = (this.mode & S.IFMT) | (mode & 0o7777);
    return 0;
  }

  *chown(uid: number, gid: number): Task<number> {
    this.uid = uid;
    this.gid = gid;
    return 0;
  }

  protected statWith(size: number, blocks: number, nlink: number): Stat {
    const { ino, mode, uid, gid } = this;
    return { ino, mode, nlink, uid, gid, size, blksize: PAGE_BYTES, blocks };
  }
}

export class RamFile extends RamInode implements Inode {
  readonly refusesDirect = true;
  private size = 0;
  private links = 1;
  private openers = 0;
  private readonly pages = new PageCache();

  constructor(space: RamSpace, mode: number) {
    super(space, S.IFREG | (mode & 0o7777));
  }

  stat(): Stat {
    return this.statWith(this.size, this.pages.cachedBytes / SECTOR_BYTES, this.links);
  }

  *read(_file: OpenFile, position: number, length: number): Task<Payload | number> {
    const end = Math.min(this.size, position + length);
    if (position >= end) return EMPTY;
    const whole = this.pages.read(position, end - position);
    return whole ?? this.withHoles(position, end);
  }

  *write(_file: OpenFile, position: number, data: Payload, flags: IoFlags): Task<number> {
    const at = flags.append ? this.size : position;
    if (at + data.lengthBytes > MAX_FILE_BYTES) return -errno.EFBIG;
    if (!this.put(at, data)) return -errno.ENOSPC;
    this.size = Math.max(this.size, at + data.lengthBytes);
    return data.lengthBytes;
  }

  *setSize(size: number): Task<number> {
    if (size > MAX_FILE_BYTES) return -errno.EFBIG;
    const before = this.pages.cachedBytes;
    if (size < this.size) this.pages.truncate(size);
    this.space.usedBytes += this.pages.cachedBytes - before;
    this.size = size;
    return 0;
  }

  *fsync(): Task<number> {
    return 0;
  }

  *fallocate(_file: OpenFile, mode: number, offset: number, length: number): Task<number> {
    const keepsSize = (mode & FALLOC.KEEP_SIZE) !== 0;
    if ((mode & FALLOC.PUNCH_HOLE) !== 0) {
      const first = Math.ceil(offset / PAGE_BYTES) * PAGE_BYTES;
      const end = Math.floor((offset + length) / PAGE_BYTES) * PAGE_BYTES;
      const before = this.pages.cachedBytes;
      if (end > first) this.pages.invalidate(first, end - first);
      this.space.usedBytes += this.pages.cachedBytes - before;
      this.zeroEdge(offset, Math.min(first, offset + length));
      this.zeroEdge(Math.max(end, offset), offset + length);
      return 0;
    }
    if (mode & ~FALLOC.KEEP_SIZE) return -errno.EOPNOTSUPP;
    if (!keepsSize) this.size = Math.max(this.size, offset + length);
    return 0;
  }

  /** Both kinds of mapping; a private one writes nothing back. */
  mmap(): number {
    return 0;
  }

  *fault(position: number, length: number): Task<Payload | null> {
    return this.pages.read(position, length) ?? this.withHoles(position, position + length);
  }

  *store(position: number, data: Payload): Task<boolean> {
    return this.put(position, data);
  }

  *open(): Task<number> {
    this.openers += 1;
    return 0;
  }

  *release(): Task<void> {
    this.openers -= 1;
    this.forgetUnused();
  }

  linked(): void {
    this.links += 1;
  }

  /** A name of it is gone. The content goes with the last name and the last descriptor. */
  unlinked(): void {
    this.links -= 1;
    this.forgetUnused();
  }

  /** False when the root is full. */
  private put(position: number, data: Payload): boolean {
    const before = this.pages.cachedBytes;
    if (this.space.usedBytes + data.lengthBytes > CAPACITY_BYTES) return false;
    for (const edge of this.pages.missingEdges(position, data.lengthBytes)) {
      this.pages.fill(edge.position, new FillPayload(0, edge.length));
    }
    this.pages.write(position, data);
    this.space.usedBytes += this.pages.cachedBytes - before;
    return true;
  }

  private forgetUnused(): void {
    if (this.links > 0 || this.openers > 0) return;
    this.space.usedBytes -= this.pages.cachedBytes;
    this.pages.dropAll();
  }

  private zeroEdge(from: number, to: number): void {
    if (to > from && this.pages.read(from, to - from) !== null) {
      this.pages.write(from, new FillPayload(0, to - from));
    }
  }

  /** Holes read as zeroes and are not kept: a sparse file stays sparse. */
  private withHoles(position: number, end: number): Payload {
    const parts: Payload[] = [];
    for (let at = position; at < end; ) {
      const stop = Math.min(end, (Math.floor(at / PAGE_BYTES) + 1) * PAGE_BYTES);
      parts.push(this.pages.read(at, stop - at) ?? new FillPayload(0, stop - at));
      at = stop;
    }
    return concat(parts);
  }
}

export class RamLink extends RamInode implements Inode {
  private readonly target: string;

  constructor(space: RamSpace, target: string) {
    super(space, S.IFLNK | 0o777);
    this.target = target;
  }

  stat(): Stat {
    return this.statWith(this.target.length, 0, 1);
  }

  readlink(): string {
    return this.target;
  }
}

export class RamDirectory extends RamInode implements Inode {
  private readonly names = new Map<string, Inode>();

  constructor(space: RamSpace, mode = 0o755) {
    super(space, S.IFDIR | (mode & 0o7777));
  }

  stat(): Stat {
    let directories = 0;
    // Of directories here, their own stat() would go down the whole tree.
    for (const inode of this.names.values()) {
      if (inode instanceof RamDirectory || (!(inode instanceof RamInode) && isDirectory(inode))) {
        directories += 1;
      }
    }
    return this.statWith(this.names.size * 20, 0, 2 + directories);
  }

  lookup(name: string): Inode | number {
    return this.names.get(name) ?? -errno.ENOENT;
  }

  /** tmpfs lists the newest first. */
  entries(): readonly string[] {
    return [...this.names.keys()].reverse();
  }

  *create(name: string, mode: number): Task<Inode | number> {
    const file = new RamFile(this.space, mode);
    this.names.set(name, file);
    return file;
  }

  *mkdir(name: string, mode: number): Task<number> {
    this.add(name, new RamDirectory(this.space, mode));
    return 0;
  }

  *unlink(name: string): Task<number> {
    const inode = this.names.get(name);
    this.names.delete(name);
    if (inode instanceof RamFile) inode.unlinked();
    return 0;
  }

  *rmdir(name: string): Task<number> {
    const directory = this.names.get(name)!;
    if ((directory.entries?.().length ?? 0) > 0) return -errno.ENOTEMPTY;
    this.names.delete(name);
    return 0;
  }

  *rename(name: string, target: Inode, newName: string): Task<number> {
    if (!(target instanceof RamDirectory)) return -errno.EXDEV;
    const moved = this.names.get(name)!;
    const replaced = target.names.get(newName);
    if (replaced === moved) return 0;
    if (replaced !== undefined && isDirectory(replaced) && replaced.entries!().length > 0) {
      return -errno.ENOTEMPTY;
    }
    this.names.delete(name);
    target.names.delete(newName);
    if (replaced instanceof RamFile) replaced.unlinked();
    target.names.set(newName, moved);
    return 0;
  }

  *link(name: string, target: Inode): Task<number> {
    if (!(target instanceof RamFile)) return -errno.EPERM;
    target.linked();
    this.names.set(name, target);
    return 0;
  }

  *symlink(name: string, target: string): Task<number> {
    this.names.set(name, new RamLink(this.space, target));
    return 0;
  }

  /** Puts an inode in without a call: how the root is built. */
  add(name: string, inode: Inode): void {
    this.names.set(name, inode);
  }

  /** The directory of that name, made when it is not there. */
  ensure(name: string): RamDirectory {
    const there = this.names.get(name);
    if (there instanceof RamDirectory) return there;
    const made = new RamDirectory(this.space);
    this.names.set(name, made);
    return made;
  }
}
