import { expect } from 'chai';
import { ZoneCond } from '../../../src/block/device.ts';
import { SUPER_BYTES, superChecksum } from '../../../src/fs/zonefs/superblock.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { Bench, fileAt, format } from './bench.ts';

const KERNELS = ['v5.10', 'v5.12', 'v5.12+series', '5.10.262', 'v6.1', '6.1.192', 'v6.12', 'v7.3'];

function damage(bench: Bench, change: (bytes: Uint8Array) => void, checksum = true): void {
  const bytes = new Uint8Array(SUPER_BYTES);
  const bio = bench.device;
  // The fake disk has no read but a bio's; the super block is known anyway.
  format(bio);
  for (let i = 0; i < 8; i += 1) bytes.set(sectorOf(bench, i), i * 512);
  change(bytes);
  if (checksum) new DataView(bytes.buffer).setUint32(4, superChecksum(bytes), true);
  bio.write(0, bytes);
}

function sectorOf(bench: Bench, sector: number): Uint8Array {
  const held = (bench.device as unknown as { sectors: Map<number, Uint8Array> }).sectors;
  return held.get(sector) ?? new Uint8Array(512);
}

describe('mounting zonefs', () => {
  for (const kernel of KERNELS) {
    it(`counts zones and files in the log of ${kernel}`, () => {
      const bench = new Bench(kernel);
      bench.mount();
      expect(bench.lines).to.deep.equal([
        'zonefs (fake0): Mounting 8 zones',
        'zonefs (fake0): Zone group "cnv" has 1 file',
        'zonefs (fake0): Zone group "seq" has 6 files',
      ]);
    });

    it(`is refused on a regular device by ${kernel}`, () => {
      const bench = new Bench(kernel, { zoned: 'none' });
      expect(bench.tryMount()).to.equal(-errno.EINVAL);
      expect(bench.lines).to.deep.equal(['zonefs (fake0) ERROR: Not a zoned block device']);
    });

    it(`refuses a wrong magic without a word on ${kernel}`, () => {
      const bench = new Bench(kernel);
      damage(bench, (bytes) => bytes.fill(0, 0, 4));
      expect(bench.tryMount()).to.equal(-errno.EINVAL);
      expect(bench.lines).to.deep.equal([]);
      expect(bench.host.decisions.at(-1)!.rule).to.equal('zonefs.super.magic');
    });
  }

  it('says what it computed as "Expected" and what it found as "got", one line late', () => {
    const bench = new Bench('v6.12');
    damage(bench, (bytes) => new DataView(bytes.buffer).setUint32(4, 0xdeadbeef, true), false);
    expect(bench.tryMount()).to.equal(-errno.EINVAL);
    expect(bench.fresh()).to.deep.equal([]);
    bench.host.printk('info', 'something else');
    expect(bench.fresh()).to.deep.equal([
      'zonefs (fake0) ERROR: Invalid checksum (Expected 0xcae0b73b, got 0xdeadbeef)',
      'something else',
    ]);
  });

  it('refuses features it does not know, and anything in the reserved area', () => {
    const features = new Bench('v5.12');
    damage(features, (bytes) => bytes.set([0x10], 88));
    expect(features.tryMount()).to.equal(-errno.EINVAL);
    expect(features.lines).to.deep.equal(['zonefs (fake0) ERROR: Unknown features set 0x10']);
    const reserved = new Bench('v5.12');
    damage(reserved, (bytes) => bytes.set([1], SUPER_BYTES - 1));
    expect(reserved.tryMount()).to.equal(-errno.EINVAL);
    expect(reserved.lines).to.deep.equal(['zonefs (fake0) ERROR: Reserved area is being used']);
  });

  it('asks every rule of the super block in order and stops at the first that refuses', () => {
    const bench = new Bench('v6.12');
    damage(bench, (bytes) => bytes.set([0x10], 88));
    bench.tryMount();
    expect(bench.host.decisions.map(({ rule, verdict }) => `${rule} ${verdict}`)).to.deep.equal([
      'zonefs.mount.zoned passes',
      'zonefs.super.magic passes',
      'zonefs.super.checksum passes',
      'zonefs.super.features refuses',
    ]);
  });

  it('takes owner and permissions from the super block only where a feature says so', () => {
    const plain = new Bench('v6.12');
    format(plain.device, { uid: 7, gid: 8, permissions: 0o777 });
    const withFeatures = new Bench('v6.12');
    format(withFeatures.device, { uid: 7, gid: 8, permissions: 0o1777, features: 0xe });
    const a = fileAt(plain.mount(), 'seq/0').stat();
    const b = fileAt(withFeatures.mount(), 'seq/0').stat();
    expect([a.uid, a.gid, a.mode]).to.deep.equal([0, 0, 0o100640]);
    expect([b.uid, b.gid, b.mode]).to.deep.equal([7, 8, 0o101777]);
  });

  describe('with patch 4 of the series', () => {
    it('tells of the fall-back before it reads the super block, once per mount', () => {
      const bench = new Bench('v5.12+series', { appendSectors: 0 });
      damage(bench, (bytes) => bytes.fill(0, 0, 4));
      expect(bench.tryMount()).to.equal(-errno.EINVAL);
      expect(bench.lines).to.deep.equal([
        'zonefs (fake0): Zone append is not supported: falling back to using regular writes',
      ]);
      expect(bench.device.log).to.have.length(1);
    });

    it('says nothing where the device has a limit, nor does any kernel without the patch', () => {
      const bench = new Bench('v5.12+series');
      bench.mount();
      const without = new Bench('v5.12', { appendSectors: 0 });
      without.mount();
      for (const { lines } of [bench, without]) expect(lines[0]).to.match(/Mounting/);
    });
  });

  describe('options', () => {
    it('are silent about a bad word to 6.8 and name it later', () => {
      for (const [kernel, lines] of [
        ['v6.1', []],
        ['v6.12', ["zonefs: Unknown parameter 'explicit_open'"]],
      ] as const) {
        const bench = new Bench(kernel);
        expect(bench.tryMount('explicit_open')).to.equal(-errno.EINVAL);
        expect(bench.lines).to.deep.equal(lines);
      }
      const bench = new Bench('v7.3');
      expect(bench.tryMount('errors=')).to.equal(-errno.EINVAL);
      expect(bench.tryMount('errors=panic')).to.equal(-errno.EINVAL);
      expect(bench.lines).to.deep.equal(Array(2).fill("zonefs: Bad value for 'errors'"));
    });

    it('show errors= always and explicit-open never', () => {
      const bench = new Bench('v6.12', { limits: { max_open_zones: 2 } });
      expect(bench.mount('errors=repair,explicit-open').shownOptions()).to.equal('errors=repair');
      expect(new Bench('v6.12').mount().shownOptions()).to.equal('errors=remount-ro');
    });

    it('survive an option-less remount to 6.8, and go back to the default later', () => {
      for (const [kernel, shown] of [
        ['v6.1', 'errors=zone-ro'],
        ['v6.12', 'errors=remount-ro'],
      ] as const) {
        const bench = new Bench(kernel);
        const fs = bench.mount('errors=zone-ro');
        expect(bench.run(fs.remount(false, ''))).to.equal(0);
        expect(fs.shownOptions()).to.equal(shown);
      }
    });

    it('drop explicit-open where nothing is limited, with the text of the era', () => {
      const texts = {
        '5.10.262': 'No open zones limit. Ignoring explicit_open mount option',
        'v6.12': 'No open and active zone limits. Ignoring explicit_open mount option',
      };
      for (const [kernel, text] of Object.entries(texts)) {
        const bench = new Bench(kernel);
        expect(bench.mount('explicit-open').options.explicitOpen).to.equal(false);
        expect(bench.lines[1]).to.equal(`zonefs (fake0): ${text}`);
      }
    });

    it('kept explicit-open in 5.12, so that the first writer was refused', () => {
      const bench = new Bench('v5.12');
      const fs = bench.mount('explicit-open');
      expect(fs.options.explicitOpen).to.equal(true);
      expect(bench.open(fileAt(fs, 'seq/0'))).to.equal(-errno.EBUSY);
      expect(bench.open(fileAt(fs, 'seq/0'))).to.equal(-errno.EBUSY);
    });

    it('let a second try pass in 5.10, which kept the count of the refused open', () => {
      const bench = new Bench('v5.10');
      const file = fileAt(bench.mount('explicit-open'), 'seq/0');
      expect(bench.open(file)).to.equal(-errno.EBUSY);
      expect(bench.open(file)).to.equal(0);
    });
  });

  describe('zones found', () => {
    it('open are closed since 5.18, and reset when nothing was written', () => {
      for (const kernel of ['v5.12', 'v6.1', '5.10.262', 'v7.3']) {
        const bench = new Bench(kernel);
        const [written, empty] = [bench.device.zones[2]!, bench.device.zones[3]!];
        bench.device.write(written.start, new Uint8Array(512));
        empty.cond = ZoneCond.expOpen;
        bench.mount('', true);
        const open = kernel === 'v5.12';
        expect(written.cond, kernel).to.equal(open ? ZoneCond.impOpen : ZoneCond.closed);
        expect(empty.cond, kernel).to.equal(open ? ZoneCond.expOpen : ZoneCond.empty);
      }
    });

    it('read-only or offline are files of size 0 that nobody may touch', () => {
      for (const [kernel, line] of [
        ['v5.12', null],
        ['v6.12', 'zonefs (fake0) WARNING: Zone 384: read-only zone'],
      ] as const) {
        const bench = new Bench(kernel);
        bench.device.zones[3]!.cond = ZoneCond.readonly;
        const fs = bench.mount('errors=repair');
        const file = fileAt(fs, 'seq/1');
        expect(file.stat().mode).to.equal(0o100000);
        expect(file.stat().size).to.equal(0);
        expect(bench.open(file)).to.equal(-errno.EPERM);
        expect(bench.read(file, 0, 512)).to.equal(-errno.EPERM);
        expect(fs.readOnly).to.equal(false);
        expect(bench.lines.includes(line ?? 'none')).to.equal(line !== null);
      }
    });

    it('too few in the report fail the mount with EIO', () => {
      const bench = new Bench('v6.12');
      bench.device.reportResult = 3;
      expect(bench.tryMount()).to.equal(-errno.EIO);
      expect(bench.lines[1]).to.equal('zonefs (fake0) ERROR: Invalid zone report (3/8 zones)');
    });
  });
});
