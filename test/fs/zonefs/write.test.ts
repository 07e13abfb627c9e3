import { expect } from 'chai';
import fc from 'fast-check';
import { Flag, Op } from '../../../src/block/bio.ts';
import { PatternPayload, samePayload } from '../../../src/block/payload.ts';
import { Status } from '../../../src/block/status.ts';
import type { IoFlags } from '../../../src/fs/inode.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { Machine } from '../../../src/machine.ts';
import { ASYNC, Bench, BUFFERED, DIRECT, fileAt } from './bench.ts';

const APPENDING = ['v5.10', 'v5.12', 'v5.12+series', '5.10.262', 'v6.1', 'v6.2'];
const REGULAR = ['v6.5', 'v6.10', '6.12.117', '7.3.4'];
const APPEND: IoFlags = { ...DIRECT, append: true };
const DSYNC: IoFlags = { ...DIRECT, dsync: true };

function lastOps(bench: Bench, count: number): { op: number; sector: number; sectors: number }[] {
  return bench.device.log.slice(-count).map(({ op, sector, sectors }) => ({ op, sector, sectors }));
}

describe('a synchronous direct write to a sequential file', () => {
  for (const kernel of APPENDING) {
    it(`is one zone append at the zone's first sector on ${kernel}`, () => {
      const bench = new Bench(kernel);
      const file = fileAt(bench.mount(), 'seq/0');
      expect(bench.write(file, 0, 4096)).to.equal(4096);
      expect(bench.write(file, 4096, 4096)).to.equal(4096);
      expect(lastOps(bench, 2)).to.deep.equal(
        Array(2).fill({ op: Op.zoneAppend, sector: 256, sectors: 8 }),
      );
      expect(file.stat().size).to.equal(8192);
    });

    it(`is short when it is over the append limit, on ${kernel}`, () => {
      const bench = new Bench(kernel, { appendSectors: 63, blockBytes: 4096 });
      const file = fileAt(bench.mount(), 'seq/0');
      expect(bench.write(file, 0, 65536)).to.equal(7 * 4096);
      expect(bench.write(file, 7 * 4096, 4096)).to.equal(4096);
    });
  }

  for (const kernel of REGULAR) {
    it(`is a regular write at the write pointer on ${kernel}, of any length`, () => {
      const bench = new Bench(kernel, { appendSectors: 8 });
      const file = fileAt(bench.mount(), 'seq/0');
      expect(bench.write(file, 0, 4096)).to.equal(4096);
      expect(bench.write(file, 4096, 40960)).to.equal(40960);
      expect(lastOps(bench, 2)).to.deep.equal([
        { op: Op.write, sector: 256, sectors: 8 },
        { op: Op.write, sector: 264, sectors: 80 },
      ]);
    });
  }

  it('carries its mark, its place in the file, SYNC and IDLE', () => {
    const bench = new Bench('v6.12');
    bench.write(fileAt(bench.mount(), 'seq/0'), 0, 4096);
    const wanted = Flag.top | Flag.data | Flag.sync | Flag.idle;
    expect(bench.device.log.at(-1)!.flags & wanted).to.equal(wanted);
  });

  it('goes out as bios of 1 MiB where it is longer', () => {
    const bench = new Bench('v6.12', { zoneSectors: 8192 });
    const file = fileAt(bench.mount(), 'seq/0');
    expect(bench.write(file, 0, 2_621_440)).to.equal(2_621_440);
    expect(lastOps(bench, 3).map(({ sectors }) => sectors)).to.deep.equal([2048, 2048, 1024]);
  });

  describe('with an append limit of 0', () => {
    it('returns 0 and changes nothing, so that a later offset is EINVAL; the decision names the limit', () => {
      const bench = new Bench('v5.12', { appendSectors: 0 });
      const file = fileAt(bench.mount(), 'seq/0');
      expect(bench.write(file, 0, 4096)).to.equal(0);
      expect(bench.write(file, 4096, 4096)).to.equal(-errno.EINVAL);
      expect(bench.device.log).to.have.length(1);
      const decision = bench.host.decisions.find(({ rule }) => rule === 'zonefs.append.limit')!;
      expect(decision.seen.max_zone_append_sectors).to.have.nested.property('origin.floor');
    });

    it('is a regular write with patch 4, decided by the limit at mount', () => {
      const bench = new Bench('v5.12+series[4]', { appendSectors: 0 });
      const file = fileAt(bench.mount(), 'seq/0');
      bench.device.limits = new Bench('v5.12').device.limits;
      expect(bench.write(file, 0, 49152)).to.equal(49152);
      expect(lastOps(bench, 1)).to.deep.equal([{ op: Op.write, sector: 256, sectors: 96 }]);
    });

    it('leaves AIO alone: always regular writes', () => {
      const bench = new Bench('v5.12', { appendSectors: 0 });
      const file = fileAt(bench.mount(), 'seq/0');
      expect(bench.write(file, 0, 4096, ASYNC)).to.equal(4096);
      expect(lastOps(bench, 1)[0]!.op).to.equal(Op.write);
    });
  });

  it('is durable by FUA as an append, and by a flush as a regular write', () => {
    const appended = new Bench('v5.12');
    appended.write(fileAt(appended.mount(), 'seq/0'), 0, 4096, DSYNC);
    expect(appended.device.log.at(-1)!.flags & Flag.fua).to.not.equal(0);
    const written = new Bench('v6.12');
    written.write(fileAt(written.mount(), 'seq/0'), 0, 4096, DSYNC);
    const [write, flush] = written.device.log.slice(-2);
    expect(write!.flags & Flag.fua).to.equal(0);
    expect(flush!.flags & Flag.preflush).to.not.equal(0);
    expect(flush!.sectors).to.equal(0);
  });
});

describe('a write', () => {
  for (const kernel of [...APPENDING, ...REGULAR]) {
    it(`not at the write pointer, or unaligned, is EINVAL and reaches no device, on ${kernel}`, () => {
      const bench = new Bench(kernel, { blockBytes: 4096 });
      const fs = bench.mount();
      const file = fileAt(fs, 'seq/0');
      bench.write(file, 0, 4096);
      const before = bench.device.log.length;
      for (const [position, length] of [
        [0, 4096],
        [8192, 4096],
        [4096, 100],
        [4096, 512],
        [4100, 4096],
      ] as const) {
        expect(bench.write(file, position, length)).to.equal(-errno.EINVAL);
        expect(bench.write(file, position, length, ASYNC)).to.equal(-errno.EINVAL);
      }
      expect(bench.device.log).to.have.length(before);
      expect(fs.readOnly).to.equal(false);
      expect(bench.write(file, 4096, 4096)).to.equal(4096);
    });
  }

  it('across the capacity is short, and at it EFBIG', () => {
    const bench = new Bench('v6.12', { capacitySectors: 96 });
    const file = fileAt(bench.mount(), 'seq/0');
    expect(file.stat().blocks).to.equal(96);
    expect(bench.write(file, 0, 65536)).to.equal(49152);
    expect(bench.write(file, 49152, 512)).to.equal(-errno.EFBIG);
    expect(bench.write(file, 0, 512)).to.equal(-errno.EINVAL);
  });

  it('of no bytes is 0 once the gate is passed', () => {
    const bench = new Bench('v6.12');
    const fs = bench.mount();
    expect(bench.write(fileAt(fs, 'seq/0'), 4096, 0)).to.equal(0);
    fs.readOnly = true;
    expect(bench.write(fileAt(fs, 'seq/0'), 0, 0)).to.equal(-errno.EROFS);
  });

  it('through the page cache is EIO on a sequential file, even of no bytes', () => {
    const bench = new Bench('v6.12');
    const file = fileAt(bench.mount(), 'seq/0');
    for (const length of [0, 512, 4096]) {
      expect(bench.write(file, 0, length, BUFFERED)).to.equal(-errno.EIO);
    }
  });

  it('with O_APPEND goes to the write pointer, and is EINVAL on a conventional file', () => {
    const bench = new Bench('v6.12');
    const fs = bench.mount();
    const file = fileAt(fs, 'seq/0');
    for (let i = 0; i < 3; i += 1) expect(bench.write(file, 0, 512, APPEND)).to.equal(512);
    expect(file.stat().size).to.equal(1536);
    expect(bench.write(fileAt(fs, 'cnv/0'), 0, 512, APPEND)).to.equal(-errno.EINVAL);
  });

  it('of a random program leaves what was written, on every kernel', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...APPENDING, ...REGULAR),
        fc.array(fc.tuple(fc.integer({ min: 1, max: 24 }), fc.boolean()), { maxLength: 12 }),
        (kernel, writes) => {
          const bench = new Bench(kernel);
          const file = fileAt(bench.mount(), 'seq/0');
          let at = 0;
          for (const [sectors, blocking] of writes) {
            const result = bench.write(file, at, sectors * 512, { ...DIRECT, blocking });
            if (at < 65536) {
              expect(result).to.be.greaterThan(0);
              at += result;
            } else expect(result).to.equal(-errno.EFBIG);
          }
          const read = bench.read(file, 0, 65536);
          if (typeof read === 'number') throw new Error(`read expected bytes, got ${read}`);
          expect(samePayload(read, new PatternPayload(1, 0, at))).to.equal(true);
        },
      ),
    );
  });
});

describe('conventional files', () => {
  it('take direct writes anywhere, and buffered ones of any length', () => {
    const bench = new Bench('v6.12');
    const file = fileAt(bench.mount(), 'cnv/0');
    expect(bench.write(file, 8192, 4096)).to.equal(4096);
    expect(bench.write(file, 100, 512)).to.equal(-errno.EINVAL);
    expect(bench.write(file, 100, 5000, BUFFERED)).to.equal(5000);
    const read = bench.read(file, 100, 5000, BUFFERED);
    if (typeof read === 'number') throw new Error(`read expected bytes, got ${read}`);
    expect(samePayload(read, new PatternPayload(1, 100, 5000))).to.equal(true);
    expect(bench.write(file, 65526, 20, BUFFERED)).to.equal(10);
    expect(bench.write(file, 65536, 1, BUFFERED)).to.equal(-errno.EFBIG);
  });

  it('write buffered data out on fsync and before a direct read of it, on sync only since 6.3', () => {
    for (const kernel of ['v5.12', '6.1.192', 'v6.12'] as const) {
      for (const how of ['fsync', 'sync', 'read'] as const) {
        const bench = new Bench(kernel);
        const fs = bench.mount();
        const file = fileAt(fs, 'cnv/0');
        bench.write(file, 0, 4096, BUFFERED);
        const before = bench.device.log.length;
        if (how === 'fsync') bench.run(file.fsync());
        else if (how === 'sync') bench.run(fs.sync());
        else bench.read(file, 0, 512);
        if (how === 'sync' && kernel !== 'v6.12') expect(bench.device.log.length).to.equal(before);
        else {
          expect(bench.device.log[before]).to.include({ op: Op.write, sector: 128, sectors: 8 });
        }
      }
    }
  });

  it('do not change their size', () => {
    const bench = new Bench('v6.12');
    const file = fileAt(bench.mount(), 'cnv/0');
    for (const size of [0, 4096, 65536]) {
      expect(bench.run(file.setSize(size))).to.equal(-errno.EPERM);
    }
  });
});

describe('reads', () => {
  it('are cut at the end before their alignment is looked at', () => {
    const bench = new Bench('v6.12');
    const file = fileAt(bench.mount(), 'seq/0');
    bench.write(file, 0, 4096);
    for (const [position, length, expected] of [
      [0, 8192, 4096],
      [3584, 4096, 512],
      [3584, 5000, 512],
      [4096, 4096, 0],
      [65536, 4096, 0],
      [100, 512, -errno.EINVAL],
      [0, 100, -errno.EINVAL],
    ] as const) {
      const read = bench.read(file, position, length);
      expect(typeof read === 'number' ? read : read.lengthBytes).to.equal(expected);
    }
    const buffered = bench.read(file, 3996, 4096, BUFFERED);
    expect(typeof buffered === 'number' ? buffered : buffered.lengthBytes).to.equal(100);
  });

  it('of a cached last page go stale after an append to 6.2, and do not since', () => {
    for (const [kernel, fresh] of [
      ['v6.2', false],
      ['v6.5', true],
      ['6.12.117', true],
    ] as const) {
      const bench = new Bench(kernel);
      const file = fileAt(bench.mount(), 'seq/0');
      bench.write(file, 0, 512);
      bench.read(file, 0, 512, BUFFERED);
      bench.write(file, 512, 512);
      const read = bench.read(file, 0, 1024, BUFFERED);
      if (typeof read === 'number') throw new Error(`read expected bytes, got ${read}`);
      expect(samePayload(read, new PatternPayload(1, 0, 1024)), kernel).to.equal(fresh);
    }
  });
});

describe('truncate on a sequential file', () => {
  it('to 0 resets the zone, to the capacity finishes it, and else is EPERM or EFBIG', () => {
    const bench = new Bench('v6.12', { capacitySectors: 96 });
    const fs = bench.mount();
    const file = fileAt(fs, 'seq/0');
    bench.write(file, 0, 4096);
    for (const size of [4096, 512, 8192]) {
      expect(bench.run(file.setSize(size))).to.equal(-errno.EPERM);
    }
    expect(bench.run(file.setSize(65537))).to.equal(-errno.EFBIG);
    expect(bench.run(file.setSize(49152))).to.equal(0);
    expect(lastOps(bench, 1)).to.deep.equal([{ op: Op.zoneFinish, sector: 256, sectors: 0 }]);
    expect(file.stat().size).to.equal(49152);
    expect(bench.run(file.setSize(0))).to.equal(0);
    expect(lastOps(bench, 1)[0]!.op).to.equal(Op.zoneReset);
    expect(bench.write(file, 0, 512)).to.equal(512);
  });

  it('to the size it has sends nothing', () => {
    const bench = new Bench('v6.12');
    const file = fileAt(bench.mount(), 'seq/0');
    const before = bench.device.log.length;
    expect(bench.run(file.setSize(0))).to.equal(0);
    expect(bench.device.log).to.have.length(before);
  });

  it('that fails says so and changes nothing', () => {
    const bench = new Bench('v6.12');
    const fs = bench.mount();
    const file = fileAt(fs, 'seq/0');
    bench.write(file, 0, 512);
    bench.device.fail = () => Status.ioError;
    bench.fresh();
    expect(bench.run(file.setSize(0))).to.equal(-errno.EIO);
    expect(bench.fresh()).to.deep.equal([
      'zonefs (fake0) ERROR: Zone management operation ZONE_RESET at 256 failed -5',
    ]);
    expect([file.stat().size, fs.readOnly]).to.deep.equal([512, false]);
  });
});

describe('an append of many pages', () => {
  // Recorded on 6.1.192 with max_sectors=2048: through dm-crypt, whose pages are single ones.
  it('takes what the segments of one request hold, and 6.1 makes a short write an error', () => {
    const disk = { size: 128, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
    const machine = new Machine({
      kernel: '6.1.192',
      disks: { base: { ...disk, max_sectors: 2048 } },
    });
    machine.run('mkzonefs /dev/base');
    machine.mount('/dev/base', '/mnt', 'zonefs');
    const result = machine.run('dd if=/dev/pattern/1 of=/mnt/seq/0 bs=1M count=1 oflag=direct');
    expect(result.exit).to.equal(1);
    expect(machine.dmesg().slice(-3)).to.deep.equal([
      'zonefs (base) WARNING: Corrupted write pointer 32768 for zone at 32768',
      'zonefs (base) WARNING: inode 4: invalid size 0 (should be 524288)',
      'zonefs (base) WARNING: remounting filesystem read-only',
    ]);
  });
});
