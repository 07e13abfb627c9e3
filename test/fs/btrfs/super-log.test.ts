import { expect } from 'chai';
import fc from 'fast-check';
import { Op } from '../../../src/block/bio.ts';
import { ZoneCond, ZoneType } from '../../../src/block/device.ts';
import { FillPayload } from '../../../src/block/payload.ts';
import { findSuperblock } from '../../../src/fs/btrfs/scan.ts';
import { readSuperBytes, reportLogPair, SuperWriter } from '../../../src/fs/btrfs/super-io.ts';
import {
  type LogPair,
  type LogZone,
  readPosition,
  superLogZone,
  writePosition,
  zoneToReset,
} from '../../../src/fs/btrfs/super-log.ts';
import { emptySuperblock, SUPER_MAGIC } from '../../../src/fs/btrfs/superblock.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { BASE, Rig } from './rig.ts';

const zone = (start: number, cond: number, written: number): LogZone => ({
  start,
  len: 8192,
  capacity: 8192,
  type: ZoneType.seqWriteRequired,
  cond,
  wp: start + written,
});
const EMPTY = [ZoneCond.empty, 0] as const;
const USED = [ZoneCond.impOpen, 80] as const;
const FULL = [ZoneCond.full, 8192] as const;
const pair = (a: readonly [number, number], b: readonly [number, number]): LogPair => [
  zone(0, ...a),
  zone(8192, ...b),
];

describe('the superblock log', () => {
  it('finds its next slot from the two zones alone, by the table of sb_write_pointer()', () => {
    const next = (a: typeof USED | typeof FULL | typeof EMPTY, b: typeof a) =>
      writePosition(pair(a, b), 'capacity');
    expect(next(EMPTY, EMPTY)).to.deep.equal({ kind: 'nothing', sector: 0 });
    expect(next(USED, EMPTY)).to.deep.equal({ kind: 'at', sector: 80 });
    expect(next(FULL, EMPTY)).to.deep.equal({ kind: 'at', sector: 8192 });
    expect(next(FULL, USED)).to.deep.equal({ kind: 'at', sector: 8272 });
    expect(next(EMPTY, FULL)).to.deep.equal({ kind: 'at', sector: 0 });
    expect(next(USED, FULL)).to.deep.equal({ kind: 'at', sector: 80 });
    expect(next(FULL, FULL)).to.deep.equal({ kind: 'compare' });
    expect(next(EMPTY, USED)).to.deep.equal({ kind: 'impossible' });
    expect(next(USED, USED)).to.deep.equal({ kind: 'impossible' });
  });

  it('reads the slot before the next one, across the seam of the ring too', () => {
    expect(readPosition(pair(USED, EMPTY), 'capacity', 80)).to.equal(72);
    expect(readPosition(pair(FULL, EMPTY), 'capacity', 8192)).to.equal(8184);
    expect(readPosition(pair(EMPTY, FULL), 'capacity', 0)).to.equal(16376);
  });

  it('resets a zone only when entering it at its head', () => {
    expect(zoneToReset(pair(FULL, FULL), 0)?.start).to.equal(0);
    expect(zoneToReset(pair(FULL, EMPTY), 8192)).to.equal(null);
    expect(zoneToReset(pair(USED, FULL), 80)).to.equal(null);
  });

  it('of copies 1 and 2 starts at 512 GiB and 4 TiB', () => {
    expect([0, 1, 2].map((copy) => superLogZone(2 ** 28, copy))).to.deep.equal([0, 2048, 16384]);
  });
});

/** Writes `count` superblocks, generations from 1, and checks after some that the newest is the one found. */
function wrap(kernel: string, attributes: Record<string, number>, count: number): Rig {
  const rig = new Rig(kernel, { d: { ...BASE, size: 64, zone_nr_conv: 0, ...attributes } });
  const device = rig.block.devices.get('d')!;
  const logs = reportLogPair(device, 0);
  const writer = new SuperWriter(rig.block, device, [logs as LogPair, null, null]);
  const superblock = { ...emptySuperblock(), magic: SUPER_MAGIC };
  superblock.devItem.totalBytes = device.sizeSectors * 512;
  for (let generation = 1; generation <= count; generation += 1) {
    superblock.generation = generation;
    const how = { allMirrors: true, fua: false };
    expect(rig.call(writer.write(superblock, how))).to.equal(0);
    if (generation % 97 !== 0 && generation % 1024 > 2 && generation < count) continue;
    const found = rig.call(findSuperblock(rig.block, device));
    if (typeof found === 'number') throw new Error(`generation ${generation}: ${found}`);
    expect(found.superblock.generation).to.equal(generation);
  }
  return rig;
}

describe('the superblock log on a disk', () => {
  it('wraps after 1024 slots a zone, and the newest is found at every step', () => {
    const rig = wrap('6.12.117', {}, 3100);
    // Zone 0, zone 1 and zone 0 again are written; the fourth round has begun in zone 1.
    expect(rig.zones('d', 2)).to.deep.equal([
      { cond: ZoneCond.full, used: 8192 },
      { cond: ZoneCond.impOpen, used: (3100 - 3 * 1024) * 8 },
    ]);
  });

  it('ends a zone at its capacity where kernels know it', () => {
    const rig = wrap('6.1.192', { zone_capacity: 3 }, 769);
    const [first, second] = rig.zones('d', 2);
    expect(first!.cond).to.equal(ZoneCond.full);
    expect(second).to.deep.equal({ cond: ZoneCond.impOpen, used: 8 });
  });

  it('is written in place where the first zone is conventional', () => {
    const rig = wrap('6.1.192', { zone_nr_conv: 2 }, 5);
    expect(rig.zones('d', 1)[0]!.cond).to.equal(ZoneCond.notWp);
  });

  it('with both zones in use is refused silently with EUCLEAN', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 1000 }), (a, b) => {
        const rig = new Rig('7.3.4', { d: { ...BASE, size: 64, zone_nr_conv: 0 } });
        const device = rig.block.devices.get('d')!;
        for (const [start, slots] of [
          [0, a],
          [8192, b],
        ] as const) {
          const bio = rig.block.newBio(device);
          bio.op = Op.write;
          bio.sector = start;
          bio.sectors = slots * 8;
          bio.payload = new FillPayload(0, slots * 4096);
          rig.call(rig.block.submitAndWait(bio));
        }
        rig.dmesg();
        expect(rig.call(findSuperblock(rig.block, device))).to.equal(-errno.EUCLEAN);
        expect(rig.mount('/dev/d')).to.equal('EUCLEAN');
        expect(rig.dmesg()).to.deep.equal([]);
      }),
      { numRuns: 5 },
    );
  });

  it('reads a slot through a bio of 4096 bytes', () => {
    const rig = wrap('v5.12', {}, 1);
    const device = rig.block.devices.get('d')!;
    const bytes = rig.call(readSuperBytes(rig.block, device, 0));
    expect(typeof bytes === 'number' ? bytes : bytes.length).to.equal(4096);
  });
});
