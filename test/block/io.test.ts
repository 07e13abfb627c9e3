import { expect } from 'chai';
import { Op } from '../../src/block/bio.ts';
import {
  directRead,
  directWrite,
  dropClean,
  flushDevice,
  forgetDevice,
  invalidateDevice,
  readBuffered,
  writeBuffered,
  writeback,
} from '../../src/block/cache.ts';
import type { BlockDevice } from '../../src/block/device.ts';
import {
  BytesPayload,
  PatternPayload,
  type Payload,
  samePayload,
} from '../../src/block/payload.ts';
import { readQueueAttribute, writeQueueAttribute } from '../../src/block/sysfs.ts';
import { blkdevReportZones, manageZones } from '../../src/block/zone-management.ts';
import { errno } from '../../src/kernel/errno.ts';
import { Bench, BUILDS } from './support.ts';

const Z = 8192;
const Z_BYTES = Z * 512;
const MIB = 1024 * 1024;

function read(bench: Bench, device: BlockDevice, offset: number, length: number): Payload {
  const data = bench.run(readBuffered(bench.block, device, offset, length));
  if (typeof data === 'number') throw new Error(`"read" expected data, got ${data}`);
  return data;
}

describe('direct I/O on a device', () => {
  it('1 MiB is one bio, more are several', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk();
    const start = bench.host.trace.length;
    const data = new PatternPayload(1, 0, MIB + 65536);
    expect(bench.run(directWrite(bench.block, disk, Z_BYTES, data))).to.equal(MIB + 65536);
    expect(bench.events(start, ['bioQueue'])).to.deep.equal([
      'bioQueue 8192+2048',
      'bioQueue 10240+128',
    ]);
    const back = bench.run(directRead(bench.block, disk, Z_BYTES, MIB + 65536));
    expect(samePayload(back as Payload, data)).to.equal(true);
  });

  it('what is not whole logical blocks is EINVAL', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk({ blocksize: 4096 });
    const data = new PatternPayload(1, 0, 512);
    expect(bench.run(directWrite(bench.block, disk, Z_BYTES, data))).to.equal(-errno.EINVAL);
    expect(bench.run(directRead(bench.block, disk, 512, 4096))).to.equal(-errno.EINVAL);
  });

  it('sees what was buffered, and buffered reads see what it wrote', () => {
    const bench = new Bench('v6.1');
    const disk = bench.disk();
    bench.run(writeBuffered(bench.block, disk, 0, new PatternPayload(1, 0, 8192)));
    const seen = bench.run(directRead(bench.block, disk, 0, 8192)) as Payload;
    expect(samePayload(seen, new PatternPayload(1, 0, 8192))).to.equal(true);
    bench.run(directWrite(bench.block, disk, 0, new PatternPayload(2, 0, 4096)));
    const after = read(bench, disk, 0, 4096);
    expect(samePayload(after, new PatternPayload(2, 0, 4096))).to.equal(true);
  });
});

describe('buffered I/O on a device', () => {
  it('dirty pages go out ascending, a page a bio, whatever the order they were written in', () => {
    const bench = new Bench('6.1.192');
    const disk = bench.disk();
    for (const page of [2, 0, 1]) {
      const data = new PatternPayload(1, page * 4096, 4096);
      bench.run(writeBuffered(bench.block, disk, Z_BYTES + page * 4096, data));
    }
    expect(bench.zone(disk, Z).wp).to.equal(Z);
    const start = bench.host.trace.length;
    expect(bench.run(writeback(bench.block, disk))).to.equal(0);
    expect(bench.events(start, ['bioQueue'])).to.deep.equal([
      'bioQueue 8192+8',
      'bioQueue 8200+8',
      'bioQueue 8208+8',
    ]);
    expect(bench.zone(disk, Z).wp).to.equal(Z + 24);
  });

  it('a page written in part keeps the rest', () => {
    const bench = new Bench('6.1.192');
    const disk = bench.disk();
    bench.write(disk, 0, 16);
    bench.run(
      writeBuffered(bench.block, disk, 4000, new BytesPayload(new Uint8Array(200).fill(7))),
    );
    bench.run(writeback(bench.block, disk));
    const expected = new PatternPayload(1, 0, 8192).bytes().slice();
    expected.fill(7, 4000, 4200);
    expect(bench.read(disk, 0, 16)).to.deep.equal(expected);
  });

  it('a write back that fails is told once, by the next sync, as EIO', () => {
    const bench = new Bench('6.1.192');
    const disk = bench.disk();
    const data = new PatternPayload(1, 0, 4096);
    bench.run(writeBuffered(bench.block, disk, Z_BYTES + 65536, data));
    expect(bench.run(writeback(bench.block, disk))).to.equal(-errno.EIO);
    expect(bench.run(writeback(bench.block, disk))).to.equal(0);
  });

  it('drop_caches keeps what is dirty; the last close and a reset forget it', () => {
    const bench = new Bench('6.1.192');
    const disk = bench.disk();
    const data = new PatternPayload(1, 0, 4096);
    bench.run(writeBuffered(bench.block, disk, 0, data));
    dropClean(bench.block, disk);
    expect(samePayload(read(bench, disk, 0, 4096), data)).to.equal(true);
    invalidateDevice(bench.block, disk, 0, 4096);
    expect(read(bench, disk, 0, 4096).bytes()[0]).to.equal(0);
    bench.run(writeBuffered(bench.block, disk, Z_BYTES, data));
    bench.run(manageZones(bench.block, disk, Op.zoneReset, Z, Z));
    expect(read(bench, disk, Z_BYTES, 4096).bytes()[0]).to.equal(0xff);
    forgetDevice(bench.block, disk);
    expect(bench.block.caches.size).to.equal(0);
  });

  it('a flush of a device without a write cache is no event', () => {
    const bench = new Bench('6.1.192');
    const disk = bench.disk();
    const start = bench.host.trace.length;
    expect(bench.run(flushDevice(bench.block, disk))).to.equal(0);
    expect(bench.host.trace.length).to.equal(start);
  });
});

describe('zone management', () => {
  it('refuses ranges that are not zones', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk();
    const reset = (start: number, sectors: number): number =>
      bench.run(manageZones(bench.block, disk, Op.zoneReset, start, sectors));
    expect(reset(Z + 8, Z)).to.equal(-errno.EINVAL);
    expect(reset(Z, 8)).to.equal(-errno.EINVAL);
    expect(reset(Z, 0)).to.equal(-errno.EINVAL);
    expect(reset(131072, Z)).to.equal(-errno.EINVAL);
    expect(reset(0, Z)).to.equal(-errno.EIO);
    disk.readOnly = true;
    expect(reset(Z, Z)).to.equal(-errno.EPERM);
    const regular = bench.disk({ zoned: 0, zone_nr_conv: 0 }, 'nullb1');
    const task = manageZones(bench.block, regular, Op.zoneReset, 0, Z);
    expect(bench.run(task)).to.equal(-errno.EOPNOTSUPP);
  });

  it('the last, short zone may end a range', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk({ size: 65 });
    bench.write(disk, 131072);
    expect(bench.zone(disk, 131072)).to.include({ len: 2048, capacity: 2048 });
    expect(bench.run(manageZones(bench.block, disk, Op.zoneReset, 131072, 2048))).to.equal(0);
    expect(bench.zone(disk, 131072).wp).to.equal(131072);
  });

  it('two zones are two bios, the whole device one', () => {
    for (const kernel of BUILDS) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      const start = bench.host.trace.length;
      expect(bench.run(manageZones(bench.block, disk, Op.zoneReset, Z, 2 * Z))).to.equal(0);
      expect(bench.run(manageZones(bench.block, disk, Op.zoneReset, 0, 131072))).to.equal(0);
      expect(bench.events(start, ['bioQueue'])).to.deep.equal([
        'bioQueue 8192+0',
        'bioQueue 16384+0',
        'bioQueue 0+0',
      ]);
    }
  });

  it('a report at or behind the end, or of no zones, is empty', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk();
    const visit = (): void => {
      throw new Error('"visit" expected no zone');
    };
    expect(blkdevReportZones(disk, 131072, 5, visit)).to.equal(0);
    expect(blkdevReportZones(disk, 0, 0, visit)).to.equal(0);
  });
});

describe('queue attributes', () => {
  it('max_sectors_kb takes a page up to what the hardware does, and splits follow it', () => {
    const bench = new Bench('6.1.192');
    const disk = bench.disk();
    expect(writeQueueAttribute(disk, 'max_sectors_kb', '128\n')).to.equal(-errno.EINVAL);
    expect(writeQueueAttribute(disk, 'max_sectors_kb', '2\n')).to.equal(-errno.EINVAL);
    expect(writeQueueAttribute(disk, 'max_sectors_kb', 'x\n')).to.equal(-errno.EINVAL);
    expect(writeQueueAttribute(disk, 'max_sectors_kb', '4\n')).to.equal(0);
    expect(readQueueAttribute(disk, 'max_sectors_kb')).to.equal('4\n');
    const start = bench.host.trace.length;
    bench.write(disk, Z, 24);
    expect(bench.events(start, ['rqIssue'])).to.have.length(3);
    expect(disk.limits.max_sectors.origin.rule).to.equal('sysfs:max_sectors_kb');
  });

  it('limits of the hardware cannot be written, and what is not there neither', () => {
    const disk = new Bench('6.1.192').disk();
    expect(writeQueueAttribute(disk, 'zoned', 'none')).to.equal(-errno.EACCES);
    expect(writeQueueAttribute(disk, 'nonesuch', '1')).to.equal(-errno.ENOENT);
    expect(readQueueAttribute(disk, 'zoned_qd1_writes')).to.equal(null);
  });

  it('without a scheduler a 5.10 queue keeps no order: a misplaced write fails and the next does not wait', () => {
    const bench = new Bench('5.10.262');
    const disk = bench.disk();
    expect(writeQueueAttribute(disk, 'scheduler', 'none\n')).to.equal(0);
    expect(readQueueAttribute(disk, 'scheduler')).to.equal('[none] mq-deadline \n');
    expect(writeQueueAttribute(disk, 'scheduler', 'bfq\n')).to.equal(-errno.EINVAL);
    const start = bench.host.trace.length;
    for (const at of [8, 0]) {
      const bio = bench.block.newBio(disk);
      bio.op = Op.write;
      bio.sector = Z + at;
      bio.sectors = 8;
      disk.submit(bio);
    }
    bench.settle();
    expect(bench.events(start, ['plugAdd'])).to.deep.equal([]);
    expect(bench.zone(disk, Z).wp).to.equal(Z + 8);
  });
});
