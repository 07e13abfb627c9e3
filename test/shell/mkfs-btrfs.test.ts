import { expect } from 'chai';
import { ZoneCond } from '../../src/block/device.ts';
import { findSuperblock } from '../../src/fs/btrfs/scan.ts';
import { labelText, type Superblock } from '../../src/fs/btrfs/superblock.ts';
import { uuidText } from '../../src/fs/btrfs/uuid.ts';
import { btrfs } from '../../src/shell/btrfs.ts';
import { mkfsBtrfs } from '../../src/shell/mkfs-btrfs.ts';
import { firstChunks, minimumBytes } from '../../src/shell/mkfs-btrfs-layout.ts';
import { type Attributes, BASE, Rig } from '../fs/btrfs/rig.ts';

const MIB = 2 ** 20;
const SINGLE = ['-f', '-q', '-d', 'single', '-m', 'single'];

function rigWith(attributes: Attributes = {}, kernel = '6.12.117'): Rig {
  return new Rig(kernel, { d: { ...BASE, ...attributes } });
}

function mkfs(rig: Rig, ...words: string[]): { exit: number; out: string } {
  return rig.run(mkfsBtrfs, 'mkfs.btrfs', ...words, '/dev/d');
}

function superblockOf(rig: Rig): Superblock {
  const found = rig.call(findSuperblock(rig.block, rig.block.devices.get('d')!));
  if (typeof found === 'number') throw new Error(String(found));
  return found.superblock;
}

describe('mkfs.btrfs', () => {
  it('leaves the write pointers that the real one leaves', () => {
    const rig = rigWith({ zone_nr_conv: 0 });
    expect(mkfs(rig, ...SINGLE).exit).to.equal(0);
    expect(rig.zones('d', 5)).to.deep.equal([
      { cond: ZoneCond.impOpen, used: 8 },
      { cond: ZoneCond.empty, used: 0 },
      { cond: ZoneCond.impOpen, used: 0x1a0 },
      { cond: ZoneCond.impOpen, used: 0x280 },
      { cond: ZoneCond.empty, used: 0 },
    ]);
  });

  it('writes generation 6, the features and the label asked for', () => {
    const rig = rigWith();
    const uuid = '00112233-4455-6677-8899-aabbccddeeff';
    mkfs(rig, ...SINGLE, '-L', 'golden', '-U', uuid, '--csum', 'blake2', '-O', '^no-holes');
    const superblock = superblockOf(rig);
    expect(superblock.generation).to.equal(6);
    expect(labelText(superblock)).to.equal('golden');
    expect(uuidText(superblock.fsid)).to.equal(uuid);
    expect(superblock.csumType).to.equal(3);
    expect(superblock.incompatFlags).to.equal(0x1141n);
    expect(superblock.compatRoFlags).to.equal(3n);
    expect(superblock.cacheGeneration).to.equal(0n);
    expect(superblock.totalBytes).to.equal(256 * MIB);
  });

  it('makes a zoned file system of a zoned disk whatever -O says', () => {
    const rig = rigWith();
    mkfs(rig, ...SINGLE, '-O', '^zoned');
    expect(superblockOf(rig).incompatFlags & 0x1000n).to.equal(0x1000n);
  });

  it('resets what was written before, and refuses it without -f', () => {
    const rig = rigWith({ zone_nr_conv: 0 });
    mkfs(rig, ...SINGLE);
    expect(mkfs(rig, '-q', '-m', 'single')).to.deep.equal({
      exit: 1,
      out:
        'ERROR: /dev/d appears to contain an existing filesystem (btrfs)\n' +
        'ERROR: use the -f option to force overwrite of /dev/d\n',
    });
    expect(mkfs(rig, ...SINGLE).exit).to.equal(0);
    expect(rig.zones('d', 1)[0]!.used).to.equal(8);
  });

  it("refuses what zoned mode cannot do, in the tool's words", () => {
    const error = (...words: string[]) => mkfs(rigWith(), '-f', '-q', ...words).out;
    expect(error('-M')).to.equal('ERROR: cannot enable mixed-bg in zoned mode\n');
    expect(error('-O', 'raid56')).to.equal('ERROR: cannot enable RAID5/6 in zoned mode\n');
    expect(error('-d', 'raid1', '-m', 'raid1')).to.equal(
      'ERROR: unable to create FS with metadata profile RAID1 (have 1 devices but 2 devices are required)\n',
    );
    expect(error('-d', 'dup')).to.equal(
      'WARNING: DUP may not actually lead to 2 copies on the device, see manual page\n' +
        "ERROR: zoned mode does not yet support RAID/DUP profiles, please specify '-d single -m single' manually\n",
    );
    expect(error('-O', 'block-group-tree')).to.equal(
      "ERROR: unrecognized filesystem feature 'block-group-tree'\n",
    );
    expect(error('-b', '64M')).to.equal(
      'ERROR: size 67108864 is too small to make a usable filesystem\n' +
        'ERROR: minimum size for btrfs filesystem is 114294784\n',
    );
  });

  it('refuses zones below 4 MiB and disks below its minimum', () => {
    const rig = new Rig('6.12.117', {
      d: { size: 64, zoned: 1, zone_size: 2, zone_nr_conv: 4, memory_backed: 1 },
    });
    expect(mkfs(rig, ...SINGLE).out).to.equal(
      'ERROR: zoned: illegal zone size 2097152 (smaller than 4194304)\n',
    );
    expect(mkfs(rigWith({ size: 32 }), ...SINGLE).out).to.equal(
      "ERROR: '/dev/d' is too small to make a usable filesystem\n" +
        'ERROR: minimum size for each btrfs device is 47185920\n',
    );
  });

  it('refuses a device whose append limit is 0', () => {
    const rig = rigWith({}, 'v5.12+series');
    const sectors = rig.block.devices.get('d')!.sizeSectors;
    rig.dm.create('t');
    rig.dm.load('t', [
      `0 ${sectors} crypt aes-xts-plain64 ${'00'.repeat(32)}${'11'.repeat(32)} 0 /dev/d 0`,
    ]);
    rig.dm.resume('t');
    expect(rig.run(mkfsBtrfs, 'mkfs.btrfs', ...SINGLE, '/dev/dm-0')).to.deep.equal({
      exit: 1,
      out: 'ERROR: zoned: device /dev/dm-0 does not support ZONE_APPEND command\n',
    });
  });

  it('is told when the kernel takes no such device, and ends well', () => {
    expect(mkfs(rigWith({}, '5.10.262'), ...SINGLE)).to.deep.equal({
      exit: 0,
      out: "ERROR: device scan failed on '/dev/d': Invalid argument\n",
    });
  });

  it('says what it made unless told to be quiet', () => {
    const { out } = mkfs(rigWith(), '-f', '-m', 'single', '-L', 'x');
    expect(out).to.contain('Resetting device zones /dev/d (64 zones) ...\n');
    expect(out).to.contain('  Metadata:         single            4.00MiB\n');
    expect(out).to.contain('Incompat features:  extref, skinny-metadata, no-holes, zoned\n');
    expect(out).to.contain('    1   256.00MiB  /dev/d\n');
  });
});

describe('the layout of mkfs.btrfs', () => {
  const places = (zone: number, metadata: 'single' | 'dup') =>
    firstChunks({ totalBytes: 2 ** 40, zoneSizeBytes: zone * MIB, metadata }).map(
      ({ kind, logicalBytes, stripesBytes }) => [
        kind,
        logicalBytes / zone / MIB,
        stripesBytes.map((bytes) => bytes / zone / MIB),
      ],
    );

  it('begins behind the log, and past a zone that holds a regular superblock offset', () => {
    expect(places(4, 'single')).to.deep.equal([
      ['system', 2, [2]],
      ['metadata', 3, [3]],
      ['data', 4, [4]],
    ]);
    // 64 MiB stands at the start of zone 2.
    expect(places(32, 'single')[0]).to.deep.equal(['system', 3, [3]]);
  });

  it('puts duplicated metadata behind the groups it began with', () => {
    expect(places(4, 'dup')).to.deep.equal([
      ['data', 4, [4]],
      ['system', 5, [5, 6]],
      ['metadata', 6, [7, 8]],
    ]);
  });

  it('needs 45 MiB for single and 109 MiB for duplicated metadata', () => {
    expect(minimumBytes(16384, false, 'single', 'single')).to.equal(47185920);
    expect(minimumBytes(16384, false, 'dup', 'single')).to.equal(114294784);
  });
});

describe('btrfs filesystem df', () => {
  it('lists each kind of space, and the reserve', () => {
    const rig = rigWith();
    mkfs(rig, ...SINGLE);
    rig.mount('/dev/d');
    expect(rig.run(btrfs, 'btrfs', 'filesystem', 'df', '/mnt/b').out).to.equal(
      'Data, single: total=4.00MiB, used=0.00B, zone_unusable=0.00B\n' +
        'System, single: total=4.00MiB, used=16.00KiB, zone_unusable=192.00KiB\n' +
        'Metadata, single: total=8.00MiB, used=128.00KiB, zone_unusable=192.00KiB\n' +
        'GlobalReserve, single: total=5.50MiB, used=16.00KiB\n',
    );
  });
});
