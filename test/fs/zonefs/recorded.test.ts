/**
 * zonefs through system calls on whole machines, against what real kernels were recorded doing (conformance/recorded/:
 * series.json, mount.json). The replay of every cell stands in conformance/; here are the few that tell the story.
 */

import { expect } from 'chai';
import { Flag, Op } from '../../../src/block/bio.ts';
import { PatternPayload, samePayload } from '../../../src/block/payload.ts';
import { O } from '../../../src/fs/inode.ts';
import { type File, Machine, SystemCallError } from '../../../src/machine.ts';

const SIZE_SECTORS = 524288;
const DISK = { size: 256, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
const KEY = Array.from({ length: 64 }, (_, i) => i.toString(16).padStart(2, '0')).join('');
const STACKS = {
  xts: `0 ${SIZE_SECTORS} crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0`,
  null: `0 ${SIZE_SECTORS} crypt aes-cbc-null ${KEY.slice(0, 64)} 0 /dev/nullb0 0`,
};
const OUTCOMES = new Map<boolean | null, string>([
  [true, 'read back right'],
  [false, 'the second read back wrong'],
  [null, 'nothing written'],
]);
const FALLBACK =
  'zonefs (dm-0): Zone append is not supported: falling back to using regular writes';

class Stack {
  readonly machine: Machine;
  readonly path: string;
  private seen = 0;

  constructor(kernel: string, stack: keyof typeof STACKS | 'raw') {
    this.machine = new Machine({ kernel, disks: { nullb0: DISK } });
    this.path = stack === 'raw' ? '/dev/nullb0' : '/dev/mapper/t';
    if (stack !== 'raw') this.machine.createMapping('t', STACKS[stack]);
    expect(this.machine.run(`mkzonefs -f ${this.path}`).exit).to.equal(0);
    this.fresh();
  }

  mount(options = ''): string[] {
    this.machine.mount(this.path, '/mnt', 'zonefs', options);
    return this.fresh();
  }

  fresh(): string[] {
    const lines = this.machine.log.since(this.seen);
    this.seen = this.machine.log.lines.length;
    return lines;
  }

  open(name = 'seq/0'): File {
    return this.machine.open(`/mnt/${name}`, O.RDWR | O.DIRECT);
  }

  /** What left the file-system floor since trace record `from`. */
  sent(from: number): { op: number; sector: number; sectors: number }[] {
    return [...this.machine.trace.records(from)]
      .filter(({ kind, flags }) => kind === 'bioQueue' && (flags & Flag.top) !== 0)
      .map(({ op, sector, sectors }) => ({ op, sector, sectors }));
  }
}

function write(file: File, offset: number, length: number): number | string {
  try {
    return file.pwrite(new PatternPayload(1, offset, length), offset);
  } catch (error) {
    if (error instanceof SystemCallError) return error.code;
    throw error;
  }
}

function isSame(file: File, offset: number, length: number): boolean {
  return samePayload(file.preadPayload(length, offset), new PatternPayload(1, offset, length));
}

describe('two synchronous 64 KiB writes through zonefs on dm-crypt, as recorded', () => {
  const cases = [
    ['v5.12', 'xts', 'append', [65536, 65536], false],
    ['v5.12', 'null', 'append', [65536, 65536], true],
    ['v5.12+series[1-2]', 'xts', 'none', [0, 'EINVAL'], null],
    ['v5.12+series[1-3]', 'xts', 'none', [0, 'EINVAL'], null],
    ['v5.12+series', 'xts', 'regular', [65536, 65536], true],
    ['v5.12+series', 'null', 'append', [65536, 65536], true],
    ['v5.12+series[3]', 'xts', 'append', [65536, 65536], false],
    ['v5.14', 'xts', 'append', [65536, 65536], true],
    ['6.12.117', 'xts', 'regular', [65536, 65536], true],
    ['7.3.4', 'null', 'regular', [65536, 65536], true],
  ] as const;
  for (const [kernel, stack, path, results, same] of cases) {
    it(`${kernel}, ${stack}: ${path}, ${OUTCOMES.get(same)}`, () => {
      const on = new Stack(kernel, stack);
      const falls = kernel === 'v5.12+series' && stack === 'xts';
      expect(on.mount()).to.deep.equal([
        ...(falls ? [FALLBACK] : []),
        'zonefs (dm-0): Mounting 64 zones',
        'zonefs (dm-0): Zone group "cnv" has 3 files',
        'zonefs (dm-0): Zone group "seq" has 60 files',
      ]);
      const file = on.open();
      const from = on.machine.trace.length;
      expect([write(file, 0, 65536), write(file, 65536, 65536)]).to.deep.equal(results);
      expect(on.fresh()).to.deep.equal([]);
      const sent = on.sent(from);
      if (path === 'none') expect(sent).to.deep.equal([]);
      else {
        const op = path === 'append' ? Op.zoneAppend : Op.write;
        const second = path === 'append' ? 32768 : 32896;
        expect(sent).to.deep.equal([
          { op, sector: 32768, sectors: 128 },
          { op, sector: second, sectors: 128 },
        ]);
      }
      if (same === null) return;
      expect(isSame(file, 0, 65536)).to.equal(true);
      expect(isSame(file, 65536, 65536)).to.equal(same);
    });
  }
});

describe('a synchronous write of 1 MiB, as recorded', () => {
  for (const [kernel, stack, written, sectors] of [
    ['v5.12', 'xts', 130560, 255],
    ['v5.12+series', 'xts', 1048576, 2048],
    ['5.10.262', 'raw', 130560, 255],
    ['6.12.117', 'raw', 1048576, 2048],
  ] as const) {
    it(`${kernel} on ${stack}: one bio of ${sectors} sectors`, () => {
      const on = new Stack(kernel, stack);
      on.mount();
      const file = on.open('seq/4');
      const from = on.machine.trace.length;
      expect(write(file, 0, 1048576)).to.equal(written);
      expect(on.sent(from).map((bio) => bio.sectors)).to.deep.equal([sectors]);
      expect(isSame(file, 0, written)).to.equal(true);
    });
  }
});

describe('location checks of stable kernels, as recorded', () => {
  it('5.10.262 refuses the second append through dm-crypt, even with a null IV', () => {
    const on = new Stack('5.10.262', 'null');
    on.mount();
    const file = on.open();
    expect([write(file, 0, 65536), write(file, 65536, 131072)]).to.deep.equal([65536, 'EIO']);
    expect(on.fresh()).to.deep.equal([
      'zonefs (dm-0) WARNING: Corrupted write pointer 32768 for zone at 32768',
      'zonefs (dm-0) WARNING: inode 4: invalid size 65536 (should be 196096)',
      'zonefs (dm-0) WARNING: remounting filesystem read-only',
    ]);
    expect(on.machine.run('cat /proc/mounts').stdout).to.include(
      '/dev/mapper/t /mnt zonefs ro,relatime,errors=remount-ro 0 0\n',
    );
    file.close();
    on.machine.umount('/mnt');
    on.mount();
    expect(on.open().stat().size).to.equal(196096);
  });

  it('6.1.192 fails every synchronous write, on the raw disk too', () => {
    for (const [stack, device] of [
      ['raw', 'nullb0'],
      ['xts', 'dm-0'],
    ] as const) {
      const on = new Stack('6.1.192', stack);
      on.mount();
      const file = on.open();
      expect([write(file, 0, 65536), write(file, 65536, 131072)]).to.deep.equal(['EIO', 'EROFS']);
      expect(on.fresh()).to.deep.equal([
        `zonefs (${device}) WARNING: Corrupted write pointer 32768 for zone at 32768`,
        `zonefs (${device}) WARNING: inode 4: invalid size 0 (should be 65536)`,
        `zonefs (${device}) WARNING: remounting filesystem read-only`,
      ]);
      expect(file.stat().size).to.equal(0);
    }
  });
});

describe('the append limit of patch 4', () => {
  it('is read once: a table swapped below a mounted zonefs is not seen', () => {
    const on = new Stack('v5.12+series', 'null');
    on.mount();
    const { dm } = on.machine;
    expect(dm.load('t', [STACKS.xts])).to.equal(0);
    expect(dm.suspend('t')).to.equal(0);
    expect(dm.resume('t')).to.equal(0);
    const limit = on.machine.block.devices.get('dm-0')!.limits.max_zone_append_sectors;
    expect(limit.value).to.equal(0);
    const from = on.machine.trace.length;
    expect(write(on.open(), 0, 4096)).to.equal('EIO');
    const refusal = on.machine.decisions.find(({ rule }) => rule.startsWith('block.append.'))!;
    expect(refusal.verdict).to.equal('refuses');
    expect(on.sent(from)).to.deep.equal([]);
  });

  it('names the floor that set it to 0 in its decision', () => {
    const on = new Stack('v5.12+series', 'xts');
    on.mount();
    const decision = on.machine.decisions.find(({ rule }) => rule === 'zonefs.mount.append-limit')!;
    expect(decision.verdict).to.equal('refuses');
    expect(decision.seen.max_zone_append_sectors).to.have.nested.property('origin.floor', 'dm-0');
  });
});
