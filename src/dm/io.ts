/**
 * The bio path of a mapped device (drivers/md/dm.c: dm_submit_bio(), __split_and_process_bio(), __map_bio(),
 * clone_endio(), dm_io_dec_pending()): one clone per target a bio touches, the targets' answers, and the way back up.
 *
 * The heart of the matter lies in the way up. A native append's location is what the CLONE that DM gave the target says
 * when it ends. dm-crypt up to 5.13 answers with a bio of its own and never copies the sector into that clone, so the
 * location reported is the zone's start; this file must not repair that.
 */

import { type Bio, Flag, Op } from '../block/bio.ts';
import type { ZoneView } from '../block/device.ts';
import { ZoneCond } from '../block/device.ts';
import { concat, type Payload } from '../block/payload.ts';
import { type BlockStatus, Status } from '../block/status.ts';
import type { BlockSystem } from '../block/system.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import { Pool } from '../sim/pool.ts';
import type { Runner } from '../sim/task.ts';
import { TraceKind } from '../sim/trace.ts';
import type { DmTable, TableEntry } from './table.ts';
import type { Target } from './target.ts';
import type { ZoneEmulation } from './zone-emulation.ts';

const WRITE = Op.write;
const PREFLUSH = Flag.preflush;

/** What the path needs of the mapped device it belongs to. */
export interface IoOwner {
  /** `dm-0`. */
  readonly name: string;
  readonly block: BlockSystem;
  readonly traceName: number;
  readonly zoneSizeSectors: number;
  /** dm-zone.c's emulation, in kernels that have it and for tables that need it. */
  readonly emulation: ZoneEmulation | null;
  /** A bio is done, with all its parts; the trace shows it from `fromSector` on, where the last of them began. */
  ioDone(bio: Bio, status: BlockStatus, fromSector: number): void;
  /** May the rest of a bio that was cut be sent? If not, it never is. */
  mayEnterAgain(): boolean;
  /** May a reset of all zones be passed to this target as it is? */
  passesResetAll(entry: TableEntry): boolean;
  /** A report of the mapped device itself. */
  reportTable(table: DmTable, startSector: number, visit: (zone: ZoneView) => void): number;
}

/** A bio on its way through the targets (struct dm_io). Pooled. */
export class DmIo {
  bio: Bio | null = null;
  table: DmTable | null = null;
  /** Clones under way, and one more while clones are still being made. */
  pending = 0;
  status: BlockStatus = Status.ok;
  /** What no clone was made for yet. */
  at = 0;
  left = 0;
  /** Where the bio begins now that parts of it were cut off and it was trimmed; -1 while it is whole. */
  trimmedTo = -1;
  /** Sectors of the clone being mapped; a target may take fewer. */
  taking = 0;
  /** Data of a read that was cut, by part. */
  parts: (Payload | null)[] | null = null;
  partCount = 0;
  /** What runs is the flush before a write; the write itself follows. */
  flushing = false;
}

/** A clone and whose it is (struct dm_target_io). Pooled; `clone.context` holds it while DM owns the clone. */
export class DmClone {
  readonly path: IoPath;
  io: DmIo | null = null;
  clone: Bio | null = null;
  target: Target | null = null;
  part = 0;
  /** Where it started on the mapped device, before any emulation moved it. */
  fromSector = 0;
  /** The zone whose lock it holds (dm-zone.c); -1 for none. */
  zone = -1;
  /** Who sleeps for that lock. */
  sleeper: Runner | null = null;
  /** It was an append before dm-zone.c made a write of it. */
  wasAppend = false;

  constructor(path: IoPath) {
    this.path = path;
  }
}

export class IoPath {
  private readonly owner: IoOwner;
  private readonly tracesSubmitted: boolean;
  private readonly sectorOnFailure: boolean;
  private readonly tracesRest: boolean;
  private readonly freeIos = new Pool<DmIo>();
  private readonly freeClones = new Pool<DmClone>();

  constructor(owner: IoOwner) {
    this.owner = owner;
    const { dm } = owner.block.host.kernel;
    this.tracesSubmitted = dm.submittedRemapTraced;
    this.sectorOnFailure = dm.appendSectorOnFailure;
    this.tracesRest = dm.splitTraceSector === 'rest';
  }

  /** Sends `bio` through `table`; `ioDone` follows, later or at once. */
  start(table: DmTable, bio: Bio): void {
    if (bio.op === WRITE && (bio.flags & PREFLUSH) === 0 && this.passWhole(table, bio)) return;
    const io = this.freeIos.take() ?? new DmIo();
    io.bio = bio;
    io.table = table;
    io.pending = 1;
    io.status = Status.ok;
    io.parts = null;
    io.partCount = 0;
    io.at = bio.sector;
    io.left = 0;
    if (bio.op === Op.flush || (bio.flags & Flag.preflush) !== 0) {
      io.flushing = bio.sectors > 0;
      this.sendFlushes(io);
    } else if (bio.op === Op.zoneResetAll) {
      this.resetAll(io);
    } else if (bio.op >= Op.zoneOpen) {
      this.sendWhole(io, table.find(bio.sector)!, bio.sector, bio.op);
    } else {
      io.left = bio.sectors;
      this.advance(io);
      return;
    }
    this.put(io, Status.ok);
  }

  /**
   * A write that lies in one target, which makes a bio of its own of it: of the clone between the two nobody would see
   * anything, so there is none.
   */
  private passWhole(table: DmTable, bio: Bio): boolean {
    if (this.owner.emulation !== null) return false;
    const target = table.find(bio.sector);
    if (target?.mapWhole === undefined) return false;
    return bio.sectors <= roomIn(target, bio.sector) && target.mapWhole(bio);
  }

  /** Sends `own`, which a target made of all of `bio` (Target.mapWhole()). */
  submitWhole(bio: Bio, own: Bio): void {
    if (this.tracesSubmitted) this.traceRemap(own, bio.sector);
    own.device!.submit(own);
  }

  /** What a target took whole has ended. */
  wholeEnded(bio: Bio, status: BlockStatus): void {
    this.owner.ioDone(bio, status, bio.sector);
  }

  /** A clone that waited for its zone may go (ZoneEmulation): its task wakes up. */
  wake(state: DmClone): void {
    this.owner.block.host.tasks.actAs(state.sleeper, resumeClone, state);
  }

  /** The clone goes on, and the rest of its bio follows. */
  resume(state: DmClone): void {
    const io = state.io!;
    const more = io.left > 0;
    // A clone that is all of its bio (a zone's reset) has no `start` on the stack that holds the io for it.
    if (!more) io.pending += 1;
    this.mapClone(state);
    if (more) this.advance(io);
    else this.put(io, Status.ok);
  }

  /** dm_accept_partial_bio(). */
  acceptPartial(clone: Bio, sectors: number): void {
    const { io, zone } = clone.context as DmClone;
    if (clone.op === Op.zoneAppend || clone.op >= Op.zoneOpen || sectors > clone.sectors) {
      throw new Error(
        `"acceptPartial" expected a part of a read or write, got ${sectors} of ${clone.sectors} sectors of op ${clone.op}`,
      );
    }
    if (zone >= 0) {
      this.owner.emulation!.shorten(clone.context as DmClone, clone.sectors - sectors);
    }
    if (clone.payload !== null) clone.payload = clone.payload.slice(0, sectors * SECTOR_BYTES);
    clone.sectors = sectors;
    io!.taking = sectors;
    if (clone.op === Op.read) io!.parts ??= [];
  }

  /** dm_submit_bio_remap(). */
  submitRemapped(clone: Bio, bio: Bio): void {
    if (this.tracesSubmitted) this.traceRemap(bio, (clone.context as DmClone).fromSector);
    bio.device!.submit(bio);
  }

  /** A clone has ended by itself (clone_endio()). */
  cloneEnded(clone: Bio): void {
    const state = clone.context as DmClone;
    const { status } = clone;
    if (state.zone >= 0) this.owner.emulation!.complete(state, status);
    else this.takeLocation(state, status);
    const target = state.target!;
    this.finish(state, target.endIo?.(clone, status) ?? status);
  }

  /** Adds the offset at which a native append landed to the bio above, which still points at the zone's start. */
  private takeLocation(state: DmClone, status: BlockStatus): void {
    const bio = state.io!.bio!;
    if (bio.op !== Op.zoneAppend) return;
    if (status !== Status.ok && !this.sectorOnFailure) return;
    bio.sector += state.clone!.sector % this.owner.zoneSizeSectors;
  }

  /** Makes clones until all of the bio has one, or one must wait for its zone. */
  private advance(io: DmIo): void {
    const table = io.table!;
    while (io.left > 0) {
      const target = table.find(io.at);
      if (target === null) {
        this.noteNoTarget(io);
        io.left = 0;
        this.put(io, Status.ioError);
        return;
      }
      const sectors = Math.min(io.left, roomIn(target, io.at));
      const state = this.cloneOf(io, target, io.at, sectors);
      const { emulation } = this.owner;
      if (emulation?.tracks(state.clone!) === true && !emulation.enter(state)) return;
      this.mapClone(state);
      if (io.left > 0 && !this.owner.mayEnterAgain()) return;
    }
    this.put(io, Status.ok);
  }

  /**
   * An append that a write plug placed across the end of the device: what lies inside is written, the rest has no target
   * (__split_and_process_bio()). The device's end was looked at while the append stood at its zone's start.
   */
  private noteNoTarget(io: DmIo): void {
    const { id, op } = io.bio!;
    this.owner.block.host.decide({
      rule: 'dm.target-of-sector',
      subject: this.owner.name,
      seen: { op, sector: io.at, sectors: io.left, capacity: io.table!.sizeSectors },
      verdict: 'refuses',
      errno: 'EIO',
      source: { file: 'drivers/md/dm.c', function: '__split_and_process_bio' },
      bio: id,
    });
  }

  private cloneOf(io: DmIo, target: Target, sector: number, sectors: number): DmClone {
    const bio = io.bio!;
    const clone = this.owner.block.bios.clone(bio);
    clone.flags &= ~Flag.preflush;
    if (sectors !== bio.sectors) {
      const { payload } = bio;
      if (payload !== null) {
        const from = (sector - bio.sector) * SECTOR_BYTES;
        clone.payload = payload.slice(from, sectors * SECTOR_BYTES);
      }
      if (bio.op === Op.read) io.parts ??= [];
    }
    clone.sector = sector;
    clone.sectors = sectors;
    return this.adopt(io, target, clone);
  }

  private adopt(io: DmIo, target: Target, clone: Bio): DmClone {
    const state = this.freeClones.take() ?? new DmClone(this);
    state.io = io;
    state.clone = clone;
    state.target = target;
    state.part = io.partCount;
    state.fromSector = clone.sector;
    state.zone = -1;
    state.wasAppend = false;
    io.partCount += 1;
    io.pending += 1;
    clone.context = state;
    clone.onEnd = endClone;
    return state;
  }

  /** __map_bio(); for a clone whose zone dm-zone.c tracks, dm_zone_map_bio(). */
  private mapClone(state: DmClone): void {
    const io = state.io!;
    const clone = state.clone!;
    io.taking = clone.sectors;
    if (state.zone >= 0 && !this.owner.emulation!.begin(state)) {
      this.refused(state, Status.ioError);
    } else {
      const from = state.fromSector;
      switch (state.target!.map(clone)) {
        case 'remapped':
          this.traceRemap(clone, from);
          clone.device!.submit(clone);
          break;
        case 'kill':
          this.noteKill(clone);
          this.refused(state, Status.ioError);
          break;
        case 'requeue':
          // Without a suspend that asks for it, what cannot be queued again fails (dm_io_dec_pending()).
          this.refused(state, Status.ioError);
          break;
        case 'submitted':
          break;
      }
    }
    const first = io.at;
    io.at += io.taking;
    io.left -= io.taking;
    if (io.left > 0) {
      if (this.tracesRest) io.trimmedTo = io.at;
      this.traceSplit(io, this.tracesRest ? io.at : first);
    }
  }

  private noteKill(clone: Bio): void {
    this.owner.block.host.decide({
      rule: 'dm.target-kills-bio',
      subject: this.owner.name,
      seen: { op: clone.op, sector: clone.sector, sectors: clone.sectors },
      verdict: 'refuses',
      errno: 'EIO',
      source: { file: 'drivers/md/dm.c', function: '__map_bio' },
      bio: clone.id,
    });
  }

  /** Core itself ends a clone that no target has: no endIo, no log line. */
  private refused(state: DmClone, status: BlockStatus): void {
    if (state.zone >= 0) this.owner.emulation!.undo(state);
    this.finish(state, status);
  }

  private finish(state: DmClone, status: BlockStatus): void {
    const io = state.io!;
    const clone = state.clone!;
    const bio = io.bio!;
    if (bio.op === Op.read && status === Status.ok) {
      if (io.parts === null) bio.payload = clone.payload;
      else io.parts[state.part] = clone.payload;
    }
    this.owner.block.bios.give(clone);
    state.io = null;
    state.clone = null;
    state.target = null;
    this.freeClones.give(state);
    this.put(io, status);
  }

  /** dm_io_dec_pending(). */
  private put(io: DmIo, status: BlockStatus): void {
    if (status !== Status.ok && io.status === Status.ok) io.status = status;
    io.pending -= 1;
    if (io.pending > 0) return;
    const bio = io.bio!;
    const table = io.table!;
    const final = io.status;
    if (io.parts !== null && final === Status.ok) {
      bio.payload = concat(io.parts.map((part) => part!));
    }
    const again = io.flushing && final === Status.ok;
    io.flushing = false;
    const from = io.trimmedTo;
    io.trimmedTo = -1;
    io.bio = null;
    io.table = null;
    io.parts = null;
    this.freeIos.give(io);
    if (again) {
      bio.flags &= ~Flag.preflush;
      this.start(table, bio);
    } else this.owner.ioDone(bio, final, from < 0 ? bio.sector : from);
  }

  /** __send_empty_flush(): one to every target that takes flushes. */
  private sendFlushes(io: DmIo): void {
    for (const { target } of io.table!.entries) {
      if (target.flags.flushes !== true) continue;
      // __send_empty_flush(): an empty write, whatever the bio was.
      this.sendWhole(io, target, io.bio!.sector, WRITE, PREFLUSH | Flag.sync);
    }
  }

  /** __send_zone_reset_all(): as it is to a target that maps all of its device's zones, else zone by zone. */
  private resetAll(io: DmIo): void {
    for (const entry of io.table!.entries) {
      const { target } = entry;
      if (this.owner.passesResetAll(entry)) {
        this.sendWhole(io, target, target.begin, Op.zoneResetAll);
        continue;
      }
      const starts: number[] = [];
      const end = target.begin + target.length;
      const result = this.owner.reportTable(io.table!, target.begin, (zone) => {
        if (zone.start < end && needsReset(zone)) starts.push(zone.start);
      });
      if (result < 0) {
        io.status = Status.ioError;
        return;
      }
      for (const start of starts) this.sendWhole(io, target, start, Op.zoneReset);
    }
  }

  /** A clone without data: a flush, or management of one zone. */
  private sendWhole(
    io: DmIo,
    target: Target,
    sector: number,
    op: Bio['op'],
    flags: number | null = null,
  ): void {
    const bio = io.bio!;
    const clone = this.owner.block.bios.clone(bio);
    clone.op = op;
    if (flags !== null) clone.flags = flags;
    clone.sector = sector;
    clone.sectors = 0;
    clone.payload = null;
    const state = this.adopt(io, target, clone);
    const { emulation } = this.owner;
    if (emulation?.tracks(clone) === true && !emulation.enter(state)) return;
    this.mapClone(state);
  }

  private traceRemap(bio: Bio, fromSector: number): void {
    const { trace } = this.owner.block.host;
    const to = trace.intern(bio.device!.name);
    trace.recordRarely(TraceKind.bioRemap, to, bio, this.owner.traceName, fromSector);
  }

  /** dm_split_and_process_bio(), once the part before is mapped; `sector` is the start of that part, or of the rest. */
  private traceSplit(io: DmIo, sector: number): void {
    const { id, op, flags } = io.bio!;
    const { block, traceName } = this.owner;
    const part = { id, op, flags, sector, sectors: io.left };
    block.host.trace.recordRarely(TraceKind.bioSplit, traceName, part, io.at);
  }
}

function resumeClone(state: DmClone): void {
  state.path.resume(state);
}

function endClone(clone: Bio): void {
  (clone.context as DmClone).path.cloneEnded(clone);
}

/** Sectors from `sector` to where a clone must end: the target's end, or its own limit of length (max_io_len()). */
function roomIn(target: Target, sector: number): number {
  const offset = sector - target.begin;
  const room = target.length - offset;
  const most = target.flags.maxIoLenSectors ?? 0;
  return most === 0 ? room : Math.min(room, most - (offset % most));
}

/** dm_zone_need_reset_cb(): a zone without data, or that cannot be reset, is left alone. */
function needsReset(zone: ZoneView): boolean {
  switch (zone.cond) {
    case ZoneCond.notWp:
    case ZoneCond.empty:
    case ZoneCond.readonly:
    case ZoneCond.offline:
      return false;
    default:
      return true;
  }
}
