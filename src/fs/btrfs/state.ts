/**
 * What a mounted btrfs holds in memory (struct btrfs_fs_info, btrfs_transaction, btrfs_inode,
 * btrfs_ordered_extent) as data; the functions that work on it stand in the files named after their subject.
 * From 5.12 on.
 */

import type { BlockDevice } from '../../block/device.ts';
import type { BlockSystem } from '../../block/system.ts';
import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import { MIB, PAGE_BYTES, roundUp, SECTOR_BYTES } from '../../kernel/units.ts';
import type { Host } from '../../sim/host.ts';
import { Mutex, type Task, WaitQueue } from '../../sim/task.ts';
import type { FileCipher } from '../fscrypt.ts';
import { PageCache } from '../pagecache.ts';
import type { BlockGroup } from './block-group.ts';
import { CSUM_KINDS } from './csum.ts';
import type { BtrfsEnv } from './seam.ts';
import type { InodeItem, Trees } from './trees.ts';

/** One reference to add to or take from a data extent when the delayed refs run. */
export interface DelayedRef {
  readonly add: boolean;
  readonly numBytes: number;
  readonly objectid: number;
  readonly offset: number;
}

/** All pending references of one bytenr: the kernel keys heads by address alone, whatever the lengths. */
export interface RefHead {
  readonly bytenr: number;
  /** The extent was just written: the first reference makes its item. */
  mustInsert: boolean;
  /** Its length as last queued. */
  freshBytes: number;
  readonly refs: DelayedRef[];
}

/** Who writes: the system call it is done for, and whether somebody waits for it (no REQ_SYNC when a flusher only starts it). */
export interface Sender {
  readonly cause: number;
  readonly background: boolean;
}

/** A tree block that the running transaction has made and not written yet. */
export interface DirtyBlock {
  readonly tree: number;
  readonly logical: number;
  readonly group: BlockGroup;
  /** Freed before it was written. */
  readonly dead?: boolean;
}

export class Transaction {
  readonly id: number;
  readonly heads = new Map<number, RefHead>();
  readonly dirtyBlocks: DirtyBlock[] = [];
  /** Addresses of this transaction's blocks that are on disk already: changing one makes another copy. */
  readonly written = new Set<number>();
  /** Trees to be changed when it commits, beyond those it always changes. */
  readonly dirtyTrees = new Set<number>();
  /** Space freed in it, given back (as unusable) once its superblock is on disk. */
  readonly pinned: { readonly group: BlockGroup; readonly bytes: number }[] = [];
  inodesChanged = false;
  /** A block group was made in it: log trees cannot say that, so fsync commits in full. */
  logNeedsFullCommit = false;
  /** 0, or the negative errno that ended it. */
  aborted = 0;
  /** An fsync has made its log tree. */
  logStarted = false;

  constructor(id: number) {
    this.id = id;
  }
}

/** Data handed out and on its way: one file extent to be (struct btrfs_ordered_extent). Bytes. */
export interface OrderedExtent {
  readonly file: LiveFile;
  readonly fileOffset: number;
  readonly numBytes: number;
  /** Logical; moved to where the device says the data went. */
  diskBytenr: number;
  readonly group: BlockGroup;
  readonly append: boolean;
  /** What the bios have not brought home yet. */
  leftBytes: number;
  failed: boolean;
  /** Digest per sector, as hex, from `fileOffset` on. */
  readonly sums: string[];
  /** Where completions said each piece went: file offset, length, physical byte. */
  readonly pieces: {
    readonly fileOffset: number;
    readonly numBytes: number;
    readonly physical: number;
  }[];
}

/** An inode in memory. */
export class LiveFile {
  readonly ino: number;
  /** The inode a reader of its data bios can read it back through. */
  inode: object | null = null;
  readonly cache: PageCache;
  /** Pages that are in the cache but hold nothing valid: a read of them failed. */
  readonly failedPages = new Set<number>();
  /** Pages that start the next readahead when somebody reads them (PG_readahead). */
  readonly readaheadMarks = new Set<number>();
  readonly ordered = new Set<OrderedExtent>();
  /** Places taken for which nothing was sent yet: whoever waits for the file's data waits for these too. */
  aboutToSend = 0;
  /** Told whenever an ordered extent of this file is through. */
  readonly orderedDone = new WaitQueue();
  /** i_size: ahead of the item's size while data is on its way. */
  size: number;
  /** A write-out failed and nobody has been told: fsync says EIO once. */
  writeError = 0;
  /** Null: data goes to the device as it is. */
  cipher: FileCipher | null = null;
  /** The transaction that changed it last, and the one whose log or commit has it. */
  changedIn = 0;
  loggedIn = -1;
  changedSinceLog = false;

  constructor(item: InodeItem, sectorBytes: number) {
    this.ino = item.ino;
    this.size = item.size;
    this.cache = new PageCache(sectorBytes);
  }
}

/** BIO_MAX_VECS pages: what one bio holds. */
export const BIO_BYTES = MIB;

export class FsState {
  readonly env: BtrfsEnv;
  readonly host: Host;
  readonly block: BlockSystem;
  readonly device: BlockDevice;
  readonly answers: BtrfsAnswers;
  readonly sectorBytes: number;
  readonly nodeBytes: number;
  readonly csumName: (typeof CSUM_KINDS)[number]['name'];
  readonly csumBytes: number;
  /** What one bio of page-cache data holds: settled when the file system is mounted. */
  readonly writebackBioBytes: number;
  trees: Trees;
  /** In the order the allocator looks at them. */
  readonly groups: BlockGroup[] = [];
  transaction: Transaction | null = null;
  /**
   * Groups that go with the transaction being committed: their zones are reset after its superblock is on disk.
   */
  readonly leaving: BlockGroup[] = [];
  readonly files = new Map<number, LiveFile>();
  /** 0, or the negative errno of the first failure that made the file system read-only. */
  aborted = 0;
  /** fs_info->dio_bytes: what splits of ordered extents left in the count. */
  dioBytes = 0;
  /** Told whenever an ordered extent of any file is through. */
  readonly orderedDone = new WaitQueue();
  readonly commitLock = new Mutex();
  /** A delta to the log tree's group; null until an fsync needs one. */
  treeLogGroup: BlockGroup | null = null;
  /**
   * Log tree blocks that nobody needs any more: a flusher writes zeroes there, to keep the write pointer
   * moving.
   */
  readonly deadLogBlocks: DirtyBlock[] = [];
  /** Bytes in page caches that are dirty: they still need space. */
  dirtyBytes = 0;
  /** The device's error counters differ from those in the device tree. */
  devStatsChanged = false;

  /** The id of the last transaction that began to be written. */
  lastTransaction: number;
  /** The UUID tree is known to be right: each commit says so in the superblock. */
  keepsUuidGeneration = false;

  constructor(env: BtrfsEnv, trees: Trees) {
    this.lastTransaction = env.superblock.generation;
    this.env = env;
    this.host = env.host;
    this.block = env.block;
    this.device = env.device;
    this.answers = env.host.kernel.btrfs;
    this.sectorBytes = env.superblock.sectorsize;
    this.nodeBytes = env.superblock.nodesize;
    const kind = CSUM_KINDS[env.superblock.csumType]!;
    this.csumName = kind.name;
    this.csumBytes = kind.sizeBytes;
    const most = env.device.limits.max_sectors.value * SECTOR_BYTES;
    this.writebackBioBytes =
      this.answers.writebackBio === 'vector' ? BIO_BYTES : roundUp(most, PAGE_BYTES);
    this.trees = trees;
  }

  /** The generation of the last commit. */
  get committed(): number {
    return this.env.superblock.generation;
  }

  /** Nothing can be written: mounted so, or after an error. */
  get frozen(): boolean {
    touchTrees(this, false);
    return this.aborted !== 0 || this.env.readOnly;
  }
}

/** For explorers: what runs now changes what commits and logs of the whole file system go by; else it looks at it. */
export function touchTrees(fs: FsState, changes = true): void {
  fs.host.touch('trees', fs.device.name, 0, changes);
}

/** Runs `task`, each turn of which minds what every file's writer has put into the trees. */
export function* mindingTrees<T>(fs: FsState, task: Task<T>): Task<T> {
  for (;;) {
    touchTrees(fs);
    const next = task.next();
    if (next.done === true) return next.value;
    yield next.value;
  }
}

/** The running transaction, started when none runs (btrfs_join_transaction()). */
export function joinTransaction(fs: FsState): Transaction {
  // Whoever joins changes trees of its own files; only a commit, which takes them all, minds the order.
  touchTrees(fs, false);
  fs.transaction ??= new Transaction(fs.lastTransaction + 1);
  return fs.transaction;
}

/** The item of an inode that must exist. */
export function inodeItem(fs: FsState, ino: number): InodeItem {
  const item = fs.trees.inodes.get(ino);
  if (item === undefined) throw new Error(`"inode" expected ${ino} in the tree, got none`);
  return item;
}

/** The system call that runs now, which waits for what it writes. */
export function caller(fs: FsState): Sender {
  return { cause: fs.host.cause, background: false };
}
