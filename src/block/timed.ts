/**
 * The last step of a request on a machine that has time: from the CPU that made it to the device, where it may wait for
 * a free place, and back when the disk's clock says. One per request queue; without costs and clocks there is none, and
 * requests end within the instant.
 *
 * A request takes effect when it starts at the device, in order of arrival: what a write pointer accepts is decided
 * there, not when the CPU sent it. Costs of the CPU come before arrival, so two CPUs may arrive in another order than
 * they were given places in; only locks and plugs above prevent that.
 */

import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Cpu } from '../sim/cpu.ts';
import { Op } from './bio.ts';
import { Command, type DiskClock } from './clock.ts';
import { ZoneType } from './device.ts';
import type { ZonedMedia } from './media.ts';
import { NO_WP } from './media.ts';
import type { Driver, RequestQueue } from './queue.ts';
import type { Request } from './request.ts';

/** What a disk has done with its time. ns; `busyNs` and `idleNs` add up to `elapsedNs`. */
export interface DiskUse {
  readonly commands: number;
  readonly bytes: number;
  readonly busyNs: number;
  readonly idleNs: number;
  readonly elapsedNs: number;
  /** The most commands that were under way together. */
  readonly mostAtOnce: number;
}

export class TimedDispatch {
  private readonly queue: RequestQueue;
  private readonly driver: Driver;
  private readonly media: ZonedMedia;
  private readonly cpu: Cpu;
  private readonly clock: DiskClock | null;
  private readonly command = new Command();
  /** Requests that arrived while the device was full. */
  private first: Request | null = null;
  private last: Request | null = null;
  private atDevice = 0;
  private readonly startedNs: number;
  private changedNs: number;
  private busyNs = 0;
  private idleNs = 0;
  private commands = 0;
  private bytes = 0;
  private mostAtOnce = 0;

  constructor(
    queue: RequestQueue,
    driver: Driver,
    media: ZonedMedia,
    cpu: Cpu,
    clock: DiskClock | null,
  ) {
    this.queue = queue;
    this.driver = driver;
    this.media = media;
    this.cpu = cpu;
    this.clock = clock;
    this.startedNs = this.nowNs;
    this.changedNs = this.nowNs;
  }

  get use(): DiskUse {
    this.tick();
    const { commands, bytes, busyNs, idleNs, mostAtOnce } = this;
    return { commands, bytes, busyNs, idleNs, elapsedNs: this.nowNs - this.startedNs, mostAtOnce };
  }

  /** A request has to wait for the lock of its zone. */
  parked(request: Request): void {
    this.cpu.waits.park(request, this.nowNs);
  }

  /** Takes a request that no lock holds up (any more). */
  dispatch(request: Request): void {
    const { cpu } = this;
    cpu.waits.unpark('zone-lock', request, this.nowNs);
    const { bioNs, requestNs, schedulerNs, joinNs } = cpu.costs;
    // Flushes pass the scheduler by.
    const scheduled =
      this.queue.device.queue.scheduler === 'mq-deadline' && request.op !== Op.flush;
    let bios = 0;
    for (let bio = request.first; bio !== null; bio = bio.next) bios += 1;
    const each = bioNs + (scheduled ? joinNs : 0);
    cpu.charge('block', requestNs + each * bios + (scheduled ? schedulerNs - joinNs : 0));
    request.cpu = cpu.context;
    const { behindNs } = cpu;
    if (behindNs === 0) this.arrive(request);
    else this.queue.device.block.host.loop.post(arrived, request, behindNs);
  }

  arrive(request: Request): void {
    const depth = this.clock?.queueDepth ?? Number.POSITIVE_INFINITY;
    if (this.atDevice < depth && this.first === null) {
      this.start(request);
      return;
    }
    request.next = null;
    if (this.last === null) this.first = request;
    else this.last.next = request;
    this.last = request;
    this.cpu.waits.park(request, this.nowNs);
  }

  /** The device has ended a request. */
  ended(request: Request): void {
    this.tick();
    this.atDevice -= 1;
    this.cpu.actOn(request.cpu, completeOn, request);
    const next = this.first;
    if (next === null) return;
    this.first = next.next;
    if (this.first === null) this.last = null;
    next.next = null;
    this.cpu.waits.unpark('device-queue', next, this.nowNs);
    this.start(next);
  }

  private get nowNs(): number {
    return this.queue.device.block.host.loop.nowNs;
  }

  private start(request: Request): void {
    this.tick();
    this.atDevice += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atDevice);
    this.commands += 1;
    this.bytes += request.sectors * SECTOR_BYTES;
    const { nowNs } = this;
    this.queue.traceIssue(request);
    const serviceNs =
      this.clock === null ? 0 : this.clock.start(this.describe(request), nowNs) - nowNs;
    request.status = this.driver.execute(request);
    this.cpu.waits.add('device', serviceNs);
    const { completionNs } = this.cpu.costs;
    this.queue.device.block.host.loop.post(endRequest, request, serviceNs + completionNs);
  }

  private describe(request: Request): Command {
    const { command, media } = this;
    command.op = request.op;
    command.sector = request.sector;
    command.bytes = request.sectors * SECTOR_BYTES;
    const somewhere = media.zoned && request.op !== Op.flush;
    const zone = somewhere ? Math.floor(request.sector / media.zoneSizeSectors) : -1;
    if (zone < 0 || media.type[zone] === ZoneType.conventional) {
      command.zone = -1;
      command.cond = 0;
      command.writtenBytes = 0;
      command.capacityBytes = 0;
      return command;
    }
    const wp = media.wp[zone]!;
    // An append names its zone's start; what an arm has to find is where its data goes.
    if (request.op === Op.zoneAppend && wp !== NO_WP) command.sector += wp;
    command.zone = zone;
    command.cond = media.cond[zone]!;
    command.writtenBytes = wp === NO_WP ? 0 : wp * SECTOR_BYTES;
    command.capacityBytes = media.zoneCapacity(zone) * SECTOR_BYTES;
    return command;
  }

  /** Counts the time since the last change as busy or idle. */
  private tick(): void {
    const { nowNs } = this;
    if (this.atDevice > 0) this.busyNs += nowNs - this.changedNs;
    else this.idleNs += nowNs - this.changedNs;
    this.changedNs = nowNs;
  }
}

function arrived(request: Request): void {
  request.queue.timed!.arrive(request);
}
arrived.label = (request: Request): string =>
  `${request.queue.device.name} is reached by ${name(request)}`;

function endRequest(request: Request): void {
  request.queue.timed!.ended(request);
}
endRequest.label = (request: Request): string =>
  `${request.queue.device.name} completes ${name(request)}`;

function completeOn(request: Request): void {
  request.queue.complete(request);
}

function name(request: Request): string {
  return `op ${request.op} ${request.sector}+${request.sectors}`;
}
