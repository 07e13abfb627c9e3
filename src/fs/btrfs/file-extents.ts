/**
 * File extent items of one inode (fs/btrfs/file.c, btrfs_drop_extents(); inode.c,
 * insert_reserved_file_extent()): putting one in, cutting out what it covers, and the references that follow.
 * Bytes. From 5.12 on.
 */

import { addDelayedRef } from './delayed-refs.ts';
import type { FsState, Transaction } from './state.ts';
import type { FileExtent, InodeItem } from './trees.ts';

/** What a file extent item adds to nbytes: inline extents count their data, others their length. */
function bytesOf(extent: FileExtent): number {
  return extent.inline === null ? extent.numBytes : extent.inline.lengthBytes;
}

/** The backref offset of a file extent item: where the whole extent would begin in the file. */
function refOffset(extent: FileExtent): number {
  return extent.fileOffset - extent.extentOffset;
}

/**
 * The item with `from` to `to` cut out. Extents that go altogether lose their reference; one cut in the middle
 * gains one, because two items point at it then.
 */
export function withoutRange(
  transaction: Transaction,
  item: InodeItem,
  from: number,
  to: number,
): InodeItem {
  const kept: FileExtent[] = [];
  let nbytes = item.nbytes;
  for (const extent of item.extents) {
    const end = extent.fileOffset + extent.numBytes;
    if (end <= from || extent.fileOffset >= to) {
      kept.push(extent);
      continue;
    }
    nbytes -= bytesOf(extent);
    const pieces: FileExtent[] = [];
    if (extent.fileOffset < from) pieces.push(part(extent, extent.fileOffset, from));
    if (end > to) pieces.push(part(extent, to, end));
    for (const piece of pieces) nbytes += bytesOf(piece);
    kept.push(...pieces);
    if (extent.inline !== null || extent.diskBytenr === 0) continue;
    if (pieces.length === 1) continue;
    addDelayedRef(
      transaction,
      extent.diskBytenr,
      {
        add: pieces.length === 2,
        numBytes: extent.diskNumBytes,
        objectid: item.ino,
        offset: refOffset(extent),
      },
      false,
    );
  }
  return { ...item, nbytes, extents: kept, transid: transaction.id };
}

function part(extent: FileExtent, from: number, to: number): FileExtent {
  const skip = from - extent.fileOffset;
  return {
    ...extent,
    fileOffset: from,
    numBytes: to - from,
    extentOffset: extent.extentOffset + skip,
    inline: extent.inline === null ? null : extent.inline.slice(skip, to - from),
  };
}

/** Puts a file extent item in, over whatever is there, with the reference of fresh data. */
export function insertFileExtent(
  fs: FsState,
  transaction: Transaction,
  ino: number,
  extent: FileExtent,
  size: number,
): void {
  const item = fs.trees.inodes.get(ino);
  if (item === undefined) return;
  const end = extent.fileOffset + Math.max(extent.numBytes, bytesOf(extent));
  const cut = withoutRange(transaction, item, extent.fileOffset, end);
  const at = cut.extents.findIndex((one) => one.fileOffset > extent.fileOffset);
  const extents =
    at < 0
      ? [...cut.extents, extent]
      : [...cut.extents.slice(0, at), extent, ...cut.extents.slice(at)];
  fs.trees.setInode({
    ...cut,
    accessed: false,
    extents,
    size,
    nbytes: cut.nbytes + bytesOf(extent),
  });
  if (extent.inline !== null) return;
  addDelayedRef(
    transaction,
    extent.diskBytenr,
    { add: true, numBytes: extent.diskNumBytes, objectid: ino, offset: refOffset(extent) },
    true,
  );
}
