import { expect } from 'chai';
import fc from 'fast-check';
import { headline, kernelSummaries, rangeOf, troubles } from '../../src/compare/answer.ts';
import { compareCsv, compareJson } from '../../src/compare/data.ts';
import { comparePage } from '../../src/compare/html.ts';
import { rank } from '../../src/compare/measure.ts';
import { type ComparisonResult, FLOORS, verdictOf, zoneWaitNs } from '../../src/compare/result.ts';
import { compareSvg } from '../../src/compare/svg.ts';
import { compareText } from '../../src/compare/text.ts';
import { compared, DISKS, measuredOf } from './support.ts';

const MIXED = {
  workloads: [
    '{ target: zonefs, io: sync, block: [4k, 192k], jobs: 2, size: 768k }',
    '{ target: zonefs, io: async, block: 4k, depth: 8, size: 256k }',
    '{ target: raw, io: async, block: 16k, jobs: 2, depth: 4, size: 256k }',
    '{ target: raw, io: sync, block: 1m, size: 4m }',
  ],
  kernels: '[v5.12, v5.12+series, v5.14, v6.12]',
  ciphers: '[raw, aes-xts-plain64, { name: null IV, cipher: aes-cbc-null }]',
  disks: DISKS,
};

const plain = (_style: string, text: string): string => text;

describe('comparing', function () {
  this.timeout(120_000);
  let mixed: ComparisonResult;
  before(() => {
    mixed = compared(MIXED);
  });

  it('runs every workload on every kernel, cipher and disk, in that order from the outside', () => {
    const { comparison, cells } = mixed;
    expect(comparison.points).to.have.length(5);
    expect(cells).to.have.length(5 * 4 * 3 * 3);
    const names = cells.slice(0, 5).map(({ place }) => [place.kernel.name, place.cipher.name]);
    expect(names).to.deep.equal([
      ['v5.12', 'raw'],
      ['v5.12+series', 'raw'],
      ['v5.14', 'raw'],
      ['v6.12', 'raw'],
      ['v5.12', 'aes-xts-plain64'],
    ]);
  });

  it('throughput x time is what was written', () => {
    for (const cell of mixed.cells) {
      const { bytesPerSecond, elapsedNs, bytes, writes } = measuredOf(cell);
      const { point } = cell.place;
      expect(bytes).to.equal(point.jobs * point.sizeBytes);
      expect(writes * point.blockBytes).to.equal(bytes);
      expect((bytesPerSecond * elapsedNs) / 1e9).to.be.closeTo(bytes, bytes * 1e-12);
    }
  });

  it('shares add up to the whole, and none is below nothing', () => {
    for (const cell of mixed.cells) {
      const { shareNs, elapsedNs } = measuredOf(cell);
      const all = FLOORS.map((floor) => shareNs[floor]);
      expect(all.reduce((sum, ns) => sum + ns, 0)).to.equal(elapsedNs);
      expect(Math.min(...all)).to.be.at.least(0);
      expect(all.every(Number.isSafeInteger)).to.equal(true);
    }
  });

  it('no percentile lies beyond another, nor a write beyond the run', () => {
    for (const cell of mixed.cells) {
      const { p50Ns, p99Ns, meanNs, elapsedNs } = measuredOf(cell);
      expect(p50Ns).to.be.at.most(p99Ns);
      expect(p99Ns).to.be.at.most(elapsedNs);
      expect(meanNs).to.be.above(0);
    }
  });

  it('writes that follow one another take all the time there is, floor by floor', () => {
    const { cells } = compared({ kernels: '[v5.12, v6.12]' });
    for (const cell of cells) {
      const { meanNs, writes, elapsedNs, cpuNs, waitNs, shareNs } = measuredOf(cell);
      expect(meanNs * writes).to.be.closeTo(elapsedNs, 1e-3);
      // The end of a request (80 ns) is counted with its device.
      expect(shareNs.device).to.equal(waitNs.device + 80 * writes);
      for (const floor of ['call', 'block', 'dm', 'crypt'] as const) {
        // Shared out in whole ns.
        expect(shareNs[floor], floor).to.be.closeTo(cpuNs[floor], 4);
      }
    }
  });

  it('a block that is cut short is written by further calls', () => {
    const cut = mixed.cells.find(
      ({ place }) => place.point.blockBytes === 192 * 1024 && place.disk.name === 'null_blk',
    )!;
    const { calls, writes, path } = measuredOf(cut);
    expect({ path, calls: calls / writes }).to.deep.equal({ path: 'append', calls: 2 });
  });

  it('flags append through a sector IV as garbage, and nothing else', () => {
    const wrong = mixed.cells.filter((cell) => verdictOf(cell) !== 'right');
    expect(wrong.length).to.be.above(0);
    for (const { place } of wrong) {
      const { kernel, cipher, point } = place;
      expect([kernel.name, cipher.name]).to.deep.equal(['v5.12', 'aes-xts-plain64']);
      expect([point.target, point.io]).to.deep.equal(['zonefs', 'sync']);
    }
    expect(new Set(wrong.map(verdictOf))).to.deep.equal(new Set(['garbage']));
  });

  it('a writer that is alone in its zone waits for no lock or plug; several of one zone do', () => {
    for (const cell of mixed.cells) {
      const { io, blockBytes } = cell.place.point;
      const waits = zoneWaitNs(measuredOf(cell));
      if (io === 'sync' && blockBytes === 4096) expect(waits).to.equal(0);
      if (io === 'async') expect(waits).to.be.above(0);
    }
  });

  it('counts bios on each floor: dm-crypt sends on what it is given, and requests carry all of it', () => {
    for (const cell of mixed.cells) {
      const { bios, writes } = measuredOf(cell);
      if (cell.place.point.blockBytes > 4096) continue;
      expect(bios.top).to.equal(writes);
      expect(bios.disk).to.equal(writes);
      expect(bios.requests).to.be.at.most(writes);
    }
  });

  it('only bytes that pass dm-crypt are enciphered, only buffered ones copied', () => {
    for (const cell of mixed.cells) {
      const { cryptBytes, copiedBytes, bytes } = measuredOf(cell);
      expect(cryptBytes).to.equal(cell.place.cipher.cipher === null ? 0 : bytes);
      expect(copiedBytes).to.equal(0);
    }
  });

  it('gives the same bytes in every format each time', () => {
    const small = {
      ...MIXED,
      workloads: MIXED.workloads.slice(0, 2),
      disks: { zn540: DISKS.zn540 },
    };
    const all = (): string[] => {
      const result = compared(small);
      return [
        JSON.stringify(compareJson(result)),
        compareCsv(result),
        compareText(result, plain, true),
        comparePage(result),
        compareSvg(result),
      ];
    };
    expect(all()).to.deep.equal(all());
  });

  it('a speed counts only where the data is right', () => {
    const [first, , , plugging] = kernelSummaries(mixed);
    expect(first!.verdicts.garbage).to.be.above(0);
    expect(first!.verdicts.right + first!.verdicts.garbage).to.equal(first!.cells);
    expect(plugging!.verdicts.right).to.equal(plugging!.cells);
    expect(plugging!.besideFirst!.least).to.be.above(0);
    expect(headline(mixed).join(' ')).to.include('reads back garbage');
  });
});

describe('cells that do not run', function () {
  this.timeout(60_000);

  it('btrfs is refused under the series, by the rule that saw the append limit', () => {
    const { cells } = compared({
      workloads: ['{ target: btrfs, io: buffered, block: 64k, jobs: 2, size: 256k }'],
      kernels: '[v5.12+series, v5.14]',
      ciphers: '[aes-xts-plain64]',
      disks: {
        null_blk:
          '{ profile: null_blk, size: 512, zoned: 1, zone_size: 16, blocksize: 4096, memory_backed: 1 }',
      },
    });
    expect(cells.map(verdictOf)).to.deep.equal(['refused', 'right']);
    const { outcome } = cells[0]!;
    expect(outcome).to.deep.include({ kind: 'refused' });
    if (outcome.kind !== 'refused') return;
    expect(outcome.refusal.rule).to.equal('btrfs.mount.zone-append-limit');
    expect(outcome.refusal.why).to.match(/^max_zone_append_sectors = 0, set by dm-0 /);
    const { copiedBytes, bytes } = measuredOf(cells[1]!);
    expect(copiedBytes).to.equal(bytes);
  });

  it('writes in any order fail in a sequential zone, and the cell says by which rule', () => {
    const result = compared({
      workloads: ['{ target: zonefs, io: sync, block: 4k, size: 64k, order: random }'],
      ciphers: '[raw]',
    });
    expect(result.cells.map(verdictOf)).to.deep.equal(['failed', 'failed']);
    expect(troubles(result)[0]!.why).to.match(/^pwrite says EINVAL: zonefs\./);
  });

  it('what does not fit a zone is said, not tried', () => {
    const result = compared({
      workloads: ['{ target: raw, io: sync, block: 1m, size: 32m }'],
      ciphers: '[raw]',
    });
    expect(troubles(result)[0]!.why).to.include('a job writes 32 MiB, a zone takes 16 MiB');
  });

  it('a table the kernel refuses is a result', () => {
    const result = compared({ kernels: '[v6.12]', ciphers: '[aes-nonsense]' });
    expect(result.cells.map(verdictOf)).to.deep.equal(['refused']);
    expect(troubles(result)[0]!.why).to.match(/^dmsetup/);
  });
});

describe('the numbers of a comparison', () => {
  it('a percentile is a value that was measured: the least that so many do not exceed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 1 }),
        fc.integer({ min: 1, max: 100 }),
        (some, p) => {
          const sorted = [...some].sort((a, b) => a - b);
          const value = rank(sorted, p);
          const atMost = sorted.filter((one) => one <= value).length;
          const below = sorted.filter((one) => one < value).length;
          expect(sorted).to.include(value);
          expect(atMost * 100).to.be.at.least(p * sorted.length);
          expect(below * 100).to.be.below(p * sorted.length);
        },
      ),
    );
  });

  it('the middle lies between the ends, whatever the order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { minLength: 1 }),
        (some) => {
          const { least, middle, most } = rangeOf(some)!;
          expect(least).to.equal(Math.min(...some));
          expect(most).to.equal(Math.max(...some));
          expect(middle).to.be.within(least, most);
          expect(rangeOf([...some].reverse())).to.deep.equal({ least, middle, most });
        },
      ),
    );
    expect(rangeOf([])).to.equal(null);
  });
});

describe('what went wrong', function () {
  this.timeout(60_000);

  it('is told once for all kernels, workloads and disks that share it, and long names are cut to fit', () => {
    const result = compared({
      workloads: [
        '{ target: zonefs, io: buffered, block: 4k, size: 64k }',
        '{ target: raw, io: sync, block: 512, size: 4k }',
        '{ target: raw, io: sync, block: 4k, size: 4k }',
      ],
      kernels: '[v5.12+dm-zone-append-support-control+dm-crypt-fix-zoned, v6.12]',
      ciphers: '[raw, cipher_null-ecb]',
      disks: { nb: DISKS.null_blk, ssd: DISKS.zn540 },
    });
    const all = troubles(result).map(({ kernels, where }) => [kernels.length, where]);
    expect(all).to.deep.equal([
      [2, 'zonefs buffered on every cipher (all disks)'],
      [2, 'raw sync on every cipher (all disks)'],
    ]);
    const text = compareText(result, plain, true);
    expect(text.split('\n').filter((line) => line.length > 80)).to.deep.equal([]);
  });
});
