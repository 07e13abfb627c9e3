/** Laws of the host's own file systems: /dev, /proc, /sys. */

import { expect } from 'chai';
import { PatternPayload, type Payload, samePayload } from '../../../src/block/payload.ts';
import { O, S, type Stat } from '../../../src/fs/inode.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { FakeFs, fakeDevice, Guest, string, text } from '../guest.ts';

function mode(guest: Guest, path: string): number {
  return (guest.call(guest.vfs.stat(guest.process, path)) as Stat).mode & S.IFMT;
}

describe('/dev', () => {
  it('has memory devices: null ends, zero never does, full takes nothing', () => {
    const guest = new Guest();
    const { vfs, process } = guest;
    const zero = guest.open('/dev/zero', O.RDWR);
    const read = guest.call(vfs.read(process, zero, 5)) as Payload;
    expect([...read.bytes()]).to.deep.equal([0, 0, 0, 0, 0]);
    expect(guest.call(vfs.write(process, zero, text('gone')))).to.equal(4);
    expect(guest.read('/dev/null')).to.equal('');
    const full = guest.open('/dev/full', O.WRONLY);
    expect(guest.call(vfs.write(process, full, text('x')))).to.equal(-errno.ENOSPC);
    expect(mode(guest, '/dev/null')).to.equal(S.IFCHR);
  });

  it('gives any part of any pattern, and no device for what is no 32-bit number', () => {
    const guest = new Guest();
    const fd = guest.open('/dev/pattern/4294967295', O.RDONLY);
    const read = guest.call(guest.vfs.pread(guest.process, fd, 1000, 777)) as Payload;
    expect(samePayload(read, new PatternPayload(4294967295, 777, 1000))).to.equal(true);
    for (const name of ['x', '01', '-1', '4294967296']) {
      expect(guest.open(`/dev/pattern/${name}`, O.RDONLY), name).to.equal(-errno.ENOENT);
    }
  });

  it('has a node for each block device, gone with the device and new with the next', () => {
    const guest = new Guest();
    const device = fakeDevice('fake0');
    expect(guest.open('/dev/fake0', O.RDONLY)).to.equal(-errno.ENOENT);
    guest.block.register(device);
    expect(mode(guest, '/dev/fake0')).to.equal(S.IFBLK);
    const stat = guest.call(guest.vfs.stat(guest.process, '/dev/fake0')) as Stat;
    expect(stat.rdev).to.deep.equal({ major: 240, minor: 0 });
    guest.block.unregister(device);
    expect(guest.open('/dev/fake0', O.RDONLY)).to.equal(-errno.ENOENT);
    guest.block.register(fakeDevice('fake0'));
    const again = guest.call(guest.vfs.stat(guest.process, '/dev/fake0')) as Stat;
    expect(again.ino).not.to.equal(stat.ino);
  });

  it('opens a device with O_EXCL for one holder only, and counts who has it open', () => {
    const guest = new Guest();
    const device = fakeDevice('fake0');
    guest.block.register(device);
    const fd = guest.open('/dev/fake0', O.RDWR | O.EXCL);
    expect(guest.open('/dev/fake0', O.RDWR | O.EXCL)).to.equal(-errno.EBUSY);
    expect(guest.open('/dev/fake0', O.RDWR)).to.equal(fd + 1);
    expect(guest.block.openCount(device)).to.equal(2);
    guest.call(guest.vfs.exit(guest.process));
    expect(guest.block.openCount(device)).to.equal(0);
    expect(device.holder).to.equal(null);
  });

  it('bounds seeks, reads and writes by the size of the device', () => {
    const guest = new Guest();
    const { vfs, process } = guest;
    guest.block.register(fakeDevice('fake0'));
    const fd = guest.open('/dev/fake0', O.RDWR);
    expect(guest.call(vfs.lseek(process, fd, 0, 'end'))).to.equal(1 << 20);
    expect(guest.call(vfs.lseek(process, fd, 1, 'end'))).to.equal(-errno.EINVAL);
    expect(string(guest.call(vfs.read(process, fd, 10)))).to.equal('');
    expect(guest.call(vfs.write(process, fd, text('x')))).to.equal(-errno.ENOSPC);
  });
});

describe('/proc', () => {
  it('lists what can be mounted', () => {
    const guest = new Guest([new FakeFs().type()]);
    expect(guest.read('/proc/filesystems')).to.contain('nodev\tproc\n').and.contain('\tfake\n');
  });

  it('drops clean caches of every mount when 1 or 3 is written, and says so in the log', () => {
    const fs = new FakeFs();
    const guest = new Guest([fs.type()]);
    guest.block.register(fakeDevice('fake0'));
    guest.mount('/dev/fake0', '/mnt/a', 'fake');
    guest.write('/proc/sys/vm/drop_caches', '3\n');
    expect(fs.log).to.deep.equal(['mount', 'dropCaches']);
    expect(guest.host.log.since(0).at(-1)).to.match(/^test \(\d+\): drop_caches: 3$/);
    const fd = guest.open('/proc/sys/vm/drop_caches', O.WRONLY);
    expect(guest.call(guest.vfs.write(guest.process, fd, text('9')))).to.equal(-errno.EINVAL);
  });

  it('lets nobody write what can only be read', () => {
    const guest = new Guest();
    expect(guest.open('/proc/filesystems', O.WRONLY)).to.equal(-errno.EACCES);
    expect(guest.open('/proc/sys/vm/drop_caches', O.RDONLY)).to.equal(-errno.EACCES);
  });
});

describe('/sys', () => {
  it('shows a device by name, by class and by number', () => {
    const guest = new Guest();
    guest.block.register(fakeDevice('fake0'));
    for (const path of ['/sys/block/fake0', '/sys/class/block/fake0', '/sys/dev/block/240:0']) {
      expect(guest.read(`${path}/size`), path).to.equal('2048\n');
      expect(guest.read(`${path}/dev`), path).to.equal('240:0\n');
    }
  });

  it('links a device to those below and above it', () => {
    const guest = new Guest();
    const lower = fakeDevice('fake0');
    guest.block.register(lower);
    guest.block.register({ ...fakeDevice('fake1'), minor: 1, slaves: [lower] });
    const list = (path: string) => guest.call(guest.vfs.readdir(guest.process, path));
    expect(list('/sys/block/fake1/slaves')).to.deep.equal(['.', '..', 'fake0']);
    expect(list('/sys/block/fake0/holders')).to.deep.equal(['.', '..', 'fake1']);
    expect(guest.read('/sys/block/fake1/slaves/fake0/size')).to.equal('2048\n');
  });

  it('holds no attribute that was not there, and none can be made', () => {
    const guest = new Guest();
    guest.block.register(fakeDevice('fake0'));
    expect(guest.open('/sys/block/fake0/queue/none', O.RDONLY)).to.equal(-errno.ENOENT);
    expect(guest.open('/sys/block/fake0/queue/none', O.WRONLY | O.CREAT)).to.equal(-errno.EACCES);
  });
});
