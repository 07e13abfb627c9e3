/**
 * What the newer mount API tells about a device, and what dm does to a file system on a device it suspends; seen on Debian's
 * 5.10.262, 6.1.192, 6.12.117 and 7.3.4.
 */

import { expect } from 'chai';
import { FillPayload } from '../../../src/block/payload.ts';
import { O } from '../../../src/fs/inode.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { ZonefsHost } from './host.ts';

const OLD = ['5.10.262', '6.1.192'];
const NEW = ['6.12.117', '7.3.4'];

function mount(host: ZonefsHost, at: string, readOnly: boolean, data = '', source = '/dev/nullb0') {
  const flags = { readOnly };
  return host.call(host.vfs.mount(host.process, source, at, 'zonefs', flags, data));
}

function unmounted(kernel: string): ZonefsHost {
  const host = new ZonefsHost(kernel);
  host.run('umount /mnt');
  host.run('mkdir /other');
  host.fresh();
  return host;
}

describe('mounting zonefs from a device that cannot be had', () => {
  for (const kernel of [...OLD, ...NEW]) {
    const tells = NEW.includes(kernel);

    it(`${tells ? 'tells' : 'does not tell'} why on ${kernel}`, () => {
      const host = unmounted(kernel);
      host.run('dmsetup create hold --table "0 16384 linear /dev/nullb0 0"');
      host.fresh();
      expect(mount(host, '/mnt', false)).to.equal(-errno.EBUSY);
      expect(mount(host, '/mnt', false, '', '/dev/none')).to.equal(-errno.ENOENT);
      expect(mount(host, '/mnt', false, '', '/dev/null')).to.equal(-errno.ENOTBLK);
      expect(host.fresh()).to.deep.equal(
        tells
          ? [
              "/dev/nullb0: Can't open blockdev",
              "/dev/none: Can't lookup blockdev",
              "/dev/null: Can't lookup blockdev",
            ]
          : [],
      );
    });

    it(`${tells ? 'tells' : 'does not tell'} that a second mount would change ro or rw on ${kernel}`, () => {
      const host = new ZonefsHost(kernel);
      host.run('mkdir /other');
      expect(mount(host, '/other', true)).to.equal(-errno.EBUSY);
      const line = "nullb0: Can't mount, would change RO state";
      expect(host.fresh()).to.deep.equal(tells ? [line] : []);
    });
  }
});

describe('words among the options of zonefs', () => {
  it('ro and rw count like the flag since 6.9, and are unknown before', () => {
    for (const kernel of NEW) {
      const host = unmounted(kernel);
      expect(mount(host, '/mnt', false, 'rw,ro')).to.equal(0);
      expect(host.run('cat /proc/mounts')).to.contain('/mnt zonefs ro,relatime,');
      const flags = { remount: true };
      const remount = host.vfs.mount(host.process, '', '/mnt', '', flags, 'source=x,ro,rw');
      expect(host.call(remount)).to.equal(0);
      expect(host.run('cat /proc/mounts')).to.contain('/mnt zonefs rw,relatime,');
    }
    for (const kernel of OLD) expect(mount(unmounted(kernel), '/mnt', false, 'ro')).to.equal(-22);
  });

  it('explicit-open takes no value, and a second source is refused by name', () => {
    const host = unmounted('7.3.4');
    expect(mount(host, '/mnt', false, 'explicit-open=1')).to.equal(-errno.EINVAL);
    expect(mount(host, '/mnt', false, 'source=/dev/x')).to.equal(-errno.EINVAL);
    expect(host.fresh()).to.deep.equal([
      "zonefs: Unexpected value for 'explicit-open'",
      'Multiple sources',
    ]);
  });

  it('sync and its like are said to be not modelled, not ignored', () => {
    const host = unmounted('6.12.117');
    expect(() => mount(host, '/mnt', false, 'sync')).to.throw(/the mount flag sync/);
  });
});

describe('suspending a mapped device', () => {
  function dirty(): { host: ZonefsHost; fd: number } {
    const host = unmounted('6.12.117');
    host.run('dmsetup create t --table "0 16384 linear /dev/nullb0 0"');
    host.run('mount -t zonefs -o errors=repair /dev/mapper/t /mnt');
    const fd = host.open('/mnt/cnv/0', O.RDWR);
    expect(host.pwrite(fd, new FillPayload(9, 4096), 0)).to.equal(4096);
    return { host, fd };
  }

  const FLAKEY = '"0 16384 flakey /dev/nullb0 0 0 600 1 error_writes"';

  it('writes out the file system on it first, so that nothing is left to fail', () => {
    const { host, fd } = dirty();
    host.run('dmsetup suspend t');
    host.run(`dmsetup load t --table ${FLAKEY}`);
    host.run('dmsetup resume t');
    expect(host.call(host.vfs.fsync(host.process, fd))).to.equal(0);
  });

  it('does so as well when a resume swaps a table in', () => {
    const { host, fd } = dirty();
    host.run(`dmsetup load t --table ${FLAKEY}`);
    host.run('dmsetup resume t');
    expect(host.call(host.vfs.fsync(host.process, fd))).to.equal(0);
  });

  it('does not with --nolockfs', () => {
    const { host, fd } = dirty();
    host.run('dmsetup suspend --nolockfs t');
    host.run(`dmsetup load t --table ${FLAKEY}`);
    host.run('dmsetup resume t');
    expect(host.call(host.vfs.fsync(host.process, fd))).to.equal(-errno.EIO);
  });
});

describe('fallocate on zonefs', () => {
  it('is EFBIG past the largest file, EPERM where an error made the file immutable, and else EOPNOTSUPP', () => {
    const host = new ZonefsHost('6.12.117', 'errors=zone-ro');
    const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
    const allocate = (offset: number, length: number): number =>
      host.call(host.vfs.fallocate(host.process, fd, 0, offset, length));
    expect(allocate(0, 1048576)).to.equal(-errno.EOPNOTSUPP);
    expect(allocate(4096, 1048576)).to.equal(-errno.EFBIG);
    host.run('dd if=/dev/zero of=/dev/nullb0 bs=4096 seek=768 count=1 oflag=direct conv=notrunc');
    expect(host.pwrite(fd, new FillPayload(1, 4096), 0)).to.equal(-errno.EIO);
    expect(allocate(0, 4096)).to.equal(-errno.EPERM);
  });
});

describe('what was written to a conventional file and not synced', () => {
  for (const [kernel, kept] of [
    ['v5.12', false],
    ['5.10.262', false],
    ['6.1.192', false],
    ['6.12.117', true],
  ] as const) {
    it(`is ${kept ? 'on the disk' : 'lost'} after umount on ${kernel}, sync(2) or not`, () => {
      const host = new ZonefsHost(kernel);
      host.run('dd if=/dev/pattern/1 of=/mnt/cnv/0 bs=4096 count=2 conv=notrunc');
      host.run('sync');
      host.run('umount /mnt');
      host.run('mount -t zonefs /dev/nullb0 /mnt');
      host.run('dd if=/mnt/cnv/0 of=/tmp/got bs=4096 count=2');
      const same = host.machine.run('cmp -n 8192 /dev/pattern/1 /tmp/got').exit === 0;
      expect(same).to.equal(kept);
      expect(host.machine.run('cmp -n 8192 /dev/zero /tmp/got').exit === 0).to.equal(!kept);
    });
  }

  it('is a line of the log for each run of pages that could not be written, each a line late', () => {
    const host = unmounted('6.12.117');
    host.run('dmsetup create t --table "0 16384 linear /dev/nullb0 0"');
    host.run('mount -t zonefs -o errors=repair /dev/mapper/t /mnt');
    const fd = host.open('/mnt/cnv/0', O.RDWR);
    host.run(`dmsetup load t --table "0 16384 flakey /dev/nullb0 0 0 600 1 error_writes"`);
    host.run('dmsetup resume t');
    expect(host.pwrite(fd, new FillPayload(9, 8192), 0)).to.equal(8192);
    expect(host.pwrite(fd, new FillPayload(9, 4096), 65536)).to.equal(4096);
    host.fresh();
    expect(host.call(host.vfs.fsync(host.process, fd))).to.equal(-errno.EIO);
    expect(host.fresh()).to.deep.equal(['dm-0: writeback error on inode 1, offset 0, sector 2048']);
  });
});

describe('lseek from the end of a directory of zonefs', () => {
  it('is EINVAL to 6.2, and its size since', () => {
    for (const [kernel, expected] of [
      ['5.10.262', -errno.EINVAL],
      ['6.1.192', -errno.EINVAL],
      ['6.12.117', 5],
    ] as const) {
      const host = new ZonefsHost(kernel);
      const fd = host.open('/mnt/seq', O.RDONLY);
      expect(host.call(host.vfs.lseek(host.process, fd, 0, 'end'))).to.equal(expected);
    }
  });
});
