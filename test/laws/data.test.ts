/** The law of data: a read gives what was written, unless the trace shows why not, and then it surely does not. */

import { expect } from 'chai';
import fc from 'fast-check';
import { ZoneCond, ZoneType } from '../../src/block/device.ts';
import type { TraceRecord } from '../../src/sim/trace.ts';
import { DeviceRun, type DeviceStep, deviceSteps, type Outcome } from './device-program.ts';
import { machines } from './machines.ts';
import { doneByDisk, Places } from './places.ts';
import { law } from './support.ts';
import { Reader, settle } from './watch.ts';

describe('data', () => {
  law(
    'read from a device is what was written, but for an IV the trace shows to be another',
    150,
    fc.property(machines, deviceSteps(), (spec, steps) => {
      const run = DeviceRun.start(spec);
      if (run === null) return;
      const follower = new Follower(run);
      for (const step of steps) follower.step(step);
      follower.readAll();
    }),
  );
});

/** Does steps and foretells what reads find. */
class Follower {
  private readonly run: DeviceRun;
  private readonly places: Places;
  private readonly reader = new Reader();
  /** Writes that may still lie in the cache. */
  private buffered: DeviceRun['sent'] = [];

  constructor(run: DeviceRun) {
    this.run = run;
    settle(run.machine);
    this.reader.take(run.machine);
    this.places = new Places(run.machine, run.device.name);
  }

  step(step: DeviceStep): void {
    const { run, places, reader } = this;
    const before = run.machine;
    const outcome = run.step(step);
    if (run.machine !== before) {
      // A clean shutdown writes caches out, and its records went with the machine.
      for (const { sector, sectors } of this.buffered) places.unknown(sector, sectors);
      this.buffered = [];
      settle(run.machine);
      reader.take(run.machine);
      places.rebooted(run.machine, run.device.name);
      return;
    }
    settle(run.machine);
    const records = reader.take(run.machine);
    places.follow(records);
    this.keep(outcome, records);
    this.resets(records);
    if (run.wiped !== null) places.unknown(run.wiped.sector, run.wiped.sectors);
    if (run.read !== null && outcome.data !== null) {
      expect(outcome.data.lengthBytes).to.equal(run.read.sectors * 512);
      places.check(run.read.sector, outcome.data);
    }
  }

  /** Reads all that can have been written. */
  readAll(): void {
    const { run, places } = this;
    const zones = run.zones().map(({ start, wp, len, type }) => {
      return [
        start,
        type === ZoneType.conventional ? 1024 : Math.max(0, Math.min(wp - start, len)),
      ];
    });
    if (zones.length === 0) zones.push([0, Math.min(10_000, run.device.sizeSectors)]);
    for (const [start, sectors] of zones as [number, number][]) {
      const block = run.blockSectors;
      const most = Math.min(4096, sectors - (sectors % block));
      const data = most === 0 ? -1 : run.readAt(start, most);
      if (typeof data === 'number') continue;
      settle(run.machine);
      places.follow(this.reader.take(run.machine));
      places.check(start, data);
    }
  }

  private keep(outcome: Outcome, records: readonly TraceRecord[]): void {
    const { run, places } = this;
    for (const [at, sent] of run.sent.entries()) {
      if (sent.buffered) this.buffered.push(sent);
      const result = outcome.values[at] ?? -1;
      const done = sent.append ? result === 0 : result === sent.sectors * 512;
      if (done) places.wrote(sent, sent.append ? landedAt(records, outcome.values[2]!) : 0);
      else if (!sent.append) places.unknown(sent.sector, sent.sectors);
    }
  }

  /** A zone that was reset holds nothing; of one that was finished, nothing new can be said. */
  private resets(records: readonly TraceRecord[]): void {
    for (const { kind, sector, sectors, b } of records) {
      if (kind === 'zone' && b === ZoneCond.empty) this.places.forget(sector, sectors);
    }
  }
}

/** Where the disk put the append of bio `id`; where a floor above made a write of it, that is where it went. */
function landedAt(records: readonly TraceRecord[], id: number): number {
  const done = records.filter((record) => record.bio === id && doneByDisk(record));
  return Math.min(...done.map(({ sector }) => sector));
}
