import { expect } from 'chai';
import fc from 'fast-check';
import { Op } from '../../src/block/bio.ts';
import { WP_INVALID, ZoneCond } from '../../src/block/device.ts';
import { errno } from '../../src/kernel/errno.ts';
import { Bench, BUILDS } from './support.ts';

const Z = 8192;

describe('zones', () => {
  it('a write not at the write pointer fails with EIO and moves nothing', () => {
    for (const kernel of ['5.10.262', '6.1.192']) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      expect(bench.write(disk, Z)).to.equal(0);
      expect(bench.write(disk, Z + 32)).to.equal(-errno.EIO);
      expect(bench.zone(disk, Z).wp).to.equal(Z + 8);
      expect(bench.write(disk, Z + 8)).to.equal(0);
    }
  });

  it('a zone opened and closed without a write is empty again', () => {
    for (const kernel of BUILDS) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      expect(bench.manage(disk, Op.zoneOpen, Z)).to.equal(0);
      expect(bench.zone(disk, Z).cond).to.equal(ZoneCond.expOpen);
      expect(bench.manage(disk, Op.zoneClose, Z)).to.equal(0);
      expect(bench.zone(disk, Z).cond).to.equal(ZoneCond.empty);
      expect(bench.manage(disk, Op.zoneClose, Z)).to.equal(-errno.EIO);
    }
  });

  it('a finished zone shows its end, one filled by writes its capacity', () => {
    for (const kernel of BUILDS) {
      const bench = new Bench(kernel);
      const disk = bench.disk({ zone_capacity: 3 });
      bench.manage(disk, Op.zoneFinish, Z);
      expect(bench.zone(disk, Z)).to.include({ cond: ZoneCond.full, wp: 2 * Z });
      for (let at = 0; at < 6144; at += 128) expect(bench.write(disk, 2 * Z + at, 128)).to.equal(0);
      expect(bench.zone(disk, 2 * Z)).to.include({ cond: ZoneCond.full, wp: 2 * Z + 6144 });
      expect(bench.manage(disk, Op.zoneOpen, Z)).to.equal(-errno.EIO);
      expect(bench.manage(disk, Op.zoneReset, Z)).to.equal(0);
      expect(bench.zone(disk, Z)).to.include({ cond: ZoneCond.empty, wp: Z });
    }
  });

  it('with max_open 2 and max_active 3 the third write closes a zone, the fourth is EOVERFLOW', () => {
    for (const kernel of BUILDS) {
      const bench = new Bench(kernel);
      const disk = bench.disk({ zone_nr_conv: 0, zone_max_open: 2, zone_max_active: 3 });
      for (const zone of [0, 1, 2]) expect(bench.write(disk, zone * Z)).to.equal(0);
      const conds = [0, 1, 2].map((zone) => bench.zone(disk, zone * Z).cond);
      expect(conds).to.deep.equal([ZoneCond.closed, ZoneCond.impOpen, ZoneCond.impOpen]);
      expect(bench.write(disk, 3 * Z)).to.equal(-errno.EOVERFLOW);
      expect(bench.manage(disk, Op.zoneOpen, 0)).to.equal(-errno.ETOOMANYREFS);
      expect(bench.manage(disk, Op.zoneOpen, Z)).to.equal(0);
      expect(bench.manage(disk, Op.zoneOpen, 2 * Z)).to.equal(0);
    }
  });

  it('at the active limit a misplaced write is EOVERFLOW on 5.10, EIO later', () => {
    const expected = { '5.10.262': 'EOVERFLOW', '6.1.192': 'EIO', '6.12.117': 'EIO' } as const;
    for (const [kernel, name] of Object.entries(expected)) {
      const bench = new Bench(kernel);
      const disk = bench.disk({ zone_nr_conv: 0, zone_max_active: 1 });
      bench.write(disk, 0);
      expect(bench.write(disk, Z + 64)).to.equal(-errno[name]);
    }
  });

  it('5.10 closes the lowest open zone, later kernels go round', () => {
    const openAfter = (kernel: string): number[] => {
      const bench = new Bench(kernel);
      const disk = bench.disk({ zone_nr_conv: 0, zone_max_open: 2 });
      for (const zone of [4, 5, 6, 0, 7]) bench.write(disk, zone * Z);
      return [0, 4, 5, 6, 7].filter((zone) => bench.zone(disk, zone * Z).cond === ZoneCond.impOpen);
    };
    // After 4 and 5 were closed for 6 and 0, the lowest open zone is 0; the next in turn is 6.
    expect(openAfter('5.10.262')).to.deep.equal([6, 7]);
    expect(openAfter('6.1.192')).to.deep.equal([0, 7]);
  });

  it('reads give 0xff above the write pointer and the data below', () => {
    for (const kernel of BUILDS) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      bench.write(disk, Z);
      const bytes = bench.read(disk, Z, 16)!;
      expect(bytes.subarray(4096).every((byte) => byte === 0xff)).to.equal(true);
      expect(bytes.subarray(0, 4096).some((byte) => byte !== 0xff)).to.equal(true);
      expect(bench.read(disk, 0, 8)!.every((byte) => byte === 0)).to.equal(true);
    }
  });

  it('5.10 shows the data of before a reset where a finish passes over it', () => {
    const shown = (kernel: string): number => {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      bench.write(disk, Z);
      bench.manage(disk, Op.zoneReset, Z);
      bench.manage(disk, Op.zoneFinish, Z);
      return bench.read(disk, Z, 8)!.filter((byte) => byte !== 0).length;
    };
    expect(shown('5.10.262')).to.be.greaterThan(4000);
    expect(shown('6.1.192')).to.equal(0);
  });

  it('a read-only zone can be read and nothing else, an offline zone not even that', () => {
    for (const kernel of ['6.1.192', '6.12.117', '7.3.4']) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      expect(disk.configWrite('zone_readonly', String(Z))).to.equal(0);
      expect(disk.configWrite('zone_offline', String(2 * Z))).to.equal(0);
      expect(disk.configWrite('zone_offline', '0')).to.equal(-errno.EINVAL);
      expect(bench.zone(disk, Z)).to.include({ cond: ZoneCond.readonly, wp: WP_INVALID });
      expect(bench.read(disk, Z, 8)).to.have.length(4096);
      expect(bench.read(disk, 2 * Z, 8)).to.equal(null);
      for (const op of [Op.zoneReset, Op.zoneOpen, Op.zoneFinish]) {
        expect(bench.manage(disk, op, Z)).to.equal(-errno.EIO);
      }
      expect(bench.write(disk, Z)).to.equal(-errno.EIO);
      expect(bench.manage(disk, Op.zoneResetAll, 0)).to.equal(0);
      expect(bench.zone(disk, Z).cond).to.equal(ZoneCond.readonly);
      expect(disk.configWrite('zone_readonly', String(Z))).to.equal(0);
      expect(bench.zone(disk, Z)).to.include({ cond: ZoneCond.empty, wp: Z });
    }
  });

  it('write pointers never move back but by a reset, and open and active zones keep to their limits', () => {
    const step = fc.record({
      zone: fc.nat(7),
      what: fc.constantFrom(
        'write',
        'write',
        'write',
        'append',
        'open',
        'close',
        'finish',
        'reset',
      ),
      sectors: fc.constantFrom(8, 64, 248),
    });
    const ops = {
      open: Op.zoneOpen,
      close: Op.zoneClose,
      finish: Op.zoneFinish,
      reset: Op.zoneReset,
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...BUILDS),
        fc.array(step, { maxLength: 40 }),
        (kernel, steps) => {
          const bench = new Bench(kernel);
          const limits = { zone_max_open: 2, zone_max_active: 4 };
          const disk = bench.disk({ size: 8, zone_size: 1, zone_nr_conv: 0, ...limits });
          for (const { zone, what, sectors } of steps) {
            const start = zone * 2048;
            const { wp } = bench.zone(disk, start);
            if (what === 'write') bench.write(disk, wp, sectors);
            else if (what === 'append') bench.send(disk, Op.zoneAppend, start, sectors);
            else bench.manage(disk, ops[what as keyof typeof ops], start);
            if (what !== 'reset') expect(bench.zone(disk, start).wp).to.be.at.least(wp);
            let open = 0;
            let active = 0;
            disk.reportZones(0, 8, ({ cond }) => {
              if (cond === ZoneCond.impOpen || cond === ZoneCond.expOpen) open += 1;
              if (cond >= ZoneCond.impOpen && cond <= ZoneCond.closed) active += 1;
            });
            expect(open).to.be.at.most(2);
            expect(active).to.be.at.most(4);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('a clamped attribute is told; the line about conventional zones waits for the next one', () => {
    const bench = new Bench('5.10.262');
    bench.disk({ zone_nr_conv: 16 });
    expect(bench.host.log.since(0)).to.deep.equal([]);
    bench.disk({ zone_max_open: 5, zone_max_active: 3 }, 'nullb1');
    expect(bench.host.log.since(0)).to.deep.equal([
      'null_blk: changed the number of conventional zones to 15',
      'null_blk: changed the maximum number of open zones to 3',
    ]);
  });

  it('media outlive the kernel: what one wrote the next one reads, zones as they were', () => {
    const before = new Bench('v6.12');
    const disk = before.disk({ zone_append_max_sectors: 0, zone_max_active: 5 });
    before.write(disk, Z);
    const after = new Bench('v5.10');
    const { media } = disk;
    const again = new (disk.constructor as new (...args: unknown[]) => typeof disk)(after.block, {
      name: 'nullb0',
      index: 0,
      major: 254,
      minor: 0,
      media,
    });
    expect(again.limits.max_active_zones.value).to.equal(5);
    expect(after.zone(again, Z)).to.include({ cond: ZoneCond.impOpen, wp: Z + 8 });
    expect(after.write(again, Z + 8)).to.equal(0);
  });
});
