/**
 * One mounted zonefs (fs/zonefs/zonefs.h, struct zonefs_sb_info): options, statistics, the counts of open and active
 * zones, and its voice in the kernel log. The tree hangs on `root` (tree.ts).
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import type { BlockDevice } from '../../block/device.ts';
import { statusToErrno } from '../../block/status.ts';
import type { BlockSystem } from '../../block/system.ts';
import type { ZonefsAnswers } from '../../kernel/answers/zonefs.ts';
import { errno } from '../../kernel/errno.ts';
import type { LogLevel } from '../../kernel/log.ts';
import { PAGE_BYTES, roundDown, SECTOR_BYTES } from '../../kernel/units.ts';
import type { Asker } from '../../sim/decision.ts';
import type { Host } from '../../sim/host.ts';
import { type Task, wake } from '../../sim/task.ts';
import { DATA_UNIT_BYTES, type MasterKey } from '../fscrypt.ts';
import type { Inode, MountContext, MountedFs, StatFs } from '../inode.ts';
import type { ZonefsFile } from './file.ts';
import {
  defaultOptions,
  parseOptions,
  parseParameters,
  refuseOption,
  type ZonefsOptions,
} from './options.ts';
import { ZONEFS_MAGIC } from './superblock.ts';
import { type FileZone, ZoneFlag } from './zone.ts';

const FLUSH_FLAGS = Flag.preflush | Flag.sync | Flag.allocCache;

/** The longest name a listing can show: f_namelen (fs/zonefs/zonefs.h, ZONEFS_NAME_MAX). */
export const NAME_MAX = 16;

export class Zonefs implements MountedFs {
  readonly typeName = 'zonefs';
  readonly host: Host;
  readonly block: BlockSystem;
  readonly device: BlockDevice;
  readonly source: string;
  readonly answers: ZonefsAnswers;
  readonly blockBytes: number;
  /** The device's zone size. */
  readonly zoneSectors: number;
  /** Set by mount once the tree stands. */
  root!: Inode;
  readOnly: boolean;
  options: ZonefsOptions = defaultOptions();
  /** Synchronous writes to sequential files are zone appends. */
  readonly appends: boolean;
  /** Active zones are counted (accountActive()). */
  readonly countsActive: boolean;
  /** A write moves the write pointer offset before its bio is sent, not after. */
  readonly movesBeforeIssue: boolean;
  /** Patch 4 of the series: the append limit as it was at mount; a table swapped in later is not seen. */
  private readonly appendLimitAtMount: number | null;
  /** What files are encrypted with (the what-if `fs-encryption`); null: they are not. */
  readonly masterKey: MasterKey | null;
  /** s_uuid, once the super block is read. */
  uuid: Uint8Array = new Uint8Array(16);
  /** s_maxbytes: the largest file. */
  maxFileBytes = 0;
  totalBlocks = 0;
  usedBlocks = 0;
  /** Files of both groups, and one more per group for its directory. */
  fileCount = 0;
  /** Sequential files open for writing, as far as this kernel counts them. */
  writeOpen = 0;
  active = 0;
  /** /sys/fs/zonefs/DEV/, where this kernel has it. */
  readonly sysfsAttributes?: () => Readonly<Record<string, string>>;
  /** Inodes that exist: those with something to write out or to forget. */
  readonly files: ZonefsFile[] = [];

  constructor(context: MountContext) {
    this.host = context.host;
    this.block = context.block;
    this.device = context.device;
    this.source = context.source;
    this.readOnly = context.flags.readOnly;
    this.answers = context.host.kernel.zonefs;
    const { limits } = context.device;
    this.zoneSectors = limits.chunk_sectors.value;
    this.masterKey = context.masterKey ?? null;
    const block = blockSize(context.device, this.answers.blockSize);
    // A unit is encrypted whole: with a smaller block a direct write could end inside one.
    this.blockBytes = this.masterKey === null ? block : Math.max(block, DATA_UNIT_BYTES);
    if (this.answers.sysfs) this.sysfsAttributes = () => this.resources();
    this.countsActive = this.answers.sysfs;
    this.movesBeforeIssue = this.answers.pointerUpdate === 'before-issue';
    const { syncWrite } = this.answers;
    const atMount = limits.max_zone_append_sectors.value;
    this.appendLimitAtMount = syncWrite === 'append-or-regular' ? atMount : null;
    this.appends = syncWrite === 'append' || (syncWrite === 'append-or-regular' && atMount !== 0);
  }

  /** At most so many bytes go into one append: the limit of the queue, in whole blocks. */
  get appendLimitBytes(): number {
    this.host.touch('setup', this.device.name, 0, false);
    const sectors = this.appendLimitAtMount ?? this.device.limits.max_zone_append_sectors.value;
    return roundDown(sectors * SECTOR_BYTES, this.blockBytes);
  }

  info(text: string, unterminated = false): void {
    this.host.printk('info', `zonefs (${this.device.name}): ${text}`, unterminated);
  }

  warn(text: string): void {
    this.host.printk('warning', `zonefs (${this.device.name}) WARNING: ${text}`);
  }

  error(text: string): void {
    this.host.printk('err', `zonefs (${this.device.name}) ERROR: ${text}`);
  }

  /** For the rules of mount: decisions about the device, lines with zonefs's prefix. */
  get asker(): Asker {
    const { host, device } = this;
    return {
      subject: device.name,
      decide: (decision) => host.decide(decision),
      log: (level, text, unterminated) =>
        host.printk(level, `zonefs (${device.name})${label(level)}: ${text}`, unterminated),
    };
  }

  /** A file grew or shrank (zonefs_update_stats()). */
  updateStats(from: number, to: number): void {
    if (from === to) return;
    this.touchCounts(false);
    const blocks = Math.floor(Math.abs(to - from) / this.blockBytes);
    if (to < from) this.usedBlocks = Math.max(0, this.usedBlocks - blocks);
    else this.usedBlocks = Math.min(this.totalBlocks, this.usedBlocks + blocks);
  }

  /** For explorers: counts change in any order; whoever goes by one (`asks`) minds who came before. */
  touchCounts(asks: boolean): void {
    this.host.touch('counts', this.device.name, 0, asks);
  }

  /** For explorers: a write looks whether the file system is read-only, an error makes it so. */
  touchReadOnly(changes: boolean): void {
    this.host.touch('read-only', this.device.name, 0, changes);
  }

  /** Counts a zone as active or no longer (zonefs_account_active()). Only kernels with sysfs do. */
  accountActive(zone: FileZone): void {
    if (!this.countsActive || !zone.sequential) return;
    const usable = !zone.has(ZoneFlag.readOnly | ZoneFlag.offline);
    const partly = zone.pointerBytes > 0 && zone.pointerBytes < zone.capacityBytes;
    const isActive = usable && (zone.has(ZoneFlag.open) || partly);
    if (isActive === zone.has(ZoneFlag.active)) return;
    zone.flags ^= ZoneFlag.active;
    this.touchCounts(false);
    this.active += isActive ? 1 : -1;
  }

  /**
   * Sends what blkdev_issue_flush() sends: an empty write with a preflush. Wait while parts remain, then hand it to
   * `flushed`. Not a task of its own: every O_SYNC write ends with one.
   */
  sendFlush(): Bio {
    const bio = this.block.newBio(this.device);
    bio.op = Op.write;
    bio.flags |= FLUSH_FLAGS;
    bio.onEnd = wake;
    this.device.submit(bio);
    return bio;
  }

  /** How a flush that has ended went: 0 or a negative errno. */
  flushed(bio: Bio): number {
    const result = statusToErrno(bio.status);
    this.block.bios.give(bio);
    return result;
  }

  /** Neither mount(8) nor /proc/mounts ever shows explicit-open (zonefs_show_options()), in no era. */
  shownOptions(): string {
    return `errors=${this.options.errors}`;
  }

  statfs(): StatFs {
    this.touchCounts(true);
    const free = this.totalBlocks - this.usedBlocks;
    return {
      type: ZONEFS_MAGIC,
      bsize: this.blockBytes,
      blocks: this.totalBlocks,
      bfree: free,
      bavail: free,
      files: this.fileCount,
      ffree: 0,
      namelen: NAME_MAX,
      frsize: this.blockBytes,
      fsid: fileSystemId(this.uuid),
    };
  }

  /** Only conventional files can have anything to write out; there is no sync_fs method and nothing to flush. */
  *sync(): Task<number> {
    // __mark_inode_dirty() lists no inode that is not hashed, and new_inode() does not hash (to 6.2).
    if (!this.answers.hashedInodes) return 0;
    let result = 0;
    for (const file of this.files) {
      if (file.cache === null || file.cache.dirtyBytes === 0) continue;
      const written = yield* file.writeBack();
      if (result === 0) result = written;
    }
    return result;
  }

  *remount(_readOnly: boolean, data: string): Task<number> {
    const parameters = this.answers.options === 'parameters';
    const options = parameters ? defaultOptions() : this.options;
    const problem = parameters ? parseParameters(data, options, true) : parseOptions(data, options);
    if (problem !== null) {
      refuseOption(this.host, problem, parameters);
      return -errno.EINVAL;
    }
    this.options = options;
    return 0;
  }

  *unmount(): Task<number> {
    return yield* this.sync();
  }

  dropCaches(): void {
    for (const file of this.files) file.dropCache();
  }

  private resources(): Readonly<Record<string, string>> {
    const { limits } = this.device;
    this.touchCounts(true);
    return {
      max_active_seq_files: String(limits.max_active_zones.value),
      max_wro_seq_files: String(limits.max_open_zones.value),
      nr_active_seq_files: String(this.active),
      nr_wro_seq_files: String(this.writeOpen),
    };
  }
}

/**
 * sb_set_blocksize() with what the era takes; a size the device refuses (below its logical block, above a page) leaves
 * the block size the device was opened with (mount_bdev(), set_init_blocksize()). That happens: dm-crypt with 4096-byte
 * sectors on 512-byte zones kept a granularity of 512 to 6.4.
 */
function blockSize(device: BlockDevice, from: ZonefsAnswers['blockSize']): number {
  const { logical_block_size, physical_block_size, zone_write_granularity } = device.limits;
  const wanted = from === 'physical-block' ? physical_block_size : zone_write_granularity;
  const logical = logical_block_size.value;
  if (wanted.value >= logical && wanted.value <= PAGE_BYTES) return wanted.value;
  const sizeBytes = device.sizeSectors * SECTOR_BYTES;
  let bytes = logical;
  while (bytes < PAGE_BYTES && sizeBytes % (bytes * 2) === 0) bytes *= 2;
  return bytes;
}

/** uuid_to_fsid(): what statfs(2) shows as f_fsid. */
function fileSystemId(uuid: Uint8Array): readonly [number, number] {
  const view = new DataView(uuid.buffer, uuid.byteOffset, uuid.byteLength);
  const word = (at: number): number =>
    (view.getUint32(at, true) ^ view.getUint32(at + 8, true)) >>> 0;
  return [word(0), word(4)];
}

function label(level: LogLevel): string {
  if (level === 'err') return ' ERROR';
  return level === 'warning' ? ' WARNING' : '';
}
