/**
 * A mapped device: what the world sees as dm-N (drivers/md/dm.c, struct mapped_device). It takes bios, holds them
 * while suspended, cuts and plugs them where the kernel does so before cloning (6.10+), and sends them through the
 * live table (src/dm/io.ts).
 */

import { BaseBlockDevice } from '../block/base-device.ts';
import { type Bio, Flag, Op } from '../block/bio.ts';
import type { BlockDevice, ZoneView } from '../block/device.ts';
import { ZoneType } from '../block/device.ts';
import type { QueueLimits } from '../block/limits.ts';
import { ZoneWritePlugs } from '../block/plug.ts';
import { zoneResourceLimits } from '../block/stack.ts';
import { type BlockStatus, Status } from '../block/status.ts';
import type { BlockSystem } from '../block/system.ts';
import type { DmAnswers } from '../kernel/answers/dm.ts';
import { errno } from '../kernel/errno.ts';
import { roundDown, SECTOR_BYTES } from '../kernel/units.ts';
import { type Runner, type Task, WaitQueue } from '../sim/task.ts';
import { TraceKind } from '../sim/trace.ts';
import { IoPath } from './io.ts';
import { QueueGate } from './queue-gate.ts';
import { reportTable } from './report.ts';
import type { DmTable, TableEntry } from './table.ts';
import { writeCacheBelow } from './table-limits.ts';
import { ZoneEmulation } from './zone-emulation.ts';
import { mapsAllSequentialZones } from './zone-limits.ts';

const EMULATED_APPEND = Flag.emulatedAppend;

/** A bio that was cut to the device's limits before anything else saw it. */
interface Cut {
  readonly bio: Bio;
  readonly parts: Bio[];
  /** The next part is cut when the one before is done. */
  readonly lazy: boolean;
  readonly device: MappedDevice;
  /** Who sent it, and so cuts and sends every part of it. */
  readonly sender: Runner | null;
  at: number;
  ended: number;
  status: BlockStatus;
}

export class MappedDevice extends BaseBlockDevice {
  table: DmTable | null = null;
  suspended = false;
  /** Bios that went to the targets and have not ended. */
  private inFlight = 0;
  private readonly idle = new WaitQueue();
  readonly path: IoPath;
  emulation: ZoneEmulation | null = null;
  private plugs: ZoneWritePlugs | null = null;
  /** 1 for each conventional zone; null in kernels that know none for a mapped device. */
  private conventional: Uint8Array | null = null;
  private deferred: Bio[] = [];
  /** Null in kernels where nothing of the model freezes a queue. */
  private readonly gate: QueueGate | null;
  /** A plug's worker sends a bio on; and it sleeps before a frozen queue. */
  private inWorker = false;
  private workerWaits = false;
  /** A bio whose rest is still to be cut. */
  private cutting: Cut | null = null;

  private readonly writeSplit: DmAnswers['writeSplit'];
  private readonly cutsWrites: boolean;

  constructor(block: BlockSystem, major: number, minor: number) {
    super(block, { name: `dm-${minor}`, major, minor }, false);
    this.path = new IoPath(this);
    this.writeSplit = block.host.kernel.dm.writeSplit;
    this.cutsWrites = this.writeSplit !== 'never';
    this.gate = block.host.kernel.block.attributeStoreFreezes
      ? new QueueGate(block.host, `dm-${minor}`)
      : null;
    this.resetsAllZones = block.host.kernel.dm.resetAll !== 'unsupported';
  }

  /** `252:0`: how dm's own lines name it. */
  get number(): string {
    return `${this.major}:${this.minor}`;
  }

  override get slaves(): readonly BlockDevice[] {
    return this.table?.devices ?? [];
  }

  /** The zone write plugs of 6.10 and later, while the table needs emulation. */
  get zoneWritePlugs(): ZoneWritePlugs | null {
    return this.plugs;
  }

  /**
   * Makes `table` live (__bind()): capacity, limits, zones. The caller has checked all; what can still fail is the
   * report of the zones, which gives a negative errno and leaves the old table live.
   */
  bind(table: DmTable, limits: QueueLimits, emulates: boolean): number {
    const before = { table: this.table, limits: this.limits, size: this.sizeSectors };
    this.table = table;
    this.setLimits(limits, table.sizeSectors);
    const result = this.nrZones === 0 ? this.forgetZones() : this.revalidate(limits, emulates);
    if (result < 0) {
      this.table = before.table;
      this.setLimits(before.limits, before.size);
      return result;
    }
    this.readOnly = table.readOnly;
    const { writeCache, hasCache } = writeCacheBelow(table);
    this.queue.writeCache = writeCache;
    this.queue.hasCache = hasCache;
    return 0;
  }

  /** I/O runs again: what waited goes first, in order. */
  resume(): void {
    this.suspended = false;
    const deferred = this.deferred;
    this.deferred = [];
    for (const bio of deferred) this.accept(bio);
  }

  override isSequentialZone(sector: number): boolean {
    if (this.nrZones === 0) return false;
    if (this.emulation !== null) return this.emulation.isSequential(sector);
    // Without a bitmap of conventional zones every zone is taken for a sequential one (blk_queue_zone_is_seq()).
    return this.conventional?.[Math.floor(sector / this.zoneSizeSectors)] !== 1;
  }

  override reportZones(
    startSector: number,
    count: number,
    visit: (zone: ZoneView) => void,
  ): number {
    this.touchSetup();
    if (this.suspended) return -errno.EAGAIN;
    if (this.table === null) return -errno.EIO;
    const { plugs } = this;
    if (plugs === null) return reportTable(this.table, startSector, count, visit);
    return reportTable(this.table, startSector, count, (zone) => {
      plugs.reported(zone);
      visit(zone);
    });
  }

  /** A plug lets a bio go that waited (PlugOwner). */
  submitPlugged(bio: Bio): boolean {
    this.touchSetup();
    this.workerWaits = false;
    this.inWorker = true;
    this.accept(bio);
    this.inWorker = false;
    return !this.workerWaits;
  }

  /** A bio that waited in a plug is on its way, or has ended: it is no longer inside the queue (PlugOwner). */
  plugLeft(): void {
    this.gate?.leave();
  }

  /** The rest of a bio that a target cut enters the queue anew; false when whoever sends it sleeps there for good. */
  mayEnterAgain(): boolean {
    if (!this.inWorker || this.gate?.frozen !== true) return true;
    this.workerWaits = true;
    return false;
  }

  *whileFrozen(act: () => number): Task<number> {
    const { gate } = this;
    if (gate === null) return act();
    yield* gate.freeze(() => this.plugs?.parked ?? 0);
    const result = act();
    for (const bio of gate.thaw()) this.accept(bio);
    return result;
  }

  /** What keeps bios here from going on, for whoever wonders why a command hangs; null when nothing does. */
  get stuck(): string | null {
    if (this.suspended && this.inFlight > 0) {
      return `it is being suspended; bios below it that have to end first: ${this.inFlight}`;
    }
    if (this.suspended && this.deferred.length > 0) {
      return `it is suspended; bios that wait for its resume: ${this.deferred.length}`;
    }
    if (this.gate?.frozen !== true) return null;
    const inside = this.plugs?.parked ?? 0;
    const frozen = `its queue is being frozen; bios inside that have to leave first: ${inside}`;
    if (!this.workerWaits) return frozen;
    return `${frozen}; the worker that sends one on sleeps, since the rest of it may not enter`;
  }

  get device(): this {
    return this;
  }

  passesResetAll(entry: TableEntry): boolean {
    return this.block.host.kernel.dm.resetAll === 'passed' && mapsAllSequentialZones(entry);
  }

  reportTable(table: DmTable, startSector: number, visit: (zone: ZoneView) => void): number {
    return reportTable(table, startSector, this.nrZones, visit);
  }

  /** Waits until what has gone to the targets has ended (dm_wait_for_completion()). For a suspended device. */
  *drained(): Task<void> {
    for (;;) {
      this.touchQueue(true);
      if (this.inFlight === 0) return;
      yield* this.idle.wait();
    }
  }

  private touchQueue(changes: boolean): void {
    this.block.host.touch('queue', this.name, 0, changes);
  }

  ioDone(bio: Bio, status: BlockStatus, fromSector: number): void {
    this.inFlight -= 1;
    if (this.block.host.explored) this.touchQueue(false);
    if (this.suspended && this.inFlight === 0) this.idle.wakeAll();
    // What an emulated append reports is where its bio points to. Cutting it moved that to the last part, and nobody
    // moves it back: the sender is told a wrong place (CVE-2025-39791). Where targets cut no such bio all is well.
    if ((bio.flags & EMULATED_APPEND) !== 0) bio.sector = fromSector;
    if (this.plugs === null) this.endBio(bio, status, fromSector);
    else this.plugs.endBio(bio, status, fromSector);
  }

  protected override accept(bio: Bio): void {
    const { table } = this;
    const special = this.suspended || this.cutting !== null || this.gate !== null;
    if (table === null || special || this.cutsWrites || this.plugs !== null) this.acceptAny(bio);
    else this.send(table, bio);
  }

  private acceptAny(bio: Bio): void {
    if (this.suspended) {
      this.defer(bio);
      return;
    }
    const { table } = this;
    if (table === null) {
      const text = `device-mapper: core: ${this.number}: mapping table unavailable, erroring io`;
      this.block.host.printk('err', text);
      this.endBio(bio, Status.ioError);
      return;
    }
    // What was sent before was sent whole: only a device that ends each part at once lets its rest wait (see split).
    if (this.cutting !== null && (bio.flags & Flag.plugged) === 0) this.sendRest(this.cutting);
    if ((bio.flags & Flag.plugged) === 0 && this.gate?.holds(bio) === true) return;
    if (this.mustSplit(bio)) this.split(bio);
    else this.plugAndStart(table, bio);
  }

  private plugAndStart(table: DmTable, bio: Bio): void {
    const { plugs } = this;
    if (plugs !== null && (bio.flags & Flag.plugged) === 0 && plugs.plug(bio)) return;
    this.send(table, bio);
  }

  private send(table: DmTable, bio: Bio): void {
    this.inFlight += 1;
    this.path.start(table, bio);
  }

  private defer(bio: Bio): void {
    if ((bio.flags & Flag.noWait) !== 0) this.endBio(bio, Status.again);
    else if ((bio.flags & Flag.readahead) !== 0) this.endBio(bio, Status.ioError);
    else this.deferred.push(bio);
  }

  /** dm_zone_bio_needs_split(): which writes are cut to the device's limits before they are plugged. */
  private mustSplit(bio: Bio): boolean {
    const { writeSplit } = this;
    if (writeSplit === 'never' || this.nrZones === 0 || bio.sectors === 0) return false;
    if ((bio.op !== Op.write && bio.op !== Op.writeZeroes) || (bio.flags & Flag.plugged) !== 0) {
      return false;
    }
    const zone = this.zoneSizeSectors;
    const straddles = (bio.sector % zone) + bio.sectors > zone;
    if (writeSplit === 'straddling-zones') return this.plugs !== null && straddles;
    // Conventional zones too: bio_needs_zone_write_plugging() does not look at the zone.
    const plugged = this.plugs !== null;
    return (straddles || plugged) && this.partSectors(bio, bio.sector) < bio.sectors;
  }

  /** Sectors of the part that starts at `sector` (get_max_io_size()). */
  private partSectors(bio: Bio, sector: number): number {
    const { limits } = this;
    const zone = this.zoneSizeSectors;
    const zeroes = bio.op === Op.writeZeroes;
    const most = zeroes ? limits.max_write_zeroes_sectors.value : limits.max_sectors.value;
    const left = bio.endSector - sector;
    const room = Math.min(most, zone - (sector % zone));
    if (left <= room) return left;
    const physical = limits.physical_block_size.value / SECTOR_BYTES;
    const start = sector % physical;
    const whole = roundDown(start + room, physical) - start;
    return whole > 0 ? whole : Math.max(room, 1);
  }

  /**
   * bio_split_to_limits(): parts that each go their own way and end on their own. What remains is sent after the part
   * before it: at once while a task is plugged and nothing is issued, else when that part is done (recorded).
   */
  private split(bio: Bio): void {
    const lazy = !this.block.plugged && this.block.host.cpu === null;
    const cut: Cut = {
      bio,
      parts: [],
      lazy,
      device: this,
      sender: this.block.host.tasks.actor,
      at: bio.sector,
      ended: 0,
      status: Status.ok,
    };
    if (lazy) {
      this.cutting = cut;
      this.nextPart(cut);
    } else this.sendRest(cut);
  }

  private sendRest(cut: Cut): void {
    while (cut.at < cut.bio.endSector) this.nextPart(cut);
  }

  nextPart(cut: Cut): void {
    if (cut.at < cut.bio.endSector) this.sendPart(this.cutPart(cut));
  }

  private sendPart(part: Bio): void {
    this.touchSetup();
    if (this.suspended || this.table === null) this.accept(part);
    else this.plugAndStart(this.table, part);
  }

  private cutPart(cut: Cut): Bio {
    const { bio } = cut;
    const part = this.block.bios.clone(bio);
    part.flags = bio.flags & ~Flag.top;
    part.sector = cut.at;
    part.sectors = this.partSectors(bio, cut.at);
    if (bio.payload !== null) {
      const from = (cut.at - bio.sector) * SECTOR_BYTES;
      part.payload = bio.payload.slice(from, part.sectors * SECTOR_BYTES);
    }
    part.context = { device: this, cut };
    part.onEnd = endPart;
    cut.at += part.sectors;
    cut.parts.push(part);
    if (cut.at < bio.endSector) {
      this.traceSplit(part, cut.at);
      part.flags |= Flag.noMerge;
    } else if (this.cutting === cut) this.cutting = null;
    return part;
  }

  /** A part has ended: the next is sent, or the last one ends the whole. Its own end was traced already. */
  partEnded(part: Bio, cut: Cut): void {
    const { bio, parts } = cut;
    if (cut.status === Status.ok) cut.status = part.status;
    cut.ended += 1;
    if (cut.at < bio.endSector) {
      // As an event: the plug of the zone must know first that the part before is done.
      if (cut.lazy) this.block.host.loop.post(continueCut, cut);
      return;
    }
    if (cut.ended < parts.length) return;
    for (const one of parts) this.block.bios.give(one);
    bio.end(cut.status);
  }

  private traceSplit(part: Bio, newSector: number): void {
    this.trace.recordRarely(TraceKind.bioSplit, this.traceName, part, newSector);
  }

  /** The table maps no zones (any more). */
  private forgetZones(): number {
    this.emulation = null;
    this.conventional = null;
    this.plugs = null;
    return 0;
  }

  /** dm_revalidate_zones(): sets up what tracks zones, once per number of zones. */
  private revalidate(limits: QueueLimits, emulates: boolean): number {
    switch (this.block.host.kernel.dm.zoneAppend) {
      case 'dm-emulation':
        return this.revalidateOwn(emulates);
      case 'block-emulation':
        return this.revalidatePlugs(limits, emulates);
      case 'pass':
      case 'support-control':
      case 'linear-only':
        return 0;
    }
  }

  /** 5.14 to 6.9: nothing to track where appends are native. */
  private revalidateOwn(emulates: boolean): number {
    if (!emulates) {
      this.emulation = null;
      return 0;
    }
    if (this.emulation?.nrZones === this.nrZones) return 0;
    const emulation = new ZoneEmulation(
      {
        name: this.name,
        traceName: this.traceName,
        host: this.block.host,
        report: (start, count, visit) => reportTable(this.table!, start, count, visit),
      },
      this.nrZones,
      this.zoneSizeSectors,
    );
    const result = emulation.revalidate();
    if (result < 0) return this.revalidateFailed(result);
    this.emulation = emulation;
    return 0;
  }

  /** 6.10 and later; not again while there are plugs, which a table that replaces this one keeps. */
  private revalidatePlugs(limits: QueueLimits, emulates: boolean): number {
    if (this.plugs !== null) return 0;
    const { host } = this.block;
    const how = emulates ? 'emulated' : 'native';
    host.printk('info', `device-mapper: zone: ${this.name} using ${how} zone append`);
    const conventional = new Uint8Array(this.nrZones);
    let sequential = this.nrZones;
    const report = (visit: (zone: ZoneView) => void): number =>
      reportTable(this.table!, 0, this.nrZones, (zone) => {
        if (zone.type === ZoneType.conventional) {
          conventional[Math.floor(zone.start / this.zoneSizeSectors)] = 1;
          sequential -= 1;
        }
        visit(zone);
      });
    const plugs = emulates ? new ZoneWritePlugs(this, true) : null;
    const result = plugs === null ? report(ignoreZone) : plugs.revalidate(report);
    if (result < 0) return this.revalidateFailed(result);
    this.conventional = conventional;
    this.plugs = plugs;
    if (plugs !== null) {
      this.setLimits(zoneResourceLimits(host.kernel, limits, sequential, this.name));
    }
    return 0;
  }

  private revalidateFailed(result: number): number {
    const text = `device-mapper: zone: Revalidate zones failed ${result}`;
    this.block.host.printk('err', text);
    return result;
  }
}

function ignoreZone(): void {}

function continueCut(cut: Cut): void {
  cut.device.block.host.tasks.actAs(cut.sender, sendNextPart, cut);
}

function sendNextPart(cut: Cut): void {
  cut.device.nextPart(cut);
}

function endPart(part: Bio): void {
  const { device, cut } = part.context as { device: MappedDevice; cut: Cut };
  device.partEnded(part, cut);
}
