import { expect } from 'chai';
import { ZoneCond } from '../../../src/block/device.ts';
import { Status } from '../../../src/block/status.ts';
import { O } from '../../../src/fs/inode.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { Bench, fileAt } from './bench.ts';

const LIMITED = { limits: { max_open_zones: 2, max_active_zones: 5 } };

describe('explicit-open', () => {
  for (const kernel of ['5.10.262', 'v6.1', '6.1.192', 'v6.12', 'v7.3']) {
    it(`opens zones with their files up to the limit, then EBUSY, on ${kernel}`, () => {
      const bench = new Bench(kernel, LIMITED);
      const fs = bench.mount('explicit-open');
      const files = [0, 1, 2].map((n) => fileAt(fs, `seq/${n}`));
      expect(files.map((file) => bench.open(file))).to.deep.equal([0, 0, -errno.EBUSY]);
      expect(bench.open(files[2]!, O.RDONLY)).to.equal(0);
      expect(bench.device.zones[2]!.cond).to.equal(ZoneCond.expOpen);
      bench.close(files[0]!);
      expect(bench.device.zones[2]!.cond).to.equal(ZoneCond.empty);
      expect(bench.open(files[2]!)).to.equal(0);
    });
  }

  it('opens a zone once for many writers and closes it with the last', () => {
    const bench = new Bench('v6.12', LIMITED);
    const fs = bench.mount('explicit-open');
    const file = fileAt(fs, 'seq/0');
    bench.open(file);
    bench.open(file);
    bench.write(file, 0, 512);
    expect(fs.sysfsAttributes!()).to.deep.equal({
      max_active_seq_files: '5',
      max_wro_seq_files: '2',
      nr_active_seq_files: '1',
      nr_wro_seq_files: '1',
    });
    bench.close(file);
    expect(bench.device.zones[2]!.cond).to.equal(ZoneCond.expOpen);
    bench.close(file);
    expect(bench.device.zones[2]!.cond).to.equal(ZoneCond.closed);
    expect(fs.sysfsAttributes!()).to.include({ nr_wro_seq_files: '0', nr_active_seq_files: '1' });
  });

  it('opens the zone again after truncate to 0, but not after it was finished in between', () => {
    const bench = new Bench('v6.12', LIMITED);
    const file = fileAt(bench.mount('explicit-open'), 'seq/0');
    bench.open(file);
    bench.write(file, 0, 512);
    bench.run(file.setSize(0));
    expect(bench.device.zones[2]!.cond).to.equal(ZoneCond.expOpen);
    bench.run(file.setSize(65536));
    bench.run(file.setSize(0));
    expect(bench.device.zones[2]!.cond).to.equal(ZoneCond.empty);
  });

  it('never opens a full zone, whose file still takes a place', () => {
    const bench = new Bench('v6.12', LIMITED);
    const fs = bench.mount('explicit-open');
    const file = fileAt(fs, 'seq/0');
    bench.run(file.setSize(65536));
    const before = bench.device.log.length;
    expect(bench.open(file)).to.equal(0);
    expect(bench.device.log).to.have.length(before);
    expect(fs.writeOpen).to.equal(1);
  });

  it('passes on what the device says to an open', () => {
    const bench = new Bench('v6.12', { limits: { max_active_zones: 3 } });
    const fs = bench.mount('explicit-open');
    bench.device.fail = () => Status.zoneActiveResource;
    bench.fresh();
    expect(bench.open(fileAt(fs, 'seq/0'))).to.equal(-errno.EOVERFLOW);
    expect(bench.fresh()).to.deep.equal([
      'zonefs (fake0) ERROR: Zone management operation ZONE_OPEN at 256 failed -75',
    ]);
    expect(fs.writeOpen).to.equal(0);
  });

  it('goes read-only when a zone cannot be closed, with the lines and the count of the era', () => {
    for (const [kernel, lines, count] of [
      ['5.10.262', ['closing zone failed, remounting filesystem read-only'], 0],
      ['v6.12', ['closing zone at 256 failed -5', 'remounting filesystem read-only'], 1],
    ] as const) {
      const bench = new Bench(kernel, LIMITED);
      const fs = bench.mount('explicit-open,errors=repair');
      const file = fileAt(fs, 'seq/0');
      bench.open(file);
      bench.write(file, 0, 512);
      bench.device.fail = () => Status.ioError;
      bench.fresh();
      bench.close(file);
      expect(bench.fresh()).to.deep.equal([
        'zonefs (fake0) ERROR: Zone management operation ZONE_CLOSE at 256 failed -5',
        ...lines.map((line) => `zonefs (fake0) WARNING: ${line}`),
      ]);
      expect(fs.readOnly).to.equal(true);
      expect(fs.writeOpen).to.equal(count);
    }
  });
});

describe('the counts in sysfs', () => {
  it('are there since 5.19', () => {
    expect(new Bench('v5.15').mount().sysfsAttributes).to.equal(undefined);
    expect(Object.keys(new Bench('v6.1').mount().sysfsAttributes!())).to.have.length(4);
  });

  it('count writers without explicit-open too, without limit, and active zones by what they hold', () => {
    const bench = new Bench('v6.12', LIMITED);
    bench.device.write(256, new Uint8Array(512));
    const fs = bench.mount();
    expect(fs.active).to.equal(1);
    const files = [0, 1, 2, 3].map((n) => fileAt(fs, `seq/${n}`));
    for (const file of files) expect(bench.open(file)).to.equal(0);
    expect(fs.writeOpen).to.equal(4);
    bench.write(files[1]!, 0, 512);
    expect(fs.active).to.equal(2);
    bench.write(files[1]!, 512, 65536 - 512);
    expect(fs.active).to.equal(1);
    bench.run(files[0]!.setSize(0));
    expect(fs.active).to.equal(0);
  });
});
