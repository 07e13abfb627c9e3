import { expect } from 'chai';
import fc from 'fast-check';
import { patternBytes } from '../../../../src/block/pattern.ts';
import { O } from '../../../../src/fs/inode.ts';
import { Rig, SERIES_DISK, XTS_KEY } from './rig.ts';

const NAMES = ['a', 'b', 'c'];
const LIMIT = 600_000;

type Step =
  | {
      readonly do: 'write';
      readonly name: string;
      readonly at: number;
      readonly length: number;
      readonly seed: number;
      readonly direct: boolean;
    }
  | { readonly do: 'truncate'; readonly name: string; readonly size: number }
  | { readonly do: 'unlink' | 'fsync'; readonly name: string }
  | { readonly do: 'rename'; readonly name: string; readonly to: string }
  | { readonly do: 'sync' | 'drop' | 'remount' | 'cut' };

const name = fc.constantFrom(...NAMES);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      name,
      at: fc.oneof(
        fc.nat(LIMIT / 2),
        fc.nat(60).map((n) => n * 4096),
      ),
      length: fc.oneof(
        fc.nat(3000),
        fc.nat(LIMIT / 2),
        fc.nat(40).map((n) => n * 4096),
      ),
      seed: fc.nat(50),
      direct: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant('truncate' as const), name, size: fc.nat(LIMIT) }),
  fc.record({ do: fc.constantFrom('unlink' as const, 'fsync' as const), name }),
  fc.record({ do: fc.constant('rename' as const), name, to: name }),
  fc.record({
    do: fc.constantFrom('sync' as const, 'drop' as const, 'remount' as const, 'cut' as const),
  }),
);

/** The files a program believes there are, and those that would survive a power cut. */
class Model {
  now = new Map<string, Uint8Array>();
  safe = new Map<string, Uint8Array>();

  write(file: string, at: number, data: Uint8Array): void {
    const old = this.now.get(file) ?? new Uint8Array(0);
    const grown = new Uint8Array(Math.max(old.length, at + data.length));
    grown.set(old);
    grown.set(data, at);
    if (data.length > 0) this.now.set(file, grown);
    else this.now.set(file, old);
  }

  commit(): void {
    this.safe = new Map(this.now);
  }
}

function perform(rig: Rig, model: Model, one: Step): Rig {
  switch (one.do) {
    case 'write': {
      const flags = O.RDWR | O.CREAT | (one.direct ? O.DIRECT : 0);
      const fd = rig.open(`/mnt/${one.name}`, flags);
      const bytes = patternBytes(one.seed, one.at, one.length);
      expect(rig.pwrite(fd, one.at, one.length, one.seed)).to.equal(one.length);
      model.write(one.name, one.at, bytes);
      rig.call(rig.vfs.close(rig.process, fd as number));
      return rig;
    }
    case 'truncate': {
      const old = model.now.get(one.name);
      const result = rig.named(rig.vfs.truncate(rig.process, `/mnt/${one.name}`, one.size));
      expect(result).to.equal(old === undefined ? 'ENOENT' : 0);
      if (old === undefined) return rig;
      const cut = new Uint8Array(one.size);
      cut.set(old.subarray(0, Math.min(old.length, one.size)));
      model.now.set(one.name, cut);
      return rig;
    }
    case 'unlink':
      rig.named(rig.vfs.unlink(rig.process, `/mnt/${one.name}`));
      model.now.delete(one.name);
      return rig;
    case 'rename': {
      const moved = model.now.get(one.name);
      rig.named(rig.vfs.rename(rig.process, `/mnt/${one.name}`, `/mnt/${one.to}`));
      if (moved === undefined) return rig;
      model.now.delete(one.name);
      model.now.set(one.to, moved);
      return rig;
    }
    case 'fsync': {
      const fd = rig.open(`/mnt/${one.name}`, O.RDWR);
      if (typeof fd === 'string') return rig;
      expect(rig.fsync(fd)).to.equal(0);
      rig.call(rig.vfs.close(rig.process, fd));
      return rig;
    }
    case 'sync':
      expect(rig.sync()).to.equal(0);
      model.commit();
      return rig;
    case 'drop':
      rig.dropCaches();
      return rig;
    case 'remount':
      expect(rig.umount()).to.equal(0);
      model.commit();
      expect(rig.mount()).to.equal(0);
      return rig;
    case 'cut': {
      rig.sync();
      model.commit();
      const after = rig.reboot();
      expect(after.mount()).to.equal(0);
      return after;
    }
  }
}

function check(rig: Rig, model: Model): void {
  const listed = rig.call(rig.vfs.readdir(rig.process, '/mnt')) as string[];
  expect([...listed].sort()).to.deep.equal(['.', '..', ...model.now.keys()].sort());
  for (const [file, bytes] of model.now) {
    const fd = rig.open(`/mnt/${file}`, O.RDONLY) as number;
    const got = rig.pread(fd, 0, 2 ** 21);
    if (typeof got === 'string')
      throw new Error(`${file}: expected ${bytes.length} bytes, got ${got}`);
    expect(Buffer.compare(Buffer.from(got.bytes()), Buffer.from(bytes)), file).to.equal(0);
    rig.call(rig.vfs.close(rig.process, fd));
  }
}

describe('btrfs on a disk that keeps its word', () => {
  const stacks = [
    ['v5.12', null],
    ['v6.1', null],
    ['v6.12', `crypt aes-xts-plain64 ${XTS_KEY} 0 /dev/nullb0 0`],
    ['v7.3', null],
  ] as const;
  for (const [kernel, table] of stacks) {
    it(`${kernel}${table === null ? '' : ' over dm-crypt'}: what was written is what is read, through caches, remounts and power cuts`, function () {
      this.timeout(60_000);
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => {
          let rig = new Rig({ kernel, table, disk: SERIES_DISK });
          rig.mkfs();
          expect(rig.mount()).to.equal(0);
          const model = new Model();
          for (const one of steps) rig = perform(rig, model, one);
          check(rig, model);
          rig.sync();
          rig.dropCaches();
          check(rig, model);
          expect(rig.umount()).to.equal(0);
          expect(rig.mount()).to.equal(0);
          check(rig, model);
          const { groups, trees } = rig.mounted.state;
          for (const group of groups) {
            expect(group.allocOffset).to.be.at.most(group.capacity);
            expect(group.used + group.zoneUnusable).to.equal(
              group.allocOffset + (group.length - group.capacity),
            );
          }
          const refs = new Map<string, number>();
          for (const item of trees.inodes.values()) {
            for (const extent of item.extents) {
              if (extent.inline !== null) continue;
              const key = `${extent.diskBytenr}/${extent.diskNumBytes}`;
              refs.set(key, (refs.get(key) ?? 0) + 1);
            }
          }
          const kept = [...trees.extents].map(([key, item]): [string, number] => [key, item.refs]);
          expect(kept).to.have.deep.members([...refs]);
        }),
        { numRuns: 60, seed: 11 },
      );
    });
  }
});
