import { expect } from 'chai';
import { O } from '../../../../src/fs/inode.ts';
import { CBC_KEY, Rig, type RigOptions, XTS_KEY } from './rig.ts';

const APPEND = 126976;
const NULL_IV = `crypt aes-cbc-null ${CBC_KEY} 0 /dev/nullb0 0`;
const SECTOR_IV = `crypt aes-xts-plain64 ${XTS_KEY} 0 /dev/nullb0 0`;

function mounted(options: Partial<RigOptions> = {}): Rig {
  const rig = new Rig({ kernel: 'v5.12', ...options });
  rig.mkfs();
  expect(rig.mount()).to.equal(0);
  rig.lines();
  return rig;
}

function written(rig: Rig, name: string, length: number, seed = 7): number {
  const fd = rig.open(`/mnt/${name}`) as number;
  expect(rig.pwrite(fd, 0, length, seed)).to.equal(length);
  return fd;
}

function closeAll(rig: Rig): void {
  for (const fd of Array.from(rig.process.files.keys())) rig.call(rig.vfs.close(rig.process, fd));
}

describe('where btrfs believes its data is', () => {
  it('every append that completes at the zone start moves its extent to the first byte of the group', () => {
    const rig = mounted({ table: NULL_IV });
    written(rig, 'f', 2 * APPEND);
    expect(rig.sync()).to.equal(0);
    const { trees } = rig.mounted.state;
    const start = rig.mounted.state.groups.find((group) => group.kind === 'data')!.logical;
    expect(trees.inodes.get(257)!.extents.map((extent) => extent.diskBytenr)).to.deep.equal([
      start,
      start,
    ]);
    const items = [...trees.extents.values()];
    expect(items).to.have.length(1);
    expect(items[0]).to.include({ bytenr: start, length: APPEND, refs: 2 });
    expect(items[0]!.dataRefs.map((ref) => ref.offset)).to.deep.equal([0, APPEND]);
    expect(trees.csums.size).to.equal(APPEND / 4096);
    expect(rig.lines()).to.deep.equal([]);
  });

  it('a disk that says where appends went gets one extent item per append, one behind the other', () => {
    const rig = mounted();
    written(rig, 'f', 2 * APPEND);
    rig.sync();
    const { trees } = rig.mounted.state;
    const [first, second] = trees.inodes.get(257)!.extents;
    expect(second!.diskBytenr).to.equal(first!.diskBytenr + APPEND);
    expect(trees.csums.size).to.equal((2 * APPEND) / 4096);
  });

  it('the first append of a group reads back whatever the IV, and checks clean', () => {
    const rig = mounted({ table: SECTOR_IV });
    const fd = written(rig, 'f', 65536);
    rig.sync();
    rig.dropCaches();
    const got = rig.pread(fd, 0, 65536);
    expect(typeof got === 'string' ? got : got.lengthBytes).to.equal(65536);
    expect(rig.lines()).to.deep.equal([]);
  });

  it('two files of equal length share one extent and both lose their data, the first one its own checksums', () => {
    const rig = mounted({ table: NULL_IV });
    const a = written(rig, 'a', 65536, 3);
    const b = written(rig, 'b', 65536, 4);
    expect(rig.sync()).to.equal(0);
    rig.dropCaches();
    expect(rig.pread(a, 0, 65536)).to.equal('EIO');
    expect(rig.pread(b, 0, 65536)).to.equal('EIO');
    expect(rig.lines().filter((line) => line.includes('csum failed'))).to.have.length(4);
  });

  it('an extent of another length at the same byte is an I/O error of the commit, and the end of writing', () => {
    const rig = mounted({ table: NULL_IV });
    const fd = written(rig, 'f', APPEND + 4096);
    expect(rig.sync()).to.equal(0);
    expect(rig.lines()).to.deep.equal([
      'WARNING: CPU PID at lookup_inline_extent_backref',
      'BTRFS: error (device dm-0) in btrfs_run_delayed_refs:2163: errno=-5 IO failure',
      'BTRFS info (device dm-0): forced readonly',
    ]);
    expect(rig.mounted.readOnly).to.equal(true);
    expect(rig.fsync(fd)).to.equal('EROFS');
    expect(rig.pwrite(fd, 0, 4096, 1)).to.equal('EROFS');
    expect(rig.open('/mnt/g')).to.equal('EROFS');
  });

  it('fsync instead of sync gets the error itself', () => {
    const rig = mounted({ table: NULL_IV });
    expect(rig.fsync(written(rig, 'f', 2 ** 20))).to.equal('EIO');
    expect(rig.fsync(3)).to.equal('EROFS');
  });

  it('an extent of the same length in a later transaction is there already', () => {
    const rig = mounted({ table: NULL_IV });
    written(rig, 'a', 65536);
    rig.sync();
    written(rig, 'b', 65536);
    expect(rig.sync()).to.equal(0);
    expect(rig.lines()).to.deep.equal([
      'BTRFS: Transaction aborted (error -17)',
      'WARNING: CPU PID at btrfs_run_delayed_refs',
      'BTRFS: error (device dm-0) in btrfs_run_delayed_refs:2163: errno=-17 Object already exists',
      'BTRFS info (device dm-0): forced readonly',
    ]);
  });

  it('data stays right in the page cache until it is dropped', () => {
    const rig = mounted({ table: NULL_IV });
    const fd = written(rig, 'f', 2 ** 20);
    rig.sync();
    expect(rig.pread(fd, 0, 2 ** 20)).to.have.property('lengthBytes', 2 ** 20);
    rig.dropCaches();
    expect(rig.pread(fd, 0, 4096)).to.equal('EIO');
  });

  it('after the error a remount shows the last commit: no file, or an empty one committed before', () => {
    for (const before of [false, true]) {
      const rig = mounted({ table: NULL_IV });
      const fd = rig.open('/mnt/f') as number;
      if (before) rig.sync();
      rig.pwrite(fd, 0, 2 ** 20, 7);
      rig.sync();
      closeAll(rig);
      expect(rig.umount()).to.equal(0);
      expect(rig.mount()).to.equal(0);
      const stat = rig.stat('/mnt/f');
      expect(typeof stat === 'string' ? stat : stat.size).to.equal(before ? 0 : 'ENOENT');
    }
  });

  it('a file that fits in the tree never meets an append', () => {
    const rig = mounted({ table: SECTOR_IV });
    const fd = written(rig, 'f', 2000);
    rig.sync();
    rig.dropCaches();
    expect(rig.pread(fd, 0, 4096)).to.have.property('lengthBytes', 2000);
    expect(rig.media.wp[4]).to.equal(0);
    expect(rig.stat('/mnt/f')).to.include({ size: 2000, blocks: 8 });
  });

  it('data that was written at the zone start IV stays unreadable under every later kernel', () => {
    const rig = mounted({ kernel: 'v5.12+crypt-returns-written-sector', table: SECTOR_IV });
    written(rig, 'f', 2 * APPEND);
    rig.sync();
    closeAll(rig);
    rig.umount();
    for (const kernel of ['v5.14', 'v6.1', 'v6.12', 'v7.3']) {
      const later = rig.reboot({ kernel });
      expect(later.mount()).to.equal(0);
      const fd = later.open('/mnt/f', O.RDONLY);
      expect(later.pread(fd, 0, APPEND)).to.have.property('lengthBytes', APPEND);
      expect(later.pread(fd, APPEND, 4096)).to.equal('EIO');
    }
  });
});
