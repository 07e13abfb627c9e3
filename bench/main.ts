/**
 * `npm run bench -- [--only NAME] [--format json] [--quick]`: what the stack does per second, each as a ratio measured in
 * the same run. Floors: full stack 0.20 of the reference loop, trace on/off 0.75, 10^4 mount verdicts a second.
 */

import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Machine } from '../dist/machine.js';
import { explore } from '../src/sim/explore.ts';
import { zoneWriters } from '../test/sim/toy-programs.ts';
import { coldStart } from './cold-start.ts';
import { cryptBenches } from './crypt.ts';
import { loopEvents, simpyLike, taskEvents } from './events.ts';
import { exploredMachine, plainExplorer, plainMachine } from './explore.ts';
import { compared, measure, median, type Options, type Result } from './measure.ts';
import { bytesPerMillionEvents, bytesPerZone } from './memory.ts';
import { writeBenches } from './writes.ts';
import { zonesCurve } from './zonefs-zones.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    format: { type: 'string', default: 'text' },
    quick: { type: 'boolean', default: false },
  },
});

const OPTIONS: Options = values.quick ? { rounds: 3, warmUps: 3 } : { rounds: 7, warmUps: 4 };
/** Table load and mount of a formatted disk of 64 zones, and taking both down again. */
function mountVerdicts(): Result {
  const verdicts = 2000;
  const table = '0 524288 linear /dev/nullb0 0';
  const disk = { size: 256, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
  const run = (): number => {
    const machine = new Machine({ kernel: 'v5.12', disks: { nullb0: disk } });
    machine.run('mkzonefs -f /dev/nullb0');
    for (let i = 0; i < verdicts; i += 1) {
      machine.createMapping('t', table);
      const { ok } = machine.mount('/dev/mapper/t', '/mnt', 'zonefs');
      if (!ok) throw new Error('mount expected to succeed, got a refusal');
      machine.umount('/mnt');
      machine.dm.remove('t');
    }
    return verdicts;
  };
  const rates = measure([{ name: 'mount', run }], OPTIONS).get('mount')!;
  const value = median(rates.rates);
  return {
    name: 'mount-verdicts',
    unit: 'verdicts/s',
    value,
    reference: '10^4 a second',
    ratio: value / 1e4,
    floor: 1,
  };
}

function scheduler(tasks: boolean): Result {
  const events = 500_000;
  const rates = measure(
    [
      { name: 'ours', run: () => (tasks ? taskEvents(events) : loopEvents(events)) },
      { name: 'simpy', run: () => simpyLike(events) },
    ],
    OPTIONS,
  );
  const reference = 'a loop in the way of SimPy';
  return compared(tasks ? 'scheduler-tasks' : 'scheduler', 'events/s', rates, { reference });
}

function zoneMemory(): Result {
  const most = 12;
  const value = bytesPerZone();
  const reference = `${most} bytes, by zone`;
  return {
    name: 'zone-memory',
    unit: 'bytes/zone',
    value,
    reference,
    ratio: most / value,
    floor: 1,
  };
}

function traceMemory(): Result {
  const value = bytesPerMillionEvents() / 2 ** 20;
  const reference = '64 MiB, by million events';
  return { name: 'trace-memory', unit: 'MiB/10^6', value, reference, ratio: 64 / value, floor: 1 };
}

function coldStartResult(): Result {
  const { ms: value, ratio: part } = coldStart(OPTIONS.rounds);
  return { name: 'cold-start', unit: 'ms', value, reference: 'bare node', ratio: part, floor: 0.4 };
}

/** A mount of 500,000 zones, by the zone. */
function zonefsZones(): Result {
  const { value, ratio: part, curve } = zonesCurve(OPTIONS);
  return {
    name: 'zonefs-zones',
    unit: 'zones/s',
    value,
    reference: curve,
    ratio: part,
    floor: 0.7,
  };
}

/** All orders of three writers of three steps by the engine, by a plain explorer. */
function explorer(): Result {
  const rates = measure(
    [
      {
        name: 'engine',
        run: () => explore(zoneWriters(3), { full: true, maxShorter: 1 }).schedules,
      },
      { name: 'plain', run: () => plainExplorer(3) },
    ],
    OPTIONS,
  );
  const reference = 're-execution with generators of a plain model';
  return compared('explore', 'schedules/s', rates, { reference });
}

function machineExplorer(): Result {
  const rates = measure(
    [
      { name: 'explored', run: exploredMachine },
      { name: 'plain', run: () => plainMachine(30) },
    ],
    OPTIONS,
  );
  const reference = 'the same machine and commands, one after the other';
  return compared('explore-machine', 'schedules/s', rates, { reference });
}

const BENCHES: Readonly<Record<string, () => Result>> = {
  ...writeBenches(OPTIONS),
  scheduler: () => scheduler(false),
  'scheduler-tasks': () => scheduler(true),
  'zone-memory': zoneMemory,
  'trace-memory': traceMemory,
  'mount-verdicts': mountVerdicts,
  ...cryptBenches(OPTIONS),
  'zonefs-zones': zonefsZones,
  'cold-start': coldStartResult,
  explore: explorer,
  'explore-machine': machineExplorer,
};

if (values.only !== undefined && !(values.only in BENCHES)) {
  process.stderr.write(
    `there is no bench "${values.only}"; there are ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exit(2);
}
const results = Object.entries(BENCHES)
  .filter(([name]) => values.only === undefined || values.only === name)
  .map(([, run]) => run());
if (values.format === 'json') {
  process.stdout.write(`${JSON.stringify({ machine: machineText(), results }, null, 2)}\n`);
} else {
  process.stdout.write(`${machineText()}\n\n`);
  for (const one of results) {
    const value = Math.round(one.value).toLocaleString('en');
    const floor = one.floor === null ? '' : `, floor ${one.floor}`;
    process.stdout.write(
      `${one.name.padEnd(18)}${value.padStart(12)} ${one.unit.padEnd(11)} ${one.ratio.toFixed(2)} of ${one.reference}${floor}\n`,
    );
  }
}

function machineText(): string {
  return `node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores`;
}
