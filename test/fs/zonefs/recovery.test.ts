import { expect } from 'chai';
import { ZoneCond } from '../../../src/block/device.ts';
import { FillPayload } from '../../../src/block/payload.ts';
import { Status } from '../../../src/block/status.ts';
import { O } from '../../../src/fs/inode.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { ASYNC, Bench, BUFFERED, DIRECT, fileAt, format } from './bench.ts';
import { ZonefsHost } from './host.ts';

const BLOCK = new Uint8Array(4096);

interface After {
  readonly result: number;
  readonly size: number;
  readonly mode: number;
  readonly readOnly: boolean;
  readonly lines: readonly string[];
}

/** A file of 4096 bytes, something that happens to its zone, then a write of 4096 more. */
function outcome(
  kernel: string,
  errors: string,
  happens: (bench: Bench) => void,
  flags = DIRECT,
): After {
  const bench = new Bench(kernel);
  const fs = bench.mount(`errors=${errors}`);
  const file = fileAt(fs, 'seq/0');
  bench.write(file, 0, 4096, ASYNC);
  happens(bench);
  bench.fresh();
  const result = bench.write(file, 4096, 4096, flags);
  const { size, mode } = file.stat();
  const prefix = 'zonefs (fake0) WARNING: ';
  const lines = bench.fresh().map((line) => line.replace(prefix, ''));
  return { result, size, mode: mode & 0o777, readOnly: fs.readOnly, lines };
}

const outsider = (bench: Bench): void => bench.device.write(264, BLOCK);
const reset = (bench: Bench): void => {
  bench.device.zones[2]!.wp = 256;
};
const failing = (bench: Bench): void => {
  bench.device.fail = () => Status.ioError;
};

describe('recovery from a failed write', () => {
  it('does as errors= says when another has written to the zone', () => {
    for (const kernel of ['v6.5', '6.12.117', '7.3.4']) {
      const of = (errors: string): After => outcome(kernel, errors, outsider);
      const size = 'inode 2: invalid size 4096 (should be 8192)';
      expect(of('remount-ro')).to.deep.equal({
        result: -errno.EIO,
        size: 4096,
        mode: 0o640,
        readOnly: true,
        lines: [size, 'remounting filesystem read-only'],
      });
      expect(of('zone-ro')).to.deep.equal({
        result: -errno.EIO,
        size: 4096,
        mode: 0o440,
        readOnly: false,
        lines: [size, 'inode 2: write access disabled'],
      });
      expect(of('zone-offline')).to.deep.equal({
        result: -errno.EIO,
        size: 0,
        mode: 0,
        readOnly: false,
        lines: [size, 'inode 2: read/write access disabled'],
      });
      expect(of('repair')).to.deep.equal({
        result: -errno.EIO,
        size: 8192,
        mode: 0o640,
        readOnly: false,
        lines: [size],
      });
    }
  });

  it('finds an append that landed behind foreign data since 6.2, and not before', () => {
    const blind = outcome('v5.12', 'remount-ro', outsider);
    expect(blind).to.include({ result: 4096, size: 8192, readOnly: false });
    expect(blind.lines).to.deep.equal([]);
    for (const [kernel, sector] of [
      ['v6.2', 264],
      ['5.10.262', 272],
    ] as const) {
      const found = outcome(kernel, 'repair', outsider);
      expect(found).to.include({ result: -errno.EIO, size: 12288 });
      expect(found.lines[0]).to.equal(`Corrupted write pointer ${sector} for zone at 256`);
    }
  });

  it('exposed foreign data with remount-ro to 6.1, and hides it since', () => {
    const exposed = outcome('v5.12', 'remount-ro', outsider, ASYNC);
    expect(exposed).to.include({ result: -errno.EIO, size: 8192, readOnly: true });
    expect(outcome('v6.2', 'remount-ro', outsider, ASYNC)).to.include({
      size: 4096,
      readOnly: true,
    });
  });

  it('believes a pointer that went back, but zone-ro keeps the size', () => {
    for (const kernel of ['5.10.262', 'v6.12']) {
      expect(outcome(kernel, 'remount-ro', reset, ASYNC)).to.include({ size: 0, readOnly: true });
      expect(outcome(kernel, 'repair', reset, ASYNC)).to.include({ size: 0, readOnly: false });
      expect(outcome(kernel, 'zone-ro', reset, ASYNC)).to.include({ size: 4096, mode: 0o440 });
      expect(outcome(kernel, 'zone-offline', reset, ASYNC)).to.include({ size: 0, mode: 0 });
    }
  });

  it('changes no size when the zone agrees with the file', () => {
    for (const kernel of ['v5.12', 'v6.12']) {
      expect(outcome(kernel, 'repair', failing)).to.deep.equal({
        result: -errno.EIO,
        size: 4096,
        mode: 0o640,
        readOnly: false,
        lines: [],
      });
      expect(outcome(kernel, 'remount-ro', failing).lines).to.deep.equal([
        'remounting filesystem read-only',
      ]);
    }
  });

  it('takes write access from a read-only zone, and all from an offline one', () => {
    for (const [cond, kernel, lines] of [
      [ZoneCond.readonly, 'v5.12', ['inode 2: read-only zone', 'inode 2: write access disabled']],
      [
        ZoneCond.readonly,
        'v6.12',
        [
          'Zone 256: read-only zone',
          'inode 2: invalid size 4096 (should be 8192)',
          'inode 2: write access disabled',
        ],
      ],
      [
        ZoneCond.offline,
        'v6.12',
        [
          'Zone 256: offline zone',
          'inode 2: invalid size 4096 (should be 0)',
          'inode 2: read/write access disabled',
        ],
      ],
    ] as const) {
      const found = outcome(kernel, 'repair', (bench) => {
        bench.device.zones[2]!.cond = cond;
      });
      const offline = cond === ZoneCond.offline;
      expect(found.lines).to.deep.equal(lines);
      expect(found.size).to.equal(offline ? 0 : 4096);
      expect(found.mode).to.equal(offline ? 0 : 0o440);
    }
  });

  it('runs once for AIO to 6.7 and twice since, when the device fails the bio at once', () => {
    const lines = outcome('v6.12', 'zone-ro', outsider, ASYNC).lines;
    expect(lines).to.have.length(4);
    expect(outcome('5.10.262', 'zone-ro', outsider, ASYNC).lines).to.have.length(2);
  });

  it('to 6.7 lets the queued writer move the pointer that was just put right, unless it saw the error itself', () => {
    for (const [kernel, device, next] of [
      ['5.10.262', 'null_blk', -errno.EINVAL],
      ['5.10.262', 'flakey', 4096],
      ['v6.12', 'null_blk', 4096],
    ] as const) {
      const host = new ZonefsHost(kernel, 'errors=repair');
      if (device === 'flakey') {
        host.run('umount /mnt');
        host.run('dmsetup create t --table "0 16384 linear /dev/nullb0 0"');
        host.run('mount -t zonefs -o errors=repair /dev/mapper/t /mnt');
      }
      const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
      const queued = (offset: number): number =>
        host.call(
          host.vfs.aioWrite(host.process, fd, [{ offset, data: new FillPayload(1, 4096) }]),
        )[0]!;
      if (device === 'flakey') {
        host.run('dmsetup load t --table "0 16384 flakey /dev/nullb0 0 0 600 1 error_writes"');
        host.run('dmsetup resume t');
        expect(queued(0)).to.equal(-errno.EIO);
        host.run('dmsetup load t --table "0 16384 linear /dev/nullb0 0"');
        host.run('dmsetup resume t');
      } else {
        expect(queued(0)).to.equal(4096);
        const disk = host.open('/dev/nullb0');
        expect(host.call(host.vfs.manageZones(host.process, disk, 'reset', 6144, 2048))).to.equal(
          0,
        );
        expect(queued(4096)).to.equal(-errno.EIO);
      }
      expect(queued(0), `${kernel} on ${device}`).to.equal(next);
    }
  });

  it('did nothing for a smaller last zone to 6.1', () => {
    for (const [kernel, readOnly] of [
      ['v6.1', false],
      ['v6.2', true],
    ] as const) {
      const bench = new Bench(kernel, { lastZoneSectors: 64 });
      const fs = bench.mount();
      failing(bench);
      expect(bench.write(fileAt(fs, 'seq/5'), 0, 512)).to.equal(-errno.EIO);
      expect(fs.readOnly).to.equal(readOnly);
    }
  });

  it('that cannot report its zone says so, and goes read-only where the fix is', () => {
    for (const [kernel, readOnly] of [
      ['v5.12', false],
      ['5.10.262', true],
      ['v6.12', true],
    ] as const) {
      const bench = new Bench(kernel);
      const fs = bench.mount('errors=repair');
      failing(bench);
      bench.device.reportResult = -errno.EIO;
      bench.fresh();
      bench.write(fileAt(fs, 'seq/0'), 0, 512);
      const line = 'zonefs (fake0) ERROR: Get inode 2 zone information failed -5';
      expect(bench.fresh()[0]).to.equal(line);
      expect(fs.readOnly).to.equal(readOnly);
    }
  });

  it('leaves nothing to do on an immutable file but EPERM', () => {
    const bench = new Bench('v6.12');
    const file = fileAt(bench.mount('errors=zone-ro'), 'seq/0');
    failing(bench);
    bench.write(file, 0, 512);
    bench.device.fail = () => Status.ok;
    expect(bench.write(file, 0, 512)).to.equal(-errno.EPERM);
    expect(bench.open(file)).to.equal(-errno.EPERM);
    expect(bench.run(file.setSize(0))).to.equal(-errno.EPERM);
    expect(bench.run(file.chmod(0o600))).to.equal(-errno.EPERM);
    expect(bench.run(file.fsync())).to.equal(-errno.EPERM);
  });
});

describe('recovery from a failed read', () => {
  it('does nothing in any mode while the zone agrees with the file', () => {
    for (const errors of ['remount-ro', 'zone-ro', 'zone-offline', 'repair']) {
      const bench = new Bench('v6.12');
      const fs = bench.mount(`errors=${errors}`);
      const file = fileAt(fs, 'seq/0');
      bench.write(file, 0, 4096);
      bench.fresh();
      failing(bench);
      expect(bench.read(file, 0, 4096)).to.equal(-errno.EIO);
      expect(bench.fresh()).to.deep.equal([]);
      expect([fs.readOnly, file.stat().mode & 0o777]).to.deep.equal([false, 0o640]);
    }
  });
});

describe('6.1.192', () => {
  it('fails every synchronous write though the data is on the disk', () => {
    const bench = new Bench('6.1.192');
    const fs = bench.mount();
    const file = fileAt(fs, 'seq/0');
    bench.fresh();
    expect(bench.write(file, 0, 4096)).to.equal(-errno.EIO);
    expect(bench.fresh()).to.deep.equal([
      'zonefs (fake0) WARNING: Corrupted write pointer 256 for zone at 256',
      'zonefs (fake0) WARNING: inode 2: invalid size 0 (should be 4096)',
      'zonefs (fake0) WARNING: remounting filesystem read-only',
    ]);
    expect([file.stat().size, fs.readOnly]).to.deep.equal([0, true]);
    expect(bench.device.zones[2]!.wp).to.equal(264);
  });

  it('grows by what was written with errors=repair, an EIO each time', () => {
    const bench = new Bench('6.1.192', { appendSectors: 31, blockBytes: 4096 });
    const file = fileAt(bench.mount('errors=repair'), 'seq/0');
    expect(bench.write(file, 0, 4096)).to.equal(-errno.EIO);
    expect(bench.write(file, 4096, 4096)).to.equal(-errno.EIO);
    expect(file.stat().size).to.equal(8192);
    expect(bench.write(file, 8192, 40960)).to.equal(-errno.EIO);
    expect(file.stat().size).to.equal(8192 + 12288);
  });

  it('succeeds, silently wrong, where an outsider has moved the pointer by just the length', () => {
    const found = outcome('6.1.192', 'remount-ro', outsider);
    expect(found).to.include({ result: 4096, size: 8192, readOnly: false });
    expect(found.lines).to.deep.equal([]);
  });

  it('writes as it should by AIO', () => {
    const bench = new Bench('6.1.192');
    const file = fileAt(bench.mount(), 'seq/0');
    expect(bench.write(file, 0, 4096, ASYNC)).to.equal(4096);
    expect(bench.write(file, 4096, 4096, ASYNC)).to.equal(4096);
  });
});

describe('what a zone was declared to be', () => {
  it('is remembered by the zone since 6.3, and forgotten by the next report before', () => {
    for (const [kernel, size, line] of [
      ['6.12.117', 4096, 'inode 2: write access disabled'],
      ['5.10.262', 8192, 'inode 2: invalid size 4096 (should be 8192)'],
    ] as const) {
      const bench = new Bench(kernel);
      const fs = bench.mount('errors=zone-ro');
      const file = fileAt(fs, 'seq/0');
      bench.write(file, 0, 4096, ASYNC);
      outsider(bench);
      bench.write(file, 4096, 4096, ASYNC);
      expect(bench.run(fs.remount(false, 'errors=repair'))).to.equal(0);
      failing(bench);
      bench.fresh();
      expect(bench.read(file, 0, 4096)).to.equal(-errno.EIO);
      expect(file.stat().size, kernel).to.equal(size);
      expect(bench.fresh().at(-1), kernel).to.equal(`zonefs (fake0) WARNING: ${line}`);
    }
  });

  it('is told once for each zone of an aggregated file where the kernel asks the disk about it', () => {
    for (const [kernel, times] of [
      ['v5.12', 3],
      ['5.10.262', 1],
      ['6.12.117', 1],
    ] as const) {
      const bench = new Bench(kernel, { conventional: 4 });
      format(bench.device, { features: 1 });
      const file = fileAt(bench.mount('errors=zone-ro'), 'cnv/0');
      failing(bench);
      bench.fresh();
      expect(bench.write(file, 0, 4096, ASYNC)).to.equal(-errno.EIO);
      const wanted = Array<string>(times).fill(
        'zonefs (fake0) WARNING: inode 1: write access disabled',
      );
      expect(bench.fresh(), kernel).to.deep.equal(wanted);
    }
  });
  it('is nothing after a failed synchronous direct write to a conventional file, since such errors are left to the caller', () => {
    for (const [kernel, mode] of [
      ['v5.12', 0o440],
      ['5.10.262', 0o440],
      ['6.1.192', 0o640],
      ['6.12.117', 0o640],
    ] as const) {
      const bench = new Bench(kernel);
      const file = fileAt(bench.mount('errors=zone-ro'), 'cnv/0');
      failing(bench);
      expect(bench.write(file, 0, 4096)).to.equal(-errno.EIO);
      expect(file.stat().mode & 0o777, kernel).to.equal(mode);
      expect(bench.write(file, 0, 4096, BUFFERED)).to.equal(mode === 0o640 ? 4096 : -errno.EPERM);
    }
  });
});
