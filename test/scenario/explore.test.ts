import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { exploreCell, savedRun } from '../../src/scenario/explore.ts';
import { type LoadedScenario, loadScenario } from '../../src/scenario/load.ts';
import { runCell } from '../../src/scenario/run.ts';

const FOLDER = new URL('../../scenarios/explore/', import.meta.url);

function load(name: string, change: (text: string) => string = (text) => text): LoadedScenario {
  return loadScenario(name, change(readFileSync(new URL(name, FOLDER), 'utf8')));
}

function cellText(values: Readonly<Record<string, string>>): string {
  return Object.values(values).join(' ');
}

/** Every interleaving of small cases: what `zonestack explore scenarios/explore/*.yaml` says. */
describe('exploring scenarios', () => {
  for (const name of readdirSync(FOLDER).sort()) {
    const loaded = load(name);
    for (const cell of loaded.cells) {
      it(`${name} ${cellText(cell.values)}: comes to what it says, and no random schedule to more`, () => {
        const all = exploreCell(loaded, cell);
        expect(all.unmet).to.deep.equal([]);
        expect(all.explored.complete).to.equal(true);
        const random = { random: { seed: 5, runs: 25 } };
        const some = exploreCell(loaded, cell, random).explored.outcomes;
        expect(all.explored.outcomes.map(({ outcome }) => outcome.summary)).to.include.members(
          some.map(({ outcome }) => outcome.summary),
        );
      }).timeout(60_000);

      it(`${name} ${cellText(cell.values)}: first come, first served is one of its schedules`, () => {
        const { explored } = exploreCell(loaded, cell);
        const { met } = runCell(loaded, cell);
        expect(explored.outcomes.some(({ outcome }) => outcome.failing === !met)).to.equal(true);
      }).timeout(60_000);
    }
  }

  it('every later write of the block group fails once one came too early, and none does else', () => {
    const loaded = load('btrfs-writers.yaml');
    const { explored } = exploreCell(loaded, loaded.cells[0]!);
    expect(explored.outcomes.map(({ outcome }) => outcome.summary)).to.have.members([
      'writers 0+0 same, later 0, again 0',
      'writers 0+1 different, later 1, again 1',
      'writers 1+0 different, later 1, again 1',
    ]);
    expect(explored.shortest).to.include({ switches: 1, fewest: true });
  }).timeout(20_000);

  it('three writers are no more than 1,000 schedules', () => {
    const third =
      '      - { name: c, run: dd if=/dev/pattern/4 of=/mnt/c bs=64k count=1 oflag=direct conv=notrunc status=none }\n';
    const loaded = load('btrfs-writers.yaml', (text) =>
      text
        .replace('    expect: { path: regular', `${third}$&`)
        .replace('touch /mnt/a', '$& /mnt/c'),
    );
    const { explored } = exploreCell(loaded, loaded.cells[0]!, { max: 1000 });
    expect(explored.complete).to.equal(true);
    expect(explored.outcomes.length).to.equal(7);
  }).timeout(60_000);

  it('a saved schedule fails again in the same way', () => {
    const loaded = load('btrfs-writers.yaml');
    const cell = loaded.cells[0]!;
    const { shortest } = exploreCell(loaded, cell).explored;
    const again = runCell(loaded, cell, { explored: savedRun(cell, shortest!.saved) });
    const failed = (steps: typeof again.steps) => steps.map(({ mismatches }) => mismatches);
    expect(again.met).to.equal(false);
    expect(failed(again.steps)).to.deep.equal(failed(shortest!.outcome.result!.steps));
  }).timeout(20_000);

  it('finds the same, schedule by schedule, every time', () => {
    const loaded = load('outsider.yaml');
    const cell = loaded.cells[1]!;
    const told = () => {
      const { schedules, outcomes, shortest } = exploreCell(loaded, cell).explored;
      const counts = outcomes.map((one) => [one.outcome.summary, one.schedules]);
      return { schedules, counts, saved: shortest!.saved };
    };
    expect(told()).to.deep.equal(told());
  }).timeout(20_000);

  it('says what differs from what the file expects', () => {
    const loaded = load('btrfs-writers.yaml', (text) =>
      text.replace(
        /failing: true\n {4}law: "later: exit"\n {4}outcomes:\n[\s\S]*$/,
        'failing: false\n    outcomes: [nothing]\n',
      ),
    );
    const { unmet } = exploreCell(loaded, loaded.cells[0]!);
    expect(unmet).to.include('expected no failing schedule, got 4');
    expect(unmet).to.include('expected the outcome "nothing", got none');
    expect(unmet).to.include('expected no outcome "writers 0+0 same, later 0, again 0", got it');
  }).timeout(20_000);
});

describe('a parallel step', () => {
  const head = 'version: 1\ntitle: t\nkernel: v6.12\ndisks: { nullb0: { size: 16 } }\nsteps:\n';
  const run = (steps: string) => {
    const loaded = loadScenario('t.yaml', head + steps);
    return runCell(loaded, loaded.cells[0]!).steps[0]!;
  };

  it('joins what its commands print in their order, whoever ends first', () => {
    const step = run(
      "  - { parallel: [{ run: 'sleep 1' }, { run: echo a }, { run: echo b }], expect: { stdout: ['a', 'b'] } }\n",
    );
    expect(step.stdout).to.equal('a\nb\n');
    expect(step.mismatches).to.deep.equal([]);
  });

  it('fails when one of its commands does, unless that one says what it expects', () => {
    const bad = '{ run: cat /nowhere }';
    expect(run(`  - parallel: [{ run: echo a }, ${bad}]\n`).mismatches).to.have.length(1);
    const own = '{ run: cat /nowhere, expect: { exit: 1, stderr: { contains: No such file } } }';
    expect(run(`  - parallel: [{ run: echo a }, ${own}]\n`).mismatches).to.deep.equal([]);
  });

  it('names the command whose own expectation was not met', () => {
    const own = '{ run: echo b, expect: { stdout: c } }';
    const [mismatch] = run(`  - parallel: [{ run: echo a }, ${own}]\n`).mismatches;
    expect(mismatch).to.include({ key: 'stdout', item: 1, got: '"b\\n"' });
  });

  it('is checked before it runs: an unknown command in it is said with its place', () => {
    expect(() => loadScenario('t.yaml', `${head}  - parallel: [{ run: dda if=x }]\n`)).to.throw(
      'there is no command "dda" here',
    );
    expect(() => loadScenario('t.yaml', `${head}  - parallel: [{ runs: dd }]\n`)).to.throw('runs');
    expect(() => loadScenario('t.yaml', `${head}  - parallel: []\n`)).to.throw('at least 1 item');
  });
});
