import { expect } from 'chai';
import { hasDataSpace } from '../../../../src/fs/btrfs/allocator.ts';
import type { FsState } from '../../../../src/fs/btrfs/state.ts';

const ZONE_BYTES = 2 ** 28;

/** What hasDataSpace() sees of a fresh file system on `nrZones` zones, and how many of them it looked at. */
function fresh(nrZones: number) {
  const looked: number[] = [];
  const zones = {
    nrZones,
    zoneSizeBytes: ZONE_BYTES,
    cond: new Uint8Array(nrZones).fill(1),
    capacityBytes: new Float64Array(nrZones).fill(ZONE_BYTES),
    isSuperblockZone: (zone: number) => {
      looked.push(zone);
      return zone < 2;
    },
  };
  const superblock = { totalBytes: nrZones * ZONE_BYTES };
  const fs = { groups: [], leaving: [], env: { zones, superblock } } as unknown as FsState;
  return { fs, looked };
}

describe('space for data on btrfs', () => {
  it('looks at as many zones as it takes, and not at all that a disk of 20 TB has', () => {
    const { fs, looked } = fresh(80_000);
    expect(hasDataSpace(fs, ZONE_BYTES + 1)).to.equal(true);
    expect(looked).to.deep.equal([0, 1, 2, 3]);
  });

  it('ends with the last zone', () => {
    const { fs } = fresh(10);
    expect(hasDataSpace(fs, 8 * ZONE_BYTES)).to.equal(true);
    expect(hasDataSpace(fs, 8 * ZONE_BYTES + 1)).to.equal(false);
  });
});
