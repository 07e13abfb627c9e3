/** Laws of zones and bios: whatever is sent to a disk through any stack, zones keep their rules and no bio is lost. */

import { expect } from 'chai';
import fc from 'fast-check';
import { Op } from '../../src/block/bio.ts';
import { ZoneCond } from '../../src/block/device.ts';
import type { Disk } from '../../src/block/disk.ts';
import type { Machine } from '../../src/machine.ts';
import type { TraceRecord } from '../../src/sim/trace.ts';
import { DeviceRun, type DeviceStep, deviceSteps } from './device-program.ts';
import { diskName, machines, zonedMachines } from './machines.ts';
import { law } from './support.ts';
import { BioCount, expectConserved, expectSameZones, Reader, settle, ZoneWatch } from './watch.ts';

function limitsOf(machine: Machine): { open: number; active: number } {
  const { limits } = machine.block.devices.get(diskName(machine))!;
  return { open: limits.max_open_zones.value, active: limits.max_active_zones.value };
}

/** null_blk's queue_mode 0, to 6.9, makes no requests. */
function requestBased(machine: Machine): boolean {
  return (machine.block.devices.get(diskName(machine)) as Disk).queue.requestBased;
}

/** Where the device on top begins on the disk: every mapping here is one piece. */
function startOnDisk(run: DeviceRun): number {
  let start = 0;
  let device = run.device;
  while (device.slaves.length > 0) {
    const name = run.machine.dm.list().find(({ minor }) => minor === device.minor)!.name;
    const table = run.machine.dm.table(name);
    if (typeof table === 'number') throw new Error(`table of ${name}: ${table}`);
    const { target, params } = table[0]!;
    const words = params.split(' ');
    start += Number(words[target === 'linear' ? 1 : 4]);
    device = device.slaves[0]!;
  }
  return start;
}

describe('zones', () => {
  law(
    'change by the state machine alone, within capacity and limits, and every floor reports the same',
    120,
    fc.property(zonedMachines, deviceSteps(), (spec, steps) => {
      const run = DeviceRun.start(spec);
      if (run === null) return;
      const reader = new Reader();
      const watch = new ZoneWatch(run.machine);
      for (const step of steps) {
        run.step(step);
        settle(run.machine);
        watch.look(run.machine, reader.take(run.machine), limitsOf(run.machine));
        if (run.device.nrZones > 0) expectSameZones(run.machine, run.zones(), startOnDisk(run));
      }
    }),
  );
});

describe('bios', () => {
  law(
    'are conserved: requests carry their sectors, each ends once, and none is left at rest',
    120,
    fc.property(machines, deviceSteps(), (spec, steps) => {
      const run = DeviceRun.start(spec);
      if (run === null) return;
      const reader = new Reader();
      let { machine } = run;
      settle(machine);
      let count = new BioCount(machine);
      reader.take(machine);
      for (const step of steps) {
        run.step(step);
        if (run.machine !== machine) {
          machine = run.machine;
          settle(machine);
          count = new BioCount(machine);
          reader.take(machine);
          continue;
        }
        settle(machine);
        expect(count.out, `bios out after ${step.kind}`).to.equal(0);
        const records = reader.take(machine);
        if (requestBased(machine)) expectConserved(diskName(machine), records);
      }
    }),
  );

  law(
    'an append is never split or merged, and ends with the sector where it lies, but for dm-crypt to 5.13',
    120,
    fc.property(
      zonedMachines,
      deviceSteps(['append', 'append', 'write-wp', 'reset']),
      (spec, steps) => {
        const run = DeviceRun.start(spec);
        if (run === null) return;
        const reader = new Reader();
        const { machine } = run;
        for (const step of steps) {
          const before = run.zones();
          const outcome = run.step(step);
          settle(machine);
          const records = reader.take(machine);
          if (step.kind !== 'append' || outcome.values.length === 0) continue;
          expectWhole(run, step, outcome.values, before, records);
        }
      },
    ),
  );
});

function expectWhole(
  run: DeviceRun,
  step: DeviceStep,
  [errno, sector, id]: readonly number[],
  before: ReturnType<DeviceRun['zones']>,
  records: readonly TraceRecord[],
): void {
  const { machine } = run;
  const mine = records.filter(({ bio }) => bio === id);
  const appends = mine.filter(({ op }) => op === Op.zoneAppend);
  expect(
    appends.filter(({ kind }) => kind === 'bioSplit' || kind === 'bioBackmerge'),
  ).to.deep.equal([]);
  const issued = mine.filter(({ kind, op }) => kind === 'rqIssue' && op === Op.zoneAppend);
  expect(issued.length).to.be.at.most(1);
  if (errno !== 0) return;
  const zone = before[step.zone % before.length]!;
  const after = run.zones()[step.zone % before.length]!;
  const { sectors } = run.sent[0]!;
  const landed = after.cond === ZoneCond.full ? zone.wp : after.wp - sectors;
  expect(landed).to.equal(zone.wp);
  const { crypt, dm } = machine.kernel;
  const through = run.device.name.startsWith('dm-') && mine.some(({ kind }) => kind === 'crypt');
  const native = dm.zoneAppend !== 'dm-emulation' && dm.zoneAppend !== 'block-emulation';
  const lies = native && through && crypt.appendCompletion === 'status-only';
  expect(sector).to.equal(lies ? zone.start : landed);
}
