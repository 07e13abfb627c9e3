/**
 * What of a disk survives a reboot: its configuration, the state of its zones and its data. A device (null_blk, sd)
 * is built around the media by each kernel that boots. State is 6 bytes a zone in typed arrays.
 */

import { roundUp } from '../kernel/units.ts';
import { ZoneCond, ZoneType, type ZoneView } from './device.ts';
import type { FaultPlan } from './faults.ts';
import { SparseStore } from './store.ts';
import type { Unflushed } from './unflushed.ts';

/** The shape of a disk, in sectors. */
export interface Geometry {
  readonly sizeSectors: number;
  /** 0: a regular disk. */
  readonly zoneSizeSectors: number;
  readonly zoneCapacitySectors: number;
  readonly conventionalZones: number;
}

/** In `wp`: no valid pointer (read-only and offline zones). */
export const NO_WP = 0xffffffff;

const { conventional: CONVENTIONAL } = ZoneType;

export class ZonedMedia {
  /** The attributes as the user gave them, by the driver's names. */
  readonly attributes: Readonly<Record<string, number>>;
  readonly sizeSectors: number;
  readonly zoneSizeSectors: number;
  readonly zoneCapacitySectors: number;
  readonly nrZones: number;
  /** Write pointers from the zone's start; NO_WP for none. Conventional zones: unused. */
  readonly wp: Uint32Array;
  readonly cond: Uint8Array;
  readonly type: Uint8Array;
  readonly store = new SparseStore();
  /** What is planned to go wrong; null: nothing. */
  faults: FaultPlan | null = null;
  /** What a power cut would take; null where there is no cache that could lose anything. */
  unflushed: Unflushed | null = null;

  constructor(geometry: Geometry, attributes: Readonly<Record<string, number>>) {
    this.attributes = attributes;
    this.sizeSectors = geometry.sizeSectors;
    this.zoneSizeSectors = geometry.zoneSizeSectors;
    this.zoneCapacitySectors = geometry.zoneCapacitySectors;
    const size = geometry.zoneSizeSectors;
    this.nrZones = size === 0 ? 0 : roundUp(geometry.sizeSectors, size) / size;
    this.wp = new Uint32Array(this.nrZones);
    this.cond = new Uint8Array(this.nrZones).fill(ZoneCond.empty);
    this.type = new Uint8Array(this.nrZones).fill(ZoneType.seqWriteRequired);
    const conventional = geometry.conventionalZones;
    this.cond.fill(ZoneCond.notWp, 0, conventional);
    this.type.fill(ZoneType.conventional, 0, conventional);
  }

  get zoned(): boolean {
    return this.zoneSizeSectors > 0;
  }

  /** Sectors of zone `zone`: the last one may be short. */
  zoneLength(zone: number): number {
    return Math.min(this.zoneSizeSectors, this.sizeSectors - zone * this.zoneSizeSectors);
  }

  /** Sectors of it that can be written; conventional zones have no capacity of their own. */
  zoneCapacity(zone: number): number {
    if (this.type[zone] === CONVENTIONAL) return this.zoneLength(zone);
    if (zone < this.nrZones - 1) return this.zoneCapacitySectors;
    return Math.min(this.zoneLength(zone), this.zoneCapacitySectors);
  }

  /** How many zones must be written sequentially. */
  get sequentialZones(): number {
    let count = 0;
    for (const type of this.type) if (type !== ZoneType.conventional) count += 1;
    return count;
  }

  /** Zone `zone` as a report shows it; `wp` is what the driver puts there. */
  view(zone: number, wp: number): ZoneView {
    return {
      start: zone * this.zoneSizeSectors,
      len: this.zoneLength(zone),
      capacity: this.zoneCapacity(zone),
      wp,
      type: this.type[zone]!,
      cond: this.cond[zone]!,
    };
  }
}
