/**
 * Direct I/O on a block device's node (block/fops.c, to 5.15 fs/block_dev.c: __blkdev_direct_IO_simple() and
 * __blkdev_direct_IO()): up to 256 pages are one bio on the caller's stack, more are several in a plug.
 */

import { errno } from '../kernel/errno.ts';
import { PAGE_BYTES, SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { Flag, Op } from './bio.ts';
import type { BlockDevice } from './device.ts';
import { concat, type Payload } from './payload.ts';
import { sendAll, writebackRange } from './send.ts';
import type { BlockSystem } from './system.ts';

/** BIO_MAX_VECS (to 5.11 BIO_MAX_PAGES) pages. */
export const BIO_MAX_BYTES = 256 * PAGE_BYTES;

/** Reads past the cache. Returns the data or a negative errno: EINVAL when not aligned to logical blocks. */
export function* directRead(
  block: BlockSystem,
  device: BlockDevice,
  offset: number,
  length: number,
): Task<Payload | number> {
  if (!aligned(device, offset, length)) return -errno.EINVAL;
  const written = yield* writebackRange(block, device, offset, length);
  if (written < 0) return written;
  const parts: Payload[] = [];
  const result = yield* sendAll(
    block,
    function* () {
      for (let at = 0; at < length; at += BIO_MAX_BYTES) {
        const bio = block.newBio(device);
        bio.op = Op.read;
        bio.flags |= Flag.data | cacheFlag(length);
        bio.sector = (offset + at) / SECTOR_BYTES;
        bio.sectors = Math.min(BIO_MAX_BYTES, length - at) / SECTOR_BYTES;
        yield bio;
      }
    },
    (bio) => parts.push(bio.payload!),
  );
  return result < 0 ? result : concat(parts);
}

/**
 * Writes past the cache. Returns bytes written or a negative errno: EINVAL when not aligned to logical blocks, else
 * that of the first part that failed; parts that did not fail are on the disk all the same. `durable` (O_DSYNC) asks
 * for FUA in every bio, as dio_bio_write_op() does; a flush still follows from the call.
 */
export function* directWrite(
  block: BlockSystem,
  device: BlockDevice,
  offset: number,
  data: Payload,
  durable = false,
): Task<number> {
  const length = data.lengthBytes;
  if (!aligned(device, offset, length)) return -errno.EINVAL;
  const cache = block.cachedOf(device);
  if (cache !== undefined) {
    yield* writebackRange(block, device, offset, length);
    cache.invalidate(offset, length);
  }
  const result = yield* sendAll(block, function* () {
    for (let at = 0; at < length; at += BIO_MAX_BYTES) {
      const part = data.slice(at, Math.min(BIO_MAX_BYTES, length - at));
      const bio = block.newBio(device);
      bio.op = Op.write;
      bio.flags |= Flag.sync | Flag.idle | Flag.data | cacheFlag(length);
      if (durable) bio.flags |= Flag.fua;
      bio.sector = (offset + at) / SECTOR_BYTES;
      bio.sectors = part.lengthBytes / SECTOR_BYTES;
      bio.payload = part;
      yield bio;
    }
  });
  block.cachedOf(device);
  cache?.invalidate(offset, length);
  return result < 0 ? result : length;
}

function aligned(device: BlockDevice, offset: number, length: number): boolean {
  const size = device.limits.logical_block_size.value;
  return offset % size === 0 && length % size === 0;
}

/** One bio lives on the stack of the call; several are allocated. */
function cacheFlag(length: number): number {
  return length > BIO_MAX_BYTES ? Flag.allocCache : 0;
}
