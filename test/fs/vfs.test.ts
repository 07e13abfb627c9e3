/** Laws of the virtual file system: what programs see, whatever file system is below. */

import { expect } from 'chai';
import { PatternPayload, type Payload, samePayload } from '../../src/block/payload.ts';
import { O } from '../../src/fs/inode.ts';
import { errno } from '../../src/kernel/errno.ts';
import { FakeFs, fakeDevice, Guest, string, text } from './guest.ts';

describe('descriptors', () => {
  it('are the lowest free numbers from 3 on', () => {
    const guest = new Guest();
    const [a, b] = [guest.open('/tmp/a', O.CREAT), guest.open('/tmp/b', O.CREAT)];
    expect([a, b]).to.deep.equal([3, 4]);
    guest.call(guest.vfs.close(guest.process, a));
    expect(guest.open('/tmp/c', O.CREAT)).to.equal(3);
  });

  it('answer EBADF when they are closed, closed twice, or open for the other direction', () => {
    const guest = new Guest();
    const { vfs, process } = guest;
    const fd = guest.open('/tmp/a', O.WRONLY | O.CREAT);
    expect(guest.call(vfs.read(process, fd, 10))).to.equal(-errno.EBADF);
    guest.call(vfs.close(process, fd));
    expect(guest.call(vfs.close(process, fd))).to.equal(-errno.EBADF);
    expect(guest.call(vfs.pwrite(process, fd, text('x'), 0))).to.equal(-errno.EBADF);
    const reader = guest.open('/tmp/a', O.RDONLY);
    expect(guest.call(vfs.pwrite(process, reader, text('x'), 0))).to.equal(-errno.EBADF);
    expect(guest.call(vfs.ftruncate(process, reader, 0))).to.equal(-errno.EINVAL);
    expect(
      guest.call(vfs.aioWrite(process, reader, [{ offset: 0, data: text('x') }])),
    ).to.deep.equal([-errno.EBADF]);
  });

  it('share one position between read and write; pread and pwrite leave it alone', () => {
    const guest = new Guest();
    const { vfs, process } = guest;
    const fd = guest.open('/tmp/a', O.RDWR | O.CREAT);
    guest.call(vfs.write(process, fd, text('hello')));
    guest.call(vfs.pwrite(process, fd, text('J'), 0));
    expect(guest.call(vfs.lseek(process, fd, 0, 'cur'))).to.equal(5);
    expect(guest.call(vfs.lseek(process, fd, -3, 'end'))).to.equal(2);
    expect(string(guest.call(vfs.read(process, fd, 10)))).to.equal('llo');
    expect(string(guest.call(vfs.pread(process, fd, 10, 0)))).to.equal('Jello');
    expect(guest.call(vfs.lseek(process, fd, -1, 'set'))).to.equal(-errno.EINVAL);
  });

  it('opened with O_APPEND write at the end wherever the position is', () => {
    const guest = new Guest();
    guest.write('/tmp/a', 'one');
    const fd = guest.open('/tmp/a', O.WRONLY | O.APPEND);
    guest.call(guest.vfs.pwrite(guest.process, fd, text('two'), 0));
    guest.call(guest.vfs.write(guest.process, fd, text('three')));
    expect(guest.read('/tmp/a')).to.equal('onetwothree');
  });

  it('change how they write when fcntl changes their flags', () => {
    const guest = new Guest();
    guest.write('/tmp/a', 'one');
    const fd = guest.open('/tmp/a', O.WRONLY | O.APPEND);
    guest.process.files.get(fd)!.flags &= ~O.APPEND;
    guest.call(guest.vfs.pwrite(guest.process, fd, text('two'), 0));
    expect(guest.read('/tmp/a')).to.equal('two');
  });

  it('are closed when the process ends', () => {
    const guest = new Guest();
    guest.open('/tmp/a', O.CREAT);
    guest.call(guest.vfs.exit(guest.process));
    expect(guest.process.files.size).to.equal(0);
  });
});

describe('open', () => {
  const cases: readonly (readonly [string, string, number, number])[] = [
    ['a name that is not there', '/tmp/none', O.RDONLY, errno.ENOENT],
    ['an empty path', '', O.RDONLY, errno.ENOENT],
    ['a file as a directory', '/tmp/file/x', O.RDONLY, errno.ENOTDIR],
    ['a file with a slash behind it', '/tmp/file/', O.RDONLY, errno.ENOTDIR],
    ['a file with O_DIRECTORY', '/tmp/file', O.DIRECTORY, errno.ENOTDIR],
    ['a directory for writing', '/tmp', O.WRONLY, errno.EISDIR],
    ['a directory with O_CREAT', '/tmp', O.CREAT, errno.EISDIR],
    ['what is there with O_EXCL', '/tmp/file', O.CREAT | O.EXCL, errno.EEXIST],
    ['a new name where nothing can be made', '/sys/x', O.CREAT, errno.EACCES],
    ['a way back out of a file', '/tmp/file/..', O.RDONLY, errno.ENOTDIR],
    ['a path over 4095 letters', `/${'x/'.repeat(2100)}`, O.RDONLY, errno.ENAMETOOLONG],
    ['a name over 255 letters', `/tmp/${'x'.repeat(256)}`, O.RDONLY, errno.ENAMETOOLONG],
    ['a file in memory with O_DIRECT', '/tmp/file', O.DIRECT, errno.EINVAL],
  ];
  for (const [what, path, flags, expected] of cases) {
    it(`refuses ${what}`, () => {
      const guest = new Guest();
      guest.write('/tmp/file', 'x');
      expect(guest.open(path, flags)).to.equal(-expected);
    });
  }

  it('with O_TRUNC empties a file, without it keeps it', () => {
    const guest = new Guest();
    guest.write('/tmp/a', 'content');
    guest.open('/tmp/a', O.WRONLY);
    expect(guest.read('/tmp/a')).to.equal('content');
    guest.open('/tmp/a', O.WRONLY | O.TRUNC);
    expect(guest.read('/tmp/a')).to.equal('');
  });

  it('walks `.`, `..`, relative paths and links', () => {
    const guest = new Guest();
    guest.write('/root/a', 'here');
    expect(guest.read('a')).to.equal('here');
    expect(guest.read('/tmp/./../root//a')).to.equal('here');
    expect(guest.read('/../../root/a')).to.equal('here');
    expect(guest.read('/proc/mounts')).to.equal(guest.read('/proc/self/mounts'));
  });
});

describe('names', () => {
  it('are made once, removed when empty, and of the right kind', () => {
    const guest = new Guest();
    const { vfs, process } = guest;
    expect(guest.call(vfs.mkdir(process, '/tmp/d'))).to.equal(0);
    expect(guest.call(vfs.mkdir(process, '/tmp/d'))).to.equal(-errno.EEXIST);
    expect(guest.call(vfs.mkdir(process, '/tmp'))).to.equal(-errno.EEXIST);
    expect(guest.call(vfs.mkdir(process, '/tmp/x/y'))).to.equal(-errno.ENOENT);
    expect(guest.call(vfs.mkdir(process, '/sys/block/x'))).to.equal(-errno.EPERM);
    guest.write('/tmp/d/f', 'x');
    expect(guest.call(vfs.rmdir(process, '/tmp/d'))).to.equal(-errno.ENOTEMPTY);
    expect(guest.call(vfs.unlink(process, '/tmp/d'))).to.equal(-errno.EISDIR);
    expect(guest.call(vfs.rmdir(process, '/tmp/d/f'))).to.equal(-errno.ENOTDIR);
    expect(guest.call(vfs.unlink(process, '/tmp/d/f'))).to.equal(0);
    expect(guest.call(vfs.rmdir(process, '/tmp/d'))).to.equal(0);
  });

  it('stay readable through a descriptor after their file is unlinked', () => {
    const guest = new Guest();
    guest.write('/tmp/a', 'kept');
    const fd = guest.open('/tmp/a', O.RDONLY);
    guest.call(guest.vfs.unlink(guest.process, '/tmp/a'));
    expect(string(guest.call(guest.vfs.read(guest.process, fd, 9)))).to.equal('kept');
    expect(guest.read('/tmp/a')).to.equal(`errno ${-errno.ENOENT}`);
  });

  it('move with their content, onto files but not into themselves', () => {
    const guest = new Guest();
    const { vfs, process } = guest;
    guest.write('/tmp/a', 'a');
    guest.write('/tmp/b', 'b');
    expect(guest.call(vfs.rename(process, '/tmp/a', '/tmp/b'))).to.equal(0);
    expect(guest.read('/tmp/b')).to.equal('a');
    guest.call(vfs.mkdir(process, '/tmp/d'));
    expect(guest.call(vfs.rename(process, '/tmp/d', '/tmp/d/e'))).to.equal(-errno.EINVAL);
    expect(guest.call(vfs.rename(process, '/tmp/b', '/tmp/d'))).to.equal(-errno.EISDIR);
    expect(guest.call(vfs.rename(process, '/tmp/d', '/tmp/b'))).to.equal(-errno.ENOTDIR);
  });

  it('are listed with . and .. first', () => {
    const guest = new Guest();
    guest.write('/tmp/a', '');
    guest.write('/tmp/b', '');
    expect(guest.call(guest.vfs.readdir(guest.process, '/tmp'))).to.deep.equal([
      '.',
      '..',
      'b',
      'a',
    ]);
    expect(guest.call(guest.vfs.readdir(guest.process, '/tmp/a'))).to.equal(-errno.ENOTDIR);
  });
});

describe('files in memory', () => {
  it('keep a pattern a pattern and read holes as zeroes', () => {
    const guest = new Guest();
    const { vfs, process } = guest;
    const fd = guest.open('/tmp/a', O.RDWR | O.CREAT);
    const pattern = new PatternPayload(1, 0, 1 << 20);
    expect(guest.call(vfs.pwrite(process, fd, pattern, 8192))).to.equal(1 << 20);
    const read = guest.call(vfs.pread(process, fd, 1 << 20, 8192)) as Payload;
    expect(samePayload(read, pattern)).to.equal(true);
    const hole = guest.call(vfs.pread(process, fd, 9000, 0)) as Payload;
    expect(
      hole
        .bytes()
        .slice(0, 8192)
        .every((byte) => byte === 0),
    ).to.equal(true);
  });

  it('end where truncate says, in both directions', () => {
    const guest = new Guest();
    const { vfs, process } = guest;
    guest.write('/tmp/a', 'content');
    expect(guest.call(vfs.truncate(process, '/tmp/a', 3))).to.equal(0);
    expect(guest.call(vfs.truncate(process, '/tmp/a', 5))).to.equal(0);
    expect(guest.read('/tmp/a')).to.equal('con\0\0');
    expect(guest.call(vfs.truncate(process, '/tmp/a', -1))).to.equal(-errno.EINVAL);
    expect(guest.call(vfs.truncate(process, '/tmp', 0))).to.equal(-errno.EISDIR);
  });

  it('refuse RWF_NOWAIT, which they do not know', () => {
    const guest = new Guest();
    const fd = guest.open('/tmp/a', O.RDWR | O.CREAT);
    const result = guest.vfs.pwrite(guest.process, fd, text('x'), 0, { noWait: true });
    expect(guest.call(result)).to.equal(-errno.EOPNOTSUPP);
  });
});

describe('mounts', () => {
  const mounted = (fs = new FakeFs()): { guest: Guest; fs: FakeFs } => {
    const guest = new Guest([fs.type()]);
    guest.block.register(fakeDevice('fake0'));
    expect(guest.mount('/dev/fake0', '/mnt/a', 'fake')).to.equal(0);
    return { guest, fs };
  };

  it('show their file system at the mount point, and the old directory after umount', () => {
    const { guest, fs } = mounted();
    expect(guest.call(guest.vfs.readdir(guest.process, '/mnt/a'))).to.deep.equal([
      '.',
      '..',
      'file',
    ]);
    expect(guest.call(guest.vfs.readdir(guest.process, '/mnt/a/..'))).to.include('a');
    expect(guest.read('/proc/mounts')).to.contain(
      '/dev/fake0 /mnt/a fake rw,relatime,fake=yes 0 0\n',
    );
    expect(guest.call(guest.vfs.umount(guest.process, '/mnt/a'))).to.equal(0);
    expect(fs.log).to.deep.equal(['mount', 'sync', 'unmount']);
    expect(guest.call(guest.vfs.readdir(guest.process, '/mnt/a'))).to.deep.equal(['.', '..']);
    expect(guest.read('/proc/mounts')).not.to.contain('fake');
  });

  it('are refused for a type the kernel does not know, before the device is looked at', () => {
    const { guest } = mounted();
    expect(guest.mount('/dev/none', '/mnt/b', 'ext4')).to.equal(-errno.ENODEV);
    expect(guest.host.decisions.at(-1)).to.include({
      rule: 'vfs.mount.type',
      verdict: 'refuses',
      errno: 'ENODEV',
    });
  });

  it('are refused where the source is missing, no block device, or the target missing', () => {
    const { guest } = mounted();
    expect(guest.mount('/dev/none', '/mnt/b', 'fake')).to.equal(-errno.ENOENT);
    expect(guest.mount('/dev/zero', '/mnt/b', 'fake')).to.equal(-errno.ENOTBLK);
    expect(guest.mount('/dev/fake0', '/mnt/none', 'fake')).to.equal(-errno.ENOENT);
  });

  it('are refused while somebody else holds the device, and say who', () => {
    const guest = new Guest([new FakeFs().type()]);
    const device = fakeDevice('fake0');
    device.holder = 'dm-0';
    guest.block.register(device);
    expect(guest.mount('/dev/fake0', '/mnt/a', 'fake')).to.equal(-errno.EBUSY);
    expect(guest.host.decisions.at(-1)).to.deep.include({
      rule: 'vfs.mount.device-free',
      seen: { holder: 'dm-0' },
    });
  });

  it('of one device share the file system; the same place twice is EBUSY', () => {
    const { guest, fs } = mounted();
    expect(guest.mount('/dev/fake0', '/mnt/a', 'fake')).to.equal(-errno.EBUSY);
    expect(guest.mount('/dev/fake0', '/mnt/b', 'fake')).to.equal(0);
    expect(guest.mount('/dev/fake0', '/mnt/c', 'fake', { readOnly: true })).to.equal(-errno.EBUSY);
    guest.call(guest.vfs.umount(guest.process, '/mnt/a'));
    expect(fs.log).to.deep.equal(['mount']);
    guest.call(guest.vfs.umount(guest.process, '/mnt/b'));
    expect(fs.log).to.deep.equal(['mount', 'sync', 'unmount']);
  });

  it('let the device go when the file system refuses it', () => {
    const fs = new FakeFs();
    fs.refusal = -errno.EUCLEAN;
    const guest = new Guest([fs.type()]);
    const device = fakeDevice('fake0');
    guest.block.register(device);
    expect(guest.mount('/dev/fake0', '/mnt/a', 'fake')).to.equal(-errno.EUCLEAN);
    expect(device.holder).to.equal(null);
    expect(guest.block.openCount(device)).to.equal(0);
  });

  it('stay while a file is open on them, and only mount points can be taken down', () => {
    const { guest } = mounted();
    const fd = guest.open('/mnt/a/file', O.RDONLY);
    expect(guest.call(guest.vfs.umount(guest.process, '/mnt/a'))).to.equal(-errno.EBUSY);
    guest.call(guest.vfs.close(guest.process, fd));
    expect(guest.call(guest.vfs.umount(guest.process, '/mnt/b'))).to.equal(-errno.EINVAL);
    expect(guest.call(guest.vfs.umount(guest.process, '/mnt/a'))).to.equal(0);
  });

  it('that are read-only refuse what would change them with EROFS, not reads', () => {
    const fs = new FakeFs();
    const guest = new Guest([fs.type()]);
    guest.block.register(fakeDevice('fake0'));
    guest.mount('/dev/fake0', '/mnt/a', 'fake', { readOnly: true });
    const { vfs, process } = guest;
    expect(guest.open('/mnt/a/file', O.RDWR)).to.equal(-errno.EROFS);
    expect(guest.open('/mnt/a/file', O.RDONLY | O.TRUNC)).to.equal(-errno.EROFS);
    expect(guest.open('/mnt/a/new', O.CREAT)).to.equal(-errno.EROFS);
    expect(guest.call(vfs.mkdir(process, '/mnt/a/d'))).to.equal(-errno.EROFS);
    expect(guest.call(vfs.unlink(process, '/mnt/a/file'))).to.equal(-errno.EROFS);
    expect(guest.call(vfs.truncate(process, '/mnt/a/file', 0))).to.equal(-errno.EROFS);
    expect(guest.open('/mnt/a/file', O.RDONLY)).to.be.at.least(3);
  });

  it('turn read-only by remount only when nothing is open for writing', () => {
    const { guest } = mounted();
    const remount = (readOnly: boolean): number =>
      guest.mount('/dev/fake0', '/mnt/a', 'fake', { readOnly, remount: true });
    const fd = guest.open('/mnt/a/file', O.WRONLY);
    expect(remount(true)).to.equal(-errno.EBUSY);
    guest.call(guest.vfs.close(guest.process, fd));
    expect(remount(true)).to.equal(0);
    expect(guest.open('/mnt/a/file', O.WRONLY)).to.equal(-errno.EROFS);
    expect(remount(false)).to.equal(0);
    expect(guest.open('/mnt/a/file', O.WRONLY)).to.be.at.least(3);
  });

  it('answer as the VFS does where a file system has no operation', () => {
    const { guest } = mounted();
    const { vfs, process } = guest;
    expect(guest.open('/mnt/a/new', O.CREAT)).to.equal(-errno.EACCES);
    expect(guest.call(vfs.mkdir(process, '/mnt/a/d'))).to.equal(-errno.EPERM);
    expect(guest.call(vfs.unlink(process, '/mnt/a/file'))).to.equal(-errno.EPERM);
    expect(guest.call(vfs.rename(process, '/mnt/a/file', '/mnt/a/x'))).to.equal(-errno.EPERM);
    expect(guest.call(vfs.rename(process, '/mnt/a/file', '/tmp/x'))).to.equal(-errno.EXDEV);
    const fd = guest.open('/mnt/a/file', O.RDWR);
    expect(guest.call(vfs.fallocate(process, fd, 0, 0, 1))).to.equal(-errno.EOPNOTSUPP);
    expect(guest.call(vfs.fsync(process, fd))).to.equal(-errno.EINVAL);
    expect(guest.call(vfs.reportZones(process, fd, 0, 1))).to.equal(-errno.ENOTTY);
  });
});

describe('the trace of calls', () => {
  it('holds each call with its path, place and length, and then its result', () => {
    const guest = new Guest();
    const { vfs, process, host } = guest;
    const fd = guest.open('/tmp/a', O.RDWR | O.CREAT);
    const from = host.trace.length;
    guest.call(vfs.pwrite(process, fd, text('hello'), 100));
    const [begin, end] = [...host.trace.records(from)];
    expect(begin).to.include({ kind: 'syscall', device: 'pwrite', sector: 100, sectors: 5 });
    expect(host.trace.text(begin!.a)).to.equal('/tmp/a');
    expect(end).to.include({ kind: 'syscallEnd', device: 'pwrite', bio: begin!.index, a: 5 });
  });

  it('says where an append went', () => {
    const guest = new Guest();
    guest.write('/tmp/a', 'one');
    const fd = guest.open('/tmp/a', O.WRONLY | O.APPEND);
    const from = guest.host.trace.length;
    guest.call(guest.vfs.write(guest.process, fd, text('two')));
    const [, end] = [...guest.host.trace.records(from)];
    expect(end).to.include({ kind: 'syscallEnd', a: 3, sector: 3 });
  });

  it('names the call as the cause of what it sends, before and after it waits', () => {
    const fs = new FakeFs();
    fs.slow = true;
    const guest = new Guest([fs.type()]);
    guest.block.register(fakeDevice('fake0'));
    guest.mount('/dev/fake0', '/mnt/a', 'fake');
    const { vfs, process, host } = guest;
    const fd = guest.open('/mnt/a/file', O.WRONLY);
    const from = host.trace.length;
    for (const name of ['one', 'two']) {
      host.tasks.spawn(name, vfs.pwrite(process, fd, text(name), 0));
    }
    guest.drain();
    expect(host.cause).to.equal(-1);
    fs.wakeAll();
    guest.drain();
    expect(host.cause).to.equal(-1);
    const begins = [...host.trace.records(from)].filter(({ kind }) => kind === 'syscall');
    const [one, two] = begins.map(({ index }) => index);
    expect(fs.causes).to.deep.equal([one, two, one, two]);
  });

  it('shows writes of one io_submit as all under way before any has ended', () => {
    const fs = new FakeFs();
    fs.slow = true;
    const guest = new Guest([fs.type()]);
    guest.block.register(fakeDevice('fake0'));
    guest.mount('/dev/fake0', '/mnt/a', 'fake');
    const { vfs, process, host } = guest;
    const fd = guest.open('/mnt/a/file', O.WRONLY);
    const writes = [0, 10, 20].map((offset) => ({ offset, data: text('x'.repeat(offset + 1)) }));
    const runner = host.tasks.spawn('aio', vfs.aioWrite(process, fd, writes));
    guest.drain();
    expect(fs.causes).to.have.lengthOf(3);
    expect(runner.done).to.equal(false);
    fs.wakeAll();
    guest.drain();
    expect(runner.result).to.deep.equal([1, 11, 21]);
    expect(new Set(fs.causes).size).to.equal(1);
    expect(host.cause).to.equal(-1);
  });
});
