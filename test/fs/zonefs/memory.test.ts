/** Files of zonefs in memory, and direct writes from memory that is not aligned. */

import { expect } from 'chai';
import {
  FillPayload,
  PatternPayload,
  type Payload,
  samePayload,
} from '../../../src/block/payload.ts';
import { O } from '../../../src/fs/inode.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { SMALL, ZonefsHost } from './host.ts';

const PAGE = 4096;

class Mapper extends ZonefsHost {
  map(fd: number, length: number, how: { write?: boolean; shared?: boolean } = {}): number {
    const request = { offset: 0, length, write: how.write === true, shared: how.shared === true };
    return this.call(this.vfs.memory.map(this.process, fd, request));
  }

  load(address: number, length: number): Payload | string {
    return this.call(this.vfs.memory.load(this.process, address, length));
  }

  store(address: number, data: Payload): string | null {
    return this.call(this.vfs.memory.store(this.process, address, data));
  }
}

function expectBytes(got: Payload | string, wanted: Payload): void {
  if (typeof got === 'string') throw new Error(`bytes expected, got ${got}`);
  expect(samePayload(got, wanted)).to.equal(true);
}

const SHARED = { write: true, shared: true };

describe('mmap of zonefs', () => {
  it('lets stores to a conventional file reach the disk with msync, the unmount or the next remount', () => {
    for (const flush of ['msync', 'umount']) {
      const host = new Mapper('v6.12');
      const fd = host.open('/mnt/cnv/0');
      const at = host.map(fd, 2 * PAGE, SHARED);
      const data = new PatternPayload(5, 0, 5000);
      expect(host.store(at + 100, data)).to.equal(null);
      expectBytes(host.load(at + 100, 5000), data);
      expect(host.close(fd)).to.equal(0);
      if (flush === 'msync') {
        expect(host.call(host.vfs.memory.sync(host.process, at, 2 * PAGE))).to.equal(0);
      }
      expect(host.machine.run('umount /mnt').exit, 'a mapping keeps its mount busy').to.equal(32);
      expect(host.call(host.vfs.memory.unmap(host.process, at, 2 * PAGE))).to.equal(0);
      host.run('umount /mnt');
      host.run('mount -t zonefs /dev/nullb0 /mnt');
      const again = host.open('/mnt/cnv/0', O.RDONLY);
      expectBytes(host.load(host.map(again, 2 * PAGE) + 100, 5000), data);
    }
  });

  it('refuses a shared mapping of a sequential file that could ever be written through', () => {
    const host = new Mapper('v6.12');
    const [both, reader] = [host.open('/mnt/seq/0'), host.open('/mnt/seq/0', O.RDONLY)];
    expect(host.map(both, PAGE, SHARED)).to.equal(-errno.EINVAL);
    expect(host.map(both, PAGE, { shared: true })).to.equal(-errno.EINVAL);
    expect(host.map(reader, PAGE, SHARED)).to.equal(-errno.EACCES);
    expect(host.map(reader, PAGE, { shared: true })).to.be.above(0);
    expect(host.map(both, PAGE, { write: true })).to.be.above(0);
    expect(host.map(reader, 0)).to.equal(-errno.EINVAL);
    expect(host.map(99, PAGE)).to.equal(-errno.EBADF);
  });

  it('keeps what is stored in a private mapping to itself', () => {
    const host = new Mapper('v6.12');
    const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
    host.pwrite(fd, new FillPayload(7, 2 * PAGE), 0);
    const at = host.map(fd, 2 * PAGE, { write: true });
    expect(host.store(at + 10, new FillPayload(9, 20))).to.equal(null);
    expectBytes(host.load(at + 10, 20), new FillPayload(9, 20));
    expectBytes(host.load(at + PAGE, PAGE), new FillPayload(7, PAGE));
    const read = host.call(host.vfs.pread(host.process, fd, PAGE, 0));
    expectBytes(read as Payload, new FillPayload(7, PAGE));
  });

  it('raises SIGBUS behind the end of the file and SIGSEGV outside the mapping', () => {
    const host = new Mapper('v6.12');
    const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
    host.pwrite(fd, new FillPayload(7, PAGE), 0);
    const at = host.map(fd, 2 * PAGE, { write: true });
    expectBytes(host.load(at, PAGE), new FillPayload(7, PAGE));
    expect(host.load(at + PAGE, 1)).to.equal('SIGBUS');
    expect(host.store(at + PAGE, new FillPayload(1, 1))).to.equal('SIGBUS');
    expect(host.load(at + 2 * PAGE, 1)).to.equal('SIGSEGV');
    const reader = host.open('/mnt/cnv/0', O.RDONLY);
    expect(host.store(host.map(reader, PAGE), new FillPayload(1, 1))).to.equal('SIGSEGV');
  });

  it('unmaps from the middle, and msync stumbles over the gap', () => {
    const host = new Mapper('v6.12');
    const fd = host.open('/mnt/cnv/0');
    const at = host.map(fd, 3 * PAGE, SHARED);
    const { memory } = host.vfs;
    expect(host.call(memory.unmap(host.process, at + PAGE, PAGE))).to.equal(0);
    expect(host.load(at + PAGE, 1)).to.equal('SIGSEGV');
    expect(host.store(at + 2 * PAGE, new FillPayload(3, 1))).to.equal(null);
    expect(host.call(memory.sync(host.process, at, 3 * PAGE))).to.equal(-errno.ENOMEM);
    expect(host.call(memory.sync(host.process, at + 2 * PAGE, PAGE))).to.equal(0);
    expect(host.call(memory.sync(host.process, at + 1, PAGE))).to.equal(-errno.EINVAL);
  });

  it('kills who stores to a file that an error made immutable, and fails its fsync', () => {
    const host = new Mapper('v6.12');
    const { vfs, process } = host;
    host.run('umount /mnt');
    host.run('dmsetup create f0 --table "0 16384 linear /dev/nullb0 0"');
    host.run('mount -t zonefs -o errors=zone-ro /dev/mapper/f0 /mnt');
    const fd = host.open('/mnt/cnv/0');
    const at = host.map(fd, PAGE, SHARED);
    expect(host.store(at, new FillPayload(1, 1))).to.equal(null);
    host.run('dmsetup suspend --nolockfs f0');
    host.run('dmsetup load f0 --table "0 16384 flakey /dev/nullb0 0 0 10 1 error_writes"');
    host.run('dmsetup resume f0');
    expect(host.call(vfs.memory.sync(process, at, PAGE))).to.equal(-errno.EIO);
    expect(host.store(at, new FillPayload(1, 1))).to.equal('SIGBUS');
    expect(host.call(vfs.fsync(process, fd))).to.equal(-errno.EPERM);
  });
});

describe('a direct write from memory that begins inside a page', () => {
  const data = new FillPayload(1, PAGE);

  it('is an append like any other where a synchronous write is an append', () => {
    const host = new ZonefsHost('v5.12');
    const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
    expect(host.pwrite(fd, data, 0, 1)).to.equal(PAGE);
  });

  it('is EINVAL in iomap, and an error of the file system where the pointer moves first', () => {
    const host = new ZonefsHost('6.12.117');
    const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
    expect(host.pwrite(fd, data, 0, 4095)).to.equal(-errno.EINVAL);
    expect(host.fresh()).to.deep.equal([
      'zonefs (nullb0) WARNING: remounting filesystem read-only',
    ]);
  });

  it('is EINVAL on a conventional file, and to 6.7 an error of the file system as well', () => {
    for (const [kernel, offset, wanted] of [
      ['v5.12', 512, -errno.EINVAL],
      ['6.12.117', 1, -errno.EINVAL],
      ['6.12.117', 2048, PAGE],
    ] as const) {
      const disk = kernel === 'v5.12' ? SMALL : { ...SMALL, blocksize: 512 };
      const host = new ZonefsHost(kernel, '', disk);
      const fd = host.open('/mnt/cnv/0', O.RDWR | O.DIRECT);
      expect(host.pwrite(fd, data, 0, offset), `${kernel} ${offset}`).to.equal(wanted);
      const line = 'zonefs (nullb0) WARNING: remounting filesystem read-only';
      expect(host.fresh()).to.deep.equal(kernel === 'v5.12' ? [line] : []);
    }
  });

  it('is EIO where dm-crypt would have to cut a unit of encryption in two', () => {
    const key = '00'.repeat(32);
    const table = `0 16384 crypt aes-cbc-null ${key} 0 /dev/nullb0 0`;
    for (const [options, offset, wanted] of [
      ['', 512, PAGE],
      ['', 1, -errno.EIO],
      [' 1 sector_size:4096', 512, -errno.EIO],
    ] as const) {
      const host = new ZonefsHost('v5.12');
      host.run('umount /mnt');
      host.run(`dmsetup create c0 --table "${table}${options}"`);
      host.run('mkzonefs -f /dev/mapper/c0');
      host.run('mount -t zonefs /dev/mapper/c0 /mnt');
      const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
      expect(host.pwrite(fd, data, 0, offset), `${options} ${offset}`).to.equal(wanted);
    }
  });
});
