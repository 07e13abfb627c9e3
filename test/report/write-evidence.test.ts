import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';
import { type WriteEvidence, writeEvidence } from '../../src/report/write-evidence.ts';

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const DISK = { size: 256, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
const ZONE_SECTORS = 8192;

/** Two writes of 256 KiB through dm-crypt that begins `zones` zones into the disk. */
function written(kernel: string, fs: 'zonefs' | 'btrfs', zones: number, longest = 0) {
  const more = longest === 0 ? {} : { max_sectors: longest };
  const machine = new Machine({ kernel, disks: { nullb0: { ...DISK, ...more } } });
  const offset = zones * ZONE_SECTORS;
  const words = `crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 ${offset}`;
  machine.createMapping('t', `0 ${524288 - offset} ${words}`);
  const tool = fs === 'zonefs' ? 'mkzonefs -f' : 'mkfs.btrfs -f -q -O zoned -d single -m single';
  expect(machine.run(`${tool} /dev/mapper/t`).exit).to.equal(0);
  expect(machine.mount('/dev/mapper/t', '/mnt', fs).ok).to.equal(true);
  const start = machine.trace.length;
  const file = fs === 'zonefs' ? '/mnt/seq/1' : '/mnt/a';
  for (const seek of [0, 1]) {
    const dd = `dd if=/dev/pattern/1 of=${file} bs=256k count=1 seek=${seek} oflag=direct`;
    machine.run(`${dd} conv=notrunc status=none`);
  }
  return writeEvidence(machine, start, machine.trace.length);
}

function places(writes: readonly WriteEvidence[]) {
  return writes.map(({ landedSector, landedTopSector }) => landedSector! - landedTopSector!);
}

describe('what the trace tells of a write', () => {
  const kernels = [
    ['v5.12', 'zonefs'],
    ['v5.12', 'btrfs'],
    ['v5.14', 'zonefs'],
    ['v5.14', 'btrfs'],
    ['v6.5', 'zonefs'],
    ['v6.12', 'btrfs'],
    ['v6.12', 'zonefs'],
  ] as const;

  for (const [kernel, fs] of kernels) {
    for (const longest of [0, 1024]) {
      it(`where ${fs} of ${kernel} wrote is told in sectors of the mapped device, wherever that begins (max_sectors ${longest})`, () => {
        for (const zones of [0, 2]) {
          const writes = written(kernel, fs, zones, longest);
          expect(writes).not.to.have.length(0);
          expect(new Set(places(writes))).to.deep.equal(new Set([zones * ZONE_SECTORS]));
          for (const { append, sentSector, landedTopSector, partSectors } of writes) {
            if (!append) expect(landedTopSector).to.equal(sentSector);
            expect(partSectors[0]).to.equal(landedTopSector);
          }
        }
      });
    }
  }

  it('nobody is told a place by a regular write, and an append that is emulated is told the right one', () => {
    expect(written('v6.5', 'zonefs', 2).map((one) => one.reportedSector)).to.deep.equal([
      null,
      null,
    ]);
    for (const kernel of ['v5.14', 'v6.12']) {
      for (const one of written(kernel, 'btrfs', 2)) {
        expect(one.emulated).to.equal(true);
        expect(one.reportedSector).to.equal(one.landedTopSector);
      }
    }
  });

  it('an append that was emulated and cut is told the place of its last part, to v6.12', () => {
    for (const one of written('v6.12', 'btrfs', 2, 1024)) {
      expect(one.partSectors).to.deep.equal([one.landedTopSector, one.landedTopSector! + 256]);
      expect(one.reportedSector).to.equal(one.partSectors[1]);
    }
    for (const one of written('6.12.117', 'btrfs', 2, 1024)) {
      expect(one.reportedSector).to.equal(one.landedTopSector);
    }
  });
});
