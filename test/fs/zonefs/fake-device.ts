/** A zoned disk just good enough to stand below zonefs in unit tests: no queues, no delays, every bio ends at once. */

import { type Bio, Op } from '../../../src/block/bio.ts';
import {
  type BlockDevice,
  WP_INVALID,
  ZoneCond,
  ZoneType,
  type ZoneView,
} from '../../../src/block/device.ts';
import {
  LIMIT_NAMES,
  type LimitName,
  type QueueLimits,
  type ZonedModel,
} from '../../../src/block/limits.ts';
import { BytesPayload } from '../../../src/block/payload.ts';
import { type BlockStatus, Status } from '../../../src/block/status.ts';
import { BlockSystem } from '../../../src/block/system.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import { SECTOR_BYTES } from '../../../src/kernel/units.ts';
import { Host } from '../../../src/sim/host.ts';
import { FirstCome } from '../../../src/sim/schedule.ts';

export interface FakeZone {
  start: number;
  len: number;
  capacity: number;
  wp: number;
  type: number;
  cond: number;
}

export interface FakeOptions {
  readonly zones?: number;
  readonly conventional?: number;
  readonly zoneSectors?: number;
  readonly capacitySectors?: number;
  readonly lastZoneSectors?: number;
  readonly blockBytes?: number;
  readonly appendSectors?: number;
  readonly zoned?: ZonedModel;
  readonly limits?: Partial<Record<LimitName, number>>;
}

export class FakeDevice implements BlockDevice {
  readonly name = 'fake0';
  readonly major = 250;
  readonly minor = 0;
  readonly slaves = [];
  readonly readOnly = false;
  holder: string | null = null;
  limits: QueueLimits;
  readonly zones: FakeZone[] = [];
  /** Every bio as it came: operation, sector, sectors, flags. */
  readonly log: { op: number; sector: number; sectors: number; flags: number }[] = [];
  /** Asked before a bio is served; anything but ok fails it. */
  fail: (bio: Bio) => BlockStatus = () => Status.ok;
  reportResult: number | null = null;
  private readonly sectors = new Map<number, Uint8Array>();

  constructor(options: FakeOptions = {}) {
    const { zones = 8, conventional = 2, zoneSectors = 128, blockBytes = 512 } = options;
    for (let i = 0; i < zones; i += 1) {
      const len = i === zones - 1 ? (options.lastZoneSectors ?? zoneSectors) : zoneSectors;
      const isConventional = i < conventional;
      this.zones.push({
        start: i * zoneSectors,
        len,
        capacity: isConventional ? len : Math.min(len, options.capacitySectors ?? len),
        wp: isConventional ? 0 : i * zoneSectors,
        type: isConventional ? ZoneType.conventional : ZoneType.seqWriteRequired,
        cond: isConventional ? ZoneCond.notWp : ZoneCond.empty,
      });
    }
    const origin = { floor: 'fake0', rule: 'test' };
    const values: Partial<Record<LimitName, number>> = {
      logical_block_size: blockBytes,
      physical_block_size: blockBytes,
      zone_write_granularity: blockBytes,
      chunk_sectors: zoneSectors,
      max_segments: 128,
      max_zone_append_sectors: options.appendSectors ?? 64,
      ...options.limits,
    };
    this.limits = Object.fromEntries([
      ...LIMIT_NAMES.map((name) => [name, { value: values[name] ?? 0, origin }]),
      ['zoned', { value: options.zoned ?? 'host-managed', origin }],
    ]) as unknown as QueueLimits;
  }

  get sizeSectors(): number {
    const last = this.zones[this.zones.length - 1]!;
    return last.start + last.len;
  }

  get nrZones(): number {
    return this.zones.length;
  }

  reportZones(startSector: number, count: number, visit: (zone: ZoneView) => void): number {
    if (this.reportResult !== null) return this.reportResult;
    const first = this.zones.findIndex((zone) => zone.start + zone.len > startSector);
    const shown = this.zones.slice(first, first + count);
    for (const zone of shown) {
      const hidden = zone.cond === ZoneCond.readonly || zone.cond === ZoneCond.offline;
      visit({ ...zone, wp: hidden ? WP_INVALID : zone.wp });
    }
    return shown.length;
  }

  submit(bio: Bio): void {
    this.log.push({ op: bio.op, sector: bio.sector, sectors: bio.sectors, flags: bio.flags });
    const failure = this.fail(bio);
    bio.end(failure === Status.ok ? this.serve(bio) : failure);
  }

  /** Writes past everybody, as another program would. */
  write(sector: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
      this.sectors.set(sector + at / SECTOR_BYTES, bytes.slice(at, at + SECTOR_BYTES));
    }
    const zone = this.zoneAt(sector);
    if (zone.type !== ZoneType.conventional) this.advance(zone, bytes.length / SECTOR_BYTES);
  }

  zoneAt(sector: number): FakeZone {
    return this.zones.find((zone) => sector >= zone.start && sector < zone.start + zone.len)!;
  }

  private serve(bio: Bio): BlockStatus {
    switch (bio.op) {
      case Op.read:
        return this.read(bio);
      case Op.write:
      case Op.zoneAppend:
        return this.put(bio);
      default:
        return this.manage(bio);
    }
  }

  private read(bio: Bio): BlockStatus {
    const bytes = new Uint8Array(bio.sectors * SECTOR_BYTES);
    for (let i = 0; i < bio.sectors; i += 1) {
      bytes.set(this.sectors.get(bio.sector + i) ?? [], i * SECTOR_BYTES);
    }
    bio.payload = new BytesPayload(bytes);
    return Status.ok;
  }

  private put(bio: Bio): BlockStatus {
    if (bio.sectors === 0) return Status.ok;
    const zone = this.zoneAt(bio.sector);
    if (zone.cond === ZoneCond.readonly || zone.cond === ZoneCond.offline) return Status.ioError;
    if (bio.op === Op.zoneAppend) bio.sector = zone.wp;
    const sequential = zone.type !== ZoneType.conventional;
    if (sequential && bio.sector !== zone.wp) return Status.ioError;
    this.write(bio.sector, bio.payload!.bytes());
    return Status.ok;
  }

  private advance(zone: FakeZone, sectors: number): void {
    zone.wp += sectors;
    const full = zone.wp >= zone.start + zone.capacity;
    if (full) zone.cond = ZoneCond.full;
    else if (zone.cond !== ZoneCond.expOpen) zone.cond = ZoneCond.impOpen;
  }

  private manage(bio: Bio): BlockStatus {
    const zone = this.zoneAt(bio.sector);
    if (bio.op === Op.zoneReset) {
      zone.wp = zone.start;
      zone.cond = ZoneCond.empty;
    } else if (bio.op === Op.zoneFinish) {
      zone.wp = zone.start + zone.len;
      zone.cond = ZoneCond.full;
    } else if (bio.op === Op.zoneOpen) zone.cond = ZoneCond.expOpen;
    else if (bio.op === Op.zoneClose) {
      zone.cond = zone.wp === zone.start ? ZoneCond.empty : ZoneCond.closed;
    }
    return Status.ok;
  }
}

/** A host with a kernel and a fake disk. */
export function bench(
  kernel: string,
  options: FakeOptions = {},
): { host: Host; block: BlockSystem; device: FakeDevice } {
  const host = new Host(kernelByName(kernel), new FirstCome());
  const block = new BlockSystem(host);
  const device = new FakeDevice(options);
  block.register(device);
  return { host, block, device };
}
