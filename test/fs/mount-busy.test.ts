/** mount(2) of a device that somebody else holds. */

import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';

const DISK = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 1, memory_backed: 1 };

describe('a mount of a device held by a mapping', () => {
  it('is EBUSY for zonefs, and EINVAL for btrfs, which looks for its superblock first', () => {
    const machine = new Machine({ kernel: 'v6.1', disks: { nullb0: DISK } });
    machine.createMapping('l', '0 131072 linear /dev/nullb0 0');
    expect(machine.mount('/dev/nullb0', '/mnt', 'zonefs').errno).to.equal('EBUSY');
    expect(machine.mount('/dev/nullb0', '/mnt', 'btrfs').errno).to.equal('EINVAL');
  });
});
