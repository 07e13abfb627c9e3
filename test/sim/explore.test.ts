import { expect } from 'chai';
import fc from 'fast-check';
import { Names } from '../../src/sim/explore/footprint.ts';
import { AtRandom, Replayed, ScheduleMisfit } from '../../src/sim/explore/policies.ts';
import { ExploredRun } from '../../src/sim/explore/run.ts';
import { explore } from '../../src/sim/explore.ts';
import { type Action, madeUp, summaries, zoneWriters } from './toy-programs.ts';

const action: fc.Arbitrary<Action> = fc.record({
  variable: fc.nat({ max: 2 }),
  act: fc.constantFrom('read', 'write', 'write', 'nothing', 'choose', 'wake'),
});
const program = fc.array(fc.array(action, { minLength: 1, maxLength: 3 }), {
  minLength: 2,
  maxLength: 3,
});

describe('exploring schedules', () => {
  it('three writers of three steps come to the same in all 1,680 orders and in those that can differ', () => {
    const full = explore(zoneWriters(3), { full: true });
    const reduced = explore(zoneWriters(3));
    expect(full.schedules).to.equal(1680);
    expect(full.complete && reduced.complete).to.equal(true);
    expect(summaries(reduced.outcomes)).to.deep.equal(summaries(full.outcomes));
    expect(reduced.schedules).to.be.at.most(36);
  });

  it('four writers of three steps keep at most 1,000 schedules of 369,600', () => {
    const reduced = explore(zoneWriters(4));
    expect(reduced.complete).to.equal(true);
    expect(reduced.schedules + reduced.pruned).to.be.at.most(1000);
    expect(reduced.schedules).to.equal(576);
  });

  it('any program comes to the same with and without reduction', () => {
    fc.assert(
      fc.property(program, (threads) => {
        const toy = madeUp(threads);
        const full = explore(toy, { full: true, max: 20_000 });
        fc.pre(full.complete);
        const reduced = explore(toy);
        expect(summaries(reduced.outcomes)).to.deep.equal(summaries(full.outcomes));
        expect(reduced.schedules).to.be.at.most(full.schedules);
      }),
      { numRuns: 150 },
    );
  }).timeout(60_000);

  it('so it does when the power may be cut before any step', () => {
    fc.assert(
      fc.property(program, (threads) => {
        const toy = madeUp(threads);
        const full = explore(toy, { full: true, powerCut: true, max: 5000 });
        fc.pre(full.complete);
        const reduced = explore(toy, { powerCut: true });
        expect(summaries(reduced.outcomes)).to.deep.equal(summaries(full.outcomes));
      }),
      { numRuns: 100 },
    );
  }).timeout(60_000);

  it('what random schedules come to was found by the exhaustive ones', () => {
    const all = summaries(explore(zoneWriters(4)).outcomes);
    const some = explore(zoneWriters(4), { random: { seed: 3, runs: 500 } });
    expect(some.schedules).to.equal(500);
    expect(all).to.include.members(summaries(some.outcomes));
  });

  it('is the same every time', () => {
    const once = explore(zoneWriters(3));
    expect(explore(zoneWriters(3))).to.deep.equal(once);
    const random = { random: { seed: 7, runs: 50 } };
    expect(explore(zoneWriters(3), random)).to.deep.equal(explore(zoneWriters(3), random));
  });

  it('the schedule it shows leaves a thread that could go on no more often than it must', () => {
    const { shortest } = explore(zoneWriters(2));
    expect(shortest).to.include({ switches: 1, fewest: true });
    expect(shortest!.steps.map((step) => step.thread)).to.deep.equal([-1, 0, 0, 1, 1, 1, 0]);
  });

  it('a saved schedule comes to the same again', () => {
    const { shortest } = explore(zoneWriters(3));
    const saved = JSON.parse(JSON.stringify(shortest!.saved));
    const again = zoneWriters(3)(new ExploredRun(new Replayed(saved), { names: new Names() }));
    expect(again).to.deep.equal(shortest!.outcome);
  });

  it('any run can be made again from its labels and choices', () => {
    fc.assert(
      fc.property(program, fc.nat(), (threads, seed) => {
        const settings = { names: new Names(), labels: true };
        const run = new ExploredRun(new AtRandom(seed), settings);
        const outcome = madeUp(threads)(run);
        const replay = new ExploredRun(new Replayed(run.saved), { names: new Names() });
        expect(madeUp(threads)(replay)).to.deep.equal(outcome);
      }),
      { numRuns: 200 },
    );
  });

  it('a schedule of another program is refused with what it wanted', () => {
    const saved = ['1: take', '1: vanish'];
    const run = new ExploredRun(new Replayed(saved), { names: new Names() });
    // Steps a schedule does not know run as soon as they can; then nothing is left of what it wants.
    expect(zoneWriters(2)(run).failing).to.equal(false);
    const stuck = new ExploredRun(new Replayed(['9: take', '1: take', '2: take']), {
      names: new Names(),
    });
    expect(() => zoneWriters(2)(stuck)).to.throw(ScheduleMisfit, '9: take');
  });

  it('stops at its bound and says so', () => {
    const bounded = explore(zoneWriters(3), { max: 5, maxShorter: 1 });
    expect(bounded).to.include({ complete: false });
    expect(bounded.schedules + bounded.pruned).to.equal(5);
  });
});
