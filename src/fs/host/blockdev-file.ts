/**
 * Block devices as files (block/fops.c, block/bdev.c; to 5.15 fs/block_dev.c): opening with and without O_EXCL,
 * reads and writes through the device's cache or past it, and what the last close does.
 */

import {
  directRead,
  directWrite,
  dropClean,
  flushDevice,
  forgetDevice,
  readBuffered,
  writeBuffered,
  writeback,
} from '../../block/cache.ts';
import type { BlockDevice } from '../../block/device.ts';
import { EMPTY, type Payload } from '../../block/payload.ts';
import { writebackRange } from '../../block/send.ts';
import type { BlockSystem } from '../../block/system.ts';
import { errno } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import { type Inode, type IoFlags, O, type OpenFile, S, type Stat } from '../inode.ts';
import { plainStat } from './pseudo.ts';

/** What the holder of a device is called when a program opened it with O_EXCL. */
const EXCLUSIVE_OPEN = 'exclusive open';

export class BlockDeviceFile implements Inode {
  readonly mount = null;
  readonly supportsNoWait = true;
  readonly ino: number;
  readonly device: BlockDevice;
  private readonly block: BlockSystem;

  constructor(ino: number, block: BlockSystem, device: BlockDevice) {
    this.ino = ino;
    this.block = block;
    this.device = device;
  }

  private get sizeBytes(): number {
    return this.device.sizeSectors * SECTOR_BYTES;
  }

  stat(): Stat {
    const { major, minor } = this.device;
    return { ...plainStat(this.ino, S.IFBLK | 0o660), rdev: { major, minor } };
  }

  seekLimit(): number {
    return this.sizeBytes;
  }

  *open(file: OpenFile): Task<number> {
    const { device, block } = this;
    if (file.flags & O.EXCL) block.touchOpeners(device, true);
    const writes = (file.flags & O.ACCMODE) !== O.RDONLY;
    if (writes && device.readOnly) return -errno.EACCES;
    if (file.flags & O.EXCL) {
      if (device.holder !== null) return -errno.EBUSY;
      device.holder = EXCLUSIVE_OPEN;
    }
    block.opened(device);
    return 0;
  }

  *release(file: OpenFile): Task<void> {
    const { device, block } = this;
    if (file.flags & O.EXCL) {
      block.touchOpeners(device, true);
      device.holder = null;
    }
    yield* closeDevice(block, device);
  }

  *read(_file: OpenFile, position: number, length: number, flags: IoFlags): Task<Payload | number> {
    const left = this.sizeBytes - position;
    if (left <= 0 || length === 0) return EMPTY;
    const take = Math.min(length, left);
    return flags.direct
      ? yield* directRead(this.block, this.device, position, take)
      : yield* readBuffered(this.block, this.device, position, take);
  }

  /** blkdev_write_iter(): at the end ENOSPC, across it short. */
  *write(_file: OpenFile, position: number, data: Payload, flags: IoFlags): Task<number> {
    const { block, device } = this;
    if (device.readOnly) return -errno.EPERM;
    if (data.lengthBytes === 0) return 0;
    const at = flags.append ? this.sizeBytes : position;
    const left = this.sizeBytes - at;
    if (left <= 0) return -errno.ENOSPC;
    const some = data.lengthBytes > left ? data.slice(0, left) : data;
    const written = flags.direct
      ? yield* directWrite(block, device, at, some, flags.dsync)
      : yield* writeBuffered(block, device, at, some);
    if (written <= 0 || !flags.dsync) return written;
    // generic_write_sync(): this range and the device's cache, as an fsync of the range would.
    const stored = yield* writebackRange(block, device, at, written);
    const flushed = stored < 0 ? stored : yield* flushDevice(block, device);
    return flushed < 0 ? flushed : written;
  }

  *fsync(): Task<number> {
    const written = yield* writeback(this.block, this.device);
    const flushed = yield* flushDevice(this.block, this.device);
    return written < 0 ? written : flushed;
  }
}

/** One opener less; the last one writes out and forgets what was buffered (blkdev_put(), sync_blockdev(), kill_bdev()). */
export function* closeDevice(block: BlockSystem, device: BlockDevice): Task<void> {
  if (block.closed(device) > 0) return;
  try {
    yield* writeback(block, device);
  } finally {
    forgetDevice(block, device);
  }
}

/** Forgets the clean pages of a device: drop_caches. */
export function dropDeviceCache(block: BlockSystem, device: BlockDevice): void {
  dropClean(block, device);
}
