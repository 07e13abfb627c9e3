/**
 * Files and directories of subvolume 5 as the VFS sees them (fs/btrfs/inode.c, file.c). Names stand in the
 * order of their directory index, as readdir(3) shows them. Errors are negative errnos. From 5.12 on.
 */

import type { Payload } from '../../block/payload.ts';
import { errno } from '../../kernel/errno.ts';
import { roundUp } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import type { Inode, IoFlags, MountedFs, OpenFile, Stat } from '../inode.ts';
import { S } from '../inode.ts';
import { fileCipher, newEncryption, requireKey } from './encryption.ts';
import { withoutRange } from './file-extents.ts';
import { syncFile } from './log-tree.ts';
import { NAME_CHANGE_ITEMS, promiseMetadata, transactionBytes } from './metadata-space.ts';
import { readBuffered, readDirect } from './read.ts';
import { newReadahead, type ReadaheadState } from './readahead.ts';
import { type FsState, inodeItem, joinTransaction, LiveFile } from './state.ts';
import { cowTree } from './tree-blocks.ts';
import { extentAt, type InodeItem, TreeId } from './trees.ts';
import { changeItem, changeItemLater, setSize, writeBuffered, writeDirect } from './write.ts';

/** BTRFS_NAME_LEN. */
const NAME_BYTES = 255;

/** What files and directories share. */
export class BtrfsInode implements Inode {
  readonly ino: number;
  readonly mount: MountedFs;
  protected readonly fs: FsState;
  protected readonly table: InodeTable;
  readonly live: LiveFile;
  private opens = 0;

  constructor(table: InodeTable, item: InodeItem) {
    this.table = table;
    this.fs = table.fs;
    this.mount = table.mount;
    this.ino = item.ino;
    this.live = new LiveFile(item, table.fs.sectorBytes);
    this.live.inode = this;
    this.live.cipher = fileCipher(table.fs, item);
  }

  protected get item(): InodeItem {
    return inodeItem(this.fs, this.ino);
  }

  stat(): Stat {
    const { item, fs } = this;
    const bytes = roundUp(item.nbytes, fs.sectorBytes) + this.pendingBytes(item);
    return {
      ino: this.ino,
      mode: item.mode,
      nlink: item.nlink,
      uid: item.uid,
      gid: item.gid,
      size: (item.mode & S.IFMT) === S.IFREG ? this.live.size : item.size,
      blksize: fs.sectorBytes,
      blocks: bytes / 512,
    };
  }

  /** Bytes that are dirty or on their way and will fill holes (new_delalloc_bytes). */
  private pendingBytes(item: InodeItem): number {
    const { live, fs } = this;
    let bytes = 0;
    for (const range of live.cache.dirtyRanges()) {
      for (let at = range.position; at < range.position + range.length; at += fs.sectorBytes) {
        if (extentAt(item, at) === null) bytes += fs.sectorBytes;
      }
    }
    for (const ordered of live.ordered) bytes += ordered.numBytes;
    return bytes;
  }

  *open(): Task<number> {
    this.opens += 1;
    return 0;
  }

  *release(): Task<void> {
    this.opens -= 1;
    if (this.opens === 0 && this.fs.trees.inodes.get(this.ino)?.nlink === 0) this.evict();
  }

  /** The last name is gone, and the last user: so is the inode. */
  evict(): void {
    if (this.opens > 0) return;
    const { fs, live } = this;
    const transaction = joinTransaction(fs);
    withoutRange(transaction, this.item, 0, Number.MAX_SAFE_INTEGER);
    fs.trees.deleteInode(this.ino);
    cowTree(fs, transaction, TreeId.fs);
    fs.dirtyBytes -= live.cache.dirtyBytes;
    live.cache.dropAll();
    this.table.drop(this.ino);
  }

  *chmod(mode: number): Task<number> {
    return this.change((item) => ({ ...item, mode: (item.mode & S.IFMT) | (mode & 0o7777) }));
  }

  *chown(uid: number, gid: number): Task<number> {
    return this.change((item) => ({
      ...item,
      uid: uid < 0 ? item.uid : uid,
      gid: gid < 0 ? item.gid : gid,
    }));
  }

  protected change(how: (item: InodeItem) => InodeItem): number {
    if (this.fs.frozen) return -errno.EROFS;
    changeItemLater(this.fs, this.live, how);
    return 0;
  }

  fsync(): Task<number> {
    return syncFile(this.fs, this.live);
  }

  dropCache(): void {
    const { live } = this;
    live.cache.dropClean();
    live.failedPages.clear();
    live.readaheadMarks.clear();
  }
}

/** The inodes that are in memory, by number. */
export class InodeTable {
  readonly fs: FsState;
  readonly mount: MountedFs;
  private readonly inodes = new Map<number, BtrfsInode>();

  constructor(fs: FsState, mount: MountedFs) {
    this.fs = fs;
    this.mount = mount;
  }

  get(ino: number): BtrfsInode {
    let inode = this.inodes.get(ino);
    if (inode === undefined) {
      const item = inodeItem(this.fs, ino);
      const directory = (item.mode & S.IFMT) === S.IFDIR;
      inode = directory ? new BtrfsDirectory(this, item) : new BtrfsFile(this, item);
      this.inodes.set(ino, inode);
      this.fs.files.set(ino, inode.live);
    }
    return inode;
  }

  drop(ino: number): void {
    this.inodes.delete(ino);
    this.fs.files.delete(ino);
  }

  *[Symbol.iterator](): Iterator<BtrfsInode> {
    yield* this.inodes.values();
  }
}

export class BtrfsFile extends BtrfsInode {
  readonly supportsNoWait = true;

  override *open(): Task<number> {
    const refused = requireKey(this.fs, this.item, this.live);
    return refused < 0 ? refused : yield* super.open();
  }

  plain(position: number, sent: Payload): Payload {
    return this.live.cipher === null ? sent : this.live.cipher.decrypted(position, sent);
  }

  *read(file: OpenFile, position: number, length: number, flags: IoFlags): Task<Payload | number> {
    const { fs, live } = this;
    const aligned = (position | length) % fs.sectorBytes === 0;
    // A read that is not aligned goes through the page cache, O_DIRECT or not (check_direct_read()).
    if (flags.direct && aligned) {
      yield* this.flushed(position, length);
      this.touch();
      return yield* readDirect(fs, live, position, length);
    }
    file.private ??= newReadahead();
    const got = yield* readBuffered(fs, live, file.private as ReadaheadState, position, length);
    this.touch();
    return got;
  }

  /** The first read after a change moves the access time (relatime): that is a change of the inode, to be committed. */
  private touch(): void {
    if (this.fs.frozen || this.item.accessed) return;
    this.change((item) => ({ ...item, accessed: true }));
  }

  private *flushed(position: number, length: number): Task<void> {
    if (this.live.cache.dirtyRanges(position, position + length).length > 0) yield* this.fsync();
  }

  *write(file: OpenFile, position: number, data: Payload, flags: IoFlags): Task<number> {
    void file;
    const { fs, live } = this;
    if (fs.frozen) return -errno.EROFS;
    const at = flags.append ? live.size : position;
    const written = flags.direct
      ? yield* writeDirect(fs, live, at, data)
      : yield* writeBuffered(fs, live, at, data);
    if (written > 0 && flags.dsync) {
      const synced = yield* this.fsync();
      if (synced < 0) return synced;
    }
    return written;
  }

  *setSize(size: number): Task<number> {
    const refused = requireKey(this.fs, this.item, this.live);
    if (refused < 0) return refused;
    return this.fs.frozen ? -errno.EROFS : yield* setSize(this.fs, this.live, size);
  }

  /** Zoned mode has no preallocation: what is written later goes elsewhere anyway (btrfs_fallocate()). */
  *fallocate(): Task<number> {
    return -errno.EOPNOTSUPP;
  }
}

export class BtrfsDirectory extends BtrfsInode {
  lookup(name: string): Inode | number {
    const entry = this.item.entries.find((one) => one.name === name);
    return entry === undefined ? -errno.ENOENT : this.table.get(entry.ino);
  }

  entries(): readonly string[] {
    return this.item.entries.map((entry) => entry.name);
  }

  *create(name: string, mode: number): Task<Inode | number> {
    return yield* this.make(name, S.IFREG | (mode & 0o7777));
  }

  *mkdir(name: string, mode: number): Task<number> {
    const made = yield* this.make(name, S.IFDIR | (mode & 0o7777));
    return typeof made === 'number' ? made : 0;
  }

  private *make(name: string, mode: number): Task<Inode | number> {
    const { fs } = this;
    if (fs.frozen) return -errno.EROFS;
    if (name.length > NAME_BYTES) return -errno.ENAMETOOLONG;
    if (typeof this.lookup(name) !== 'number') return -errno.EEXIST;
    const bytes = transactionBytes(fs, NAME_CHANGE_ITEMS);
    const promised = yield* promiseMetadata(fs, bytes, fs.host.cause);
    if (promised < 0) return promised;
    const transaction = joinTransaction(fs);
    const ino = fs.trees.lastIno + 1;
    fs.trees.setInode({
      ino,
      mode,
      nlink: 1,
      uid: 0,
      gid: 0,
      size: 0,
      nbytes: 0,
      generation: transaction.id,
      transid: transaction.id,
      noDataSum: !fs.env.options.datasum,
      ...newEncryption(fs, mode),
      accessed: false,
      parent: this.ino,
      extents: [],
      entries: [],
    });
    this.addEntry(name, ino);
    const inode = this.table.get(ino);
    inode.live.changedIn = transaction.id;
    inode.live.changedSinceLog = true;
    return inode;
  }

  /** Each name counts twice in a directory's size: DIR_ITEM and DIR_INDEX. */
  private addEntry(name: string, ino: number): void {
    changeItem(this.fs, this.live, (item) => ({
      ...item,
      size: item.size + name.length * 2,
      entries: [...item.entries, { name, ino }],
    }));
  }

  private removeEntry(name: string): void {
    changeItem(this.fs, this.live, (item) => ({
      ...item,
      size: item.size - name.length * 2,
      entries: item.entries.filter((entry) => entry.name !== name),
    }));
  }

  *unlink(name: string): Task<number> {
    const found = this.lookup(name);
    if (typeof found === 'number') return found;
    if (found instanceof BtrfsDirectory) return -errno.EISDIR;
    return this.removeName(name, found as BtrfsInode);
  }

  *rmdir(name: string): Task<number> {
    const found = this.lookup(name);
    if (typeof found === 'number') return found;
    if (!(found instanceof BtrfsDirectory)) return -errno.ENOTDIR;
    if (found.entries().length > 0) return -errno.ENOTEMPTY;
    return this.removeName(name, found);
  }

  private removeName(name: string, inode: BtrfsInode): number {
    const { fs } = this;
    if (fs.frozen) return -errno.EROFS;
    this.removeEntry(name);
    changeItem(fs, inode.live, (item) => ({ ...item, nlink: item.nlink - 1 }));
    if (inodeItem(fs, inode.ino).nlink === 0) inode.evict();
    // A log says what is there, not what went: the next fsync commits in full.
    joinTransaction(fs).logNeedsFullCommit = true;
    return 0;
  }

  *rename(name: string, target: Inode, newName: string): Task<number> {
    const { fs } = this;
    if (fs.frozen) return -errno.EROFS;
    const moved = this.lookup(name);
    if (typeof moved === 'number') return moved;
    if (!(target instanceof BtrfsDirectory)) return -errno.EXDEV;
    if (newName.length > NAME_BYTES) return -errno.ENAMETOOLONG;
    const there = target.lookup(newName);
    if (typeof there !== 'number') {
      if (there === moved) return 0;
      const isDirectory = there instanceof BtrfsDirectory;
      if (isDirectory && !(moved instanceof BtrfsDirectory)) return -errno.EISDIR;
      if (!isDirectory && moved instanceof BtrfsDirectory) return -errno.ENOTDIR;
      if (isDirectory && there.entries().length > 0) return -errno.ENOTEMPTY;
      target.removeName(newName, there as BtrfsInode);
    }
    this.removeEntry(name);
    target.addEntry(newName, moved.ino);
    changeItem(fs, (moved as BtrfsInode).live, (item) => ({ ...item, parent: target.ino }));
    joinTransaction(fs).logNeedsFullCommit = true;
    return 0;
  }
}
