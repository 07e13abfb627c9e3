/** Sending many bios and waiting for all; writing a device's dirty pages back (mm/page-writeback.c, fs/buffer.c). */

import { errno } from '../kernel/errno.ts';
import { PAGE_BYTES, SECTOR_BYTES } from '../kernel/units.ts';
import { Completion, type Task } from '../sim/task.ts';
import { type Bio, Flag, Op } from './bio.ts';
import type { BlockDevice } from './device.ts';
import { type BlockStatus, Status, statusToErrno } from './status.ts';
import type { BlockSystem } from './system.ts';

/** How many bios are under way at a time. */
const BATCH = 1024;

interface Gathering {
  left: number;
  readonly failed: ((bio: Bio) => void) | null;
  readonly done: Completion;
}

/**
 * Sends the bios in a plug if there are several, waits for all, shows each that ended well to `take` in order and
 * gives it back; `failed` sees the others as they end. Returns 0 or the first failure's negative errno.
 */
export function* sendAll(
  block: BlockSystem,
  bios: () => Generator<Bio, void, void>,
  take?: (bio: Bio, status: BlockStatus) => void,
  failed: ((bio: Bio) => void) | null = null,
): Task<number> {
  let result = 0;
  const source = bios();
  for (let batch = nextBatch(source); batch.length > 0; batch = nextBatch(source)) {
    const gathering: Gathering = { left: batch.length, failed, done: new Completion() };
    if (batch.length > 1) block.startPlug();
    try {
      for (const bio of batch) {
        bio.context = gathering;
        bio.onEnd = gather;
        bio.device!.submit(bio);
      }
    } finally {
      // A target that answers "not modelled" throws; a plug left behind would hold up everybody else's bios.
      if (batch.length > 1) block.finishPlug();
    }
    yield* gathering.done.wait();
    for (const bio of batch) {
      if (bio.status !== Status.ok && result === 0) result = statusToErrno(bio.status);
      if (bio.status === Status.ok) take?.(bio, bio.status);
      block.bios.give(bio);
    }
  }
  return result;
}

function nextBatch(source: Generator<Bio, void, void>): Bio[] {
  const batch: Bio[] = [];
  while (batch.length < BATCH) {
    const next = source.next();
    if (next.done === true) break;
    batch.push(next.value);
  }
  return batch;
}

function gather(bio: Bio): void {
  const gathering = bio.context as Gathering;
  gathering.left -= 1;
  if (bio.status !== Status.ok) gathering.failed?.(bio);
  if (gathering.left === 0) gathering.done.complete();
}

/**
 * Writes the dirty pages of a range of bytes, ascending, a bio a page as buffer heads do. Returns 0 or -EIO: whatever
 * the device said, a failed buffer is an I/O error (mark_buffer_write_io_error()). Failed pages are forgotten.
 */
export function* writebackRange(
  block: BlockSystem,
  device: BlockDevice,
  offset = 0,
  length = Number.POSITIVE_INFINITY,
): Task<number> {
  const cache = block.cachedOf(device);
  if (cache === undefined || cache.dirtyCount === 0) return 0;
  const pages = cache.dirty(
    Math.floor(offset / PAGE_BYTES),
    Math.ceil((offset + length) / PAGE_BYTES),
  );
  const sizeBytes = device.sizeSectors * SECTOR_BYTES;
  const failed = new Set(pages);
  const result = yield* sendAll(
    block,
    function* () {
      for (const page of pages) {
        const at = page * PAGE_BYTES;
        const data = cache.page(page).slice(0, Math.min(PAGE_BYTES, sizeBytes - at));
        cache.clean(page);
        const bio = block.newBio(device);
        bio.op = Op.write;
        bio.flags |= Flag.sync | Flag.data | Flag.allocCache;
        bio.sector = at / SECTOR_BYTES;
        bio.sectors = data.lengthBytes / SECTOR_BYTES;
        bio.payload = data;
        yield bio;
      }
    },
    (bio) => failed.delete((bio.sector * SECTOR_BYTES) / PAGE_BYTES),
    ({ sector, sectors }) => {
      const at = sector * SECTOR_BYTES;
      printBufferError(block, device, at, sectors * SECTOR_BYTES, 'lost async page write');
    },
  );
  block.cachedOf(device);
  for (const page of failed) cache.drop(page);
  if (failed.size > 0) cache.failed = true;
  return result < 0 ? -errno.EIO : 0;
}

/**
 * buffer_io_error(), a line for each block of the range. Blocks of a device's node are as large as its size allows, up to
 * a page (set_init_blocksize()).
 */
export function printBufferError(
  block: BlockSystem,
  device: BlockDevice,
  offset: number,
  length: number,
  what: 'async page read' | 'lost async page write',
): void {
  const sizeBytes = device.sizeSectors * SECTOR_BYTES;
  let blockBytes = PAGE_BYTES;
  while (sizeBytes % blockBytes !== 0) blockBytes /= 2;
  for (let at = offset; at < Math.min(offset + length, sizeBytes); at += blockBytes) {
    const line = `Buffer I/O error on dev ${device.name}, logical block ${at / blockBytes}, ${what}`;
    block.host.printk('err', line);
  }
}
