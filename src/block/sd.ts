/**
 * A host-managed SMR disk behind the SCSI driver: scsi_debug's zones (drivers/scsi/scsi_debug.c) under sd
 * (drivers/scsi/sd.c, sd_zbc.c). Up to 6.9 sd turns appends into writes at its own record of the write pointer, under
 * the zone's lock; from 6.10 on it says it cannot append and the block layer does that.
 *
 * Limits, zone reports and what a failed write leaves in trace and log were recorded on four kernels
 * (test/block/sd.test.ts); what lies between those is derived.
 */

import {
  isPowerOfTwo,
  PAGE_SECTORS,
  roundDown,
  SECTOR_BYTES,
  SECTORS_PER_MIB,
  UINT_MAX,
} from '../kernel/units.ts';
import { TraceKind } from '../sim/trace.ts';
import { Op } from './bio.ts';
import { ZoneCond, ZoneType } from './device.ts';
import { Disk } from './disk.ts';
import type { LimitName, QueueLimits } from './limits.ts';
import { type Geometry, NO_WP, ZonedMedia } from './media.ts';
import type { NullBlkOptions } from './null-blk.ts';
import type { ConfigRefusal } from './null-blk-config.ts';
import type { Request } from './request.ts';
import { failedLines, senseOf } from './scsi-sense.ts';
import { finalizeLimits, limitsOf, roundSectors, zoneResourceLimits } from './stack.ts';
import { type BlockStatus, Status } from './status.ts';
import type { BlockSystem } from './system.ts';
import { ZoneMachine } from './zones.ts';

export type ScsiDebugOptions = NullBlkOptions;

export type ScsiDebugResult =
  | { readonly ok: true; readonly media: ZonedMedia; readonly log: readonly string[] }
  | ConfigRefusal;

/** The module's parameters that shape a zoned disk, and their defaults; zbc: 0 none, 2 managed. */
const DEFAULTS = {
  dev_size_mb: 8,
  sector_size: 512,
  zbc: 0,
  zone_size_mb: 128,
  zone_cap_mb: 0,
  zone_nr_conv: 1,
  zone_max_open: 8,
};

const MANAGED = 2;
/** The optimal transfer length it reports, in logical blocks: the soft limit of commands. No hard one is set. */
const OPTIMAL_BLOCKS = 1024;
const MAX_SEGMENTS = 2048;
/** Logical blocks of a WRITE SAME(16) (SD_MAX_WS16_BLOCKS would be more; the module says this). */
const WRITE_SAME_BLOCKS = 0xffff;
/** Tags of its one hardware queue (SDEBUG_CANQUEUE), and how long a command may take (SD_TIMEOUT). */
const TAGS = 192;
/** What SCSI hosts ask of memory unless they say otherwise (scsi_host_alloc()). */
const DMA_ALIGNMENT = 3;
const TIMEOUT_MS = 30_000;

/** Judges scsi_debug's parameters (scsi_debug_init(), sdebug_device_create_zones()). */
export function scsiDebugConfig(attributes: Readonly<Record<string, number>>): ScsiDebugResult {
  const known = Object.keys(DEFAULTS);
  for (const attribute of Object.keys(attributes)) {
    if (known.includes(attribute)) continue;
    return { ok: false, kind: 'no-attribute', attribute, known, log: [] };
  }
  const values = { ...DEFAULTS, ...attributes };
  const zoned = values.zbc === MANAGED;
  const refuse = (line: string): ScsiDebugResult => ({
    ok: false,
    kind: 'refused',
    errno: 'EINVAL',
    known,
    log: [`scsi_debug: ${line}`],
  });
  if (values.zbc !== 0 && !zoned) return refuse(`zbc=${values.zbc} is not modelled`);
  if (zoned && !isPowerOfTwo(values.zone_size_mb)) return refuse('Zone size is not a power of 2');
  const capacity = values.zone_cap_mb || values.zone_size_mb;
  if (zoned && capacity > values.zone_size_mb) return refuse('Invalid zone capacity');
  const zones = Math.ceil(values.dev_size_mb / values.zone_size_mb);
  if (zoned && values.zone_nr_conv >= zones)
    return refuse('Number of conventional zones too large');
  const geometry: Geometry = {
    sizeSectors: values.dev_size_mb * SECTORS_PER_MIB,
    zoneSizeSectors: zoned ? values.zone_size_mb * SECTORS_PER_MIB : 0,
    zoneCapacitySectors: zoned ? capacity * SECTORS_PER_MIB : 0,
    conventionalZones: zoned ? values.zone_nr_conv : 0,
  };
  return { ok: true, media: new ZonedMedia(geometry, { ...attributes }), log: [] };
}

/** Makes the disk around `media` and registers it. */
export function createScsiDebug(block: BlockSystem, options: ScsiDebugOptions): ScsiDisk {
  const disk = new ScsiDisk(block, options);
  block.register(disk);
  return disk;
}

/** scsi_debug's zones: like null_blk's, but some commands that change nothing are no error, and errors are the target's. */
class ScsiZones extends ZoneMachine {
  protected override readonly failure: BlockStatus = Status.target;

  protected override open(zone: number, cond: number): BlockStatus {
    return cond === ZoneCond.full ? Status.ok : super.open(zone, cond);
  }

  protected override close(zone: number, cond: number): BlockStatus {
    const idle = cond === ZoneCond.empty || cond === ZoneCond.full;
    return idle ? Status.ok : super.close(zone, cond);
  }

  /** A finish opens nothing for good, so it needs no room. */
  protected override finishRoom(): BlockStatus {
    return Status.ok;
  }

  /** Explicitly open zones only are in the way; of the others the first is closed (check_zbc_access_params()). */
  protected override resources(): BlockStatus {
    if (this.maxOpen === 0) return Status.ok;
    if (this.explicitlyOpen >= this.maxOpen) return Status.zoneOpenResource;
    if (this.implicitlyOpen + this.explicitlyOpen >= this.maxOpen) this.closeOne();
    return Status.ok;
  }
}

export class ScsiDisk extends Disk {
  constructor(block: BlockSystem, options: ScsiDebugOptions) {
    const { kernel } = block.host;
    const { media } = options;
    super(block, options, media, {
      fillByte: 0,
      machine: (watcher) =>
        new ScsiZones(
          media,
          kernel,
          {
            maxOpen: maxOpenOf(media),
            maxActive: 0,
            order: 'position-first',
            close: 'lowest',
            discards: true,
          },
          watcher,
        ),
    });
    this.queue.scheduler = 'mq-deadline';
    this.queue.tags = TAGS;
    this.queue.timeoutMs = TIMEOUT_MS;
    this.queue.polls = false;
    this.queue.writeSameBytes = WRITE_SAME_BLOCKS * blockBytesOf(media);
    // scsi_debug has the WCE bit set in its caching page, and knows FUA.
    this.queue.hasCache = true;
    this.queue.writeCache = true;
    const limits = scsiLimits(block, media, this.name);
    this.setLimits(limits, media.sizeSectors);
    if (!media.zoned) return;
    this.setLimits(zoneResourceLimits(kernel, limits, media.sequentialZones, this.name));
    this.makePlugs();
  }

  override execute(request: Request): BlockStatus {
    const append = request.op === Op.zoneAppend;
    const status = super.execute(request);
    if (append && status === Status.ok) this.traceAppend(request);
    return status;
  }

  failed(request: Request): void {
    const { media } = this;
    const zone = media.zoned ? Math.floor(request.sector / media.zoneSizeSectors) : 0;
    const sense = senseOf(request, media.zoned && media.cond[zone] === ZoneCond.full);
    if (sense === null) return;
    // scsi_io_completion() first ends what went well of a request with data: nothing.
    if (request.sectors > 0 && request.first?.carriesData === true) {
      const { id, op, flags, sector } = request;
      this.trace.recordRarely(
        TraceKind.rqComplete,
        this.traceName,
        { id, op, flags, sector, sectors: 0 },
        0,
      );
    }
    const { block } = this.block.host.kernel;
    for (const line of failedLines(
      this.name,
      block.scsiDriverByte,
      sense,
      request,
      blockBytesOf(media),
    )) {
      this.block.host.printk('info', line);
    }
  }

  protected override reportedWp(zone: number): number {
    const { zoneSizeSectors, type, wp, cond } = this.media;
    const start = zone * zoneSizeSectors;
    // The disk says all ones, in logical blocks, and sd counts that in sectors (logical_to_sectors()).
    if (type[zone] === ZoneType.conventional)
      return -this.limits.logical_block_size.value / SECTOR_BYTES;
    // sd shows full zones with their end, whatever filled them.
    const atEnd = cond[zone] === ZoneCond.full || wp[zone] === NO_WP;
    return atEnd ? start + this.media.zoneLength(zone) : start + wp[zone]!;
  }

  /** sd_zbc_prepare_zone_append(): what came as an append went to the device as a write. */
  private traceAppend(request: Request): void {
    const { id, flags, sector, sectors } = request;
    const start = roundDown(sector, this.media.zoneSizeSectors);
    const write = { id, op: Op.write, flags, sector, sectors };
    this.trace.recordRarely(TraceKind.appendEmulated, this.traceName, write, start);
  }
}

function maxOpenOf(media: ZonedMedia): number {
  const wanted = media.attributes.zone_max_open ?? DEFAULTS.zone_max_open;
  // A limit no zone could reach is halved into one (sdebug_device_create_zones()).
  return wanted >= media.nrZones - 1 ? Math.floor((media.nrZones - 1) / 2) : wanted;
}

function blockBytesOf({ attributes }: ZonedMedia): number {
  return attributes.sector_size ?? DEFAULTS.sector_size;
}

function scsiLimits(block: BlockSystem, media: ZonedMedia, floor: string): QueueLimits {
  const { kernel } = block.host;
  const size = blockBytesOf(media);
  const blockSectors = size / SECTOR_BYTES;
  const values: Partial<Record<LimitName, number>> = {
    logical_block_size: size,
    physical_block_size: size,
    io_min: size,
    io_opt: OPTIMAL_BLOCKS * size,
    max_hw_sectors: UINT_MAX,
    // Later kernels reckon it from io_opt themselves (blk_validate_limits()).
    max_sectors: kernel.block.limitsCommit === 'as-set' ? OPTIMAL_BLOCKS * blockSectors : UINT_MAX,
    max_segments: MAX_SEGMENTS,
    max_segment_size: UINT_MAX,
    max_discard_segments: 1,
    seg_boundary_mask: UINT_MAX,
    dma_alignment: DMA_ALIGNMENT,
    max_write_zeroes_sectors: WRITE_SAME_BLOCKS * blockSectors,
  };
  if (media.zoned) {
    // sd's own emulation takes what fits a command and a zone; a limit of 0 asks the block layer to do it.
    Object.assign(values, {
      chunk_sectors: media.zoneSizeSectors,
      max_zone_append_sectors: Math.min(media.zoneSizeSectors, MAX_SEGMENTS * PAGE_SECTORS),
      max_hw_zone_append_sectors: 0,
      zone_write_granularity: size,
      max_open_zones: maxOpenOf(media),
    });
  }
  const limits = limitsOf(
    { ...values, zoned: media.zoned ? 'host-managed' : 'none' },
    { floor, rule: 'sd' },
  );
  const rounded = kernel.block.blockSizeRoundsLimits ? roundSectors(limits, floor) : limits;
  return finalizeLimits(kernel, rounded, floor);
}
