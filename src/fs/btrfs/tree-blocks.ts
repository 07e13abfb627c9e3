/**
 * The blocks of the trees (fs/btrfs/ctree.c, btrfs_cow_block(); extent_io.c, btree_write_cache_pages();
 * zoned.c, btrfs_check_meta_write_pointer()): a changed block is written once, at a fresh address, in address
 * order. What stands in a block is its header; its items are kept beside the disk (trees.ts). From 5.12 on.
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import { BytesPayload, concat, FillPayload, type Payload } from '../../block/payload.ts';
import { type BlockStatus, Status } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { Completion, type Task } from '../../sim/task.ts';
import { allocateTreeBlock } from './allocator.ts';
import { groupOf } from './block-group.ts';
import { deviceError } from './dev-stats.ts';
import type { DirtyBlock, FsState, Sender, Transaction } from './state.ts';
import { HEADER_BYTES, treeBlockBytes } from './tree-block-bytes.ts';
import { TreeId, type TreeNodes } from './trees.ts';

/** What of a leaf is filled on average: splits leave room. */
const LEAF_FILL = 0.9;

/** Makes `tree` changeable in this transaction: copies of its root and one leaf. 0 or a negative errno. */
export function cowTree(fs: FsState, transaction: Transaction, tree: number): number {
  const nodes = fs.trees.nodes.get(tree);
  if (nodes === undefined) throw new Error(`"tree" expected ${tree} to have a root, got none`);
  const wanted = blocksWanted(fs, tree);
  const root = nodes.blocks[0]!;
  const ours = root.generation === transaction.id && !transaction.written.has(root.bytenr);
  if (ours && nodes.blocks.length >= wanted) return 0;

  const blocks = [...nodes.blocks];
  const changed = ours ? 0 : Math.min(blocks.length, 2);
  for (let made = 0; made < changed; made += 1) {
    const place = made === 0 ? 0 : blocks.length - 1;
    const bytenr = newBlock(fs, transaction, tree);
    if (bytenr < 0) return bytenr;
    freeBlock(fs, transaction, blocks[place]!.bytenr);
    blocks[place] = { bytenr, generation: transaction.id };
  }
  while (blocks.length < wanted) {
    const bytenr = newBlock(fs, transaction, tree);
    if (bytenr < 0) return bytenr;
    blocks.push({ bytenr, generation: transaction.id });
  }
  fs.trees.nodes.set(tree, { blocks, level: blocks.length > 1 ? 1 : 0 });
  return 0;
}

function blocksWanted(fs: FsState, tree: number): number {
  const leaves = Math.ceil(fs.trees.itemBytes(tree) / ((fs.nodeBytes - HEADER_BYTES) * LEAF_FILL));
  return leaves <= 1 ? 1 : leaves + 1;
}

function newBlock(fs: FsState, transaction: Transaction, tree: number): number {
  const kind = tree === TreeId.chunk ? 'system' : 'metadata';
  const logical = allocateTreeBlock(fs, transaction, kind);
  if (logical >= 0) {
    transaction.dirtyBlocks.push({ tree, logical, group: groupOf(fs.groups, logical) });
  }
  return logical;
}

function freeBlock(fs: FsState, transaction: Transaction, logical: number): void {
  const group = groupOf(fs.groups, logical);
  group.used -= fs.nodeBytes;
  group.pinned += fs.nodeBytes;
  transaction.pinned.push({ group, bytes: fs.nodeBytes });
}

/**
 * Writes the transaction's dirty tree blocks in address order and waits. Without `all`, what a flusher does in
 * the background. 0 or -EIO.
 */
export function* writeTreeBlocks(
  fs: FsState,
  transaction: Transaction,
  sender: Sender,
): Task<number> {
  const blocks = transaction.dirtyBlocks.splice(0);
  if (blocks.length === 0) return 0;
  blocks.sort((a, b) => a.logical - b.logical);
  for (const block of blocks) transaction.written.add(block.logical);
  const failed = yield* submitBlocks(fs, blocks, transaction.id, sender);
  if (failed !== Status.ok) return -errno.EIO;
  return 0;
}

/** Writes zeroes over blocks that were taken and are not needed; what fails is not missed. */
export function* writeDeadBlocks(fs: FsState, sender: Sender): Task<void> {
  const blocks = fs.deadLogBlocks.splice(0);
  if (blocks.length > 0) yield* submitBlocks(fs, blocks, 0, sender);
}

interface Waiting {
  left: number;
  status: BlockStatus;
  readonly all: Completion;
}

/** Sends blocks (one transaction's, ascending) and waits for all; the worst status. `apart`: a bio each. */
export function* submitBlocks(
  fs: FsState,
  blocks: readonly DirtyBlock[],
  generation: number,
  sender: Sender,
  apart = false,
): Task<BlockStatus> {
  const waiting: Waiting = { left: 1, status: Status.ok, all: new Completion() };
  const merged = !apart && fs.answers.treeBlockBios === 'merged';
  // In a plug (btrfs_write_marked_extents()): where the scheduler lets them, neighbours go to the disk as one request.
  fs.block.startPlug();
  try {
    let first = 0;
    while (first < blocks.length) {
      let next = first + 1;
      while (merged && next < blocks.length && follows(fs, blocks[next - 1]!, blocks[next]!)) {
        next += 1;
      }
      sendRun(fs, blocks.slice(first, next), generation, sender, waiting);
      first = next;
    }
  } finally {
    fs.block.finishPlug();
  }
  waiting.left -= 1;
  if (waiting.left > 0) yield* waiting.all.wait();
  return waiting.status;
}

function follows(fs: FsState, a: DirtyBlock, b: DirtyBlock): boolean {
  return a.group === b.group && b.logical === a.logical + fs.nodeBytes;
}

function sendRun(
  fs: FsState,
  run: readonly DirtyBlock[],
  generation: number,
  sender: Sender,
  waiting: Waiting,
): void {
  const payload = concat(run.map((block) => blockPayload(fs, block, generation)));
  const { group, logical } = run[0]!;
  for (const stripe of group.stripes) {
    const bio = fs.block.newBio(fs.device);
    bio.op = Op.write;
    bio.flags |= Flag.meta | Flag.metadata | (sender.background ? 0 : Flag.sync);
    bio.sector = (stripe + logical - group.logical) / SECTOR_BYTES;
    bio.sectors = payload.lengthBytes / SECTOR_BYTES;
    bio.payload = payload;
    bio.cause = sender.cause;
    bio.context = { fs, waiting };
    bio.onEnd = blockWritten;
    waiting.left += 1;
    fs.device.submit(bio);
  }
}

function blockPayload(fs: FsState, block: DirtyBlock, generation: number): Payload {
  // Freed before it was written: zeroes, without a checksum.
  if (block.dead === true) return new FillPayload(0, fs.nodeBytes);
  const nodes: TreeNodes | undefined = fs.trees.nodes.get(block.tree);
  const isRoot = nodes !== undefined && nodes.blocks[0]!.bytenr === block.logical;
  const level = isRoot ? nodes.level : 0;
  return new BytesPayload(
    treeBlockBytes({
      logical: block.logical,
      tree: block.tree,
      generation,
      level,
      fsid: fs.env.superblock.fsid,
      chunkTreeUuid: fs.trees.chunkTreeUuid,
      nodeBytes: fs.nodeBytes,
      csumName: fs.csumName,
    }),
  );
}

function blockWritten(bio: Bio): void {
  const { fs, waiting } = bio.context as { fs: FsState; waiting: Waiting };
  const { status } = bio;
  if (status !== Status.ok) deviceError(fs, bio);
  fs.block.bios.give(bio);
  if (status !== Status.ok) waiting.status = status;
  waiting.left -= 1;
  if (waiting.left === 0) waiting.all.complete();
}
