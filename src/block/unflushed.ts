/**
 * What of a disk would be lost with its power: the writes it has answered and not yet made durable. A flush makes
 * durable, and a write that asks to be. Whether the kernel sends flushes at all is its own affair (queue/write_cache). Kept as what has to
 * be undone, so that nothing else has to know. In a sequential zone only the end can be lost: the write pointer goes
 * back.
 */

import { SECTOR_BYTES } from '../kernel/units.ts';
import { type BioOp, Op } from './bio.ts';
import { ZoneType } from './device.ts';
import type { Payload } from './payload.ts';
import type { SparseStore } from './store.ts';

/** The state of a zone before the first write that is not durable. */
interface ZoneBefore {
  readonly wp: number;
  readonly cond: number;
}

interface Extent {
  readonly sector: number;
  readonly payload: Payload;
}

/** What of the media has to be put back (media.ts has all of it). */
export interface UndoneMedia {
  readonly store: SparseStore;
  readonly wp: Uint32Array;
  readonly cond: Uint8Array;
  readonly type: Uint8Array;
  readonly zoneSizeSectors: number;
}

export class Unflushed {
  private readonly media: UndoneMedia;
  private readonly zones = new Map<number, ZoneBefore>();
  /** What stood where something was written outside sequential zones, in order. */
  private before: Extent[] = [];

  constructor(media: UndoneMedia) {
    this.media = media;
  }

  /** A request comes; what it does to the disk is kept account of. */
  comes(op: BioOp, sector: number, sectors: number): void {
    const { zoneSizeSectors: size, type } = this.media;
    const zone = size === 0 ? -1 : Math.floor(sector / size);
    const sequential = zone >= 0 && type[zone] !== ZoneType.conventional;
    switch (op) {
      case Op.read:
        return;
      case Op.write:
      case Op.zoneAppend:
      case Op.writeZeroes:
      case Op.discard:
        if (sectors === 0) return;
        if (sequential) this.writesZone(zone);
        else this.before.push({ sector, payload: this.media.store.read(sector, sectors) });
        return;
      case Op.flush:
      case Op.zoneResetAll:
        this.flushed();
        return;
      default:
        // Commands of zones are durable, and with them what the zone holds.
        this.zones.delete(zone);
    }
  }

  private writesZone(zone: number): void {
    if (this.zones.has(zone)) return;
    const { wp, cond } = this.media;
    this.zones.set(zone, { wp: wp[zone]!, cond: cond[zone]! });
  }

  /**
   * What was just written there is (FUA). Of a sequential zone only the end can be lost, so all before it is, too.
   */
  durable(sector: number, sectors: number): void {
    const { zoneSizeSectors: size, type } = this.media;
    const zone = size === 0 ? -1 : Math.floor(sector / size);
    if (zone >= 0 && type[zone] !== ZoneType.conventional) this.zones.delete(zone);
    else this.before = this.before.flatMap((one) => without(one, sector, sector + sectors));
  }

  /** All is durable. */
  flushed(): void {
    this.zones.clear();
    this.before = [];
  }

  /** The power is gone, and what was not durable with it. */
  lost(): void {
    const { store, wp, cond, zoneSizeSectors: size } = this.media;
    for (const [zone, state] of this.zones) {
      const end = wp[zone]!;
      // A zone that went read-only or offline meanwhile stays that.
      if (end > size) continue;
      wp[zone] = state.wp;
      cond[zone] = state.cond;
      if (end > state.wp) store.discard(zone * size + state.wp, end - state.wp);
    }
    for (const { sector, payload } of this.before.reverse()) store.write(sector, payload);
    this.flushed();
  }
}

/** What of `extent` lies outside of the sectors from `start` to `end`. */
function without({ sector, payload }: Extent, start: number, end: number): Extent[] {
  const sectors = payload.lengthBytes / SECTOR_BYTES;
  const parts: Extent[] = [];
  const take = (from: number, to: number): void => {
    if (from >= to) return;
    const part = payload.slice((from - sector) * SECTOR_BYTES, (to - from) * SECTOR_BYTES);
    parts.push({ sector: from, payload: part });
  };
  take(sector, Math.min(sector + sectors, start));
  take(Math.max(sector, end), sector + sectors);
  return parts;
}
