/** Laws of a machine: what callers outside it can do, what a reboot keeps, what is wrong with a disk. */

import { expect } from 'chai';
import { PatternPayload, samePayload } from '../src/block/payload.ts';
import { O } from '../src/fs/inode.ts';
import { Machine, MachineError, type MachineOptions, SystemCallError } from '../src/machine.ts';
import type { Task } from '../src/sim/task.ts';

const DISK = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 2, memory_backed: 1 };
const KEY = '00'.repeat(64);
const CRYPT = `0 131072 crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0`;

function machine(options: Partial<MachineOptions> = {}): Machine {
  return new Machine({ kernel: '6.12.117', disks: { nullb0: DISK }, ...options });
}

function formatted(options: Partial<MachineOptions> = {}): Machine {
  const made = machine(options);
  expect(made.run('mkzonefs -f /dev/nullb0').exit).to.equal(0);
  return made;
}

/** The first five bytes on the disk itself. */
function stored(host: Machine): string {
  const sector = host.disks.get('nullb0')!.store.read(0, 1).bytes();
  return new TextDecoder().decode(sector.slice(0, 5));
}

describe('a machine', () => {
  it('mounts, writes, reads back, and reports a refused call by the name of its errno', () => {
    const host = formatted();
    expect(host.mount('/dev/nullb0', '/mnt/z', 'zonefs')).to.include({ ok: true });
    const file = host.open('/mnt/z/seq/0', O.RDWR | O.DIRECT);
    const data = new PatternPayload(1, 0, 65536);
    expect(file.pwrite(data, 0)).to.equal(65536);
    expect(samePayload(file.preadPayload(65536, 0), data)).to.equal(true);
    expect(() => file.pwrite(data, 0))
      .to.throw(SystemCallError)
      .with.property('code', 'EINVAL');
    expect(() => host.umount('/mnt/z'))
      .to.throw(SystemCallError)
      .with.property('code', 'EBUSY');
    file.close();
    host.umount('/mnt/z');
  });

  it('says why a mount was refused', () => {
    const { ok, errno, decisions } = machine().mount('/dev/nullb0', '/mnt/z', 'ext4');
    expect({ ok, errno }).to.deep.equal({ ok: false, errno: 'ENODEV' });
    expect(decisions.at(-1)).to.include({ rule: 'vfs.mount.type', verdict: 'refuses' });
  });

  it('runs commands as a user types them', () => {
    const { exit, stdout } = machine().run('cat /sys/block/nullb0/queue/zoned');
    expect({ exit, stdout }).to.deep.equal({ exit: 0, stdout: 'host-managed\n' });
  });

  it('refuses to be called from inside one of its own tasks', () => {
    const host = machine();
    function* inside(): Task<string> {
      return host.run('uname -r').stdout;
    }
    expect(() => host.call(inside())).to.throw(/"runToEnd" expected to be called outside tasks/);
  });

  it('keeps no trace when told not to, and does the same', () => {
    const [loud, silent] = [formatted(), formatted({ trace: false })];
    expect(silent.trace.length).to.equal(0);
    expect(silent.dmesg()).to.deep.equal(loud.dmesg());
    expect([...silent.disks.get('nullb0')!.wp]).to.deep.equal([...loud.disks.get('nullb0')!.wp]);
  });

  it('shows the same ciphertext on its disk whether that was computed early or late', () => {
    const raw = [true, false].map((eagerCiphertext) => {
      const host = machine({ eagerCiphertext });
      host.createMapping('c0', CRYPT);
      const file = host.open('/dev/mapper/c0', O.RDWR | O.DIRECT);
      file.pwrite(new PatternPayload(1, 0, 8192), 0);
      file.close();
      return host.open('/dev/nullb0', O.RDONLY | O.DIRECT).pread(8192, 0);
    });
    expect(raw[0]).to.deep.equal(raw[1]);
  });

  it('writes a buffered device out when the last descriptor is closed', () => {
    const host = machine();
    const [one, two] = [host.open('/dev/nullb0'), host.open('/dev/nullb0')];
    one.pwrite('early', 0);
    one.close();
    expect(stored(host)).not.to.equal('early');
    two.close();
    expect(stored(host)).to.equal('early');
  });
});

describe('sync', () => {
  it('writes out what is buffered in a block device that stays open', () => {
    const host = machine();
    host.open('/dev/nullb0').pwrite('early', 0);
    expect(stored(host)).not.to.equal('early');
    host.sync();
    expect(stored(host)).to.equal('early');
  });
});

describe('a write to a device with O_DSYNC', () => {
  for (const direct of [0, O.DIRECT]) {
    it(`is on the disk when the call returns, ${direct ? 'past' : 'through'} the cache`, () => {
      const host = machine();
      const file = host.open('/dev/nullb0', O.RDWR | O.DSYNC | direct);
      expect(file.pwrite('early'.padEnd(512), 0)).to.equal(512);
      expect(stored(host)).to.equal('early');
    });
  }
});

describe('a reboot', () => {
  it('keeps what is on the disks and forgets mappings, mounts, the log and the trace', () => {
    const before = formatted();
    before.createMapping('c0', CRYPT);
    before.mount('/dev/mapper/c0', '/mnt/z', 'zonefs');
    const wp = [...before.disks.get('nullb0')!.wp];
    const after = before.reboot();
    expect(after.dm.list()).to.deep.equal([]);
    expect(after.run('cat /proc/mounts').stdout).not.to.contain('zonefs');
    expect(after.dmesg().some((line) => line.includes('zonefs'))).to.equal(false);
    expect([...after.disks.get('nullb0')!.wp]).to.deep.equal(wp);
    expect(after.mount('/dev/nullb0', '/mnt/z', 'zonefs')).to.include({ ok: true });
  });

  it('closes files and writes caches out when clean, and loses what is buffered on a power cut', () => {
    for (const how of ['clean', 'power-cut'] as const) {
      const before = machine();
      const file = before.open('/dev/nullb0');
      file.pwrite('buffered', 0);
      const after = before.reboot({ how });
      const read = new TextDecoder().decode(after.open('/dev/nullb0', O.RDONLY).pread(8, 0));
      expect(read === 'buffered', how).to.equal(how === 'clean');
    }
  });

  it('ends the old machine', () => {
    const before = machine();
    before.reboot();
    expect(() => before.run('uname -r')).to.throw(/"machine" expected to run/);
  });

  it('can change the kernel, and takes the mappings down from the top', () => {
    const before = machine();
    before.createMapping('low', '0 131072 linear /dev/nullb0 0');
    before.createMapping('high', '0 131072 linear /dev/mapper/low 0');
    const after = before.reboot({ kernel: 'v5.12' });
    expect(after.run('uname -r').stdout).to.equal('5.12.0\n');
    expect(after.block.devices.get('nullb0')!.holder).to.equal(null);
  });

  it('goes on drawing from the same seed, so nothing is drawn twice', () => {
    const draw = (host: Machine): string => host.host.schedule.random.uuid();
    const [one, two] = [machine({ seed: 7 }), machine({ seed: 7 })];
    const drawn = [draw(one), draw(one.reboot())];
    expect(drawn).to.deep.equal([draw(two), draw(two.reboot())]);
    expect(drawn[0]).not.to.equal(drawn[1]);
  });
});

describe('a disk that cannot be', () => {
  const cases: readonly (readonly [string, object, string, object])[] = [
    [
      'an attribute the driver lacks',
      { ...DISK, zone_sise: 4 },
      'attribute',
      {
        attribute: 'zone_sise',
        suggestion: 'zone_size',
      },
    ],
    ['a size of 0', { ...DISK, size: 0 }, 'value', { attribute: 'size' }],
    ['a negative size', { ...DISK, size: -1 }, 'value', { attribute: 'size' }],
    ['a fraction', { ...DISK, zone_size: 1.5 }, 'value', { attribute: 'zone_size' }],
    ['a text', { ...DISK, zoned: 'yes' }, 'value', { attribute: 'zoned' }],
    ['a size out of bounds', { size: 2e9 }, 'too-large', { attribute: 'size' }],
    [
      'too many zones',
      { size: 1 << 22, zoned: 1, zone_size: 1 },
      'too-large',
      {
        attribute: 'zone_size',
      },
    ],
    ['what null_blk refuses', { ...DISK, zone_size: 3 }, 'refused', { attribute: null }],
    ['an unknown driver', { driver: 'nullblk' }, 'driver', { suggestion: 'null_blk' }],
    [
      'an order to a running disk',
      { ...DISK, zone_offline: 8192 },
      'attribute',
      {
        attribute: 'zone_offline',
      },
    ],
  ];
  for (const [what, attributes, code, rest] of cases) {
    it(`is refused for ${what}, naming disk and attribute`, () => {
      const make = (): Machine => machine({ disks: { nullb0: attributes as typeof DISK } });
      expect(make)
        .to.throw(MachineError, /nullb0/)
        .that.includes({ code, disk: 'nullb0', ...rest });
    });
  }

  it('is refused for its name', () => {
    expect(() => machine({ disks: { 'dm-0': DISK } }))
      .to.throw(MachineError)
      .with.property('code', 'name');
  });
});

describe("a disk's configfs item", () => {
  it('takes a zone away and gives it back', () => {
    const host = machine();
    const report = () => host.run('blkzone report -o 16384 -c 1 /dev/nullb0').stdout;
    const item = '/sys/kernel/config/nullb/nullb0';
    expect(report()).to.contain('1(em)');
    expect(host.run(`echo 16384 > ${item}/zone_offline`).exit).to.equal(0);
    expect(report()).to.contain('15(of)');
    host.run(`echo 16384 > ${item}/zone_offline`);
    expect(report()).to.contain('1(em)');
    expect(host.run(`cat ${item}/zone_size`).stdout).to.equal('4\n');
  });
});
