import { expect } from 'chai';
import { S } from '../../../src/fs/inode.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { Bench, fileAt, format } from './bench.ts';

describe('the zonefs tree', () => {
  it('lists newest first to 6.2 and in order since 6.3', () => {
    for (const [kernel, root, cnv] of [
      ['v6.2', ['seq', 'cnv'], ['2', '1', '0']],
      ['v6.5', ['cnv', 'seq'], ['0', '1', '2']],
    ] as const) {
      const fs = new Bench(kernel, { conventional: 4 }).mount();
      expect(fs.root.entries!()).to.deep.equal(root);
      const group = fs.root.lookup!('cnv');
      expect(typeof group === 'number' ? group : group.entries!()).to.deep.equal(cnv);
    }
  });

  it('has inode numbers that are zone numbers, then the root and the groups', () => {
    const fs = new Bench('v6.12', { zones: 9, conventional: 3 }).mount();
    const cnv = fs.root.lookup!('cnv');
    const seq = fs.root.lookup!('seq');
    if (typeof cnv === 'number' || typeof seq === 'number') throw new Error('both expected');
    expect([fs.root.ino, cnv.ino, seq.ino]).to.deep.equal([9, 10, 11]);
    expect(fileAt(fs, 'cnv/0').ino).to.equal(1);
    expect(fileAt(fs, 'seq/0').ino).to.equal(3);
    expect(fileAt(fs, 'seq/5').ino).to.equal(8);
  });

  it('shows sizes and links of directories as each era does', () => {
    for (const [kernel, size] of [
      ['v6.2', 2],
      ['v6.5', 4],
    ] as const) {
      const fs = new Bench(kernel).mount();
      const { nlink, mode } = fs.root.stat();
      expect([fs.root.stat().size, nlink, mode]).to.deep.equal([size, 4, S.IFDIR | 0o555]);
    }
  });

  it('has no cnv when the super block has the only conventional zone', () => {
    const fs = new Bench('v6.12', { conventional: 1 }).mount();
    expect(fs.root.entries!()).to.deep.equal(['seq']);
    expect(fs.root.lookup!('cnv')).to.equal(-errno.ENOENT);
    const seq = fs.root.lookup!('seq');
    expect(typeof seq === 'number' ? seq : seq.ino).to.equal(10);
  });

  it('knows canonical decimal names only; long ones have an errno of their own since 6.3', () => {
    for (const [kernel, long] of [
      ['v6.1', -errno.ENOENT],
      ['v6.12', -errno.ENAMETOOLONG],
    ] as const) {
      const seq = new Bench(kernel).mount().root.lookup!('seq');
      if (typeof seq === 'number') throw new Error('seq expected');
      for (const name of ['00', '01', 'x', '-1', '0x1', '6', '']) {
        expect(seq.lookup!(name), name).to.equal(-errno.ENOENT);
      }
      expect(seq.lookup!('1'.repeat(17))).to.equal(long);
    }
  });

  it('lets modes and owners of files change, and never adds a write bit to a directory', () => {
    const bench = new Bench('v6.12');
    const fs = bench.mount();
    const file = fileAt(fs, 'seq/0');
    expect(bench.run(file.chmod(0o4755))).to.equal(0);
    expect(bench.run(file.chown(12, 34))).to.equal(0);
    const { mode, uid, gid } = file.stat();
    expect([mode, uid, gid]).to.deep.equal([0o100755, 12, 34]);
    expect(bench.run(fs.root.chmod!(0o700))).to.equal(-errno.EPERM);
    expect(bench.run(fs.root.chmod!(0o500))).to.equal(0);
  });

  it('counts blocks of all files and inodes of files and groups, not the root', () => {
    const bench = new Bench('v6.12', { zones: 12, conventional: 3 });
    const fs = bench.mount();
    const { blocks, bfree, files, type } = fs.statfs();
    expect([blocks, bfree, files, type]).to.deep.equal([11 * 128, 9 * 128, 13, 0x5a4f4653]);
    bench.write(fileAt(fs, 'seq/0'), 0, 1024);
    expect(fs.statfs().bfree).to.equal(9 * 128 - 2);
  });

  describe('with aggr_cnv', () => {
    it('makes one file of each run of conventional zones', () => {
      const bench = new Bench('v6.12', { conventional: 4 });
      format(bench.device, { features: 1 });
      const fs = bench.mount();
      const file = fileAt(fs, 'cnv/0');
      expect(fs.statfs().files).to.equal(2 + 5);
      expect([file.ino, file.stat().size]).to.deep.equal([1, 3 * 128 * 512]);
      expect(bench.write(file, 128 * 512, 1024)).to.equal(1024);
      expect(bench.device.log.at(-1)!.sector).to.equal(256);
    });
  });

  it('keeps zones apart that were alike at mount, and knows those that were not', () => {
    const bench = new Bench('v6.12', { zones: 12, conventional: 3 });
    const first = bench.mount();
    bench.write(fileAt(first, 'seq/2'), 0, 1024);
    bench.run(first.unmount());
    const fs = bench.mount();
    const sizes = (): number[] => [0, 1, 2, 8].map((n) => fileAt(fs, `seq/${n}`).stat().size);
    expect(sizes()).to.deep.equal([0, 0, 1024, 0]);
    bench.write(fileAt(fs, 'seq/0'), 0, 512);
    bench.run(fileAt(fs, 'seq/1').chmod(0o600));
    expect(sizes()).to.deep.equal([512, 0, 1024, 0]);
    const seen = [0, 1, 2, 8].map((n) => {
      const { ino, mode } = fileAt(fs, `seq/${n}`).stat();
      return [ino, mode & 0o777];
    });
    expect(seen).to.deep.equal([
      [3, 0o640],
      [4, 0o600],
      [5, 0o640],
      [11, 0o640],
    ]);
  });
});
