/** Exploring through the package's own door: commands, scenarios, programs, and replaying what was found. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  type ExploredRun,
  explore,
  exploreCommands,
  exploreScenario,
  Machine,
  type Outcome,
  PowerOff,
  replayOf,
  runTogether,
  type Schedule,
} from '../src/index.ts';

const DISK = { size: 32, zoned: 1, zone_size: 4, zone_nr_conv: 2, memory_backed: 1 } as const;

function zonefs(schedule: Schedule): Machine {
  const machine = new Machine({ kernel: 'v6.12', disks: { nullb0: DISK }, schedule });
  machine.run('mkzonefs -f /dev/nullb0');
  machine.mount('/dev/nullb0', '/mnt', 'zonefs');
  return machine;
}

const writer = (seed: number, file: number): string =>
  `dd if=/dev/pattern/${seed} of=/mnt/seq/${file} bs=64k count=1 oflag=direct conv=notrunc status=none`;

function exits(_machine: Machine, results: readonly ({ exit: number } | null)[]): Outcome {
  const codes = results.map((one) => (one === null ? 'hangs' : String(one.exit)));
  return { summary: codes.join('+'), failing: codes.includes('hangs') };
}

describe('exploring from a program', () => {
  it('commands side by side, in every order that can matter', () => {
    const found = exploreCommands({
      machine: zonefs,
      commands: [writer(1, 0), writer(2, 0)],
      outcome: exits,
    });
    expect(found).to.include({ complete: true, failing: 0, shortest: null });
    expect(found.outcomes.map(({ outcome }) => outcome.summary)).to.have.members(['0+1', '1+0']);
  });

  it('the failing schedule it finds can be made again from what is saved of it', () => {
    const what = {
      machine: zonefs,
      commands: [
        { name: 'first', run: writer(1, 0) },
        { name: 'second', run: writer(2, 0) },
      ],
      outcome: (machine: Machine, results: readonly ({ exit: number } | null)[]): Outcome => {
        const { summary } = exits(machine, results);
        return { summary, failing: summary === '1+0' };
      },
    };
    const { shortest } = exploreCommands(what);
    expect(shortest!.threads).to.deep.equal(['first', 'second']);
    const saved = JSON.parse(JSON.stringify(shortest!.saved));
    const run = replayOf(saved);
    const machine = what.machine(run);
    const results = runTogether(machine, what.commands, run);
    expect(what.outcome(machine, results)).to.deep.equal({ summary: '1+0', failing: true });
  });

  it('a fault that may happen at any request, and what a power cut leaves', () => {
    const found = exploreCommands({
      machine: (schedule) => {
        const machine = zonefs(schedule);
        machine.faults('nullb0').arm({ op: 'write', chosen: true, deed: { kind: 'power-cut' } });
        return machine;
      },
      commands: [writer(1, 0), writer(2, 1)],
      outcome: (machine, results) => {
        const cut = machine.powerIsOff;
        if (cut) expect(() => machine.run('true')).to.throw(PowerOff);
        const next = machine.reboot();
        next.mount('/dev/nullb0', '/mnt', 'zonefs');
        const sizes = [0, 1].map((file) => next.run(`stat -c %s /mnt/seq/${file}`).stdout.trim());
        const summary = `${cut ? 'cut' : exits(next, results).summary}: ${sizes.join(' ')}`;
        return { summary, failing: sizes.some((size) => !['0', '65536'].includes(size)) };
      },
    });
    expect(found).to.include({ complete: true, failing: 0 });
    expect(found.outcomes.map(({ outcome }) => outcome.summary)).to.have.members([
      '0+0: 65536 65536',
      'cut: 0 0',
      'cut: 0 65536',
      'cut: 65536 0',
    ]);
  });

  it('a scenario, with the verdict zonestack explore gives', () => {
    const file = new URL('../scenarios/explore/btrfs-writers.yaml', import.meta.url);
    const text = readFileSync(file, 'utf8');
    const { met, title, cells } = exploreScenario(text);
    expect(met).to.equal(true);
    expect(title).to.include('one block group');
    expect(cells[0]!.explored).to.include({ schedules: 8, complete: true, failing: 4 });
    expect(exploreScenario(text, { max: 2 }).met).to.equal(false);
    const other = text.replace(/reboot: {.*}$/m, 'reboot: {}').replace('path: regular, ', '');
    expect(exploreScenario(other, { kernel: 'v6.12' }).met).to.equal(true);
  }).timeout(20_000);

  it('a program of its own, on a loop of its own', () => {
    const program = (run: ExploredRun): Outcome => {
      const { loop } = new Machine({ kernel: 'v6.12' }).host;
      const seen: string[] = [];
      const step = (name: string): void => {
        loop.chooser?.touch('list', '', 0, true);
        seen.push(name);
      };
      run.begin(loop, ['a', 'b', 'c']);
      for (const name of ['a', 'b', 'c']) loop.post(step, name);
      while (loop.step());
      run.end();
      return { summary: seen.join(''), failing: seen[0] === 'c' };
    };
    const found = explore(program);
    expect(found).to.include({ schedules: 6, failing: 2, complete: true });
    expect(found.shortest!.outcome.summary.startsWith('c')).to.equal(true);
    const random = explore(program, { random: { seed: 1, runs: 5 } });
    expect(random.schedules).to.equal(5);
  });
});
