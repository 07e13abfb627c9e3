/**
 * References of data extents, queued and run at commit (fs/btrfs/delayed-ref.c, extent-tree.c). Heads are kept
 * by address alone: two extents of different length at one address share a head, and the second one's item is
 * then looked for and not there. Nothing here knows of that mistake; it follows. From 5.12 on.
 */

import { errno } from '../../kernel/errno.ts';
import { groupOf } from './block-group.ts';
import type { DelayedRef, FsState, RefHead, Transaction } from './state.ts';
import { type DataRef, type ExtentItem, extentKey, TreeId } from './trees.ts';

/** Queues one reference. `fresh`: the extent was just written and has no item yet. */
export function addDelayedRef(
  transaction: Transaction,
  bytenr: number,
  ref: DelayedRef,
  fresh: boolean,
): void {
  let head = transaction.heads.get(bytenr);
  if (head === undefined) {
    head = { bytenr, mustInsert: false, freshBytes: 0, refs: [] };
    transaction.heads.set(bytenr, head);
  }
  if (fresh) {
    head.mustInsert = true;
    head.freshBytes = ref.numBytes;
  }
  const opposite = head.refs.findIndex(
    (one) => one.add !== ref.add && one.objectid === ref.objectid && one.offset === ref.offset,
  );
  // An addition and a removal of one reference cancel out before either is run (insert_delayed_ref()).
  if (opposite >= 0) head.refs.splice(opposite, 1);
  else head.refs.push(ref);
}

/** Runs all of them, by address. 0, or the errno of the first that failed (`btrfs_run_delayed_refs`). */
export function runDelayedRefs(fs: FsState, transaction: Transaction): number {
  const heads = [...transaction.heads.values()].sort((a, b) => a.bytenr - b.bytenr);
  transaction.heads.clear();
  for (const [at, head] of heads.entries()) {
    const failed = runHead(fs, transaction, head);
    if (failed === 0) continue;
    for (const other of heads.slice(at + 1))
      if (other.mustInsert) loseSpace(fs, other.bytenr, other.freshBytes);
    return failed;
  }
  return 0;
}

/** Space of an extent that never came to be: it is not handed out again before its zone is reset. */
function loseSpace(fs: FsState, bytenr: number, bytes: number): void {
  const group = groupOf(fs.groups, bytenr);
  group.reserved -= bytes;
  group.zoneUnusable += bytes;
}

function runHead(fs: FsState, transaction: Transaction, head: RefHead): number {
  // Additions first, in the order they came, so that an extent does not go while somebody still wants it.
  const ordered = [...head.refs.filter((ref) => ref.add), ...head.refs.filter((ref) => !ref.add)];
  for (const ref of ordered) {
    let failed: number;
    if (ref.add && head.mustInsert) {
      head.mustInsert = false;
      failed = insertExtent(fs, transaction, head.bytenr, ref);
    } else if (ref.add) failed = addReference(fs, head.bytenr, ref);
    else failed = dropReference(fs, transaction, head.bytenr, ref);
    if (failed < 0) return failed;
  }
  if (head.mustInsert) dropUnborn(fs, transaction, head);
  return 0;
}

/** An extent that was written and let go within one transaction never gets an item (cleanup_ref_head()). */
function dropUnborn(fs: FsState, transaction: Transaction, head: RefHead): void {
  const group = groupOf(fs.groups, head.bytenr);
  for (let at = 0; at < head.freshBytes; at += fs.sectorBytes) {
    fs.trees.csums.delete(head.bytenr + at);
  }
  group.reserved -= head.freshBytes;
  group.pinned += head.freshBytes;
  transaction.pinned.push({ group, bytes: head.freshBytes });
}

/** alloc_reserved_file_extent(): the item, the block group's count. */
function insertExtent(
  fs: FsState,
  transaction: Transaction,
  bytenr: number,
  ref: DelayedRef,
): number {
  const key = extentKey(bytenr, ref.numBytes);
  if (fs.trees.extents.has(key)) {
    // The space of data that was to be inserted is given up; that of data that only refers is forgotten.
    loseSpace(fs, bytenr, ref.numBytes);
    return -errno.EEXIST;
  }
  fs.trees.extents.set(key, {
    bytenr,
    length: ref.numBytes,
    generation: transaction.id,
    refs: 1,
    dataRefs: [backReference(ref)],
  });
  const group = groupOf(fs.groups, bytenr);
  group.used += ref.numBytes;
  group.reserved -= ref.numBytes;
  return 0;
}

function addReference(fs: FsState, bytenr: number, ref: DelayedRef): number {
  const item = lookUp(fs, bytenr, ref.numBytes);
  if (item === null) return -errno.EIO;
  const same = item.dataRefs.findIndex((one) => pointsSame(one, ref));
  const dataRefs = item.dataRefs.map((one, at) =>
    at === same ? { ...one, count: one.count + 1 } : one,
  );
  if (same < 0) dataRefs.push(backReference(ref));
  fs.trees.extents.set(extentKey(bytenr, ref.numBytes), {
    ...item,
    refs: item.refs + 1,
    dataRefs,
  });
  return 0;
}

function dropReference(
  fs: FsState,
  transaction: Transaction,
  bytenr: number,
  ref: DelayedRef,
): number {
  const item = lookUp(fs, bytenr, ref.numBytes);
  if (item === null) return -errno.EIO;
  const key = extentKey(bytenr, ref.numBytes);
  if (item.refs > 1) {
    const dataRefs = item.dataRefs
      .map((one) => (pointsSame(one, ref) ? { ...one, count: one.count - 1 } : one))
      .filter((one) => one.count > 0);
    fs.trees.extents.set(key, { ...item, refs: item.refs - 1, dataRefs });
    return 0;
  }
  fs.trees.extents.delete(key);
  for (let at = bytenr; at < bytenr + item.length; at += fs.sectorBytes) fs.trees.csums.delete(at);
  transaction.dirtyTrees.add(TreeId.csum);
  const group = groupOf(fs.groups, bytenr);
  group.used -= item.length;
  group.pinned += item.length;
  transaction.pinned.push({ group, bytes: item.length });
  return 0;
}

/**
 * lookup_inline_extent_backref(): an item of exactly this address and length must be there, or the kernel
 * warns.
 */
function lookUp(fs: FsState, bytenr: number, length: number): ExtentItem | null {
  const item = fs.trees.extents.get(extentKey(bytenr, length));
  if (item !== undefined) return item;
  fs.host.printk('warning', 'WARNING: CPU PID at lookup_inline_extent_backref');
  return null;
}

function pointsSame(one: DataRef, ref: DelayedRef): boolean {
  return one.objectid === ref.objectid && one.offset === ref.offset;
}

function backReference(ref: DelayedRef): DataRef {
  return { root: TreeId.fs, objectid: ref.objectid, offset: ref.offset, count: 1 };
}
