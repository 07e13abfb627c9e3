/** What the laws found, each in its smallest form. */

import { expect } from 'chai';
import { Op } from '../../src/block/bio.ts';
import { PatternPayload, samePayload } from '../../src/block/payload.ts';
import { O } from '../../src/fs/inode.ts';
import { Machine } from '../../src/machine.ts';

const DISK = { size: 16, memory_backed: 1, discard: 1 };

describe('zeroing a range of a device', () => {
  it('leaves the buffered bytes that share a page with it', () => {
    const machine = new Machine({ kernel: '6.12.117', disks: { nullb0: DISK } });
    const { vfs } = machine;
    const process = vfs.newProcess('test');
    const fd = machine.call(vfs.open(process, '/dev/nullb0', O.RDWR));
    const data = new PatternPayload(1, 0, 3 * 4096);
    expect(machine.call(vfs.pwrite(process, fd, data, 0))).to.equal(data.lengthBytes);
    expect(machine.call(vfs.zeroOut(process, fd, 1024, 512))).to.equal(0);
    expect(machine.call(vfs.zeroOut(process, fd, 3584, 8192 - 3584 + 512))).to.equal(0);
    expect(machine.call(vfs.close(process, fd))).to.equal(0);
    const found = machine.open('/dev/nullb0', O.RDONLY | O.DIRECT).pread(data.lengthBytes, 0);
    const wanted = data.bytes().slice().fill(0, 1024, 1536).fill(0, 3584, 8704);
    expect(found).to.deep.equal(wanted);
  });
});

describe('a refusal without a request', () => {
  const KEY = '00'.repeat(64);
  const ZONED = { size: 8, zoned: 1, zone_size: 1, zone_nr_conv: 1, memory_backed: 1 };

  it('has a decision where a write plug fails an append to a conventional zone', () => {
    const machine = new Machine({ kernel: 'v6.10', disks: { nullb0: ZONED } });
    machine.createMapping('c0', `0 16384 crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0`);
    const bio = machine.block.newBio(machine.dm.device('c0')!);
    bio.op = Op.zoneAppend;
    bio.sectors = 8;
    bio.payload = new PatternPayload(1, 0, 4096);
    expect(machine.call(machine.block.submitAndWait(bio))).not.to.equal(0);
    expect(machine.decisions.at(-1)).to.include({
      rule: 'block.zone-plug.append-conventional',
      bio: bio.id,
    });
  });

  it('has a decision where a placed append leaves its device, and the machine goes on', () => {
    const machine = new Machine({ kernel: 'v6.10', disks: { nullb0: { ...ZONED, size: 2 } } });
    machine.createMapping('c0', `0 4096 crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0`);
    const file = machine.open('/dev/mapper/c0', O.RDWR | O.DIRECT);
    file.pwrite(new PatternPayload(1, 0, 2040 * 512), 2048 * 512);
    const bio = machine.block.newBio(machine.dm.device('c0')!);
    bio.op = Op.zoneAppend;
    bio.sector = 2048;
    bio.sectors = 16;
    bio.payload = new PatternPayload(2, 0, 8192);
    expect(machine.call(machine.block.submitAndWait(bio))).not.to.equal(0);
    expect(machine.decisions.some(({ rule }) => rule === 'dm.target-of-sector')).to.equal(true);
  });

  it('has a decision where a table line is none', () => {
    const machine = new Machine({ kernel: 'v5.12', disks: { nullb0: ZONED } });
    expect(() => machine.createMapping('t', 'linear')).to.throw(/Invalid argument/);
    expect(machine.decisions.at(-1)).to.include({ rule: 'dm.table.text', errno: 'EINVAL' });
  });

  it('is told of by the device below, where a stack only takes its limit over', () => {
    const machine = new Machine({ kernel: 'v5.12', disks: { nullb0: ZONED } });
    machine.createMapping('l0', '0 16384 linear /dev/nullb0 0');
    const { origin } = machine.dm.device('l0')!.limits.logical_block_size;
    expect(origin.from).to.include({ floor: 'nullb0' });
  });
});

describe('btrfs on a disk without zones', () => {
  const flags = O.RDWR | O.CREAT | O.DIRECT | O.SYNC;

  function formatted(): Machine {
    const disks = { nullb0: { size: 160, memory_backed: 1 } };
    const machine = new Machine({ kernel: '6.12.117', disks });
    expect(machine.run('mkfs.btrfs -f -q -d single -m single /dev/nullb0').exit).to.equal(0);
    expect(machine.mount('/dev/nullb0', '/mnt', 'btrfs').ok).to.equal(true);
    return machine;
  }

  it('counts its metadata rightly after a log, which lies among it, was dropped', () => {
    const machine = formatted();
    const file = machine.open('/mnt/f', flags);
    file.pwrite(new PatternPayload(1, 0, 4096), 0);
    file.close();
    machine.umount('/mnt');
    expect(machine.mount('/dev/nullb0', '/mnt', 'btrfs').ok).to.equal(true);
  });

  it('writes nothing over data that a log brought back after a power cut', () => {
    const first = new PatternPayload(1, 0, 4096);
    const before = formatted();
    before.open('/mnt/f', flags).pwrite(first, 0);
    const machine = before.reboot({ how: 'power-cut' });
    expect(machine.mount('/dev/nullb0', '/mnt', 'btrfs').ok).to.equal(true);
    const file = machine.open('/mnt/f', flags);
    file.pwrite(new PatternPayload(2, 0, 4096), 4096);
    expect(samePayload(file.preadPayload(4096, 0), first)).to.equal(true);
  });
});
