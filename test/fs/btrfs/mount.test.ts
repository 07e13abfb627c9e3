import { expect } from 'chai';
import { Flag, Op } from '../../../src/block/bio.ts';
import { BytesPayload } from '../../../src/block/payload.ts';
import { findSuperblock } from '../../../src/fs/btrfs/scan.ts';
import {
  encodeSuperblock,
  SUPER_MAGIC_TEMPORARY,
  type Superblock,
} from '../../../src/fs/btrfs/superblock.ts';
import { mkfsBtrfs } from '../../../src/shell/mkfs-btrfs.ts';
import { type Attributes, BASE, Rig } from './rig.ts';

const UUID = '11111111-2222-3333-4444-555555555555';
const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

function format(rig: Rig, path: string): void {
  const made = rig.run(mkfsBtrfs, 'mkfs.btrfs', '-f', '-q', '-U', UUID, '-m', 'single', path);
  expect(made).to.deep.equal({ exit: 0, out: '' });
  rig.dmesg();
}

function mapped(rig: Rig, spec: string): void {
  const sectors = rig.block.devices.get('nullb0')!.sizeSectors;
  rig.dm.create('t');
  expect(rig.dm.load('t', [`0 ${sectors} crypt ${spec} 0 /dev/nullb0 0`])).to.equal(0);
  rig.dm.resume('t');
}

/** Changes the superblock on the disk and mounts; the errors it logs. */
function damaged(kernel: string, change: (superblock: Superblock) => void): string[] {
  const rig = new Rig(kernel, { nullb0: BASE });
  format(rig, '/dev/nullb0');
  const device = rig.block.devices.get('nullb0')!;
  const found = rig.call(findSuperblock(rig.block, device));
  if (typeof found === 'number') throw new Error(String(found));
  change(found.superblock);
  const bio = rig.block.newBio(device);
  bio.op = Op.write;
  bio.flags |= Flag.superblock;
  bio.sectors = 8;
  bio.payload = new BytesPayload(encodeSuperblock(found.superblock));
  rig.call(rig.block.submitAndWait(bio));
  expect(rig.mount('/dev/nullb0')).to.equal('EINVAL');
  return rig.dmesg().filter((line) => line.includes('error'));
}

describe('btrfs on dm-crypt with a sector IV', () => {
  const outcome = (kernel: string, spec: string) => {
    const old = new Rig('v5.12', { nullb0: BASE });
    mapped(old, spec);
    format(old, '/dev/mapper/t');
    const rig = new Rig(kernel, { nullb0: BASE }, undefined, old);
    mapped(rig, spec);
    rig.dmesg();
    const result = rig.mount('/dev/mapper/t');
    const refused = rig.host.decisions.find(
      (one) => one.verdict === 'refuses' && one.rule.startsWith('btrfs.'),
    );
    return { result, refused, errors: rig.dmesg().filter((line) => line.includes('error')) };
  };
  const xts = `aes-xts-plain64 ${KEY}${KEY}`;

  it('mounts without patch 3, whatever the limit is', () => {
    for (const kernel of ['v5.12', 'v5.12+series[1-2]', 'v5.13', 'v5.14', 'v5.15', 'v6.1']) {
      expect(outcome(kernel, xts).result, kernel).to.equal('ok');
    }
  });

  it('is refused with EINVAL after patches 1 to 3, and the decision names the floor that set the limit to 0', () => {
    const { result, refused, errors } = outcome('v5.12+series[1-3]', xts);
    expect(result).to.equal('EINVAL');
    expect(refused?.rule).to.equal('btrfs.mount.zone-append-limit');
    const seen = refused?.seen.max_zone_append_sectors;
    expect(seen).to.have.property('value', 0);
    expect(JSON.stringify(seen)).to.contain('crypt');
    expect(errors).to.deep.equal([
      'BTRFS error (device dm-0): zoned: device dm-0 does not support zone append',
      'BTRFS error (device dm-0): zoned: failed to read device zone info: -22',
      'BTRFS error (device dm-0): open_ctree failed',
    ]);
  });

  it('mounts with a null IV under the whole series', () => {
    expect(outcome('v5.12+series', `aes-cbc-null ${KEY}`).result).to.equal('ok');
  });
});

describe('the zoned rules of a btrfs mount', () => {
  const mountOf = (kernel: string, attributes: Attributes) => {
    const rig = new Rig(kernel, { nullb0: { ...BASE, ...attributes } });
    format(rig, '/dev/nullb0');
    const result = rig.mount('/dev/nullb0');
    return { result, lines: rig.dmesg().filter((line) => line.includes('error')) };
  };

  it('need eight active zones in 6.1 and 6.12, and none in particular in 5.12 and 7.3', () => {
    const seven = { zone_max_active: 7 };
    expect(mountOf('v5.12', seven).result).to.equal('ok');
    expect(mountOf('6.1.192', seven)).to.deep.equal({
      result: 'EINVAL',
      lines: [
        'BTRFS error (device nullb0): zoned: /dev/nullb0: max active zones 7 is too small, need at least 8 active zones',
        'BTRFS error (device nullb0): zoned: failed to read device zone info: -22',
        'BTRFS error (device nullb0): open_ctree failed: -22',
      ],
    });
    expect(mountOf('7.3.4', seven).result).to.equal('ok');
    expect(mountOf('6.12.117', { zone_max_active: 8 }).result).to.equal('ok');
  });

  it('are not there in 5.10: a zoned file system on a regular disk has an unknown feature', () => {
    const rig = new Rig('5.10.262', { nullb0: { size: 2048, memory_backed: 1 } });
    const made = rig.run(
      mkfsBtrfs,
      'mkfs.btrfs',
      '-f',
      '-q',
      '-O',
      'zoned',
      '-m',
      'single',
      '/dev/nullb0',
    );
    expect(made.exit).to.equal(0);
    rig.dmesg();
    expect(rig.mount('/dev/nullb0')).to.equal('EINVAL');
    expect(rig.dmesg().slice(-2)).to.deep.equal([
      'BTRFS error (device nullb0): cannot mount because of unsupported optional features (0x1000)',
      'BTRFS error (device nullb0): open_ctree failed: -22',
    ]);
  });

  it('emulate zones on a regular disk', () => {
    const rig = new Rig('6.12.117', { nullb0: { size: 2048, memory_backed: 1 } });
    rig.run(mkfsBtrfs, 'mkfs.btrfs', '-f', '-q', '-O', 'zoned', '-m', 'single', '/dev/nullb0');
    rig.dmesg();
    expect(rig.mount('/dev/nullb0')).to.equal('ok');
    expect(rig.dmesg()).to.include(
      'BTRFS info (device nullb0): regular block device /dev/nullb0, 8 emulated zones of 268435456 bytes',
    );
  });
});

describe('a btrfs superblock', () => {
  it('that mkfs did not finish is no file system: EINVAL without a line', () => {
    expect(
      damaged('6.12.117', (sb) => void Object.assign(sb, { magic: SUPER_MAGIC_TEMPORARY })),
    ).to.deep.equal([]);
  });

  it('with faults is refused with a line for each, in order', () => {
    const lines = damaged('7.3.4', (sb) => {
      Object.assign(sb, { rootLevel: 9, stripesize: 3000, numDevices: 0, bytesUsed: 1 });
    });
    expect(lines.map((line) => line.replace('BTRFS error (device nullb0): ', ''))).to.deep.equal([
      'tree_root level too big: 9 >= 8',
      'bytes_used is too small 1',
      'invalid stripesize 3000',
      'number of devices is 0',
      'superblock contains fatal errors',
      'open_ctree failed: -EINVAL',
    ]);
  });

  it('with an unknown feature is refused with its bits', () => {
    const lines = damaged(
      '6.12.117',
      (sb) => void Object.assign(sb, { incompatFlags: sb.incompatFlags | (1n << 40n) }),
    );
    expect(lines[0]).to.contain(
      'cannot mount because of unknown incompat features (0x10000000000)',
    );
  });
});

describe('the device scan', () => {
  it('keeps a device that mkfs told of until 6.8, and forgets it at close where kernels do', () => {
    const line = (kernel: string) => {
      const rig = new Rig(kernel, { nullb0: BASE });
      const told = () => rig.dmesg().filter((one) => one.startsWith('BTRFS: device fsid')).length;
      rig.run(mkfsBtrfs, 'mkfs.btrfs', '-f', '-q', '-m', 'single', '/dev/nullb0');
      const made = told();
      rig.mount('/dev/nullb0');
      const first = told();
      rig.umount();
      rig.mount('/dev/nullb0');
      return [made, first, told()];
    };
    expect(line('v5.12')).to.deep.equal([1, 0, 0]);
    expect(line('6.1.192')).to.deep.equal([1, 0, 1]);
    expect(line('6.12.117')).to.deep.equal([0, 1, 1]);
  });
});

describe('the btrfs log', () => {
  it('prints a hundred lines of a level in five seconds, then tells how many it held back', () => {
    const rig = new Rig('7.3.4', { nullb0: BASE });
    format(rig, '/dev/nullb0');
    for (let i = 0; i < 20; i += 1) {
      rig.mount('/dev/nullb0');
      rig.umount();
    }
    const infos = rig.dmesg().filter((line) => line.startsWith('BTRFS info'));
    expect(infos.length).to.equal(100);
    rig.sleep(6e9);
    rig.mount('/dev/nullb0');
    expect(rig.dmesg().find((line) => line.includes('suppressed'))).to.match(
      /^_btrfs_printk: \d+ callbacks suppressed$/,
    );
  });
});
