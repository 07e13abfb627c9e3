/** Names of a zonefs mount are its zones: what every call that would make or take one answers. */

import { expect } from 'chai';
import { FillPayload } from '../../../src/block/payload.ts';
import { O, S } from '../../../src/fs/inode.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { ZonefsHost } from './host.ts';

const ERAS = [
  { kernel: 'v6.1', create: -errno.EACCES, other: -errno.EPERM, readOnly: -errno.EROFS },
  { kernel: 'v6.12', create: -errno.ENOENT, other: -errno.ENOENT, readOnly: -errno.ENOENT },
];

describe('names of zonefs', () => {
  for (const { kernel, create, other, readOnly } of ERAS) {
    it(`cannot be made, linked, moved or removed on ${kernel}`, () => {
      const host = new ZonefsHost(kernel);
      const { vfs, process } = host;
      expect(host.open('/mnt/seq/99', O.RDWR | O.CREAT)).to.equal(create);
      expect(host.open('/mnt/seq/0', O.RDWR | O.CREAT)).to.be.at.least(0);
      expect(host.call(vfs.mknod(process, '/mnt/seq/n', S.IFREG | 0o644))).to.equal(create);
      expect(host.call(vfs.mknod(process, '/mnt/seq/n', S.IFCHR | 0o644))).to.equal(other);
      expect(host.call(vfs.mkdir(process, '/mnt/d'))).to.equal(other);
      expect(host.call(vfs.link(process, '/mnt/seq/0', '/mnt/seq/y'))).to.equal(other);
      expect(host.call(vfs.symlink(process, 'a', '/mnt/seq/l'))).to.equal(other);
      expect(host.call(vfs.rename(process, '/mnt/seq/0', '/mnt/seq/x'))).to.equal(other);
      expect(host.call(vfs.rename(process, '/mnt/seq/0', '/mnt/seq/1'))).to.equal(-errno.EPERM);
      expect(host.call(vfs.unlink(process, '/mnt/seq/0'))).to.equal(-errno.EPERM);
      expect(host.call(vfs.rmdir(process, '/mnt/seq'))).to.equal(-errno.EPERM);
      expect(host.open('/mnt/seq', O.RDWR | O.TMPFILE)).to.equal(-errno.EOPNOTSUPP);
    });

    it(`that exist are EEXIST, that do not are refused before the mount is seen read-only, on ${kernel}`, () => {
      const host = new ZonefsHost(kernel, 'ro');
      const { vfs, process } = host;
      expect(host.call(vfs.link(process, '/mnt/seq/0', '/mnt/seq/1'))).to.equal(-errno.EEXIST);
      expect(host.call(vfs.link(process, '/mnt/seq/9', '/mnt/seq/x'))).to.equal(-errno.ENOENT);
      expect(host.call(vfs.mkdir(process, '/mnt/seq/x'))).to.equal(readOnly);
      expect(host.open('/mnt/seq', O.RDWR | O.TMPFILE)).to.equal(-errno.EROFS);
    });
  }

  it('take times and no extended attributes; an immutable file takes neither', () => {
    const host = new ZonefsHost('v6.12', 'errors=zone-ro');
    const { vfs, process } = host;
    const value = new FillPayload(1, 1);
    const set = (name: string): number =>
      host.call(vfs.setxattr(process, '/mnt/seq/0', name, value));
    expect(host.call(vfs.utimes(process, '/mnt/seq/0'))).to.equal(0);
    expect(set('user.x')).to.equal(-errno.EOPNOTSUPP);
    expect(set('')).to.equal(-errno.ERANGE);
    host.run('dd if=/dev/zero of=/dev/nullb0 bs=4096 count=1 seek=768 oflag=direct conv=notrunc');
    const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
    expect(host.pwrite(fd, new FillPayload(0, 4096), 0)).to.equal(-errno.EIO);
    expect(host.call(vfs.utimes(process, '/mnt/seq/0'))).to.equal(-errno.EPERM);
    expect(set('user.x')).to.equal(-errno.EPERM);
  });

  it('of the root take links, which count', () => {
    const host = new ZonefsHost('v6.12');
    const { vfs, process } = host;
    host.run('touch /tmp/a');
    expect(host.call(vfs.link(process, '/tmp/a', '/tmp/b'))).to.equal(0);
    expect(host.run('stat -c %h /tmp/b')).to.equal('2\n');
    expect(host.call(vfs.symlink(process, 'a', '/tmp/l'))).to.equal(0);
    expect(host.run('readlink /tmp/l')).to.equal('a\n');
    expect(host.call(vfs.link(process, '/tmp/a', '/mnt/seq/0'))).to.equal(-errno.EEXIST);
    expect(host.call(vfs.link(process, '/mnt/seq/0', '/tmp/z'))).to.equal(-errno.EXDEV);
  });
});

describe('lseek on zonefs', () => {
  it('takes all up to the end for data and has its only hole there', () => {
    const host = new ZonefsHost('v6.12');
    const fd = host.open('/mnt/seq/0', O.RDWR | O.DIRECT);
    host.pwrite(fd, new FillPayload(1, 8192), 0);
    const seek = (offset: number, whence: 'data' | 'hole' | 'set'): number =>
      host.call(host.vfs.lseek(host.process, fd, offset, whence));
    expect(seek(4096, 'data')).to.equal(4096);
    expect(seek(0, 'hole')).to.equal(8192);
    expect(seek(8192, 'data')).to.equal(-errno.ENXIO);
    expect(seek(8192, 'hole')).to.equal(-errno.ENXIO);
    expect(seek(-1, 'data')).to.equal(-errno.ENXIO);
    expect(seek(8193, 'set')).to.equal(-errno.EINVAL);
  });
});
