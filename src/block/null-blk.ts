/**
 * null_blk (drivers/block/null_blk/main.c and zoned.c; in 5.10 null_blk_main.c): the disk of all recordings. The
 * attributes are judged in null-blk-config.ts; here are its queue limits, its reports and the disk without requests
 * (queue_mode 0) that it could be until 6.9.
 */

import { errno } from '../kernel/errno.ts';
import { roundDown, SECTOR_BYTES, UINT_MAX } from '../kernel/units.ts';
import { type Bio, Op } from './bio.ts';
import { ZoneCond, ZoneType } from './device.ts';
import { Disk } from './disk.ts';
import type { LimitName, QueueLimits } from './limits.ts';
import type { ZonedMedia } from './media.ts';
import { NULL_BLK_DEFAULTS, type NullBlkConfig, nullBlkConfig } from './null-blk-config.ts';
import { Request } from './request.ts';
import { finalizeLimits, limitsOf, roundSectors, zoneResourceLimits } from './stack.ts';
import { type BlockStatus, Status } from './status.ts';
import type { BlockSystem } from './system.ts';
import { ZoneMachine } from './zones.ts';

export interface NullBlkOptions {
  readonly name: string;
  readonly index: number;
  readonly major: number;
  readonly minor: number;
  readonly media: ZonedMedia;
}

/** BLK_SAFE_MAX_SECTORS: what a driver that says nothing is given. */
const SAFE_MAX_SECTORS = 255;
const MAX_SEGMENTS = 128;
const MAX_SEGMENT_BYTES = 65536;

/** Makes the disk around `media`, registers it and prints what null_blk prints. */
export function createNullBlk(block: BlockSystem, options: NullBlkOptions): NullBlk {
  const disk = new NullBlk(block, options);
  block.register(disk);
  return disk;
}

const ZONE_ORDERS: ReadonlyMap<string, typeof ZoneCond.readonly | typeof ZoneCond.offline> =
  new Map([
    ['zone_readonly', ZoneCond.readonly],
    ['zone_offline', ZoneCond.offline],
  ]);

export class NullBlk extends Disk {
  readonly index: number;
  readonly config: NullBlkConfig;
  private readonly single: Request;

  constructor(block: BlockSystem, options: NullBlkOptions) {
    const { kernel } = block.host;
    const config = configFor(block, options.media);
    const { media } = options;
    const { maxOpen, maxActive, memoryBacked, bioMode } = config;
    super(block, options, media, {
      memoryBacked,
      fillByte: 0xff,
      requestBased: !bioMode,
      // 5.10 leaves the data of a reset zone in memory; it shows again where a finish moves the pointer past it.
      machine: (watcher) => {
        const discards = memoryBacked && kernel.block.nullBlkResetDiscards;
        return new ZoneMachine(media, kernel, { maxOpen, maxActive, discards }, watcher);
      },
    });
    this.config = config;
    // blk_queue_write_cache(): with one, writes may ask to be durable themselves.
    this.queue.hasCache = config.cache;
    this.queue.writeCache = config.cache;
    this.index = options.index;
    for (const { text, unterminated } of config.lines) {
      block.host.printk('info', text, unterminated);
    }
    this.single = new Request(this.requests);
    this.queue.scheduler = schedulerOf(block, options.media, config);
    const limits = nullBlkLimits(block, options.media, config, this.name);
    this.setLimits(limits, options.media.sizeSectors);
    if (options.media.zoned) {
      const zones = options.media.sequentialZones;
      this.setLimits(zoneResourceLimits(kernel, limits, zones, this.name));
      this.makePlugs();
      if (kernel.block.nullBlkSaysAppend) {
        const how = this.plugs?.emulatesAppend === true ? 'emulated' : 'native';
        block.host.printk('info', `null_blk: ${this.name}: using ${how} zone append`);
      }
    }
    if (kernel.block.nullBlkSaysCreated) {
      block.host.printk('info', `null_blk: disk ${this.name} created`);
    }
  }

  /** The disk's files in configfs, sorted. */
  configNames(): readonly string[] {
    return [...this.kernelAnswers.nullBlkAttributes, 'index', 'power'].sort();
  }

  /** What such a file says, without newline; null when there is none. Orders to zones can only be written. */
  configRead(name: string): string | null {
    if (!this.configNames().includes(name)) return null;
    if (name === 'index') return String(this.index);
    if (name === 'power') return '1';
    if (ZONE_ORDERS.has(name)) return '';
    return String(this.media.attributes[name] ?? NULL_BLK_DEFAULTS[name] ?? 0);
  }

  /**
   * Writes to such a file. zone_readonly and zone_offline take a sector of a sequential zone: it becomes that, or empty
   * again if it was. Returns 0 or a negative errno: EBUSY for what shapes a disk that is on (nullb_device_..._store()).
   */
  configWrite(name: string, text: string): number {
    if (!this.configNames().includes(name)) return -errno.ENOENT;
    const cond = ZONE_ORDERS.get(name);
    if (cond === undefined) return -errno.EBUSY;
    const sector = /^\d+$/.test(text) ? Number(text) : -1;
    if (!this.media.zoned || sector < 0 || sector >= this.sizeSectors) return -errno.EINVAL;
    const zone = Math.floor(sector / this.media.zoneSizeSectors);
    this.touchZones(zone, 1, true);
    return this.machine.setCondition(zone, cond) ? 0 : -errno.EINVAL;
  }

  protected override reportedWp(zone: number): number {
    const { zoneSizeSectors, type, wp } = this.media;
    const start = zone * zoneSizeSectors;
    // Conventional zones show their end; full ones what filled them: writes the capacity, a finish the whole size.
    if (type[zone] === ZoneType.conventional) return start + this.media.zoneLength(zone);
    return start + wp[zone]!;
  }

  protected override accept(bio: Bio): void {
    if (this.queue.requestBased) super.accept(bio);
    else this.executeBio(bio);
  }

  /** queue_mode 0: the bio itself goes to the driver. No request, so no split, no order, no line in the log. */
  private executeBio(bio: Bio): void {
    const { single } = this;
    single.start(bio);
    let status: BlockStatus = this.execute(single);
    if (bio.op === Op.zoneAppend) bio.sector = single.sector;
    single.first = null;
    if (status === Status.ok) status = bio.status;
    bio.status = status;
    this.block.host.loop.post(endDirect, bio);
  }
}

function endDirect(bio: Bio): void {
  (bio.device as NullBlk).endBio(bio, bio.status);
}
endDirect.label = ({ device, op, sector, sectors }: Bio): string =>
  `${device?.name} ends op ${op} at ${sector}+${sectors}`;

/**
 * The media's attributes as this kernel's null_blk sees them. A disk that an earlier kernel made may carry attributes
 * this one does not know, or values it would refuse at creation: the disk is there all the same (a real one would be
 * hardware), so what is unknown is left out and the shape is the media's.
 */
function configFor(block: BlockSystem, media: ZonedMedia): NullBlkConfig {
  const known = block.host.kernel.block.nullBlkAttributes;
  const attributes = Object.fromEntries(
    Object.entries(media.attributes).filter(([name]) => known.includes(name)),
  );
  const result = nullBlkConfig(block.host.kernel, attributes);
  if (result.ok) return result.config;
  const { zone_max_open, zone_max_active, blocksize, memory_backed } = media.attributes;
  return {
    blockSizeBytes: blocksize ?? 512,
    maxSectors: 0,
    maxOpen: zone_max_open ?? 0,
    maxActive: zone_max_active ?? 0,
    appendSectors: UINT_MAX,
    memoryBacked: memory_backed !== 0,
    discard: false,
    cache: memory_backed !== 0 && (media.attributes.cache_size ?? 0) !== 0,
    bioMode: false,
    lines: [],
  };
}

function schedulerOf(
  block: BlockSystem,
  media: ZonedMedia,
  config: NullBlkConfig,
): 'mq-deadline' | 'none' {
  if (config.bioMode) return 'none';
  const { zoneWriteOrder, regularScheduler } = block.host.kernel.block;
  // Only mq-deadline keeps writes of a zone in order up to 6.9, so zoned queues demand it.
  if (media.zoned) return zoneWriteOrder === 'zone-lock' ? 'mq-deadline' : 'none';
  return regularScheduler;
}

function nullBlkLimits(
  block: BlockSystem,
  media: ZonedMedia,
  config: NullBlkConfig,
  floor: string,
): QueueLimits {
  const { kernel } = block.host;
  const answers = kernel.block;
  const size = config.blockSizeBytes;
  const hardware = config.maxSectors || SAFE_MAX_SECTORS;
  const values: Partial<Record<LimitName, number>> = {
    logical_block_size: size,
    physical_block_size: size,
    io_min: size,
    max_hw_sectors: hardware,
    max_sectors: Math.min(hardware, answers.defaultMaxSectors),
    max_segments: MAX_SEGMENTS,
    max_segment_size: MAX_SEGMENT_BYTES,
    max_discard_segments: 1,
    seg_boundary_mask: UINT_MAX,
    dma_alignment: answers.nullBlkDmaAlignment,
  };
  if (config.discard) {
    Object.assign(values, {
      max_hw_discard_sectors: UINT_MAX >>> 9,
      max_discard_sectors: UINT_MAX >>> 9,
      discard_granularity: size,
      discard_alignment: size,
    });
  }
  let limits = limitsOf({ ...values }, { floor, rule: 'null_blk' });
  if (answers.blockSizeRoundsLimits) limits = roundSectors(limits, floor);
  if (!media.zoned) return finalizeLimits(kernel, limits, floor);
  const most = Math.min(limits.max_hw_sectors.value, media.zoneSizeSectors);
  const zoned = limitsOf(
    {
      zoned: 'host-managed',
      chunk_sectors: media.zoneSizeSectors,
      max_zone_append_sectors: most,
      max_hw_zone_append_sectors: Math.min(
        roundDown(config.appendSectors, size / SECTOR_BYTES),
        media.zoneCapacitySectors,
      ),
      zone_write_granularity: answers.nullBlkWriteGranularity ? size : 0,
      max_open_zones: config.maxOpen,
      max_active_zones: config.maxActive,
    },
    { floor, rule: 'null_blk' },
  );
  return finalizeLimits(
    kernel,
    {
      ...limits,
      zoned: zoned.zoned,
      chunk_sectors: zoned.chunk_sectors,
      max_zone_append_sectors: zoned.max_zone_append_sectors,
      max_hw_zone_append_sectors: zoned.max_hw_zone_append_sectors,
      zone_write_granularity: zoned.zone_write_granularity,
      max_open_zones: zoned.max_open_zones,
      max_active_zones: zoned.max_active_zones,
    },
    floor,
  );
}
