/**
 * Zone append emulated by device mapper itself (drivers/md/dm-zone.c, 5.14 to 6.9): per zone a lock, so that one write
 * at a time is under way, and the write pointer's offset, so that an append can become a write at a known sector before
 * the target sees it. Works on clones, unlike the plugs of 6.10 which work on the bio above.
 *
 * A clone that is not where the pointer stands is killed here: EIO, no line in the log, nothing sent below. After a
 * failed write the offset is not known until the next bio to that zone asks the device for it.
 */

import { type Bio, Flag, Op } from '../block/bio.ts';
import { ZoneCond, ZoneType, type ZoneView } from '../block/device.ts';
import { type BlockStatus, Status } from '../block/status.ts';
import type { Host } from '../sim/host.ts';
import { TraceKind } from '../sim/trace.ts';
import type { DmClone } from './io.ts';

/** DM_ZONE_INVALID_WP_OFST. */
const INVALID = 0xffffffff;

export interface EmulationOwner {
  /** `dm-0`. */
  readonly name: string;
  readonly traceName: number;
  readonly host: Host;
  /** A report of the mapped device, whatever state it is in. */
  report(startSector: number, count: number, visit: (zone: ZoneView) => void): number;
}

export class ZoneEmulation {
  readonly nrZones: number;
  private readonly owner: EmulationOwner;
  private readonly zoneSectors: number;
  private readonly sequential: Uint8Array;
  /** Sectors from the zone's start, INVALID when not known. */
  private readonly wpOffset: Uint32Array;
  private readonly before: Uint32Array;
  private readonly locked: Uint8Array;
  private readonly waiting = new Map<number, DmClone[]>();

  constructor(owner: EmulationOwner, nrZones: number, zoneSectors: number) {
    this.owner = owner;
    this.nrZones = nrZones;
    this.zoneSectors = zoneSectors;
    this.sequential = new Uint8Array(nrZones);
    this.wpOffset = new Uint32Array(nrZones);
    this.before = new Uint32Array(nrZones);
    this.locked = new Uint8Array(nrZones);
  }

  /** dm_revalidate_zones(): learns all zones. 0 or a negative errno. */
  revalidate(): number {
    const result = this.owner.report(0, this.nrZones, (zone) => {
      const number = Math.floor(zone.start / this.zoneSectors);
      this.sequential[number] = zone.type === ZoneType.conventional ? 0 : 1;
      this.wpOffset[number] = offsetOf(zone);
    });
    return Math.min(result, 0);
  }

  isSequential(sector: number): boolean {
    return this.sequential[Math.floor(sector / this.zoneSectors)] === 1;
  }

  /** dm_need_zone_wp_tracking(): does this clone move a write pointer? RESET_ALL does not come here in these kernels. */
  tracks(clone: Bio): boolean {
    switch (clone.op) {
      case Op.write:
        // A flush is an empty write (dm_need_zone_wp_tracking()).
        return clone.sectors > 0 && this.isSequential(clone.sector);
      case Op.writeZeroes:
      case Op.zoneAppend:
      case Op.zoneReset:
      case Op.zoneFinish:
        return this.isSequential(clone.sector);
      default:
        return false;
    }
  }

  /** Takes the lock of the clone's zone; false when the clone must wait (its path's `resume` is called later). */
  enter(state: DmClone): boolean {
    const zone = Math.floor(state.clone!.sector / this.zoneSectors);
    this.touch(zone);
    if (this.locked[zone] === 0) {
      this.locked[zone] = 1;
      state.zone = zone;
      return true;
    }
    const { host } = this.owner;
    state.sleeper = host.tasks.actor;
    if (host.cpu !== null) host.cpu.waits.park(state, host.loop.nowNs);
    const queue = this.waiting.get(zone);
    if (queue === undefined) this.waiting.set(zone, [state]);
    else queue.push(state);
    this.trace(TraceKind.plugAdd, state.clone!, zone);
    return false;
  }

  /**
   * Before the target maps: checks the place, turns an append into a write, moves the offset on. The kernel moves it
   * after the target's answer (dm_zone_map_bio_end()); a target of the model may have ended the clone by then.
   */
  begin(state: DmClone): boolean {
    this.touch(state.zone);
    const { cpu, loop } = this.owner.host;
    if (cpu !== null) {
      cpu.waits.unpark('dm-lock', state, loop.nowNs);
      cpu.charge('dm', cpu.costs.emulationNs);
    }
    if (this.place(state)) return true;
    const clone = state.clone!;
    this.owner.host.decide({
      rule: 'dm.zone-emulation.write-pointer',
      subject: this.owner.name,
      seen: {
        sector: clone.sector,
        zone_start: state.zone * this.zoneSectors,
        wp_offset: this.wpOffset[state.zone]!,
      },
      verdict: 'refuses',
      errno: 'EIO',
      source: { file: 'drivers/md/dm-zone.c', function: 'dm_zone_map_bio_begin' },
      bio: clone.id,
    });
    return false;
  }

  private place(state: DmClone): boolean {
    const { zone } = state;
    const clone = state.clone!;
    if (this.wpOffset[zone] === INVALID && !this.update(zone)) return false;
    const offset = this.wpOffset[zone]!;
    this.before[zone] = offset;
    switch (clone.op) {
      case Op.zoneReset:
        this.wpOffset[zone] = 0;
        return true;
      case Op.zoneFinish:
        this.wpOffset[zone] = this.zoneSectors;
        return true;
      case Op.zoneAppend: {
        // The zone's size, not its capacity, is what the kernel compares with: the device refuses the rest.
        if (offset >= this.zoneSectors) return false;
        const start = clone.sector;
        clone.op = Op.write;
        clone.flags |= Flag.noMerge;
        clone.sector += offset;
        state.wasAppend = true;
        this.trace(TraceKind.appendEmulated, clone, start);
        break;
      }
      default:
        if (clone.sector % this.zoneSectors !== offset || offset >= this.zoneSectors) return false;
    }
    this.wpOffset[zone] = offset + clone.sectors;
    return true;
  }

  /** The target takes `sectors` fewer than the clone had. */
  shorten(state: DmClone, sectors: number): void {
    if (state.wasAppend) throw new Error('"append" expected to be written whole, got a part');
    this.wpOffset[state.zone]! -= sectors;
  }

  /** The target did not take the clone after all. */
  undo(state: DmClone): void {
    const { zone } = state;
    if (this.wpOffset[zone] !== INVALID) this.wpOffset[zone] = this.before[zone]!;
    this.unlock(state);
  }

  /** The clone has ended: an error makes the offset unknown; an append's bio learns where its data is. */
  complete(state: DmClone, status: BlockStatus): void {
    const { zone } = state;
    if (status !== Status.ok) this.wpOffset[zone] = INVALID;
    else if (state.wasAppend) {
      const bio = state.io!.bio!;
      bio.sector += this.wpOffset[zone]! - bio.sectors;
    }
    this.unlock(state);
  }

  private touch(zone: number): void {
    this.owner.host.touch('dm zone', this.owner.name, zone, true);
  }

  private unlock(state: DmClone): void {
    const { zone } = state;
    this.touch(zone);
    state.zone = -1;
    const queue = this.waiting.get(zone);
    const next = queue?.shift();
    if (queue?.length === 0) this.waiting.delete(zone);
    if (next === undefined) {
      this.locked[zone] = 0;
      return;
    }
    next.zone = zone;
    // The waiter runs as an event of its own, as the task that slept on the bit does.
    this.owner.host.loop.post(wakeClone, next);
  }

  /** dm_update_zone_wp_offset(): a report of one zone. */
  private update(zone: number): boolean {
    let offset = INVALID;
    const result = this.owner.report(zone * this.zoneSectors, 1, (view) => {
      offset = offsetOf(view);
    });
    if (result < 1) return false;
    this.wpOffset[zone] = offset;
    return true;
  }

  private trace(kind: number, clone: Bio, a: number): void {
    const { host, traceName } = this.owner;
    host.trace.recordRarely(kind, traceName, clone, a);
  }
}

function wakeClone(state: DmClone): void {
  state.path.wake(state);
}
wakeClone.label = (state: DmClone): string => `zone ${state.zone}'s lock is handed on`;

/** dm_get_zone_wp_offset(). A zone without a pointer counts as empty. */
function offsetOf(zone: ZoneView): number {
  switch (zone.cond) {
    case ZoneCond.impOpen:
    case ZoneCond.expOpen:
    case ZoneCond.closed:
      return zone.wp - zone.start;
    case ZoneCond.full:
      return zone.len;
    default:
      return 0;
  }
}
