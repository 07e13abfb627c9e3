/** Laws that recordings with other sizes, zone layouts and append limits brought to light. */

import { expect } from 'chai';
import { Op } from '../../../src/block/bio.ts';
import { type DiskAttributes, Machine } from '../../../src/machine.ts';

const DISK: DiskAttributes = {
  size: 256,
  zoned: 1,
  zone_size: 8,
  zone_nr_conv: 3,
  memory_backed: 1,
};
const MKFS = 'mkfs.btrfs -f -q -O zoned -d single -m single';
const ZONE_SECTORS = 16384;

class Tried {
  readonly machine: Machine;
  private seen = 0;
  private logSeen = 0;

  constructor(kernel: string, disk: DiskAttributes = DISK) {
    this.machine = new Machine({ kernel, disks: { d: disk } });
    this.ok(`${MKFS} /dev/d`);
  }

  ok(line: string): string {
    const done = this.machine.run(line);
    expect([line, done.exit]).to.deep.equal([line, 0]);
    return done.stdout;
  }

  lines(): string[] {
    const lines = this.machine.log.since(this.logSeen);
    this.logSeen = this.machine.log.lines.length;
    return lines;
  }

  /** Writes of data since the last look, in sectors: tree blocks have 32. */
  dataWrites(): number[] {
    const { trace } = this.machine;
    const found: number[] = [];
    let next = this.seen;
    for (const record of trace.records(this.seen)) {
      next += 1;
      const writes = record.op === Op.write || record.op === Op.zoneAppend;
      if (record.kind !== 'bioQueue' || !writes || record.device !== 'd') continue;
      if (record.sector >= 4 * ZONE_SECTORS && record.sectors !== 32) found.push(record.sectors);
    }
    this.seen = next;
    return found;
  }

  /** How far zone `number` is written, in sectors. */
  written(number: number): number {
    const report = this.ok(`blkzone report -o ${number * ZONE_SECTORS} -c 1 /dev/d`);
    return Number.parseInt(/wptr 0x([0-9a-f]+)/.exec(report)![1]!, 16);
  }
}

describe('btrfs on disks of other layouts', () => {
  it('a log block that an fsync took in vain is filled by its commit up to 6.7, by the next writeback from 6.8 on', () => {
    for (const [kernel, atOnce] of [
      ['6.1.192', 32],
      ['6.12.117', 0],
    ] as const) {
      const tried = new Tried(kernel);
      tried.ok('mount /dev/d /mnt');
      tried.ok('touch /mnt/f');
      // The log needs a group of its own: made in this transaction, so the log cannot say what happened.
      tried.ok('dd if=/dev/pattern/1 of=/mnt/f bs=1M count=1 conv=fsync,notrunc');
      expect([kernel, tried.written(5)]).to.deep.equal([kernel, atOnce]);
      tried.ok('sync');
      expect([kernel, tried.written(5)]).to.deep.equal([kernel, 32]);
      tried.ok('dd if=/dev/pattern/2 of=/mnt/g bs=64k count=1 conv=fsync');
      tried.ok('umount /mnt');
      expect(tried.lines().filter((line) => /error/i.test(line))).to.deep.equal([]);
    }
  });

  it('an fsync after a log block that is still unwritten commits in full: its log would leave a hole', () => {
    const tried = new Tried('6.12.117');
    tried.ok('mount /dev/d /mnt');
    tried.ok('dd if=/dev/pattern/1 of=/mnt/f bs=1M count=1 conv=fsync');
    tried.ok('dd if=/dev/pattern/2 of=/mnt/g bs=64k count=1 conv=fsync');
    expect(tried.written(5)).to.equal(0);
    tried.ok('umount /mnt');
    expect(tried.lines().filter((line) => /error/i.test(line))).to.deep.equal([]);
  });

  it('a read moves the access time in the inode alone: no leaf is dirty before the commit', () => {
    const tried = new Tried('6.1.192');
    tried.ok('mount /dev/d /mnt');
    tried.ok('dd if=/dev/pattern/1 of=/mnt/f bs=64k count=1 conv=fsync');
    tried.ok('sync');
    tried.ok('cat /mnt/f');
    const from = [...tried.machine.trace.records(0)].length;
    tried.ok('umount /mnt');
    const senders = [...tried.machine.trace.records(from)]
      .filter(({ kind, op }) => kind === 'bioQueue' && op === Op.write)
      .map(({ comm }) => comm);
    expect(senders).to.have.length.greaterThan(0);
    expect(senders).not.to.include('kworker');
  });

  it('a new name sets space aside for references too since 6.7, which costs a commit where zones are few', () => {
    const few = { ...DISK, size: 48, zone_nr_conv: 0 };
    for (const [kernel, generation] of [
      ['6.1.192', 6],
      ['6.12.117', 7],
    ] as const) {
      const tried = new Tried(kernel, few);
      tried.ok('mount /dev/d /mnt');
      tried.ok('touch /mnt/f');
      const cut = tried.machine.reboot({ how: 'power-cut' });
      expect(cut.run('mount /dev/d /mnt').exit).to.equal(0);
      expect(cut.log.lines.map(({ text }) => text).join('\n')).to.match(
        new RegExp(`transid ${generation} /dev/d`),
      );
    }
  });

  it('7.3 writes large folios back as one extent each, in bios of 128 KiB cut to appends', () => {
    const tried = new Tried('7.3.4');
    tried.ok('mount /dev/d /mnt');
    tried.ok('touch /mnt/f');
    tried.ok('sync');
    tried.dataWrites();
    tried.ok('dd if=/dev/pattern/1 of=/mnt/f bs=1M count=1 conv=fsync,notrunc');
    // By folio of 256 KiB: the pieces of 248 sectors that begin in it.
    expect(tried.dataWrites()).to.deep.equal([
      248, 8, 248, 8, 232, 248, 8, 240, 248, 8, 240, 248, 8, 56,
    ]);
  });

  it('a direct write to a conventional zone is one bio up to 6.1, and cut as appends are from 6.5 on', () => {
    for (const [kernel, bios] of [
      ['6.1.192', [512]],
      ['6.12.117', [248, 248, 16]],
    ] as const) {
      const tried = new Tried(kernel, { ...DISK, zone_nr_conv: 6 });
      tried.ok('mount /dev/d /mnt');
      tried.ok('touch /mnt/f');
      tried.ok('sync');
      tried.dataWrites();
      tried.ok('dd if=/dev/pattern/1 of=/mnt/f bs=256k count=1 oflag=direct conv=notrunc');
      expect([kernel, tried.dataWrites()]).to.deep.equal([kernel, bios]);
    }
  });
});

describe('btrfs options, as seen without a rate limit', () => {
  const mounted = (kernel: string, options: string): string[] => {
    const tried = new Tried(kernel);
    tried.lines();
    expect(tried.machine.run(`mount -o ${options} /dev/d /mnt`).exit).to.equal(0);
    return tried.lines();
  };

  it('usebackuproot rebuilds the free space tree where the mount API parses it, rescue=usebackuproot does not', () => {
    const rebuilt = (kernel: string, options: string): boolean =>
      mounted(kernel, options).some((line) => line.endsWith('rebuilding free space tree'));
    expect(rebuilt('6.12.117', 'usebackuproot')).to.equal(true);
    expect(rebuilt('6.12.117', 'rescue=usebackuproot')).to.equal(false);
    expect(rebuilt('6.1.192', 'usebackuproot')).to.equal(false);
  });

  it('rescue=all leaves the backup root out before 7.x, and takes what each kernel has', () => {
    const all = (kernel: string): string[] =>
      mounted(kernel, 'ro,rescue=all')
        .map((line) => line.replace(/^.*\): /, ''))
        .filter((line) => /ignoring|backup|log replay/.test(line));
    expect(all('6.1.192')).to.deep.equal([
      'ignoring data csums',
      'ignoring bad roots',
      'disabling log replay at mount time',
    ]);
    expect(all('6.12.117')).not.to.include('trying to use backup root at mount time');
    expect(all('7.3.4')).to.include('trying to use backup root at mount time');
  });

  it('a file system nobody may change is in the error state on 6.12.117 and 7.3, not on 6.1', () => {
    const state = (kernel: string): boolean =>
      mounted(kernel, 'ro,rescue=nologreplay').some((line) => line.includes('state E'));
    expect(['6.1.192', '6.12.117', '7.3.4'].map(state)).to.deep.equal([false, true, true]);
  });

  it('the mount API takes one word of rescue= and refuses others itself; before, a colon joins several', () => {
    const tried = new Tried('6.12.117');
    tried.lines();
    expect(
      tried.machine.run('mount -o ro,rescue=nologreplay:ibadroots /dev/d /mnt').exit,
    ).not.to.equal(0);
    expect(tried.lines()).to.include("btrfs: Bad value for 'rescue'");
    expect(mounted('6.1.192', 'ro,rescue=nologreplay:ibadroots').join('\n')).to.include(
      'ignoring bad roots',
    );
  });

  it('asking for lzo tells of the feature once: the next mount finds it', () => {
    const tried = new Tried('6.1.192');
    const told = (): boolean =>
      tried
        .lines()
        .some((line) => line.endsWith('setting incompat feature flag for COMPRESS_LZO (0x8)'));
    tried.ok('mount -o compress=lzo /dev/d /mnt');
    expect(told()).to.equal(true);
    tried.ok('umount /mnt');
    tried.ok('mount -o compress=lzo /dev/d /mnt');
    expect(told()).to.equal(false);
  });
});

describe('mkfs.btrfs -U', () => {
  const UUID = '11111111-2222-3333-4444-555555555555';

  it('refuses a UUID that any disk holds, the one to be formatted too, on every kernel', () => {
    for (const kernel of ['5.10.262', '6.12.117']) {
      const machine = new Machine({ kernel, disks: { d: DISK, e: DISK } });
      const [first, second] = [...machine.disks.keys()];
      machine.run(`${MKFS} -U ${UUID} /dev/${first}`);
      for (const disk of [first, second]) {
        const again = machine.run(`${MKFS} -U ${UUID} /dev/${disk}`);
        expect([again.exit, again.stderr]).to.deep.equal([1, `ERROR: non-unique UUID: ${UUID}\n`]);
      }
    }
  });
});
