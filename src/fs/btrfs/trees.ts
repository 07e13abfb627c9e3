/**
 * The content of btrfs's trees as plain records: what stands in subvolume 5, the extent, checksum, chunk and
 * device trees. It is kept beside the disk, one immutable snapshot per committed generation (docs/not-
 * modelled.md); the blocks of the trees are written where the real ones would be (tree-blocks.ts), with little
 * in them. All eras are alike here.
 *
 * Records are replaced, never changed, so a snapshot is a copy of maps and shares all records.
 */

import type { Payload } from '../../block/payload.ts';
import type { EncryptionContext } from '../fscrypt.ts';
import type { ChunkKind } from './seam.ts';

/** Object ids of the trees (include/uapi/linux/btrfs_tree.h); negative ones count back from 2^64. */
export const TreeId = {
  root: 1,
  extent: 2,
  chunk: 3,
  dev: 4,
  fs: 5,
  csum: 7,
  quota: 8,
  uuid: 9,
  freeSpace: 10,
  dataReloc: -9,
  log: -6,
} as const;

export type TreeIdNumber = (typeof TreeId)[keyof typeof TreeId];

/** BTRFS_FIRST_FREE_OBJECTID: the root directory of a subvolume; the first file is the next. */
export const ROOT_INO = 256;

/** A file extent item. Bytes throughout; `diskBytenr` is logical. */
export interface FileExtent {
  readonly fileOffset: number;
  readonly numBytes: number;
  /** The data itself, for an inline extent; the disk fields are 0 then. */
  readonly inline: Payload | null;
  readonly diskBytenr: number;
  readonly diskNumBytes: number;
  readonly extentOffset: number;
  readonly generation: number;
}

export interface DirEntry {
  readonly name: string;
  readonly ino: number;
}

export interface InodeItem {
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly nbytes: number;
  readonly generation: number;
  readonly transid: number;
  readonly noDataSum: boolean;
  /** Of an encrypted file (the what-if `fs-encryption`): what fscrypt keeps with it. */
  readonly encryption?: EncryptionContext;
  /** Its access time is later than its last change: reading it again changes nothing (relatime). */
  readonly accessed: boolean;
  /** The directory that holds it (its INODE_REF); itself for the root. */
  readonly parent: number;
  /** Ascending, without overlap; a gap is a hole. */
  readonly extents: readonly FileExtent[];
  /** Of a directory, in order of DIR_INDEX. */
  readonly entries: readonly DirEntry[];
}

/** A back reference of a data extent: which file extent item of subvolume 5 points at it, and how often. */
export interface DataRef {
  readonly root: number;
  readonly objectid: number;
  readonly offset: number;
  readonly count: number;
}

export interface ExtentItem {
  readonly bytenr: number;
  readonly length: number;
  readonly generation: number;
  readonly refs: number;
  readonly dataRefs: readonly DataRef[];
}

/** A chunk with its block group item and device extents. Bytes. */
export interface ChunkItem {
  readonly kind: ChunkKind;
  readonly profile: 'single' | 'dup';
  readonly logical: number;
  readonly length: number;
  /** Physical start of each stripe. */
  readonly stripes: readonly number[];
  readonly used: number;
}

/** The blocks of one tree: the first is its root. */
export interface TreeNodes {
  readonly blocks: readonly { readonly bytenr: number; readonly generation: number }[];
  readonly level: number;
}

/** The five counters of a device (BTRFS_DEV_STAT_*), in the order their line prints them. */
export interface DevStats {
  readonly write: number;
  readonly read: number;
  readonly flush: number;
  readonly corruption: number;
  readonly generation: number;
}

export const NO_DEV_STATS: DevStats = { write: 0, read: 0, flush: 0, corruption: 0, generation: 0 };

/** Sizes of items and their 25-byte heads in a leaf; what a tree holds decides how many leaves it has. */
const ITEM_HEAD_BYTES = 25;

export class Trees {
  readonly inodes = new Map<number, InodeItem>();
  /**
   * By `bytenr/length`: the extent tree's key. Two of different length at one bytenr are possible, and wrong.
   */
  readonly extents = new Map<string, ExtentItem>();
  /** By logical address of each sector: the digest as hex, in the order its bytes are stored and printed. */
  readonly csums = new Map<number, string>();
  readonly chunks: ChunkItem[] = [];
  readonly nodes = new Map<number, TreeNodes>();
  lastIno = ROOT_INO;
  devStats: DevStats = NO_DEV_STATS;
  /** A dev_stats item is there; the first commit of a fresh file system makes it. */
  devStatsStored = false;
  generation = 0;
  chunkTreeUuid: Uint8Array = new Uint8Array(16);
  /** Bytes of items in the trees that grow with use. */
  fsItemBytes = 0;

  clone(): Trees {
    const copy = new Trees();
    for (const [ino, item] of this.inodes) copy.inodes.set(ino, item);
    for (const [key, item] of this.extents) copy.extents.set(key, item);
    for (const [bytenr, sum] of this.csums) copy.csums.set(bytenr, sum);
    copy.chunks.push(...this.chunks);
    for (const [id, nodes] of this.nodes) copy.nodes.set(id, nodes);
    copy.lastIno = this.lastIno;
    copy.devStats = this.devStats;
    copy.devStatsStored = this.devStatsStored;
    copy.generation = this.generation;
    copy.fsItemBytes = this.fsItemBytes;
    copy.chunkTreeUuid = this.chunkTreeUuid;
    return copy;
  }

  setInode(item: InodeItem): void {
    const old = this.inodes.get(item.ino);
    this.fsItemBytes += inodeBytes(item) - (old === undefined ? 0 : inodeBytes(old));
    this.inodes.set(item.ino, item);
    if (item.ino > this.lastIno) this.lastIno = item.ino;
  }

  deleteInode(ino: number): void {
    const old = this.inodes.get(ino);
    if (old === undefined) return;
    this.fsItemBytes -= inodeBytes(old);
    this.inodes.delete(ino);
  }

  /** Bytes of items in a tree, near enough to tell how many leaves it has. */
  itemBytes(tree: number): number {
    switch (tree) {
      case TreeId.fs:
        return this.fsItemBytes;
      case TreeId.extent: {
        let blocks = 0;
        for (const nodes of this.nodes.values()) blocks += nodes.blocks.length;
        const head = ITEM_HEAD_BYTES;
        return this.extents.size * (53 + head) + blocks * (33 + head) + this.chunks.length * 49;
      }
      case TreeId.csum:
        return this.csums.size * 4 + ITEM_HEAD_BYTES;
      case TreeId.freeSpace:
        return this.chunks.length * (8 + ITEM_HEAD_BYTES) * 2;
      case TreeId.dev:
        return this.chunks.length * (48 + ITEM_HEAD_BYTES);
      case TreeId.chunk:
        return this.chunks.length * (80 + ITEM_HEAD_BYTES);
      default:
        return 0;
    }
  }
}

function inodeBytes(item: InodeItem): number {
  let bytes = 160 + ITEM_HEAD_BYTES;
  for (const entry of item.entries) bytes += 2 * (30 + ITEM_HEAD_BYTES + entry.name.length) + 35;
  for (const extent of item.extents) {
    bytes += ITEM_HEAD_BYTES + (extent.inline === null ? 53 : 21 + extent.inline.lengthBytes);
  }
  return bytes;
}

export function extentKey(bytenr: number, length: number): string {
  return `${bytenr}/${length}`;
}

/** The extent that holds `position` of a file; null in a hole. */
export function extentAt(item: InodeItem, position: number): FileExtent | null {
  const { extents } = item;
  let low = 0;
  let high = extents.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (extents[middle]!.fileOffset <= position) low = middle + 1;
    else high = middle;
  }
  const extent = extents[low - 1];
  if (extent === undefined || position >= extent.fileOffset + extent.numBytes) return null;
  return extent;
}
