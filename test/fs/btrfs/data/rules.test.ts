import { expect } from 'chai';
import { Flag, Op } from '../../../../src/block/bio.ts';
import { BytesPayload, FillPayload } from '../../../../src/block/payload.ts';
import { O } from '../../../../src/fs/inode.ts';
import { NotModelled } from '../../../../src/kernel/not-modelled.ts';
import { FirstCome } from '../../../../src/sim/schedule.ts';
import { Rig, type RigOptions, SERIES_DISK, XTS_KEY } from './rig.ts';

const SECTOR_IV = `crypt aes-xts-plain64 ${XTS_KEY} 0 /dev/nullb0 0`;

function mounted(options: Partial<RigOptions> = {}): Rig {
  const rig = new Rig({ kernel: 'v6.12', ...options });
  rig.mkfs();
  expect(rig.mount()).to.equal(0);
  rig.lines();
  return rig;
}

function closeAll(rig: Rig): void {
  for (const fd of Array.from(rig.process.files.keys())) rig.call(rig.vfs.close(rig.process, fd));
}

function remounted(rig: Rig): Rig {
  closeAll(rig);
  expect(rig.umount()).to.equal(0);
  expect(rig.mount()).to.equal(0);
  return rig;
}

/** Data bios the file system sent since record `from`. */
function dataBios(rig: Rig, from: number): { op: number; sector: number; sectors: number }[] {
  return [...rig.host.trace.records(from)]
    .filter((record) => record.kind === 'bioQueue' && (record.flags & Flag.data) !== 0)
    .filter((record) => (record.flags & Flag.top) !== 0)
    .map(({ op, sector, sectors }) => ({ op, sector, sectors }));
}

/** Lets a chosen call of `choose` take the second alternative. */
class Second extends FirstCome {
  private calls = 0;
  private readonly at: number;
  constructor(at: number) {
    super(0);
    this.at = at;
  }
  override choose(what?: string): number {
    if (what !== 'btrfs-submit') return 0;
    this.calls += 1;
    return this.calls === this.at ? 1 : 0;
  }
}

describe('btrfs commits', () => {
  it('each sync of something new is one generation, and an idle one is none', () => {
    const rig = mounted();
    rig.open('/mnt/a');
    rig.sync();
    expect(rig.generation).to.equal(7);
    rig.sync();
    expect(rig.generation).to.equal(7);
    rig.open('/mnt/b');
    rig.sync();
    expect(rig.generation).to.equal(8);
  });

  it('the first read after a change is a change itself, the second is not', () => {
    const rig = mounted();
    const fd = rig.open('/mnt/a');
    rig.pwrite(fd, 0, 8192, 1);
    rig.sync();
    const { generation } = rig;
    rig.pread(fd, 0, 4096);
    rig.sync();
    expect(rig.generation).to.equal(generation + 1);
    rig.pread(fd, 0, 4096);
    rig.sync();
    expect(rig.generation).to.equal(generation + 1);
  });

  it('umount commits even when nothing runs, up to 6.10, and only what runs from 6.11 on', () => {
    for (const [kernel, after] of [
      ['v5.12', 8],
      ['v6.1', 8],
      ['v6.12', 7],
    ] as const) {
      const rig = mounted({ kernel });
      rig.open('/mnt/a');
      rig.sync();
      remounted(rig);
      expect(rig.generation, kernel).to.equal(after);
    }
  });

  it('a power cut keeps the last commit and forgets what came after', () => {
    const rig = mounted();
    const fd = rig.open('/mnt/a');
    rig.pwrite(fd, 0, 8192, 1);
    rig.sync();
    rig.open('/mnt/b');
    rig.pwrite(fd, 8192, 8192, 1);
    const after = rig.reboot();
    expect(after.mount()).to.equal(0);
    expect(after.stat('/mnt/a')).to.include({ size: 8192 });
    expect(after.stat('/mnt/b')).to.equal('ENOENT');
  });

  it('a power cut keeps what was fsynced, by replay of the log, and moves the generation by two', () => {
    const rig = mounted();
    rig.sync();
    const before = rig.generation;
    const a = rig.open('/mnt/a');
    rig.pwrite(a, 0, 65536, 1);
    expect(rig.fsync(a)).to.equal(0);
    expect(rig.generation).to.equal(before);
    rig.open('/mnt/b');
    const after = rig.reboot();
    expect(after.mount()).to.equal(0);
    expect(after.lines()).to.include('BTRFS info (device nullb0): start tree-log replay');
    expect(after.pread(after.open('/mnt/a', O.RDONLY), 0, 65536)).to.have.property(
      'lengthBytes',
      65536,
    );
    expect(after.stat('/mnt/b')).to.equal('ENOENT');
    remounted(after);
    expect(after.generation).to.equal(before + 2);
  });

  it('fsync writes the log, then a superblock of the same generation; both plain writes', () => {
    const rig = mounted();
    rig.sync();
    const fd = rig.open('/mnt/a');
    rig.pwrite(fd, 0, 4096, 1);
    const from = rig.host.trace.length;
    rig.fsync(fd);
    const writes = [...rig.host.trace.records(from)]
      .filter((record) => record.kind === 'bioQueue' && record.op !== Op.read)
      .map((record) => [record.op, record.sectors]);
    expect(writes).to.deep.equal([
      [Op.zoneAppend, 8],
      [Op.write, 32],
      [Op.write, 32],
      [Op.write, 8],
    ]);
    expect(rig.mounted.state.env.superblock.logRoot).to.not.equal(0);
  });

  it('the trees of a file system that was written elsewhere are not modelled, and say so', () => {
    const rig = mounted();
    rig.open('/mnt/a');
    rig.sync();
    rig.host.beside.clear();
    const after = rig.reboot();
    expect(() => after.mount()).to.throw(NotModelled);
  });

  it('a tree block that is not what was written fails the mount and is named by its address', () => {
    for (const [kernel, line] of [
      ['v5.12', 'bad tree block start, want WANT have 0'],
      ['v6.12', 'bad tree block start, mirror 1 want WANT have 0'],
    ] as const) {
      const rig = mounted({ kernel });
      remounted(rig);
      const { env } = rig.mounted.state;
      rig.umount();
      const { root } = env.superblock;
      const after = rig.reboot();
      overwrite(after, root);
      expect(after.mount()).to.equal('EIO');
      expect(after.lines().join('\n')).to.include(line.replace('WANT', String(root)));
    }
  });
});

/** Writes zeroes over one tree block; logical addresses of the first chunks are physical ones. */
function overwrite(rig: Rig, bytenr: number): void {
  const bio = rig.block.newBio(rig.device);
  bio.op = Op.write;
  bio.sector = bytenr / 512;
  bio.sectors = 32;
  bio.payload = new FillPayload(0, 16384);
  rig.call(rig.block.submitAndWait(bio));
}

describe('btrfs data writes', () => {
  it('appends name the start of the zone and are at most one append long', () => {
    const rig = mounted({ kernel: 'v5.12' });
    const fd = rig.open('/mnt/a');
    rig.pwrite(fd, 0, 300_000 - (300_000 % 4096), 1);
    const from = rig.host.trace.length;
    rig.sync();
    expect(dataBios(rig, from)).to.deep.equal([
      { op: Op.zoneAppend, sector: 32768, sectors: 248 },
      { op: Op.zoneAppend, sector: 32768, sectors: 248 },
      { op: Op.zoneAppend, sector: 32768, sectors: 88 },
    ]);
  });

  it('in a conventional zone, and where the limit is 0 before 5.15, data is a plain write at its place', () => {
    const conventional = mounted({ disk: { ...SERIES_DISK, zone_nr_conv: 60 } });
    const limitless = mounted({ kernel: 'v5.12+series[1-2]', table: SECTOR_IV });
    for (const rig of [conventional, limitless]) {
      const fd = rig.open('/mnt/a');
      rig.pwrite(fd, 0, 65536, 1);
      rig.sync();
      const from = rig.host.trace.length;
      rig.pwrite(fd, 65536, 65536, 1);
      rig.sync();
      expect(dataBios(rig, from)).to.deep.equal([{ op: Op.write, sector: 32896, sectors: 128 }]);
    }
  });

  it('a plain write overtaken between allocation and submission fails, and all that come after it in the group', () => {
    const rig = mounted({
      kernel: 'v5.12+series[1-2]',
      table: SECTOR_IV,
      schedule: new Second(1),
    });
    const fd = rig.open('/mnt/a', O.RDWR | O.CREAT | O.DIRECT) as number;
    const other = rig.open('/mnt/b', O.RDWR | O.CREAT | O.DIRECT) as number;
    const results: (number | string)[] = [];
    const { tasks } = rig.host;
    function* writer(file: number, seed: number) {
      const data = new Uint8Array(65536).fill(seed);
      results.push(yield* rig.vfs.pwrite(rig.process, file, new BytesPayload(data), 0));
    }
    const runners = [tasks.spawn('w1', writer(fd, 1)), tasks.spawn('w2', writer(other, 2))];
    while (runners.some((runner) => !runner.done)) rig.host.loop.step();
    expect(results).to.include(-5);
    const lines = rig.lines();
    expect(lines.some((line) => /bdev \/dev\/mapper\/t errs: wr 1,/.test(line))).to.equal(true);
    expect(rig.pwrite(fd, 0, 4096, 1)).to.equal('EIO');
    expect(rig.mounted.readOnly).to.equal(false);
  });

  it('a group that is full makes the next zone a group, and the file goes on there', () => {
    for (const kernel of ['v5.12', 'v6.1', 'v6.12', 'v7.3']) {
      const rig = mounted({ kernel });
      const fd = rig.open('/mnt/a');
      const length = 9 * 2 ** 20;
      expect(rig.pwrite(fd, 0, length, 5)).to.equal(length);
      rig.sync();
      remounted(rig);
      const again = rig.open('/mnt/a', O.RDONLY);
      const got = rig.pread(again, 0, length);
      expect(typeof got === 'string' ? got : got.lengthBytes, kernel).to.equal(length);
      const groups = rig.mounted.state.groups.filter((group) => group.kind === 'data');
      expect(groups.length, kernel).to.be.greaterThan(2);
    }
  });

  it('a full disk is ENOSPC, and what was written before stays', () => {
    const rig = mounted({ disk: { ...SERIES_DISK, size: 64 } });
    const fd = rig.open('/mnt/a');
    let position = 0;
    let result: number | string = 0;
    while (typeof result === 'number' && position < 2 ** 27) {
      result = rig.pwrite(fd, position, 2 ** 20, 9);
      if (typeof result === 'number') position += result;
      rig.sync();
    }
    expect(result).to.equal('ENOSPC');
    rig.dropCaches();
    expect(rig.pread(fd, 0, 2 ** 20)).to.have.property('lengthBytes', 2 ** 20);
  });

  it('a deleted file of a whole zone gives the zone back: it is reset once the commit is on disk', () => {
    const rig = mounted();
    const fd = rig.open('/mnt/a');
    rig.pwrite(fd, 0, 4 * 2 ** 20, 1);
    rig.sync();
    expect(rig.media.wp[4]).to.equal(8192);
    closeAll(rig);
    rig.named(rig.vfs.unlink(rig.process, '/mnt/a'));
    rig.sync();
    rig.open('/mnt/b');
    rig.sync();
    expect(rig.media.wp[4]).to.equal(0);
  });

  it('a disk with few active zones has its fullest data zone finished before another is begun', () => {
    const disk = { ...SERIES_DISK, zone_nr_conv: 0, zone_max_active: 8, zone_max_open: 8 };
    for (const kernel of ['v6.12', 'v7.3']) {
      const rig = mounted({ kernel, disk });
      const fd = rig.open('/mnt/a');
      const length = 64 * 2 ** 20;
      expect(rig.pwrite(fd, 0, length, 5), kernel).to.equal(length);
      rig.sync();
      rig.dropCaches();
      expect(rig.pread(fd, 0, length), kernel).to.have.property('lengthBytes', length);
      expect(
        rig.lines().filter((line) => /errs: wr/.test(line)),
        kernel,
      ).to.deep.equal([]);
    }
  });
});
