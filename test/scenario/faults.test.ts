/** Faults as a scenario says them: what they do, where they are wrong, and that exploring tries every one. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { PatternPayload } from '../../src/block/payload.ts';
import { O } from '../../src/fs/inode.ts';
import { Machine } from '../../src/machine.ts';
import { exploreCell, savedRun } from '../../src/scenario/explore.ts';
import { IdleFaults } from '../../src/scenario/idle-faults.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { runCell } from '../../src/scenario/run.ts';
import type { ExploredRun } from '../../src/sim/explore/run.ts';
import { explore, type Outcome } from '../../src/sim/explore.ts';
import type { Task } from '../../src/sim/task.ts';
import { ran, scenario, stopped } from './support.ts';

const DIRECT = 'oflag=direct conv=notrunc status=none';
const fault = (inner: string): string => `{ fault: { ${inner} } }`;
const one = (inner: string): string => scenario([fault(inner)]);

describe('a fault step', () => {
  it('plans what befalls the steps after it, once, and is told in the report', () => {
    const write = `dd if=/dev/pattern/1 of=/dev/nullb0 bs=4k count=1 ${DIRECT}`;
    const steps = ran(
      scenario([write, fault('disk: nullb0, op: write, status: medium'), write, write]),
    );
    expect(steps.map(({ exit }) => exit)).to.deep.equal([0, 0, 1, 0]);
    expect(steps[1]!.text).to.equal('fault: nullb0: write: ends with medium');
    expect(steps[2]!.stderr).to.include('No data available');
    expect(steps[2]!.dmesg[0]).to.include('critical medium error, dev nullb0, sector 0');
  });

  it('is gone when it is cleared', () => {
    const steps = ran(
      scenario([
        fault('disk: nullb0, status: ioerr'),
        fault('disk: nullb0, clear: true'),
        `dd if=/dev/pattern/1 of=/dev/nullb0 bs=4k count=1 ${DIRECT}`,
      ]),
    );
    expect(steps[2]!.exit).to.equal(0);
    expect(steps[1]!.text).to.equal('fault: nullb0: none any more');
  });

  it('that cuts the power leaves nothing to run but a reboot, and what the step would have shown is unknown', () => {
    const write = (block: number): string =>
      `dd if=/dev/pattern/1 of=/dev/nullb0 bs=4k count=2 seek=${block} ${DIRECT}`;
    const steps = ran(
      scenario(
        [
          fault('disk: nullb0, op: write, after: 1, power: cut'),
          write(4096),
          '{ run: "false" }',
          '{ reboot: {} }',
          'blkzone report -o 32768 -c 1 /dev/nullb0',
        ],
        { kernel: 'v6.12' },
      ),
    );
    expect(steps.map(({ ran: did, cut }) => [did, cut === true])).to.deep.equal([
      [true, false],
      [true, true],
      [false, false],
      [true, false],
      [true, false],
    ]);
    expect(steps[4]!.stdout).to.include('wptr 0x000008');
  });

  it('that befalls nothing is told, at its place and in how many cells', () => {
    const text = scenario(
      [
        `{ reboot: { kernel: "\${kernel}" } }`,
        fault('disk: nullb0, op: append, status: ioerr'),
        fault('disk: nullb0, op: write, zone: 5, after: 3, status: ioerr'),
        fault('disk: nullb0, op: read, condition: offline'),
        '{ run: dd if=/dev/pattern/1 of=/dev/nullb0 bs=4k count=2 seek=5120 oflag=direct }',
        '{ run: dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct }',
        '{ run: mkzonefs -f /dev/nullb0, expect: any }',
        '{ run: mount -t zonefs /dev/nullb0 /mnt }',
        '{ run: "dd if=/dev/pattern/1 of=/mnt/seq/3 bs=4k count=1 oflag=direct conv=notrunc", expect: any }',
      ],
      { more: 'matrix: { kernel: [v5.12, v6.12] }\n' },
    );
    const loaded = loadScenario('t.yaml', text);
    const idle = new IdleFaults(loaded);
    for (const cell of loaded.cells) idle.add(runCell(loaded, cell));
    expect(idle.advice().map(({ place, message }) => `${place.line}: ${message}`)).to.deep.equal([
      '9: in 1 of 2 cells no request came that this fault could befall',
      '10: this fault befell nothing: only 2 requests came that it could befall, and 3 pass first',
      // It reads a conventional zone, and those have no condition.
      '11: no request came that this fault could befall',
    ]);
  });

  it('does not befall reading back', () => {
    const [, step] = ran(
      scenario([
        fault('disk: nullb0, op: read, status: ioerr'),
        `{ run: 'dd if=/dev/pattern/1 of=/dev/nullb0 bs=4k count=1 ${DIRECT}', expect: { readback: same } }`,
      ]),
    );
    expect(step!.mismatches).to.deep.equal([]);
  });

  it('that makes no sense is refused at its place, with what was meant', () => {
    const disk = stopped(one('disk: nulb0, status: ioerr'), 'wrong-value');
    expect(disk.suggestion).to.equal('nullb0');
    expect([disk.place.line, disk.place.column]).to.deep.equal([7, 22]);
    expect(disk.place.picture.split('\n')[1]).to.match(/^ {23}\^$/);
    const status = stopped(one('disk: nullb0, status: medum'), 'wrong-value');
    expect(status.suggestion).to.equal('medium');
    expect(status.message).to.include('ioerr');
    expect(stopped(one('disk: nullb0, statu: medium'), 'unknown-key').suggestion).to.equal(
      'status',
    );
    expect(stopped(one('status: medium'), 'missing-key').message).to.include('"disk"');
    for (const [inner, said] of [
      ['disk: nullb0', 'one of status, condition, power, clear, got none'],
      ['disk: nullb0, status: ioerr, power: cut', 'got status and power'],
      ['disk: nullb0, power: cut, done: true', '"done" beside "status" only'],
      ['disk: nullb0, clear: true, after: 1', 'no "after"'],
      ['disk: nullb0, zone: 64, status: ioerr', 'a zone below 64, got 64'],
      ['disk: nullb0, power: off', 'cut'],
      ['disk: nullb0, times: 0, status: ioerr', 'at least 1'],
      ['disk: nullb0, condition: full', 'read-only or offline'],
      [
        'disk: nullb0, op: flush, zone: 5, status: ioerr',
        'no "zone", got one: a flush goes to all',
      ],
      ['disk: nullb0, op: flush, condition: offline', 'no "condition"'],
      ['disk: nullb0, zone: 1, condition: offline', 'got zone 1, which is conventional'],
    ] as const) {
      expect(stopped(one(inner), 'wrong-value').message, inner).to.include(said);
    }
    const regular = scenario([fault('disk: nullb0, condition: offline')], { disk: 'size: 64' });
    expect(stopped(regular, 'wrong-value').message).to.include('a disk with zones');
    const both = scenario(['{ run: pwd, fault: { disk: nullb0, power: cut } }']);
    expect(stopped(both, 'wrong-value').message).to.include('"run" or "fault", got both');
    const explored = (inner: string): string =>
      scenario(['{ parallel: [{ run: pwd }] }'], { more: `explore: { faults: [{ ${inner} }] }\n` });
    const place = stopped(explored('disk: nullb1, power: cut'), 'wrong-value');
    expect(place.suggestion).to.equal('nullb0');
    expect(stopped(explored('disk: nullb0, clear: true'), 'wrong-value').message).to.include(
      'clear',
    );
  });
});

describe('exploring faults', () => {
  const load = (change: (text: string) => string = (text) => text) => {
    const file = new URL('../../scenarios/explore/faults.yaml', import.meta.url);
    return loadScenario('faults.yaml', change(readFileSync(file, 'utf8')));
  };
  const summaries = (explored: {
    readonly outcomes: readonly { readonly outcome: { readonly summary: string } }[];
  }): string[] => explored.outcomes.map(({ outcome }) => outcome.summary).sort();

  it('in all orders and in those that can differ comes to the same', () => {
    const writers =
      (second: number) =>
      (run: ExploredRun): Outcome => {
        const machine = new Machine({
          kernel: 'v5.12',
          disks: { nullb0: { size: 16, zoned: 1, zone_size: 4, memory_backed: 1 } },
          schedule: run,
        });
        const plan = machine.faults('nullb0');
        plan.arm({
          op: 'write',
          chosen: true,
          deed: { kind: 'status', status: 'ioerr', done: true },
        });
        plan.arm({ chosen: true, deed: { kind: 'condition', condition: 'offline' } });
        const { vfs } = machine;
        const process = vfs.newProcess('w', '/');
        const fd = machine.call(vfs.open(process, '/dev/nullb0', O.RDWR | O.DIRECT));
        const results: string[] = [];
        function* writer(name: string, block: number): Task<void> {
          const data = new PatternPayload(block, 0, 4096);
          const written = yield* vfs.pwrite(process, fd, data, block * 4096);
          results.push(`${name}${written}`);
        }
        run.begin(machine.host.loop, ['a', 'b']);
        machine.host.tasks.spawn('a', writer('a', 0));
        machine.host.tasks.spawn('b', writer('b', second));
        while (machine.host.loop.step());
        run.end();
        const { wp, cond } = machine.disks.get('nullb0')!;
        return { summary: [...results.sort(), ...wp, ...cond].join(' '), failing: false };
      };
    // In one zone, in order and not, and in two.
    for (const second of [1, 2, 1024]) {
      const full = explore(writers(second), { full: true });
      const reduced = explore(writers(second));
      expect(full.complete && reduced.complete).to.equal(true);
      expect(summaries(reduced)).to.deep.equal(summaries(full));
      expect(reduced.schedules).to.be.below(full.schedules);
      expect(reduced.outcomes.length).to.be.above(3);
    }
  }).timeout(60_000);

  it('tries the fault at every request it can befall, once, and at none', () => {
    const loaded = load((text) =>
      text.replace(/ +- { disk: nullb0, op: write, status: medium.*\n/, ''),
    );
    const { explored } = exploreCell(loaded, loaded.cells[0]!);
    const exits = new Set(summaries(explored).map((text) => text.replace(/, told.*|, rest.*/, '')));
    expect([...exits]).to.have.members([
      'writers 0+0, a 0 131072, b 0 65536',
      'writers 1+0, a 0 0, b 0 65536',
      'writers 1+0, a 0 65536, b 0 65536',
      'writers 0+1, a 0 131072, b 0 0',
    ]);
  }).timeout(30_000);

  it('a schedule that fails by a fault can be made again', () => {
    const loaded = load((text) =>
      text.replace('    expect: any', '    expect: { readback: same }'),
    );
    const cell = loaded.cells[0]!;
    const { explored } = exploreCell(loaded, cell);
    expect(explored.failing).to.be.above(0);
    const { saved, fewest } = explored.shortest!;
    expect(saved.some((step) => typeof step === 'object' && step.take.startsWith('ends'))).to.equal(
      true,
    );
    expect(fewest).to.equal(false);
    const again = runCell(loaded, cell, { explored: savedRun(cell, saved) });
    expect(again.met).to.equal(false);
    expect(runCell(loaded, cell).met).to.equal(true);
  }).timeout(30_000);
});
