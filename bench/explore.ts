/** What exploring is measured with: a plain explorer that re-executes generators, and a machine to explore. */

import { Machine } from '../dist/machine.js';
import { runCommand } from '../dist/shell/shell.js';
import type { ExploredRun } from '../dist/sim/explore/run.js';
import { explore } from '../dist/sim/explore.js';

/** Three writers of three steps on one zone, every order from the beginning, as one would write it down in a minute. */
export function plainExplorer(writers: number): number {
  interface Zone {
    next: number;
    pointer: number;
    results: string[];
  }
  function* writer(zone: Zone, me: number): Generator<void, void, void> {
    const place = zone.next++;
    yield;
    const ready = place;
    yield;
    zone.results[me] = ready === zone.pointer ? `at ${ready}` : 'refused';
    if (ready === zone.pointer) zone.pointer += 1;
  }
  const outcomes = new Set<string>();
  let schedules = 0;
  const prefix: number[] = [];
  for (;;) {
    const zone: Zone = { next: 0, pointer: 0, results: [] };
    const tasks = Array.from({ length: writers }, (_, me) => writer(zone, me));
    const alive = tasks.map((_, me) => me);
    const counts: number[] = [];
    for (let depth = 0; alive.length > 0; depth += 1) {
      prefix[depth] ??= 0;
      counts.push(alive.length);
      const at = prefix[depth]!;
      if (tasks[alive[at]!]!.next().done === true) alive.splice(at, 1);
    }
    outcomes.add(zone.results.join());
    schedules += 1;
    while (prefix.length > 0 && prefix[prefix.length - 1]! + 1 >= counts[prefix.length - 1]!) {
      prefix.pop();
    }
    if (prefix.length === 0) return schedules;
    prefix[prefix.length - 1]! += 1;
  }
}

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

function mounted(run: ExploredRun | null): Machine {
  const disks = { nullb0: { size: 32, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 } };
  const machine = new Machine({
    kernel: 'v6.12',
    disks,
    ...(run === null ? {} : { schedule: run }),
  });
  machine.run(`dmsetup create t --table "0 65536 crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0"`);
  machine.run('mkzonefs -f /dev/mapper/t');
  machine.run('mount -t zonefs /dev/mapper/t /mnt');
  return machine;
}

const LINES = [0, 1, 2].map(
  (i) => `dd if=/dev/pattern/${i} of=/mnt/seq/0 bs=64k count=1 oflag=direct,append conv=notrunc`,
);

/** Three writers of one zonefs file on a whole machine, all schedules that can matter; returns how many. */
export function exploredMachine(): number {
  const found = explore((run) => {
    const machine = mounted(run);
    const { loop, tasks } = machine.host;
    run.begin(loop, ['a', 'b', 'c']);
    for (const line of LINES) tasks.spawn('sh', runCommand(machine.system, line));
    while (loop.step());
    run.end();
    return { summary: machine.run('stat -c %s /mnt/seq/0').stdout, failing: false };
  });
  if (!found.complete || found.outcomes.length !== 1)
    throw new Error('writers expected one outcome');
  return found.schedules + found.pruned;
}

/** The same machine, its three writers one after the other, `times` times. */
export function plainMachine(times: number): number {
  for (let i = 0; i < times; i += 1) {
    const machine = mounted(null);
    for (const line of LINES) machine.run(line);
    machine.run('stat -c %s /mnt/seq/0');
  }
  return times;
}
