/**
 * Buffered I/O on a block device's node (block/fops.c, mm/filemap.c): pages of 4 KiB, read when missing, written back
 * in ascending order by a sync, by the last close, or before direct I/O. A failed write back is told by the next sync.
 */

import { errno } from '../kernel/errno.ts';
import { PAGE_BYTES, roundDown, roundUp, SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { Flag, Op } from './bio.ts';
import type { BlockDevice } from './device.ts';
import { DeviceCache } from './device-cache.ts';
import { BIO_MAX_BYTES } from './direct.ts';
import type { Payload } from './payload.ts';
import { printBufferError, sendAll, writebackRange } from './send.ts';
import { Status, statusToErrno } from './status.ts';
import type { BlockSystem } from './system.ts';

export { directRead, directWrite } from './direct.ts';

/** Reads `length` bytes inside the device. Returns the data or a negative errno. */
export function* readBuffered(
  block: BlockSystem,
  device: BlockDevice,
  offset: number,
  length: number,
): Task<Payload | number> {
  const cache = cacheOf(block, device);
  cache.reclaim();
  block.host.budget.cache(length);
  yield* readAhead(block, device, cache, offset, length);
  if (cache.broken.size === 0) return cache.read(offset, length);
  const got = yield* readSingly(block, device, cache, offset, length);
  return got === 0 && length > 0 ? -errno.EIO : cache.read(offset, got);
}

/**
 * What readahead did not bring, a page after the other (filemap_get_pages()); whatever the device says, a page that
 * cannot be read is an I/O error. Returns the bytes there are before such a page. From 5.11 on pages are taken in batches:
 * one that fails at the end of a batch is tried once more when what was before it has been copied.
 */
function* readSingly(
  block: BlockSystem,
  device: BlockDevice,
  cache: DeviceCache,
  offset: number,
  length: number,
): Task<number> {
  const { readsInBatches } = block.host.kernel.block;
  const end = offset + length;
  let page = Math.floor(offset / PAGE_BYTES);
  let batch = 0;
  while (page * PAGE_BYTES < end) {
    if (cache.has(page)) {
      batch += 1;
      page += 1;
      continue;
    }
    if (yield* readPage(block, device, cache, page)) {
      page += 1;
    } else {
      printBufferError(block, device, page * PAGE_BYTES, PAGE_BYTES, 'async page read');
      if (batch === 0 || !readsInBatches) break;
    }
    batch = 0;
  }
  return Math.max(0, Math.min(end, page * PAGE_BYTES) - offset);
}

/** Reads one page into the cache; false when that fails. */
function* readPage(
  block: BlockSystem,
  device: BlockDevice,
  cache: DeviceCache,
  page: number,
): Task<boolean> {
  const at = page * PAGE_BYTES;
  const bio = block.newBio(device);
  bio.op = Op.read;
  bio.flags |= Flag.data | Flag.allocCache;
  bio.sector = at / SECTOR_BYTES;
  bio.sectors = Math.min(PAGE_BYTES / SECTOR_BYTES, device.sizeSectors - bio.sector);
  const status = yield* block.submitAndWait(bio);
  block.cachedOf(device);
  if (status === Status.ok) cache.fill(at, bio.payload!);
  else cache.broken.add(page);
  block.bios.give(bio);
  return status === Status.ok;
}

/** Writes inside the device, into the cache. Pages written in part are read first. Returns bytes or a negative errno. */
export function* writeBuffered(
  block: BlockSystem,
  device: BlockDevice,
  offset: number,
  data: Payload,
): Task<number> {
  const cache = cacheOf(block, device);
  cache.reclaim();
  block.host.budget.cache(data.lengthBytes);
  const end = offset + data.lengthBytes;
  const edges = [
    ...(offset % PAGE_BYTES === 0 ? [] : [offset]),
    ...(end % PAGE_BYTES === 0 ? [] : [end - 1]),
  ];
  for (const at of edges) {
    const page = Math.floor(at / PAGE_BYTES);
    if (!cache.has(page) && !(yield* readPage(block, device, cache, page))) return -errno.EIO;
  }
  cache.write(offset, data);
  return data.lengthBytes;
}

/** Writes all dirty pages back. Returns 0 or -EIO, also for what failed since the last call. */
export function* writeback(block: BlockSystem, device: BlockDevice): Task<number> {
  const cache = block.cachedOf(device);
  if (cache === undefined) return 0;
  const result = yield* writebackRange(block, device);
  const { failed } = cache;
  cache.failed = false;
  return result < 0 || failed ? -errno.EIO : 0;
}

/** blkdev_issue_flush(). Returns 0 or a negative errno. */
export function* flushDevice(block: BlockSystem, device: BlockDevice): Task<number> {
  const bio = block.newBio(device);
  bio.op = Op.write;
  bio.flags = (bio.flags | Flag.preflush | Flag.sync) & ~Flag.top;
  const status = yield* block.submitAndWait(bio);
  block.bios.give(bio);
  return statusToErrno(status);
}

/** Cuts a range of bytes out of the cache, dirty or not (truncate_bdev_range()). */
export function invalidateDevice(
  block: BlockSystem,
  device: BlockDevice,
  offset: number,
  length: number,
): void {
  block.cachedOf(device)?.truncate(offset, length);
}

/** Forgets what is clean: drop_caches. */
export function dropClean(block: BlockSystem, device: BlockDevice): void {
  block.cachedOf(device)?.dropClean();
}

/** Forgets everything (kill_bdev()). */
export function forgetDevice(block: BlockSystem, device: BlockDevice): void {
  block.cachedOf(device);
  block.caches.delete(device);
}

function cacheOf(block: BlockSystem, device: BlockDevice): DeviceCache {
  let cache = block.caches.get(device);
  if (cache === undefined) {
    cache = new DeviceCache();
    block.caches.set(device, cache);
  }
  block.cachedOf(device);
  return cache;
}

/** Reads the missing pages of a range, without those that could not be read before. */
function* readAhead(
  block: BlockSystem,
  device: BlockDevice,
  cache: DeviceCache,
  offset: number,
  length: number,
): Task<void> {
  const sizeBytes = device.sizeSectors * SECTOR_BYTES;
  const wanted = (at: number): boolean =>
    !cache.has(at / PAGE_BYTES) && !cache.broken.has(at / PAGE_BYTES);
  const end = roundUp(offset + length, PAGE_BYTES);
  yield* sendAll(
    block,
    function* () {
      let at = roundDown(offset, PAGE_BYTES);
      while (at < end) {
        if (!wanted(at)) {
          at += PAGE_BYTES;
          continue;
        }
        let stop = at;
        while (stop < end && stop - at < BIO_MAX_BYTES && wanted(stop)) {
          stop += PAGE_BYTES;
        }
        const bio = block.newBio(device);
        bio.op = Op.read;
        bio.flags |= Flag.readahead | Flag.data | Flag.allocCache;
        bio.sector = at / SECTOR_BYTES;
        bio.sectors = (Math.min(stop, sizeBytes) - at) / SECTOR_BYTES;
        yield bio;
        at = stop;
      }
    },
    (bio) => {
      block.cachedOf(device);
      cache.fill(bio.sector * SECTOR_BYTES, bio.payload!);
    },
    ({ sector, endSector }) => {
      const last = Math.ceil((endSector * SECTOR_BYTES) / PAGE_BYTES);
      for (let page = (sector * SECTOR_BYTES) / PAGE_BYTES; page < last; page += 1) {
        cache.broken.add(page);
      }
    },
  );
}
