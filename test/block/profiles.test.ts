import { expect } from 'chai';
import fc from 'fast-check';
import { Op } from '../../src/block/bio.ts';
import { Command } from '../../src/block/clock.ts';
import { ZoneCond } from '../../src/block/device.ts';
import { predict, type Workload } from '../../src/block/profiles/predict.ts';
import { interpolate, PROFILE_NAMES } from '../../src/block/profiles/profile.ts';
import { profiles } from '../../src/block/profiles/profiles.ts';
import { publishedRows } from '../../src/block/profiles/published.ts';
import { distance, validate } from '../../src/block/profiles/validate.ts';

const ZN540: Omit<Workload, 'op' | 'queueDepth'> = { bytes: 4096, path: 'user-space' };

function iops(workload: Omit<Workload, 'bytes' | 'path'>, bytes = 4096): number {
  return predict(profiles.zn540, { ...ZN540, ...workload, bytes }).iops;
}

describe('profiles', function () {
  this.timeout(60_000);

  /** Of the rows nobody fitted, how far a model may be from what was measured. */
  const HELD_OUT = { null_blk: 2.2, zn540: 1.4, 'smr-hdd': 1.15 };
  /** One number stands between rows of null_blk and of the ZN540, and does neither full justice. */
  const FITTED = { null_blk: 1.65, zn540: 1.3, 'smr-hdd': 1.05 };

  for (const name of PROFILE_NAMES) {
    it(`${name} tells the published rows it was not fitted on within ${HELD_OUT[name]}`, () => {
      const { rows, worst } = validate(profiles[name]);
      expect(rows.some(({ fitted }) => !fitted)).to.equal(true);
      expect(distance(worst!), worst!.name).to.be.below(HELD_OUT[name]);
    });

    it(`${name} tells the rows it was fitted on within ${FITTED[name]}`, () => {
      const { rows } = validate(profiles[name]);
      const far = rows.filter((row) => row.fitted && distance(row) > FITTED[name]);
      expect(far).to.deep.equal([]);
    });

    it(`${name} says of every number where it comes from`, () => {
      for (const [parameter, { value, source }] of Object.entries(profiles[name].parameters)) {
        expect(value, parameter).to.be.greaterThan(0);
        expect(source, parameter).to.match(
          /NVMe|zone write plugging|assumed|SATA|rpm|null_blk|4K QD1/,
        );
      }
    });
  }

  it('published rows have names of their own', () => {
    const names = publishedRows.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
  });

  it('on the ZN540 an append loses to a write at QD1', () => {
    expect(iops({ op: 'append', queueDepth: 1 })).to.be.below(iops({ op: 'write', queueDepth: 1 }));
  });

  it('on the ZN540 appends to one zone beat lock-step writes at QD 2 to 4', () => {
    const lockStep = iops({ op: 'write', queueDepth: 1 });
    for (const queueDepth of [2, 3, 4]) {
      expect(iops({ op: 'append', queueDepth }), `QD${queueDepth}`).to.be.above(lockStep);
    }
  });

  it('on the ZN540 appends of 4 KiB lose to writes that are merged at QD 16 and more', () => {
    const merged = predict(profiles.zn540, {
      ...ZN540,
      op: 'write',
      queueDepth: 16,
      path: 'mq-deadline-lock',
    });
    expect(iops({ op: 'append', queueDepth: 16 })).to.be.below(merged.iops);
  });

  it('one writer at QD1 does as many commands as fit their latency', () => {
    const { iops: rate, meanNs } = predict(profiles['smr-hdd'], {
      op: 'write',
      bytes: 4096,
      queueDepth: 1,
      path: 'none',
    });
    expect((rate * meanNs) / 1e9).to.be.closeTo(1, 0.01);
  });

  it('the same question has the same answer', () => {
    const ask = () => predict(profiles.zn540, { ...ZN540, op: 'append', queueDepth: 4 });
    expect(ask()).to.deep.equal(ask());
  });

  it('a burst that the write buffer holds is faster than the flash', () => {
    const clock = profiles.zn540.clock({ blockBytes: 4096, seed: 1 });
    const command = write(1024 * 1024);
    let now = 0;
    const times = Array.from({ length: 12 }, () => {
      const took = clock.start(command, now) - now;
      now += took;
      return took;
    });
    expect(times[1]).to.be.below(600_000);
    expect(times[11]).to.be.above(800_000);
  });

  it('a reset after a finish takes as long as the data that was written before it', () => {
    const clock = profiles.zn540.clock({ blockBytes: 4096, seed: 1 });
    const finish = Object.assign(new Command(), {
      op: Op.zoneFinish,
      zone: 3,
      cond: ZoneCond.impOpen,
      writtenBytes: 1024,
      capacityBytes: 4096,
    });
    const done = clock.start(finish, 0);
    const reset = Object.assign(new Command(), {
      op: Op.zoneReset,
      zone: 3,
      cond: ZoneCond.full,
      writtenBytes: 4096,
      capacityBytes: 4096,
    });
    expect(clock.start(reset, done) - done).to.be.closeTo(5_000_000, 100_000);
    reset.cond = ZoneCond.full;
    expect(clock.start(reset, done) - done).to.be.above(15_000_000);
  });

  it('no command ends before it starts, nor within a fraction of a ns', () => {
    const ops = fc.constantFrom(
      Op.read,
      Op.write,
      Op.zoneAppend,
      Op.zoneReset,
      Op.zoneFinish,
      Op.flush,
    );
    const some = fc.record({
      op: ops,
      blocks: fc.integer({ min: 0, max: 512 }),
      sector: fc.nat(2 ** 30),
      cond: fc.constantFrom(...Object.values(ZoneCond)),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      waitNs: fc.nat(1_000_000),
    });
    fc.assert(
      fc.property(fc.constantFrom(...PROFILE_NAMES), fc.array(some), (name, commands) => {
        const clock = profiles[name].clock({ blockBytes: 4096, seed: 1 });
        const command = new Command();
        let now = 0;
        for (const { blocks, share, waitNs, ...rest } of commands) {
          now += waitNs;
          const zone = 1;
          Object.assign(command, rest, { zone, bytes: blocks * 4096, capacityBytes: 2 ** 30 });
          command.writtenBytes = Math.round(share * 2 ** 30);
          const end = clock.start(command, now);
          expect(end).to.be.at.least(now);
          expect(Number.isSafeInteger(end)).to.equal(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('a curve goes through its points and stays flat beyond them', () => {
    const points = [
      [0, 1],
      [1, 3],
      [3, 4],
    ] as const;
    expect([-1, 0, 0.5, 1, 2, 3, 9].map((x) => interpolate(points, x))).to.deep.equal([
      1, 1, 2, 3, 3.5, 4, 4,
    ]);
  });
});

function write(bytes: number): Command {
  return Object.assign(new Command(), { op: Op.write, bytes, zone: 1, cond: ZoneCond.impOpen });
}
