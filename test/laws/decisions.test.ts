/** Laws of decisions: nothing is refused without a rule that says so, and a limit always says who set it. */

import { expect } from 'chai';
import fc from 'fast-check';
import type { BlockDevice } from '../../src/block/device.ts';
import { type Machine, SystemCallError } from '../../src/machine.ts';
import type { Origin } from '../../src/sim/decision.ts';
import { DeviceRun, deviceSteps } from './device-program.ts';
import { boot, build, deviceAt, machines } from './machines.ts';
import { law, pick } from './support.ts';
import { Reader, settle } from './watch.ts';

/** Limits that every kernel takes from the device below. */
const STACKED = [
  'zoned',
  'logical_block_size',
  'physical_block_size',
  'max_sectors',
  'max_hw_sectors',
  'max_segments',
  'max_zone_append_sectors',
];

function endOf(origin: Origin): Origin {
  return origin.from === undefined ? origin : endOf(origin.from);
}

function below(device: BlockDevice): BlockDevice[] {
  return [device, ...device.slaves.flatMap(below)];
}

describe('queue limits', () => {
  law(
    'come from a floor of the stack: each chain of origins ends at a disk or a mapped device',
    150,
    fc.property(machines, (spec) => {
      const machine = boot(spec);
      if (machine === null) return;
      const device = deviceAt(machine, build(machine, spec.layers));
      const floors = below(device).map(({ name }) => name);
      for (const [name, { value, origin }] of Object.entries(device.limits)) {
        const { floor, rule } = endOf(origin);
        const told = `${name} = ${value} of ${device.name}: ${JSON.stringify(origin)}`;
        // What a stack does not take from below at all is what every stack starts from.
        if (floor === 'stack' && !STACKED.includes(name)) continue;
        expect(floors, told).to.include(floor.split('/')[0]);
        expect(rule, told).not.to.equal('');
      }
    }),
  );
});

const WORDS = [
  'linear',
  'crypt',
  'zero',
  'error',
  'flakey',
  'delay',
  'striped',
  'nothing',
  '/dev/nullb0',
  '/dev/none',
  '253:0',
  '0',
  '1',
  '8',
  '2048',
  '4096',
  '16384',
  'aes-xts-plain64',
  'aes-cbc-essiv:sha256',
  '0'.repeat(64),
  '0'.repeat(128),
  'sector_size:4096',
  'iv_large_sectors',
  '-1',
  '18446744073709551615',
];

describe('refusals', () => {
  law(
    'of tables have a decision or are the errno of a device that is not there',
    250,
    fc.property(
      machines,
      fc.array(fc.array(pick(WORDS), { minLength: 1, maxLength: 9 }), {
        minLength: 1,
        maxLength: 3,
      }),
      pick([
        '',
        '0 4096 linear /dev/nullb0 0',
        '0 8192 crypt aes-cbc-null 00000000000000000000000000000000 0 /dev/nullb0 0',
      ]),
      (spec, lines, first) => {
        const machine = boot(spec);
        if (machine === null) return;
        settle(machine);
        const table = [...(first === '' ? [] : [first]), ...lines.map((words) => words.join(' '))];
        const refused = load(machine, table);
        if (refused === null || refused.name === 'NotModelled') return;
        expect(refused).to.be.instanceOf(SystemCallError);
        const decided = machine.decisions.some(({ verdict }) => verdict === 'refuses');
        const told = `${refused.message}: ${table.join(' | ')}: ${machine.dmesg().join(' | ')}`;
        expect(decided, told).to.equal(true);
      },
    ),
  );

  law(
    'of bios have a decision or a failed request',
    150,
    fc.property(machines, deviceSteps(), (spec, steps) => {
      const run = DeviceRun.start(spec);
      if (run === null) return;
      const reader = new Reader();
      settle(run.machine);
      reader.take(run.machine);
      for (const step of steps) {
        const { values } = run.step(step);
        settle(run.machine);
        const records = reader.take(run.machine);
        if (!values.includes(-5) && !records.some(({ kind, a }) => kind === 'bioComplete' && a < 0))
          continue;
        const why = records.filter(
          ({ kind, a }) => kind === 'decision' || (kind === 'rqComplete' && a < 0),
        );
        const bioMode = spec.disk.queue_mode === 0;
        if (!bioMode) expect(why.length, `${step.kind}: ${values.join()}`).to.be.above(0);
      }
    }),
  );
});

function load(machine: Machine, table: readonly string[]): Error | null {
  try {
    machine.createMapping('t', table);
    return null;
  } catch (error) {
    return error as Error;
  }
}
