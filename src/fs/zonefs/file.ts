/**
 * A file of zonefs: its inode and file operations (fs/zonefs/file.c; to 6.2 super.c). What each call does stands in
 * read.ts, seq-write.ts, cnv-write.ts and zone-ops.ts; here are the gates in front of them.
 */

import type { Payload } from '../../block/payload.ts';
import { errno } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { type Task, WaitQueue } from '../../sim/task.ts';
import type { FileCipher } from '../fscrypt.ts';
import { type Inode, type IoFlags, O, type OpenFile, S, type Stat } from '../inode.ts';
import { PageCache } from '../pagecache.ts';
import {
  fillCache,
  syncRange,
  writeBackRange,
  writeConventionalBuffered,
  writeConventionalDirect,
} from './cnv-write.ts';
import { fileCipher } from './encryption.ts';
import type { Zonefs } from './fs.ts';
import { RwLock } from './lock.ts';
import { readFile } from './read.ts';
import { ioError } from './recovery.ts';
import { IoRules, refuseIo } from './refusals.ts';
import { writeSequential } from './seq-write.ts';
import { type FileZone, ZoneFlag } from './zone.ts';
import { closeForWriting, openForWriting, truncate } from './zone-ops.ts';

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o010;

export class ZonefsFile implements Inode {
  readonly mount: Zonefs;
  readonly zone: FileZone;
  /** `seq/0`. */
  readonly name: string;
  /** The zone's number on the device; of an aggregated file, its first zone's. */
  readonly ino: number;
  /** inode_lock(). */
  readonly lock: RwLock;
  /** Guards size, pointer and flags against zone commands and recovery. Taken inside `lock`. */
  readonly truncateLock: RwLock;
  /** Descriptors open for writing, as far as this kernel counts them. */
  writers = 0;
  /** Where the write that holds `lock` goes. */
  writePosition = 0;
  cache: PageCache | null = null;
  /** Null: data goes to the device as it is. */
  readonly cipher: FileCipher | null;
  private inFlight = 0;
  private readonly idle = new WaitQueue();

  constructor(mount: Zonefs, zone: FileZone, name: string) {
    this.mount = mount;
    this.zone = zone;
    this.name = name;
    this.ino = Math.floor(zone.startSector / mount.zoneSectors);
    const { host, device } = mount;
    this.lock = new RwLock(host, `${device.name} inode`, this.ino);
    this.truncateLock = new RwLock(host, `${device.name} truncate`, this.ino);
    this.cipher = fileCipher(mount, this.ino, name);
  }

  stat(): Stat {
    const { zone } = this;
    return {
      ino: this.ino,
      mode: S.IFREG | zone.mode,
      nlink: 1,
      uid: zone.uid,
      gid: zone.gid,
      size: zone.sizeBytes,
      blksize: this.mount.blockBytes,
      blocks: zone.capacityBytes / SECTOR_BYTES,
    };
  }

  plain(position: number, sent: Payload): Payload {
    return this.cipher === null ? sent : this.cipher.decrypted(position, sent);
  }

  seekLimit(): number {
    return this.zone.sizeBytes;
  }

  *open(file: OpenFile): Task<number> {
    if ((file.flags & O.ACCMODE) === O.RDONLY) return 0;
    if (this.zone.immutable) return refuseIo(this, IoRules.immutable);
    return this.zone.sequential ? yield* openForWriting(this) : 0;
  }

  *release(file: OpenFile): Task<void> {
    if ((file.flags & O.ACCMODE) === O.RDONLY || !this.zone.sequential) return;
    yield* closeForWriting(this);
  }

  read(_file: OpenFile, position: number, length: number, flags: IoFlags): Task<Payload | number> {
    return readFile(this, position, length, flags);
  }

  /** The gate of zonefs_file_write_iter(). The capacity is held against the given place, before O_APPEND moves it. */
  write(file: OpenFile, position: number, data: Payload, flags: IoFlags): Task<number> | number {
    const { zone } = this;
    if (zone.immutable) return refuseIo(this, IoRules.immutable);
    this.mount.touchReadOnly(false);
    if (this.mount.readOnly) return refuseIo(this, IoRules.readOnly);
    if (position >= zone.capacityBytes) {
      const seen = { position, capacity: zone.capacityBytes };
      return refuseIo(this, IoRules.beyondCapacity, seen);
    }
    if (zone.sequential) {
      if (flags.direct) return writeSequential(this, position, data, flags);
      // Pages can be written back in any order, so the page cache is no way to a sequential zone.
      return refuseIo(this, IoRules.bufferedSequential);
    }
    if (flags.direct) return writeConventionalDirect(this, file, position, data, flags);
    return writeConventionalBuffered(this, position, data, flags);
  }

  *setSize(size: number): Task<number> {
    yield* this.lock.exclusive();
    let result: number;
    if (this.zone.immutable) result = refuseIo(this, IoRules.immutable);
    else if (size > this.mount.maxFileBytes) {
      const seen = { size, s_maxbytes: this.mount.maxFileBytes };
      result = refuseIo(this, IoRules.truncateBeyond, seen);
    } else result = yield* truncate(this, size);
    this.lock.releaseExclusive();
    return result;
  }

  /** There is none: what vfs_fallocate() checks for every file comes first, and then it finds that. */
  *fallocate(_file: OpenFile, _mode: number, offset: number, length: number): Task<number> {
    if (this.zone.immutable) return refuseIo(this, IoRules.immutable);
    return offset + length > this.mount.maxFileBytes ? -errno.EFBIG : -errno.EOPNOTSUPP;
  }

  /** Lasts until unmount: there is nowhere to keep it. */
  *chmod(mode: number): Task<number> {
    if (this.zone.immutable) return refuseIo(this, IoRules.immutable);
    this.zone.mode = (this.zone.mode & ~0o7777) | (mode & 0o7777);
    return 0;
  }

  /** -1 keeps an id. A change of owner takes the set-id bits away (fs/open.c, chown_common()). */
  *chown(uid: number, gid: number): Task<number> {
    const { zone } = this;
    if (zone.immutable) return refuseIo(this, IoRules.immutable);
    if (uid >= 0) zone.uid = uid;
    if (gid >= 0) zone.gid = gid;
    zone.mode &= ~S_ISUID;
    if ((zone.mode & S_IXGRP) !== 0) zone.mode &= ~S_ISGID;
    return 0;
  }

  immutable(): number {
    return this.zone.immutable ? refuseIo(this, IoRules.immutable) : 0;
  }

  /** Pages could be written back in any order, so none of a sequential file may ever become dirty. */
  mmap(_file: OpenFile, shared: boolean, mayWrite: boolean): number {
    const dirties = this.zone.sequential && shared && mayWrite;
    return dirties ? refuseIo(this, IoRules.mapSequential) : 0;
  }

  swapActivate(): number {
    if (!this.mount.answers.swapFiles) {
      // generic_swapfile_activate() asks for the block of each page, and zonefs maps none.
      this.mount.host.printk('err', 'swapon: swapfile has holes');
      return -errno.EINVAL;
    }
    if (!this.zone.sequential) return 0;
    this.mount.error('swap file: not a conventional zone file');
    return refuseIo(this, IoRules.swapSequential);
  }

  /** A page that cannot be read kills whoever touched it; no recovery looks into why (filemap_fault()). */
  *fault(position: number, length: number): Task<Payload | null> {
    const { pages } = this;
    for (const missing of pages.missing(position, length)) {
      const filled = yield* fillCache(this, missing.position, missing.length);
      if (filled < 0) return null;
    }
    return pages.read(position, length);
  }

  *store(position: number, data: Payload): Task<boolean> {
    if (this.zone.immutable) return false;
    this.pages.write(position, data);
    return true;
  }

  *fsync(
    _file?: OpenFile,
    _dataOnly?: boolean,
    from = 0,
    to = Number.POSITIVE_INFINITY,
  ): Task<number> {
    if (this.zone.immutable) return refuseIo(this, IoRules.immutable);
    return yield* syncRange(this, from, to);
  }

  dropCache(): void {
    this.cache?.dropClean();
  }

  get pages(): PageCache {
    this.cache ??= new PageCache();
    return this.cache;
  }

  /** generic_write_sync() after a write: there is nothing dirty behind a direct write, so it comes down to the flush. */
  *flush(): Task<number> {
    const bio = this.mount.sendFlush();
    const { host } = this.mount;
    for (let wait = host.settle(bio); wait !== null; wait = host.settle(bio)) yield wait;
    const result = this.mount.flushed(bio);
    if (result < 0) yield* ioError(this, true);
    return result;
  }

  /** Write-back for sync(2), umount(2) and direct I/O to the same range; 0 or a negative errno. */
  writeBack(from = 0, to = Number.POSITIVE_INFINITY): Task<number> {
    return writeBackRange(this, from, to);
  }

  forgetCached(position: number, length: number): void {
    this.cache?.invalidate(position, length);
  }

  /** To 6.2 an append left the cache alone, and a cached last page went stale. */
  forgetBeforeAppend(position: number, length: number): void {
    if (this.mount.answers.appendInvalidatesCache) this.forgetCached(position, length);
  }

  /** zonefs_i_size_write(): a full zone is neither open nor active any more, and owes no close. */
  setSizeBytes(size: number): void {
    const { zone } = this;
    const { host, device } = this.mount;
    if (host.explored) host.touch('file', device.name, this.ino, true);
    zone.sizeBytes = size;
    if (size < zone.capacityBytes || !zone.sequential) return;
    if (zone.has(ZoneFlag.active)) this.mount.active -= 1;
    zone.flags &= ~(ZoneFlag.open | ZoneFlag.active);
  }

  /** inode_dio_begin(): a write that nobody holds the lock for is under way. */
  ioBegins(): void {
    this.touchInFlight(false);
    this.inFlight += 1;
  }

  ioEnds(): void {
    this.touchInFlight(false);
    this.inFlight -= 1;
    if (this.inFlight === 0) this.idle.wakeAll();
  }

  /** inode_dio_wait(). */
  *waitForIo(): Task<void> {
    this.touchInFlight(true);
    while (this.inFlight > 0) {
      yield* this.idle.wait();
      this.touchInFlight(true);
    }
  }

  /** For explorers: who waits for writes under way minds each of them, they do not mind each other. */
  private touchInFlight(waits: boolean): void {
    this.mount.host.touch('in flight', this.mount.device.name, this.ino, waits);
  }
}
