import { expect } from 'chai';
import { traceText } from '../../src/report/trace-text.ts';
import { runScenario } from '../../src/scenario/api.ts';
import { CRYPT, ran, scenario, unmet } from './support.ts';

const CREATE = `dmsetup create c0 --table "${CRYPT}"`;
const ZONEFS = ['mkzonefs -f -o aggr_cnv /dev/nullb0', 'mount -t zonefs /dev/nullb0 /mnt'];
const BTRFS = [
  'mkfs.btrfs -f -q -O zoned -d single -m single /dev/nullb0',
  'mount -t btrfs /dev/nullb0 /mnt',
];
const WRITE = 'dd if=/dev/pattern/7 of=/mnt/f bs=1M count=1';
const expecting = (run: string, what: string): string => `{ run: '${run}', expect: { ${what} } }`;

describe('a step', () => {
  it('counts direct writes where they were made, and reads them back past all caches', () => {
    const dd = 'dd if=/dev/pattern/1 of=/mnt/seq/0 bs=64k count=2 oflag=direct,sync conv=notrunc';
    expect(
      unmet(scenario([...ZONEFS, expecting(dd, 'path: append, readback: same')])),
    ).to.deep.equal([]);
    const v612 = scenario([...ZONEFS, expecting(dd, 'path: regular, readback: same')], {
      kernel: 'v6.12',
    });
    expect(unmet(v612)).to.deep.equal([]);
  });

  it('counts buffered writes in the step that brings them to the disk', () => {
    const none = expecting(WRITE, 'path: none, readback: nothing');
    const written = 'path: append, readback: same';
    for (const last of [
      expecting('sync', written),
      expecting('umount /mnt', written),
      `{ reboot: {}, expect: { ${written} } }`,
    ]) {
      expect(unmet(scenario([...BTRFS, none, last])), last).to.deep.equal([]);
    }
  });

  it('whose data never left the cache wrote nothing when the power is cut', () => {
    const cut = '{ reboot: { how: power-cut }, expect: { path: none, readback: nothing } }';
    const steps = [...BTRFS, WRITE, cut, BTRFS[1]!, expecting('cat /mnt/f', 'exit: 1')];
    expect(unmet(scenario(steps))).to.deep.equal([]);
  });

  it('is left out where its "when" does not fit or what it needs failed', () => {
    const steps = [
      '{ run: cat /nowhere, name: one, expect: any }',
      '{ run: pwd, needs: one }',
      '{ run: pwd, when: { kernel: v5.14 } }',
      '{ run: pwd, name: two }',
      '{ run: pwd, needs: two }',
    ];
    expect(ran(scenario(steps)).map((step) => step.ran)).to.deep.equal([
      true,
      false,
      false,
      true,
      true,
    ]);
  });
});

describe('a reboot', () => {
  it('keeps the disks, and neither mappings nor mounts nor files in memory', () => {
    const steps = [
      CREATE,
      'mkzonefs -f /dev/mapper/c0',
      'mount -t zonefs /dev/mapper/c0 /mnt',
      '{ run: "echo x > /tmp/x" }',
      '{ reboot: {} }',
      expecting('dmsetup ls', 'stdout: "No devices found"'),
      expecting('cat /tmp/x', 'exit: 1'),
      CREATE,
      'mount -t zonefs /dev/mapper/c0 /mnt',
    ];
    expect(
      unmet(scenario(steps.map((one) => (one === CREATE ? `{ run: '${CREATE}' }` : one)))),
    ).to.deep.equal([]);
  });

  it('changes the kernel, given by name or as base and patches, and keeps it otherwise', () => {
    const uname = (kernel: string): string => `{ run: uname -r, expect: { stdout: ${kernel} } }`;
    const patches = '{ base: v5.12, patches: ["series[1-2]"] }';
    const steps = [
      '{ reboot: { kernel: v5.14 } }',
      uname('5.14.0'),
      '{ reboot: {} }',
      uname('5.14.0'),
      `{ reboot: { kernel: ${patches} } }`,
      uname('5.12.0'),
    ];
    const steps2 = ran(scenario(steps));
    expect(steps2.flatMap((step) => step.mismatches)).to.deep.equal([]);
    expect(steps2[5]!.kernel).to.equal('v5.12+series[1-2]');
  });

  it('shows what the next kernel logs while it starts', () => {
    const [step] = ran(scenario(['{ reboot: { kernel: v6.12 } }', 'pwd']));
    expect(step!.text).to.equal('reboot');
    expect(step!.exit).to.equal(0);
  });
});

describe('a run', () => {
  const text = scenario(
    [
      `{ run: '${CREATE}' }`,
      'mkfs.btrfs -f -q -O zoned -d single -m single /dev/mapper/c0',
      'mount -t btrfs /dev/mapper/c0 /mnt',
      WRITE,
      '{ run: sync, expect: { readback: same } }',
      '{ reboot: { kernel: v6.12 } }',
    ],
    { kernel: 'v5.14' },
  );
  const trace = (seed: number, readbackAlways = false): string =>
    runScenario(text, { seed, readbackAlways })
      .cells[0]!.machines.map((machine) => traceText(machine))
      .join('--\n');

  it('with one seed gives the same trace to the byte', () => {
    expect(trace(7)).to.equal(trace(7));
    expect(trace(7).length).to.be.above(10_000);
  });

  it('is not changed by what is read back', () => {
    expect(trace(7, true)).to.equal(trace(7));
  });

  it('draws other UUIDs with another seed', () => {
    const show = scenario(['mkfs.btrfs -f -O zoned -d single -m single /dev/nullb0']);
    const uuid = (seed: number): string => ran(show, { seed })[0]!.stdout;
    expect(uuid(1)).to.equal(uuid(1));
    expect(uuid(1)).not.to.equal(uuid(2));
  });

  it('takes the seed of the file where none is given', () => {
    const more = 'seed: 5\n';
    const show = (text_: string, options = {}): string => ran(text_, options)[0]!.stdout;
    const command = ['mkfs.btrfs -f -O zoned -d single -m single /dev/nullb0'];
    expect(show(scenario(command, { more }))).to.equal(show(scenario(command), { seed: 5 }));
  });

  it('makes a cell of each matrix value, and only that cell fails', () => {
    const steps = [`{ run: "echo \${a}", expect: { stdout: 1 } }`];
    const { met, cells } = runScenario(scenario(steps, { more: 'matrix: { a: [1, 2] }\n' }));
    expect(met).to.equal(false);
    expect(cells.map((cell) => cell.met)).to.deep.equal([true, false]);
  });
});
