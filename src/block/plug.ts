/**
 * Zone write plugs (block/blk-zoned.c, 6.10 and later): per zone that is being written, a write pointer and a queue
 * of bios, so that one write per zone is under way whatever scheduler the disk has; and the emulation of zone append
 * for devices that cannot do it. Used by disks on the parts of a split bio, and by mapped devices on the original
 * bio before it is cloned.
 *
 * After a failed write a plug no longer knows the pointer. Up to 6.12 a worker asks the device by itself and queued
 * bios wait for it; from 6.13 on (and in late 6.12.y) everything fails until somebody reports, resets or finishes
 * the zone. The one-write-at-a-time mode of rotational disks in 7.x is not modelled.
 */

import type { CpuContext } from '../sim/cpu.ts';
import { TraceKind } from '../sim/trace.ts';
import type { BaseBlockDevice } from './base-device.ts';
import { type Bio, Flag, Op } from './bio.ts';
import { ZoneType, type ZoneView } from './device.ts';
import type { RequestQueue } from './queue.ts';
import type { Request } from './request.ts';
import { type BlockStatus, Status } from './status.ts';
import { wpOffset } from './wp-offset.ts';

/** Who owns the plugs: where bios go on once a plug lets them. */
export interface PlugOwner {
  readonly device: BaseBlockDevice;
  /**
   * Sends a bio that waited: to the driver, or to the targets. It must not be plugged again. False: the worker that
   * sends it sleeps, and for good.
   */
  submitPlugged(bio: Bio): boolean;
  /** A bio that waited waits no more (ZoneWritePlugs.parked). */
  plugLeft?(): void;
}

class Plug {
  readonly plugs: ZoneWritePlugs;
  readonly zone: number;
  /** Where the next write must start, in sectors from the zone's start. */
  wpOffset: number;
  /** A write is under way, or a worker will send one. */
  plugged = false;
  /** The pointer is not known since a write failed. */
  needsUpdate = false;
  dead = false;
  /** The CPU its worker runs on: where the write before ended. */
  cpu: CpuContext | null = null;
  first: Bio | null = null;
  last: Bio | null = null;

  constructor(plugs: ZoneWritePlugs, zone: number, wpOffset: number) {
    this.plugs = plugs;
    this.zone = zone;
    this.wpOffset = wpOffset;
  }

  push(bio: Bio): void {
    bio.next = null;
    if (this.last === null) this.first = bio;
    else this.last.next = bio;
    this.last = bio;
  }

  shift(): Bio | null {
    const bio = this.first;
    if (bio === null) return null;
    this.first = bio.next;
    if (this.first === null) this.last = null;
    bio.next = null;
    return bio;
  }
}

/** Where the kernel fails a bio that never reaches the device, by the model's name for it. */
const REFUSED_IN = {
  'append-conventional': 'blk_zone_wplug_handle_write',
  'manage-conventional': 'blk_zone_wplug_handle_reset_or_finish',
  'write-pointer': 'blk_zone_wplug_prepare_bio',
  aborted: 'disk_zone_wplug_abort',
} as const;

/** One zone's plug as debugfs shows it (zone_wplugs). */
export interface PlugView {
  readonly zone: number;
  readonly wpOffset: number;
  readonly plugged: boolean;
  readonly needsUpdate: boolean;
  readonly waiting: number;
}

export class ZoneWritePlugs {
  /** Appends become writes here. */
  readonly emulatesAppend: boolean;
  /** Bios that wait, or that a worker sleeps over. */
  parked = 0;
  private readonly owner: PlugOwner;
  private readonly plugs = new Map<number, Plug>();
  private readonly automaticRepair: boolean;
  private readonly zoneSectors: number;
  private capacity = 0;
  private lastCapacity = 0;
  private nrZones = 0;
  private conventional = new Uint8Array(0);

  constructor(owner: PlugOwner, emulatesAppend: boolean) {
    this.owner = owner;
    this.emulatesAppend = emulatesAppend;
    this.zoneSectors = owner.device.limits.chunk_sectors.value;
    this.automaticRepair = owner.device.block.host.kernel.block.plugRecovery === 'automatic-report';
  }

  /**
   * blk_revalidate_disk_zones(): learns the zones from a report and makes plugs for those partly written. Returns 0
   * or the report's negative errno. `report` is the device's own, without its repairs.
   */
  revalidate(report: (visit: (zone: ZoneView) => void) => number): number {
    const { block, nrZones } = this.owner.device;
    const precreate = this.emulatesAppend || block.host.kernel.block.plugPrecreate === 'all';
    this.nrZones = nrZones;
    this.conventional = new Uint8Array(nrZones);
    const result = report((zone) => {
      const number = Math.floor(zone.start / this.zoneSectors);
      if (zone.type === ZoneType.conventional) {
        this.conventional[number] = 1;
        return;
      }
      if (number === nrZones - 1) this.lastCapacity = zone.capacity;
      else this.capacity = zone.capacity;
      const offset = wpOffset(zone, this.zoneSectors);
      if (!precreate || offset === 0 || offset >= zone.capacity) return;
      this.plugs.set(number, new Plug(this, number, offset));
    });
    if (this.capacity === 0) this.capacity = this.lastCapacity || this.zoneSectors;
    if (this.lastCapacity === 0) this.lastCapacity = this.capacity;
    return Math.min(result, 0);
  }

  /**
   * blk_zone_plug_bio(). False: the bio goes on to the driver now, perhaps as another operation elsewhere (an
   * emulated append). True: it waits here, or has ended.
   */
  plug(bio: Bio): boolean {
    this.touch(Math.floor(bio.sector / this.zoneSectors));
    switch (bio.op) {
      case Op.write:
      case Op.writeZeroes:
        return this.plugWrite(bio);
      case Op.zoneAppend:
        if (this.emulatesAppend) return this.plugWrite(bio);
        this.nativeAppend(bio);
        return false;
      case Op.zoneReset:
      case Op.zoneFinish:
        return this.plugManagement(bio);
      default:
        return false;
    }
  }

  /**
   * A bio that passed here is about to end with `status` (blk_zone_bio_endio()): gives an emulated append its name
   * back, takes note of failures and of resets. Call it before `bio.end`; the sector is the real one already.
   */
  bioEnded(bio: Bio, status: BlockStatus): void {
    if ((bio.flags & Flag.plugged) === 0) {
      if (bio.op >= Op.zoneFinish && status === Status.ok) this.zoneManaged(bio);
      return;
    }
    const zone = Math.floor(bio.sector / this.zoneSectors);
    this.touch(zone);
    this.unmark(bio);
    if (status === Status.ok) return;
    const plug = this.plugs.get(zone);
    if (plug === undefined) return;
    plug.needsUpdate = true;
    if (this.automaticRepair) this.scheduleRepair(plug);
    else this.abort(plug);
  }

  /** The write of `zone` is done: the next may go. Disks call it per request, mapped devices per bio. */
  requestFinished(zone: number): void {
    this.touch(zone);
    const plug = this.plugs.get(zone);
    if (plug === undefined) return;
    if (plug.first === null) {
      plug.plugged = false;
      this.dropIfUseless(plug);
      return;
    }
    // While a report is on its way to repair it, that report goes on with what waits.
    if (plug.needsUpdate && this.automaticRepair) return;
    const { loop, cpu } = this.owner.device.block.host;
    if (cpu !== null) plug.cpu = cpu.context;
    loop.post(runPlug, plug);
  }

  /** For devices without requests: ends a bio that went through `plug`, with all that follows from it. */
  endBio(bio: Bio, status: BlockStatus, fromSector: number): void {
    const zone = (bio.flags & Flag.plugged) === 0 ? -1 : Math.floor(bio.sector / this.zoneSectors);
    this.bioEnded(bio, status);
    this.owner.device.endBio(bio, status, fromSector);
    if (zone >= 0) this.requestFinished(zone);
  }

  /** A zone was reported: a plug that lost its pointer takes it from there (disk_zone_wplug_sync_wp_offset()). */
  reported(zone: ZoneView): void {
    const number = Math.floor(zone.start / this.zoneSectors);
    const plug = this.plugs.get(number);
    this.touch(number, plug?.needsUpdate === true);
    if (plug?.needsUpdate === true) this.setPointer(plug, wpOffset(zone, this.zoneSectors));
  }

  /** A bio was joined to the write of `zone` that is being built; false when it does not belong there. */
  merged(zone: number, bio: Bio): boolean {
    const plug = this.plugs.get(zone);
    if (plug === undefined || plug.first !== null) return false;
    if (bio.sector - zone * this.zoneSectors !== plug.wpOffset) return false;
    bio.flags |= Flag.plugged;
    plug.wpOffset += bio.sectors;
    return true;
  }

  /** Joins waiting bios that continue `request` to it (blk_zone_write_plug_init_request()). */
  mergeQueued(request: Request, queue: RequestQueue): void {
    const plug = this.plugs.get(request.zone);
    while (plug !== undefined && plug.first !== null && queue.canMerge(request, plug.first)) {
      const bio = plug.shift()!;
      this.waited(bio);
      plug.wpOffset += bio.sectors;
      queue.merge(request, bio);
    }
  }

  /** The plugs there are, for debugfs. */
  *views(): Generator<PlugView, void, void> {
    for (const plug of this.plugs.values()) {
      let waiting = 0;
      for (let bio = plug.first; bio !== null; bio = bio.next) waiting += 1;
      const { zone, wpOffset, plugged, needsUpdate } = plug;
      yield { zone, wpOffset, plugged, needsUpdate, waiting };
    }
  }

  /** Sends the next waiting bio; those that do not stand at the pointer fail one after another (the worker). */
  run(plug: Plug): void {
    this.touch(plug.zone);
    for (let bio = plug.shift(); bio !== null; bio = plug.shift()) {
      this.waited(bio);
      if (this.prepare(plug, bio)) {
        if (!this.owner.submitPlugged(bio)) this.parked += 1;
        return;
      }
      // Failing a bio that waited takes nothing from the plug's knowledge of its pointer.
      this.note('write-pointer', bio, plug);
      this.unmark(bio);
      this.owner.device.endBio(bio, Status.ioError);
    }
    plug.plugged = false;
    this.dropIfUseless(plug);
  }

  /** The worker: run(), on the CPU it is bound to where CPUs are told apart. */
  work(plug: Plug): void {
    const { cpu } = this.owner.device.block.host;
    if (cpu === null) this.run(plug);
    else cpu.actOn(plug.cpu, runNow, plug);
  }

  /** A bio that was parked goes on, or ends: what it waited, and what its worker costs. */
  private waited(bio: Bio): void {
    this.parked -= 1;
    this.owner.plugLeft?.();
    const { cpu, loop } = this.owner.device.block.host;
    if (cpu === null) return;
    cpu.waits.unpark('plug', bio, loop.nowNs);
    cpu.charge('block', cpu.costs.plugWorkerNs);
  }

  /** 6.10 to 6.12: asks the device where the pointer is, then goes on with what waits. */
  repair(plug: Plug): void {
    let offset = plug.wpOffset;
    const { device } = this.owner;
    this.touch(plug.zone);
    device.reportZones(plug.zone * this.zoneSectors, 1, (zone) => {
      offset = wpOffset(zone, this.zoneSectors);
    });
    plug.needsUpdate = false;
    plug.wpOffset = offset;
    this.run(plug);
  }

  private plugWrite(bio: Bio): boolean {
    const zone = Math.floor(bio.sector / this.zoneSectors);
    if (this.conventional[zone] === 1) {
      if (bio.op !== Op.zoneAppend) return false;
      this.note('append-conventional', bio, null);
      this.owner.device.endBio(bio, Status.ioError);
      return true;
    }
    let plug = this.plugs.get(zone);
    if (plug === undefined) {
      // A new plug believes its first write: a misaligned one reaches the device and fails there.
      plug = new Plug(this, zone, bio.sector - zone * this.zoneSectors);
      this.plugs.set(zone, plug);
    }
    bio.flags |= Flag.plugged;
    if (plug.plugged) {
      this.park(plug, bio);
      return true;
    }
    if (this.prepare(plug, bio)) {
      plug.plugged = true;
      return false;
    }
    if (this.automaticRepair && plug.wpOffset < this.capacityOf(zone)) {
      plug.plugged = true;
      plug.needsUpdate = true;
      this.park(plug, bio);
      this.scheduleRepair(plug);
      return true;
    }
    this.note('write-pointer', bio, plug);
    this.bioEnded(bio, Status.ioError);
    this.owner.device.endBio(bio, Status.ioError);
    return true;
  }

  /** Gives the bio its place and moves the pointer past it; false when it may not be sent. */
  private prepare(plug: Plug, bio: Bio): boolean {
    if (plug.needsUpdate || plug.wpOffset >= this.capacityOf(plug.zone)) return false;
    if (bio.op === Op.zoneAppend) {
      const start = bio.sector;
      bio.op = Op.write;
      bio.flags |= Flag.noMerge | Flag.emulatedAppend;
      bio.sector += plug.wpOffset;
      this.traceBio(TraceKind.appendEmulated, bio, start);
    } else if (bio.sector - plug.zone * this.zoneSectors !== plug.wpOffset) return false;
    plug.wpOffset += bio.sectors;
    return true;
  }

  private park(plug: Plug, bio: Bio): void {
    plug.push(bio);
    this.parked += 1;
    const { cpu, loop } = this.owner.device.block.host;
    if (cpu !== null) cpu.waits.park(bio, loop.nowNs);
    this.traceBio(TraceKind.plugAdd, bio, plug.zone);
  }

  private plugManagement(bio: Bio): boolean {
    const zone = Math.floor(bio.sector / this.zoneSectors);
    if (this.conventional[zone] === 1) {
      this.note('manage-conventional', bio, null);
      this.owner.device.endBio(bio, Status.ioError);
      return true;
    }
    if (this.owner.device.block.host.kernel.block.plugResetAt === 'submission') {
      this.zoneManaged(bio);
    }
    return false;
  }

  /** A reset or finish takes effect on the plugs: at its completion, in early kernels at its submission. */
  private zoneManaged(bio: Bio): void {
    if (bio.op === Op.zoneResetAll) {
      for (const plug of this.plugs.values()) {
        this.touch(plug.zone);
        this.setPointer(plug, 0);
      }
      return;
    }
    this.touch(Math.floor(bio.sector / this.zoneSectors));
    const plug = this.plugs.get(Math.floor(bio.sector / this.zoneSectors));
    if (plug === undefined) return;
    this.setPointer(plug, bio.op === Op.zoneReset ? 0 : this.zoneSectors);
  }

  /** For explorers: what runs now changes the plug of `zone`, or only looks at it. */
  private touch(zone: number, changes = true): void {
    const { device } = this.owner;
    device.block.host.touch('zone plug', device.name, zone, changes);
  }

  private setPointer(plug: Plug, offset: number): void {
    plug.needsUpdate = false;
    plug.wpOffset = offset;
    this.abort(plug);
    if (!plug.plugged) this.dropIfUseless(plug);
  }

  /** A regular write may not be mixed with appends the device does itself: the zone's plug goes away. */
  private nativeAppend(bio: Bio): void {
    const plug = this.plugs.get(Math.floor(bio.sector / this.zoneSectors));
    if (plug === undefined) return;
    if (plug.first !== null) {
      const { device } = this.owner;
      const what = 'Invalid mix of zone append and regular writes';
      device.block.host.printk('warning', `${device.name}: zone ${plug.zone}: ${what}`);
      this.failQueued(plug);
    }
    this.plugs.delete(plug.zone);
  }

  private abort(plug: Plug): void {
    if (plug.first === null) return;
    const { device } = this.owner;
    const text = `${device.name}: zone ${plug.zone}: Aborting plugged BIOs`;
    device.block.host.printk('warning', text);
    this.failQueued(plug);
  }

  private failQueued(plug: Plug): void {
    for (let bio = plug.shift(); bio !== null; bio = plug.shift()) {
      this.waited(bio);
      this.note('aborted', bio, plug);
      this.unmark(bio);
      this.owner.device.endBio(bio, Status.ioError);
    }
  }

  /** Records why a bio fails here and not on the device. */
  private note(rule: keyof typeof REFUSED_IN, bio: Bio, plug: Plug | null): void {
    const { device } = this.owner;
    const { sector, sectors, op } = bio;
    const seen =
      plug === null
        ? { op, sector, sectors }
        : { op, sector, sectors, wp_offset: plug.wpOffset, needs_update: plug.needsUpdate };
    device.block.host.decide({
      rule: `block.zone-plug.${rule}`,
      subject: device.name,
      seen,
      verdict: 'refuses',
      errno: 'EIO',
      source: { file: 'block/blk-zoned.c', function: REFUSED_IN[rule] },
      bio: bio.id,
    });
  }

  private unmark(bio: Bio): void {
    if ((bio.flags & Flag.emulatedAppend) !== 0) bio.op = Op.zoneAppend;
    bio.flags &= ~(Flag.plugged | Flag.emulatedAppend);
  }

  private scheduleRepair(plug: Plug): void {
    this.owner.device.block.host.loop.post(repairPlug, plug);
  }

  private capacityOf(zone: number): number {
    return zone === this.nrZones - 1 ? this.lastCapacity : this.capacity;
  }

  /** An empty or full zone needs no plug. */
  private dropIfUseless(plug: Plug): void {
    if (plug.needsUpdate || plug.first !== null) return;
    if (plug.wpOffset === 0 || plug.wpOffset >= this.capacityOf(plug.zone)) {
      if (this.plugs.get(plug.zone) === plug) this.plugs.delete(plug.zone);
    }
  }

  private traceBio(kind: number, bio: Bio, a: number): void {
    const { device } = this.owner;
    device.block.host.trace.recordRarely(kind, device.traceName, bio, a);
  }
}

function runPlug(plug: Plug): void {
  plug.plugs.work(plug);
}
runPlug.label = (plug: Plug): string => `zone ${plug.zone}'s plug sends on`;

function runNow(plug: Plug): void {
  plug.plugs.run(plug);
}

function repairPlug(plug: Plug): void {
  plug.plugs.repair(plug);
}
repairPlug.label = (plug: Plug): string => `zone ${plug.zone}'s plug asks for the pointer`;
