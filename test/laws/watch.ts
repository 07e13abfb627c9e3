/** Watchers of a running machine: they look at every record of the trace and at the disk, and know what must hold. */

import { expect } from 'chai';
import { Flag, Op } from '../../src/block/bio.ts';
import { ZoneCond, ZoneType, type ZoneView } from '../../src/block/device.ts';
import type { Disk } from '../../src/block/disk.ts';
import { NO_WP } from '../../src/block/media.ts';
import type { Machine } from '../../src/machine.ts';
import type { TraceRecord } from '../../src/sim/trace.ts';

const MAX_EVENTS = 2_000_000;

/** Runs what is pending. A machine that does not come to rest is a failure. */
export function settle(machine: Machine): void {
  const { loop } = machine.host;
  for (let events = 0; loop.step(); events += 1) {
    if (events > MAX_EVENTS) throw new Error(`"events" expected an end, got ${MAX_EVENTS}`);
  }
}

/** The records since the last look. */
export class Reader {
  private seen = 0;
  private machine: Machine | null = null;

  take(machine: Machine): TraceRecord[] {
    if (machine !== this.machine) this.seen = 0;
    this.machine = machine;
    const records = [...machine.trace.records(this.seen)];
    this.seen = machine.trace.length;
    return records;
  }
}

/** Which conditions a zone may go to, by the one it is in; offline and read-only come and go by order. */
const NEXT: Readonly<Record<number, readonly number[]>> = {
  [ZoneCond.empty]: [ZoneCond.impOpen, ZoneCond.expOpen, ZoneCond.full],
  [ZoneCond.impOpen]: [
    ZoneCond.impOpen,
    ZoneCond.expOpen,
    ZoneCond.closed,
    ZoneCond.full,
    ZoneCond.empty,
  ],
  [ZoneCond.expOpen]: [ZoneCond.expOpen, ZoneCond.closed, ZoneCond.full, ZoneCond.empty],
  [ZoneCond.closed]: [ZoneCond.impOpen, ZoneCond.expOpen, ZoneCond.full, ZoneCond.empty],
  [ZoneCond.full]: [ZoneCond.empty, ZoneCond.full],
};
const DEAD: readonly number[] = [ZoneCond.readonly, ZoneCond.offline];

/** Holds a disk's zones to their state machine, record by record, and to its limits. */
export class ZoneWatch {
  private readonly cond: number[];
  private readonly wp: number[];

  constructor(machine: Machine) {
    const media = [...machine.disks.values()][0]!;
    this.cond = [...media.cond];
    this.wp = [...media.wp];
  }

  look(
    machine: Machine,
    records: readonly TraceRecord[],
    limits: { open: number; active: number },
  ): void {
    const [name, media] = [...machine.disks][0]!;
    const size = media.zoneSizeSectors;
    // null_blk's queue_mode 0 makes no requests.
    const { requestBased } = (machine.block.devices.get(name) as Disk).queue;
    const issue = requestBased ? 'rqIssue' : 'bioQueue';
    let command = -1;
    for (const record of records) {
      if (record.kind === issue && record.device === name) command = record.op;
      if (record.kind !== 'zone') continue;
      const zone = record.sector / size;
      const { a: before, b: after, c: wpBefore, d: wpAfter } = record;
      const told = JSON.stringify(record);
      expect([before, wpBefore], told).to.deep.equal([this.cond[zone], this.wp[zone]]);
      this.cond[zone] = after;
      this.wp[zone] = wpAfter;
      if (DEAD.includes(before) || DEAD.includes(after)) continue;
      expect(NEXT[before], told).to.include(after);
      const reset = command === Op.zoneReset || command === Op.zoneResetAll;
      if (!reset) expect(wpAfter, told).to.be.at.least(wpBefore);
      else expect(wpAfter, told).to.be.oneOf([0, wpBefore]);
      const most = after === ZoneCond.full ? media.zoneLength(zone) : media.zoneCapacity(zone);
      expect(wpAfter, told).to.be.at.most(most);
      if (after === ZoneCond.empty) expect(wpAfter, told).to.equal(0);
      if (after === ZoneCond.full) expect(wpAfter, told).to.be.at.least(media.zoneCapacity(zone));
    }
    expect([...media.cond]).to.deep.equal(this.cond);
    expect([...media.wp]).to.deep.equal(this.wp);
    const count = (...conds: number[]): number =>
      this.cond.filter((cond) => conds.includes(cond)).length;
    const open = count(ZoneCond.impOpen, ZoneCond.expOpen);
    const active = open + count(ZoneCond.closed);
    if (limits.open > 0) expect(open, 'open zones').to.be.at.most(limits.open);
    if (limits.active > 0) expect(active, 'active zones').to.be.at.most(limits.active);
  }
}

/** What a device that maps sector 0 of itself to `start` of the disk may report of the disk's zones. */
export function expectSameZones(machine: Machine, zones: readonly ZoneView[], start: number): void {
  const media = [...machine.disks.values()][0]!;
  for (const zone of zones) {
    const number = (zone.start + start) / media.zoneSizeSectors;
    expect([zone.cond, zone.type, zone.len, zone.capacity]).to.deep.equal([
      media.cond[number],
      media.type[number],
      media.zoneLength(number),
      media.zoneCapacity(number),
    ]);
    if (zone.type === ZoneType.conventional) continue;
    const wp = media.wp[number]!;
    // A zone that is dead has no pointer; of a full one device mapper says its length, whatever the disk says.
    if (wp === NO_WP) continue;
    const pointers = zone.cond === ZoneCond.full ? [wp, zone.len] : [wp];
    expect(zone.wp - zone.start, JSON.stringify(zone)).to.be.oneOf(pointers);
  }
}

const DATA_OPS: readonly number[] = [Op.read, Op.write, Op.zoneAppend];

/** Holds bios to conservation: what left the top is what the disk's requests carried. */
export function expectConserved(disk: string, records: readonly TraceRecord[]): void {
  const failed = records.some(
    ({ kind, a }) => (kind === 'rqComplete' || kind === 'bioComplete') && a !== 0,
  );
  if (failed || records.some(({ kind }) => kind === 'decision')) return;
  const tops = new Map<number, number>();
  const below = new Map<number, number>();
  let merged = false;
  for (const { kind, device, bio, op, flags, sectors } of records) {
    if (!DATA_OPS.includes(op)) continue;
    if (kind === 'bioQueue' && (flags & Flag.top) !== 0) tops.set(bio, sectors);
    if (device !== disk) continue;
    if (kind === 'rqIssue') below.set(bio, (below.get(bio) ?? 0) + sectors);
    if (kind === 'bioBackmerge') merged = true;
  }
  const sum = (map: ReadonlyMap<number, number>): number =>
    [...map.values()].reduce((all, one) => all + one, 0);
  expect(sum(below), 'sectors of requests').to.equal(sum(tops));
  if (merged) return;
  expect([...below].sort(byFirst)).to.deep.equal([...tops].sort(byFirst));
}

function byFirst(a: readonly number[], b: readonly number[]): number {
  return a[0]! - b[0]!;
}

/** Counts bios that are out of their pool. */
export class BioCount {
  out = 0;

  constructor(machine: Machine) {
    const pool = machine.block.bios;
    const take = pool.take.bind(pool);
    const give = pool.give.bind(pool);
    pool.take = (id) => {
      this.out += 1;
      return take(id);
    };
    pool.give = (bio) => {
      this.out -= 1;
      give(bio);
    };
  }
}
