/**
 * The request queue of a disk (block/blk-mq.c, blk-merge.c, mq-deadline.c): bios are split to the queue's limits,
 * may be merged while their task is plugged, become requests, wait for the lock or the write plug of their zone,
 * go to the driver and complete as events of the loop.
 *
 * Splitting is lazy outside a plug: the next part is cut when the one before is done. That is the order recorded for
 * such bios, on disks below a mapping too, because null_blk ends each part while it is being sent; so whoever sends
 * another bio finds no rest of an earlier one. Parts of a bio that a plugged task sent are all cut first, and so are
 * those for a device that takes time.
 */

import { PAGE_SECTORS, roundDown, SECTOR_BYTES } from '../kernel/units.ts';
import { Pool } from '../sim/pool.ts';
import type { Runner } from '../sim/task.ts';
import { type Trace, TraceKind, TraceSource } from '../sim/trace.ts';
import type { BaseBlockDevice } from './base-device.ts';
import { type Bio, Flag, Op } from './bio.ts';
import { flushIsNext, planFlushes, startFlush, stepDone } from './flush.ts';
import { ioErrorLine } from './io-error.ts';
import { concat } from './payload.ts';
import type { ZoneWritePlugs } from './plug.ts';
import { Request } from './request.ts';
import { type BlockStatus, Status, statusToErrno } from './status.ts';
import type { TimedDispatch } from './timed.ts';
import { ZoneLocks } from './zone-lock.ts';

const { read: READ, write: WRITE, zoneAppend: ZONE_APPEND } = Op;
const { ok: OK } = Status;
const { rqIssue: RQ_ISSUE, rqComplete: RQ_COMPLETE } = TraceKind;

export interface Driver {
  /** Does the request now; an append's request gets the sector written, a read's bios their payloads. */
  execute(request: Request): BlockStatus;
  /** What the driver itself traces and logs of a request that failed, before the block layer does. */
  failed?(request: Request): void;
}

/** A bio that is being split. */
interface Split {
  readonly queue: RequestQueue;
  readonly bio: Bio;
  readonly children: Bio[];
  /** Who sent it, and so cuts and sends every part of it. */
  readonly sender: Runner | null;
  /** Where the next part starts. */
  at: number;
}

export class RequestQueue {
  readonly device: BaseBlockDevice;
  plugs: ZoneWritePlugs | null = null;
  /** How requests reach a device that takes time; null: at once, and they end within the instant. */
  timed: TimedDispatch | null = null;
  private readonly driver: Driver;
  private readonly trace: Trace;
  private readonly issued: TraceSource;
  private readonly completed: TraceSource;
  private locks: ZoneLocks | null = null;
  private readonly free = new Pool<Request>();
  /** A bio whose rest is still to be cut. */
  private lazy: Split | null = null;
  private plugFirst: Request | null = null;
  private plugLast: Request | null = null;
  private maxSectors = 0;
  private chunkSectors = 0;
  private blockSectors = 1;
  private writeBlockSectors = 1;
  private physicalSectors = 1;
  private maxDiscardSectors = 0;
  private maxZeroesSectors = 0;
  private readonly rqErrorEvent: boolean;

  constructor(device: BaseBlockDevice, driver: Driver) {
    this.device = device;
    this.driver = driver;
    this.trace = device.block.host.trace;
    this.issued = new TraceSource(RQ_ISSUE, device.traceName);
    this.completed = new TraceSource(RQ_COMPLETE, device.traceName);
    this.rqErrorEvent = device.block.host.kernel.block.rqErrorEvent;
  }

  /** Reads the device's limits again. Call it whenever they, or the scheduler, have changed. */
  update(): void {
    const { limits } = this.device;
    const perPage = limits.max_segments.value * PAGE_SECTORS;
    // A page is a segment: pages of one bio seldom lie next to each other, so max_segments bounds its length too.
    this.maxSectors = Math.min(limits.max_sectors.value, perPage || limits.max_sectors.value);
    this.chunkSectors = limits.chunk_sectors.value;
    this.blockSectors = limits.logical_block_size.value / SECTOR_BYTES;
    this.writeBlockSectors = Math.max(
      this.blockSectors,
      limits.zone_write_granularity.value / SECTOR_BYTES,
    );
    this.physicalSectors = limits.physical_block_size.value / SECTOR_BYTES;
    this.maxDiscardSectors = limits.max_discard_sectors.value;
    this.maxZeroesSectors = limits.max_write_zeroes_sectors.value;
    const { kernel } = this.device.block.host;
    const locked =
      kernel.block.zoneWriteOrder === 'zone-lock' &&
      this.device.nrZones > 0 &&
      this.device.queue.scheduler === 'mq-deadline';
    if (!locked) this.locks = null;
    else this.locks ??= new ZoneLocks(this);
  }

  submit(bio: Bio): void {
    if (this.lazy !== null) this.sendRest(this.lazy);
    const { op, sector, sectors } = bio;
    const most = op === WRITE || op === READ ? this.maxSectors : this.mostSectors(bio);
    const chunk = this.chunkSectors;
    const whole = chunk === 0 || op === ZONE_APPEND || chunk - (sector % chunk) >= sectors;
    if (whole && sectors <= most) this.enter(bio);
    else this.split(bio, most);
  }

  /** Takes a bio that a write plug lets through: it is cut and prepared already. */
  submitPlugged(bio: Bio): void {
    this.insert(bio);
  }

  /** Sends what a plugged task has gathered (blk_flush_plug()). */
  flush(): void {
    let request = this.plugFirst;
    this.plugFirst = null;
    this.plugLast = null;
    while (request !== null) {
      const next = request.next;
      request.next = null;
      this.order(request);
      request = next;
    }
  }

  /** May `bio` be joined to the end of `request`? */
  canMerge(request: Request, bio: Bio): boolean {
    return (
      request.op === bio.op &&
      (bio.op === Op.read || bio.op === Op.write) &&
      ((request.flags | bio.flags) & Flag.noMerge) === 0 &&
      request.endSector === bio.sector &&
      request.sectors + bio.sectors <= this.maxSectors &&
      (this.chunkSectors === 0 ||
        (request.sector % this.chunkSectors) + request.sectors + bio.sectors <= this.chunkSectors)
    );
  }

  /** The request goes to the driver. */
  traceIssue(request: Request): void {
    this.trace.recordBio(this.issued, request, 0);
  }

  /** What else befalls a request, but for its end. */
  traceRequest(kind: number, request: Request, errno: number): void {
    this.trace.recordRarely(kind, this.device.traceName, request, errno);
  }

  private mostSectors(bio: Bio): number {
    switch (bio.op) {
      case READ:
      case WRITE:
        return this.maxSectors;
      case Op.discard:
        return this.maxDiscardSectors;
      case Op.writeZeroes:
        return this.maxZeroesSectors;
      default:
        // Appends, zone management and flushes are never split.
        return bio.sectors;
    }
  }

  private roomInChunk(bio: Bio, sector: number): number {
    if (this.chunkSectors === 0 || bio.op === Op.zoneAppend) return bio.endSector - sector;
    return this.chunkSectors - (sector % this.chunkSectors);
  }

  /** Sectors of the part that starts at `sector` (get_max_io_size()): physical blocks whole where possible. */
  private partSectors(bio: Bio, sector: number, most: number): number {
    const left = bio.endSector - sector;
    const room = Math.min(most, this.roomInChunk(bio, sector));
    if (left <= room) return left;
    const start = sector % this.physicalSectors;
    const whole = roundDown(start + room, this.physicalSectors) - start;
    if (whole > 0) return whole;
    const step = bio.isWrite ? this.writeBlockSectors : this.blockSectors;
    return Math.max(roundDown(room, step), step);
  }

  private split(bio: Bio, most: number): void {
    let parts = 0;
    for (let at = bio.sector; at < bio.endSector; at += this.partSectors(bio, at, most)) parts += 1;
    bio.remaining += parts - 1;
    const sender = this.device.block.host.tasks.actor;
    const split: Split = { queue: this, bio, children: [], sender, at: bio.sector };
    // Readahead runs in a plug of its own.
    const plugged = this.device.block.plugged && this.mayGather(bio.op);
    const gathered = plugged || (bio.flags & Flag.readahead) !== 0 || this.timed !== null;
    if (!gathered) {
      this.lazy = split;
      this.nextPart(split);
      return;
    }
    while (split.at < bio.endSector) this.cut(split, most);
    for (const child of split.children) this.enter(child);
  }

  nextPart(split: Split): void {
    this.enter(this.cut(split, this.mostSectors(split.bio)));
  }

  private sendRest(split: Split): void {
    while (split.at < split.bio.endSector) this.nextPart(split);
  }

  private cut(split: Split, most: number): Bio {
    const { bio } = split;
    const sectors = this.partSectors(bio, split.at, most);
    const child = this.device.block.bios.clone(bio);
    child.flags = bio.flags & ~(Flag.top | Flag.plugged);
    child.sector = split.at;
    child.sectors = sectors;
    if (bio.payload !== null) {
      const from = (split.at - bio.sector) * SECTOR_BYTES;
      child.payload = bio.payload.slice(from, sectors * SECTOR_BYTES);
    }
    child.context = split;
    child.onEnd = endPart;
    split.at += sectors;
    split.children.push(child);
    if (split.at < bio.endSector) {
      const { id, op, flags } = bio;
      const part = { id, op, flags, sector: child.sector, sectors };
      this.trace.recordRarely(TraceKind.bioSplit, this.device.traceName, part, split.at);
      child.flags |= Flag.noMerge;
    } else if (this.lazy === split) this.lazy = null;
    return child;
  }

  /** A part has ended (endPart): brings a read's data together and sends the next part of a lazy split. */
  partEnded(child: Bio): void {
    const split = child.context as Split;
    const { bio, children } = split;
    const { status } = child;
    if (bio.remaining > 1) {
      bio.end(status);
      if (split.at < bio.endSector) {
        this.device.block.host.tasks.actAs(split.sender, sendNextPart, split);
      }
      return;
    }
    if (bio.op === Op.read) {
      const parts = children.map((part) => part.payload);
      if (parts.every((part) => part !== null)) bio.payload = concat(parts);
    }
    for (const part of children) this.device.block.bios.give(part);
    bio.end(status);
  }

  private enter(bio: Bio): void {
    if (this.plugLast !== null && this.mergePlugged(bio)) return;
    if (this.plugs?.plug(bio) === true) return;
    this.insert(bio);
  }

  /** Makes a request of `bio`, which is gathered while its task is plugged, else ordered at once. */
  private insert(bio: Bio): void {
    const request = this.free.take() ?? new Request(this);
    request.start(bio);
    planFlushes(request, this.device.queue);
    if (this.plugs !== null && (bio.flags & Flag.plugged) !== 0) {
      request.zone = Math.floor(bio.sector / this.chunkSectors);
      this.plugs.mergeQueued(request, this);
    }
    if (this.device.block.plugged && this.mayGather(bio.op)) this.gather(request);
    else this.order(request);
  }

  private gather(request: Request): void {
    const { block } = this.device;
    if (this.plugLast === null) {
      this.plugFirst = request;
      block.gathers(this);
    } else this.plugLast.next = request;
    this.plugLast = request;
  }

  /** Up to 6.9 writes to a zoned device pass a task's plug by, or they would be reordered (blk_mq_plug()). */
  private mayGather(op: number): boolean {
    return this.locks === null || (op & 1) === 0;
  }

  private mergePlugged(bio: Bio): boolean {
    const last = this.plugLast!;
    if (!this.canMerge(last, bio)) return false;
    if (last.zone >= 0 && this.plugs !== null && !this.plugs.merged(last.zone, bio)) return false;
    this.merge(last, bio);
    return true;
  }

  /** Joins `bio` to `request`; canMerge() said it may. */
  merge(request: Request, bio: Bio): void {
    this.trace.recordRarely(TraceKind.bioBackmerge, this.device.traceName, bio, 0);
    request.add(bio);
  }

  private order(request: Request): void {
    if (this.locks !== null) {
      if (this.explored) this.touchLock(Math.floor(request.sector / this.chunkSectors));
      if (!this.locks.take(request, this)) return;
    }
    this.dispatch(request);
  }

  /** Joins a request of one bio to the end of one that waits; false when it cannot be. */
  join(into: Request, request: Request): boolean {
    const bio = request.first!;
    if (bio !== request.last || !this.canMerge(into, bio)) return false;
    this.merge(into, bio);
    this.recycle(request);
    return true;
  }

  private recycle(request: Request): void {
    request.first = null;
    request.last = null;
    request.next = null;
    this.free.give(request);
  }

  private dispatch(request: Request): void {
    if (request.steps === 0) this.send(request);
    else this.nextStep(request);
  }

  private nextStep(request: Request): void {
    if (!flushIsNext(request)) {
      this.send(request);
      return;
    }
    const flush = this.free.take() ?? new Request(this);
    startFlush(flush, request);
    this.send(flush);
  }

  private send(request: Request): void {
    if (this.timed !== null) {
      this.timed.dispatch(request);
      return;
    }
    this.traceIssue(request);
    request.status = this.driver.execute(request);
    this.device.block.host.loop.post(completeRequest, request);
  }

  /** The request is done (completeRequest): tells trace and log, ends its bios, lets the next write of the zone go. */
  complete(request: Request): void {
    const { status, owner } = request;
    if (status !== OK) this.driver.failed?.(request);
    this.trace.recordBio(this.completed, request, statusToErrno(status));
    if (owner !== null) {
      this.recycle(request);
      this.stepEnded(owner, status);
      return;
    }
    if (status !== OK) this.reportError(request);
    if (request.steps === 0) this.finish(request);
    else this.stepEnded(request, status);
  }

  /** blk_flush_complete_seq(): the next step; after the last, or one that failed, all of it ends, for the log once more. */
  private stepEnded(request: Request, status: BlockStatus): void {
    request.status = status;
    if (status === OK && stepDone(request)) {
      this.nextStep(request);
      return;
    }
    const { id, op, flags, sector } = request;
    const ended = { id, op, flags, sector, sectors: 0 };
    this.trace.recordBio(this.completed, ended, statusToErrno(status));
    if (status !== OK) this.reportError(request);
    this.finish(request);
  }

  private finish(request: Request): void {
    const { status, zone } = request;
    let bio = request.first;
    while (bio !== null) {
      const next = bio.next;
      bio.next = null;
      if (this.plugs !== null) this.plugs.bioEnded(bio, status);
      // The device chose the place: the driver left it in the request.
      if (bio.op === ZONE_APPEND) bio.sector = request.sector;
      bio.end(status);
      bio = next;
    }
    this.recycle(request);
    if (zone < 0) return;
    if (this.locks !== null) {
      if (this.explored) this.touchLock(zone);
      const waiting = this.locks.release(zone);
      if (waiting !== null) this.dispatch(waiting);
    } else this.plugs?.requestFinished(zone);
  }

  private get explored(): boolean {
    return this.device.block.host.explored;
  }

  private touchLock(zone: number): void {
    this.device.block.host.touch('zone lock', this.device.name, zone, true);
  }

  private reportError(request: Request): void {
    const { host } = this.device.block;
    host.printk(
      'err',
      ioErrorLine(
        host.kernel,
        request.status,
        this.device.name,
        request.op,
        request.flags,
        request.sector,
        request.sectors,
      ),
    );
    if (!this.rqErrorEvent) return;
    this.traceRequest(TraceKind.rqError, request, statusToErrno(request.status));
  }
}

function completeRequest(request: Request): void {
  request.queue.complete(request);
}
completeRequest.label = ({ queue, op, sector, sectors }: Request): string =>
  `${queue.device.name} ends op ${op} at ${sector}+${sectors}`;

function sendNextPart(split: Split): void {
  split.queue.nextPart(split);
}

function endPart(child: Bio): void {
  (child.context as Split).queue.partEnded(child);
}
