/**
 * Ordered extents: data on its way to the disk, from the moment its place is taken to the moment its file
 * extent item stands in the tree (fs/btrfs/ordered-data.c; inode.c, btrfs_finish_ordered_io(); zoned.c,
 * btrfs_rewrite_logical_zoned(), btrfs_finish_ordered_zoned()). An append's true place is what its completion
 * says; nothing checks it. From 5.12 on.
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import type { Payload } from '../../block/payload.ts';
import { Status } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { roundDown, SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import type { DataExtent } from './allocator.ts';
import { logicalOf } from './block-group.ts';
import { sumsOf } from './csum-check.ts';
import { deviceError } from './dev-stats.ts';
import { insertFileExtent } from './file-extents.ts';
import {
  BIO_BYTES,
  type FsState,
  joinTransaction,
  type LiveFile,
  type OrderedExtent,
  type Sender,
} from './state.ts';
import { cowTree } from './tree-blocks.ts';
import { TreeId } from './trees.ts';

/** Does data of this group go out as zone append (btrfs_use_zone_append())? */
export function usesAppend(fs: FsState, sequential: boolean): boolean {
  const { zones } = fs.env;
  if (zones === null || !zones.zoned || !sequential) return false;
  switch (fs.answers.dataAppend) {
    case 'never':
      return false;
    case 'when-limit-not-zero':
      return zones.maxZoneAppendBytes !== 0;
    case 'always':
      return true;
  }
}

/** The longest append: what was learnt at mount, or the device's limit where the kernel does not keep it. */
function appendBytes(fs: FsState): number {
  const known = fs.env.zones?.maxZoneAppendBytes ?? 0;
  const { limits } = fs.device;
  const limit = known !== 0 ? known : limits.max_zone_append_sectors.value * SECTOR_BYTES;
  if (limit === 0) {
    throw new NotModelled(
      'btrfs data on a device without zone append',
      'no kernel was seen doing it',
    );
  }
  const pages = limits.max_segments.value * fs.sectorBytes;
  return roundDown(
    Math.min(limit, pages, Math.max(BIO_BYTES, fs.writebackBioBytes)),
    fs.sectorBytes,
  );
}

interface DataBio {
  readonly fs: FsState;
  readonly ordered: OrderedExtent;
  readonly fileOffset: number;
  readonly numBytes: number;
}

/**
 * Sends `payload`, which belongs at `fileOffset`, to the space taken for it. Where kernels split ordered
 * extents before submission there is one per append; else one for all its bios. Bios are made of at most `bioBytes`, then
 * cut to appends.
 */
export function sendData(
  fs: FsState,
  file: LiveFile,
  fileOffset: number,
  payload: Payload,
  space: DataExtent,
  sender: Sender,
  bioBytes = BIO_BYTES,
): OrderedExtent[] {
  const { group, logical } = space;
  const append = usesAppend(fs, group.sequential);
  const most = append ? appendBytes(fs) : bioBytes;
  const splits = append && fs.answers.appendLocation === 'split-before-submit';
  const made: OrderedExtent[] = [];
  let ordered: OrderedExtent | null = null;
  for (let done = 0, length = 0; done < payload.lengthBytes; done += length) {
    length = Math.min(most, payload.lengthBytes - done, bioBytes - (done % bioBytes));
    const plain = payload.slice(done, length);
    const { cipher } = file;
    // Checksums are of what stands on the disk: scrub need not have the key.
    const piece = cipher === null ? plain : cipher.encrypted(fileOffset + done, plain);
    if (ordered === null || splits) {
      const numBytes = splits ? length : payload.lengthBytes;
      ordered = newOrdered(file, fileOffset + done, numBytes, logical + done, space, append);
      made.push(ordered);
      const rest = payload.lengthBytes - done - length;
      if (splits && rest > 0 && fs.answers.splitCountsDirectBytes) fs.dioBytes += rest;
    }
    const noSums = fs.trees.inodes.get(file.ino)?.noDataSum === true;
    if (!noSums) ordered.sums.push(...sumsOf(fs, piece));
    sendBio(fs, ordered, fileOffset + done, logical + done, piece, sender);
  }
  return made;
}

function newOrdered(
  file: LiveFile,
  fileOffset: number,
  numBytes: number,
  diskBytenr: number,
  space: DataExtent,
  append: boolean,
): OrderedExtent {
  const ordered: OrderedExtent = {
    file,
    fileOffset,
    numBytes,
    diskBytenr,
    group: space.group,
    append,
    leftBytes: numBytes,
    failed: false,
    sums: [],
    pieces: [],
  };
  file.ordered.add(ordered);
  return ordered;
}

function sendBio(
  fs: FsState,
  ordered: OrderedExtent,
  fileOffset: number,
  logical: number,
  payload: Payload,
  sender: Sender,
): void {
  const { group } = ordered;
  const bio = fs.block.newBio(fs.device);
  const place = ordered.append ? group.logical : logical;
  bio.op = ordered.append ? Op.zoneAppend : Op.write;
  bio.flags |= Flag.data | (sender.background ? 0 : Flag.sync);
  // An append names its zone, not its place.
  bio.sector = group.physical(place) / SECTOR_BYTES;
  bio.sectors = payload.lengthBytes / SECTOR_BYTES;
  bio.payload = payload;
  bio.cause = sender.cause;
  bio.filePosition = fileOffset;
  bio.inode = ordered.file.inode;
  const context: DataBio = { fs, ordered, fileOffset, numBytes: payload.lengthBytes };
  bio.context = context;
  bio.onEnd = dataWritten;
  ordered.file.cipher?.note(bio, true);
  fs.device.submit(bio);
}

function dataWritten(bio: Bio): void {
  const { fs, ordered, fileOffset, numBytes } = bio.context as DataBio;
  if (bio.status !== Status.ok) {
    ordered.failed = true;
    deviceError(fs, bio);
  } else if (ordered.append) {
    ordered.pieces.push({ fileOffset, numBytes, physical: bio.sector * SECTOR_BYTES });
  }
  fs.block.bios.give(bio);
  ordered.leftBytes -= numBytes;
  if (ordered.leftBytes === 0) fs.host.loop.post(finishWork, { fs, ordered });
}

/** The endio worker: what happens in process context once all bios of an ordered extent are home. */
function finishWork(work: { readonly fs: FsState; readonly ordered: OrderedExtent }): void {
  const { fs, ordered } = work;
  touchFile(fs, ordered.file);
  if (fs.aborted !== 0) failOrdered(ordered, -errno.EROFS);
  else if (ordered.failed) failOrdered(ordered, -errno.EIO);
  else finishOrdered(fs, ordered);
  ordered.file.ordered.delete(ordered);
  ordered.file.orderedDone.wakeAll();
  fs.orderedDone.wakeAll();
}
finishWork.label = ({ ordered }: { readonly ordered: OrderedExtent }): string =>
  `btrfs finishes ${ordered.numBytes} bytes of inode ${ordered.file.ino} at ${ordered.fileOffset}`;

/** Space of a failed write is lost until its zone is reset: the bump pointer does not go back. */
function failOrdered(ordered: OrderedExtent, failure: number): void {
  const { group, numBytes, file } = ordered;
  group.reserved -= numBytes;
  group.zoneUnusable += numBytes;
  file.writeError = failure;
}

function finishOrdered(fs: FsState, ordered: OrderedExtent): void {
  const transaction = joinTransaction(fs);
  if (!ordered.append) {
    insertPiece(fs, ordered, ordered.fileOffset, ordered.numBytes, ordered.diskBytenr);
  } else if (fs.answers.appendLocation === 'split-before-submit') {
    // The completion's byte, mapped back. Whatever it is: when a floor below returns the zone's start, the
    // extent
    // now lies at the group's first byte, on top of all its neighbours.
    ordered.diskBytenr = logicalOf(fs.groups, ordered.pieces[0]!.physical);
    insertPiece(fs, ordered, ordered.fileOffset, ordered.numBytes, ordered.diskBytenr);
  } else finishByDelta(fs, ordered);
  for (const tree of [TreeId.fs, TreeId.csum]) {
    if (tree === TreeId.csum && ordered.sums.length === 0) continue;
    const failed = cowTree(fs, transaction, tree);
    if (failed < 0) transaction.dirtyTrees.add(tree);
  }
}

/** Pieces that lie one behind the other become one file extent; the others each their own. */
function finishByDelta(fs: FsState, ordered: OrderedExtent): void {
  const { group } = ordered;
  const pieces = [...ordered.pieces].sort((a, b) => a.fileOffset - b.fileOffset);
  let first = 0;
  while (first < pieces.length) {
    const start = pieces[first]!;
    let end = first + 1;
    let bytes = start.numBytes;
    while (end < pieces.length && pieces[end]!.physical === start.physical + bytes) {
      bytes += pieces[end]!.numBytes;
      end += 1;
    }
    const planned = group.physical(ordered.diskBytenr + (start.fileOffset - ordered.fileOffset));
    const delta = start.physical - planned;
    const logical = ordered.diskBytenr + (start.fileOffset - ordered.fileOffset) + delta;
    insertPiece(fs, ordered, start.fileOffset, bytes, logical);
    first = end;
  }
}

/** The file extent item, its checksums (over whatever stands there), its reference. */
function insertPiece(
  fs: FsState,
  ordered: OrderedExtent,
  fileOffset: number,
  numBytes: number,
  logical: number,
): void {
  const transaction = joinTransaction(fs);
  const { file } = ordered;
  insertFileExtent(
    fs,
    transaction,
    file.ino,
    {
      fileOffset,
      numBytes,
      inline: null,
      diskBytenr: logical,
      diskNumBytes: numBytes,
      extentOffset: 0,
      generation: transaction.id,
    },
    file.size,
  );
  const skip = (fileOffset - ordered.fileOffset) / fs.sectorBytes;
  const count = numBytes / fs.sectorBytes;
  for (let i = 0; i < count; i += 1) {
    const sum = ordered.sums[skip + i];
    const at = logical + i * fs.sectorBytes;
    if (sum === undefined) fs.trees.csums.delete(at);
    else fs.trees.csums.set(at, sum);
  }
  transaction.inodesChanged = true;
  file.changedIn = transaction.id;
  file.changedSinceLog = true;
}

/** Waits until nothing of `file` (or of any file) is on its way any more. */
export function* waitOrdered(fs: FsState, file: LiveFile | null): Task<void> {
  const busy = (): boolean => {
    if (file !== null) return isBusy(file);
    for (const one of fs.files.values()) if (isBusy(one)) return true;
    return false;
  };
  for (;;) {
    if (file !== null) touchFile(fs, file);
    else for (const one of fs.files.values()) touchFile(fs, one);
    if (!busy()) return;
    yield* (file ?? fs).orderedDone.wait();
  }
}

function isBusy(file: LiveFile): boolean {
  return file.ordered.size + file.aboutToSend > 0;
}

/** For explorers: what runs now looks at, or changes, what is known of `file`. */
export function touchFile(fs: FsState, file: LiveFile): void {
  fs.host.touch('file', fs.device.name, file.ino, true);
  fs.host.touch('space', fs.device.name, 0, false);
}
