/**
 * A disk: media behind a request queue. What all drivers here share: finding the zone, storing and reading data,
 * reports, write plugs where the kernel has them. null_blk (null-blk.ts) and sd (sd.ts) extend it.
 */

import { SECTOR_BYTES } from '../kernel/units.ts';
import { TraceKind, TraceSource } from '../sim/trace.ts';
import { BaseBlockDevice, type DeviceIdentity } from './base-device.ts';
import { type Bio, Flag, Op } from './bio.ts';
import { WP_INVALID, ZoneCond, ZoneType, type ZoneView } from './device.ts';
import { type FaultDeed, statusOfFault } from './faults.ts';
import type { QueueLimits } from './limits.ts';
import { NO_WP, type ZonedMedia } from './media.ts';
import { concat, FillPayload, type Payload } from './payload.ts';
import { type PlugOwner, ZoneWritePlugs } from './plug.ts';
import { type Driver, RequestQueue } from './queue.ts';
import type { Request } from './request.ts';
import { type BlockStatus, Status } from './status.ts';
import type { BlockSystem } from './system.ts';
import { Unflushed } from './unflushed.ts';
import type { ZoneMachine, ZoneWatcher } from './zones.ts';

const { read: READ, write: WRITE, zoneAppend: ZONE_APPEND } = Op;
const { ok: OK } = Status;
const { conventional: CONVENTIONAL } = ZoneType;

export interface DiskDriver {
  /** Makes the machine that keeps the zones; `watcher` is to be told of every change. */
  machine(watcher: ZoneWatcher): ZoneMachine;
  /** False: nothing is kept, reads give zeroes. */
  readonly memoryBacked?: boolean;
  /** What a read above the write pointer finds. */
  readonly fillByte: number;
  readonly requestBased?: boolean;
}

export abstract class Disk extends BaseBlockDevice implements Driver, PlugOwner, ZoneWatcher {
  readonly media: ZonedMedia;
  readonly requests: RequestQueue;
  readonly machine: ZoneMachine;
  /** The zone write plugs; null where the kernel or the disk has none. */
  plugs: ZoneWritePlugs | null = null;
  private readonly memoryBacked: boolean;
  private readonly fillByte: number;
  private readonly zoneStride: number;
  private readonly zoneRecords: TraceSource;

  protected constructor(
    block: BlockSystem,
    identity: DeviceIdentity,
    media: ZonedMedia,
    driver: DiskDriver,
  ) {
    super(block, identity, driver.requestBased ?? true);
    this.media = media;
    this.zoneStride = media.zoneSizeSectors;
    this.zoneRecords = new TraceSource(TraceKind.zone, this.traceName);
    this.memoryBacked = driver.memoryBacked ?? true;
    this.fillByte = driver.fillByte;
    this.resetsAllZones = media.zoned;
    this.machine = driver.machine(this);
    this.requests = new RequestQueue(this, this);
  }

  get device(): this {
    return this;
  }

  override isSequentialZone(sector: number): boolean {
    if (this.zoneStride === 0) return false;
    return this.media.type[Math.floor(sector / this.zoneStride)] !== ZoneType.conventional;
  }

  override setLimits(limits: QueueLimits, sizeSectors?: number): void {
    super.setLimits(limits, sizeSectors);
    this.requests.update();
  }

  /** Makes the write plugs, once limits are live (blk_revalidate_disk_zones()). */
  protected makePlugs(): void {
    const { block } = this.block.host.kernel;
    if (block.zoneWriteOrder !== 'zone-write-plug' || !this.media.zoned) return;
    if (!this.queue.requestBased) return;
    this.plugs = new ZoneWritePlugs(this, this.limits.max_hw_zone_append_sectors.value === 0);
    this.plugs.revalidate((visit) => this.report(0, this.media.nrZones, visit));
    this.requests.plugs = this.plugs;
  }

  override reportZones(
    startSector: number,
    count: number,
    visit: (zone: ZoneView) => void,
  ): number {
    const { plugs } = this;
    if (plugs === null) return this.report(startSector, count, visit);
    return this.report(startSector, count, (zone) => {
      plugs.reported(zone);
      visit(zone);
    });
  }

  submitPlugged(bio: Bio): boolean {
    this.requests.submitPlugged(bio);
    return true;
  }

  protected override accept(bio: Bio): void {
    this.requests.submit(bio);
  }

  /** The pointer the driver reports for a zone; full zones are where drivers differ. */
  protected abstract reportedWp(zone: number): number;

  private report(startSector: number, count: number, visit: (zone: ZoneView) => void): number {
    const { media } = this;
    this.touchSetup();
    if (!media.zoned) return 0;
    let visited = 0;
    const first = Math.floor(startSector / this.zoneStride);
    this.touchZones(first, Math.min(count, media.nrZones - first), false);
    for (let zone = first; zone < media.nrZones && visited < count; zone += 1) {
      const { wp } = media;
      visit(media.view(zone, wp[zone] === NO_WP ? WP_INVALID : this.reportedWp(zone)));
      visited += 1;
    }
    return visited;
  }

  /** For explorers: what runs now looks at these zones, or changes them and with them what is open. */
  protected touchZones(first: number, count: number, write: boolean): void {
    const { host } = this.block;
    if (!host.explored) return;
    for (let zone = first; zone < first + count; zone += 1) {
      host.touch('zone', this.name, zone, write);
    }
    const { max_open_zones, max_active_zones } = this.limits;
    if (write && max_open_zones.value + max_active_zones.value > 0) {
      host.touch('open zones', this.name, 0, true);
    }
  }

  private touchRequest({ op, sector, flags }: Request): void {
    const zone = this.zoneStride === 0 ? 0 : Math.floor(sector / this.zoneStride);
    if (op === Op.zoneResetAll) this.touchZones(0, this.media.nrZones, true);
    else if (op !== Op.flush) this.touchZones(zone, 1, op !== Op.read);
    if (!this.queue.hasCache || op === Op.read) return;
    // What a flush makes durable is what was written before it, wherever that is; a bio without a request brings its own.
    const flushes = op === Op.flush || op === Op.zoneResetAll || (flags & Flag.preflush) !== 0;
    this.block.host.touch('write cache', this.name, 0, flushes);
  }

  execute(request: Request): BlockStatus {
    const watched = this.media.faults !== null || this.queue.hasCache;
    if (watched || this.block.host.explored) return this.guarded(request);
    return this.command(request);
  }

  /** With all that somebody may want to know of a request, or do to it. */
  private guarded(request: Request): BlockStatus {
    const { explored, loop } = this.block.host;
    if (explored) {
      // Whoever is in the middle of sending when the power goes reaches nobody.
      if (loop.off) return Status.ioError;
      this.touchRequest(request);
    }
    const { faults } = this.media;
    const deed = faults === null ? null : faults.befalling(this, request);
    return deed === null ? this.perform(request) : this.suffer(deed, request);
  }

  private suffer(deed: FaultDeed, request: Request): BlockStatus {
    switch (deed.kind) {
      case 'status':
        if (deed.done) this.perform(request);
        return statusOfFault(deed.status, this.block.host.kernel);
      case 'condition': {
        const zone = Math.floor(request.sector / this.zoneStride);
        const cond = deed.condition === 'offline' ? ZoneCond.offline : ZoneCond.readonly;
        if (this.media.cond[zone] !== cond) this.machine.setCondition(zone, cond);
        return this.perform(request);
      }
      case 'power-cut':
        this.block.host.loop.cutPower();
        return Status.ioError;
    }
  }

  /** Does the request, and keeps account of what of it is not durable. */
  private perform(request: Request): BlockStatus {
    const { media } = this;
    // The attribute write_cache says what the kernel believes (and whether it flushes), not what the device does.
    if (!this.queue.hasCache) return this.command(request);
    media.unflushed ??= new Unflushed(media);
    const { unflushed } = media;
    // A bio that comes without a request brings its flush along (null_blk's queue_mode 0).
    if ((request.flags & Flag.preflush) !== 0) unflushed.flushed();
    unflushed.comes(request.op, request.sector, request.sectors);
    const status = this.command(request);
    if ((request.flags & Flag.fua) !== 0) unflushed.durable(request.sector, request.sectors);
    return status;
  }

  private command(request: Request): BlockStatus {
    switch (request.op) {
      case READ:
        return this.read(request);
      case WRITE:
      case ZONE_APPEND:
        return this.write(request);
      case Op.writeZeroes:
        return this.writeZeroes(request);
      case Op.flush:
        return Status.ok;
      case Op.discard:
        this.media.store.discard(request.sector, request.sectors);
        return Status.ok;
      case Op.zoneResetAll:
        this.machine.resetAll();
        return Status.ok;
      default:
        return this.machine.manage(request.op, Math.floor(request.sector / this.zoneStride));
    }
  }

  private write(request: Request): BlockStatus {
    const append = request.op === ZONE_APPEND;
    const stride = this.zoneStride;
    if (stride > 0) {
      // Who holds the zone has found it already.
      const zone = request.zone < 0 ? Math.floor(request.sector / stride) : request.zone;
      if (this.media.type[zone] !== CONVENTIONAL) {
        const start = zone * stride;
        const { machine } = this;
        const status = machine.write(zone, request.sector - start, request.sectors, append);
        if (status !== OK) return status;
        request.sector = start + machine.writtenAt;
      } else if (append) return Status.ioError;
    }
    if (this.memoryBacked) this.keep(request);
    return OK;
  }

  private keep(request: Request): void {
    const { store } = this.media;
    let at = request.sector;
    for (let bio = request.first; bio !== null; bio = bio.next) {
      if (bio.payload !== null) store.write(at, bio.payload);
      at += bio.sectors;
    }
  }

  private writeZeroes(request: Request): BlockStatus {
    if (this.zoneStride > 0 && this.isSequentialZone(request.sector)) {
      const zone = Math.floor(request.sector / this.zoneStride);
      const offset = request.sector - zone * this.zoneStride;
      const status = this.machine.write(zone, offset, request.sectors, false);
      if (status !== Status.ok) return status;
    }
    this.media.store.discard(request.sector, request.sectors);
    return Status.ok;
  }

  private read(request: Request): BlockStatus {
    for (let bio = request.first; bio !== null; bio = bio.next) {
      const payload = this.readRange(bio.sector, bio.sectors);
      if (payload === null) return Status.ioError;
      bio.payload = payload;
    }
    return Status.ok;
  }

  /** The data as a read sees it; null when it cannot be read. */
  private readRange(sector: number, sectors: number): Payload | null {
    if (!this.memoryBacked) return new FillPayload(0, sectors * SECTOR_BYTES);
    if (this.zoneStride === 0) return this.media.store.read(sector, sectors);
    const parts: Payload[] = [];
    const end = sector + sectors;
    let at = sector;
    while (at < end) {
      const zone = Math.floor(at / this.zoneStride);
      const start = zone * this.zoneStride;
      const stop = Math.min(end, start + this.zoneStride);
      if (this.media.cond[zone] === ZoneCond.offline) return null;
      const valid = Math.min(stop, start + this.readable(zone));
      if (at < valid) parts.push(this.media.store.read(at, valid - at));
      const fill = Math.max(at, valid);
      // Above the write pointer null_blk gives 0xff and SCSI disks zeroes; it is no error.
      if (fill < stop) parts.push(new FillPayload(this.fillByte, (stop - fill) * SECTOR_BYTES));
      at = stop;
    }
    return parts.length === 1 ? parts[0]! : concat(parts);
  }

  private readable(zone: number): number {
    if (this.media.type[zone] === ZoneType.conventional) return this.zoneStride;
    const wp = this.media.wp[zone]!;
    return wp === NO_WP ? this.zoneStride : wp;
  }

  zoneChanged(zone: number, condBefore: number, wpBefore: number): void {
    const { trace } = this;
    if (!trace.enabled) return;
    const stride = this.zoneStride;
    const cond = this.media.cond[zone]!;
    const wp = this.media.wp[zone]!;
    trace.recordZone(this.zoneRecords, zone * stride, stride, condBefore, cond, wpBefore, wp);
  }
}
