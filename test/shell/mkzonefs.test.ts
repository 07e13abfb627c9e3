import { expect } from 'chai';
import { ZoneCond } from '../../src/block/device.ts';
import { decodeSuper } from '../../src/fs/zonefs/superblock.ts';
import { type DiskAttributes, Machine } from '../../src/machine.ts';

const DISK: DiskAttributes = {
  size: 128,
  zoned: 1,
  zone_size: 4,
  zone_nr_conv: 4,
  memory_backed: 1,
};

function machine(disk: DiskAttributes = DISK, kernel = '6.12.117'): Machine {
  return new Machine({ kernel, disks: { nullb0: disk } });
}

function lines(of: Machine, command: string): { exit: number; stdout: string; stderr: string } {
  const { exit, stdout, stderr } = of.run(command);
  return { exit, stdout: stdout.replace(/UUID: [0-9a-f-]{36}/, 'UUID: X'), stderr };
}

function superBlock(of: Machine): ReturnType<typeof decodeSuper> {
  return decodeSuper(of.open('/dev/nullb0').pread(4096, 0));
}

describe('mkzonefs', () => {
  it('prints what it found, what it makes, and what it does', () => {
    expect(lines(machine(), 'mkzonefs -f /dev/nullb0')).to.deep.equal({
      exit: 0,
      stdout: `/dev/nullb0: 262144 512-byte sectors (0 GiB)
  Host-managed device
  32 zones of 8192 512-byte sectors (4 MiB)
  4 conventional zones, 28 sequential zones
  0 read-only zones, 0 offline zones
Format:
  31 usable zones
  Aggregate conventional zones: disabled
  File UID: 0
  File GID: 0
  File access permissions: 640
  FS UUID: X
Resetting sequential zones
Writing super block
`,
      stderr: '',
    });
  });

  it('names a short last zone and a label', () => {
    const { stdout } = lines(machine({ ...DISK, size: 130 }), 'mkzonefs -L name /dev/nullb0');
    expect(stdout).to.include(
      '\n  32 zones of 8192 512-byte sectors (4 MiB)\n  1 runt zone of 4096',
    );
    expect(stdout).to.include('\n  FS label: name\n');
  });

  it('writes the super block the kernel mounts, features only as asked', () => {
    const m = machine();
    m.run('mkzonefs -f -o aggr_cnv,uid=1000,gid=100,perm=444 /dev/nullb0');
    const { features, uid, gid, permissions } = superBlock(m);
    expect([features, uid, gid, permissions]).to.deep.equal([0xfn, 1000, 100, 0o444]);
    expect(m.mount('/dev/nullb0', '/mnt', 'zonefs').ok).to.equal(true);
    expect(m.run('ls /mnt/cnv').stdout).to.equal('0\n');
  });

  it('takes commas in any number between features, and no unknown word', () => {
    const m = machine();
    expect(m.run('mkzonefs -f -o ,uid=7,,perm=600, /dev/nullb0').exit).to.equal(0);
    expect(superBlock(m).features).to.equal(0xan);
    for (const bad of ['bogus=1', 'aggr_cnvx', 'invalid,,list', 'perm=8']) {
      expect(lines(m, `mkzonefs -f -o ${bad} /dev/nullb0`)).to.deep.equal({
        exit: 1,
        stdout: '',
        stderr: 'Invalid feature string\n',
      });
    }
  });

  it('draws the UUID from the seed of the machine', () => {
    const uuid = (seed: number): string => {
      const m = new Machine({ kernel: 'v6.12', disks: { nullb0: DISK }, seed });
      m.run('mkzonefs -f /dev/nullb0');
      return String(superBlock(m).uuid);
    };
    expect(uuid(1)).to.equal(uuid(1));
    expect(uuid(1)).to.not.equal(uuid(2));
  });

  it('empties all zones and fills a sequential zone 0', () => {
    const m = machine({ ...DISK, zone_nr_conv: 0 });
    m.run('dd if=/dev/zero of=/dev/nullb0 bs=4k count=1 seek=1024 oflag=direct');
    m.run('mkzonefs -f /dev/nullb0');
    const conditions: number[] = [];
    m.block.devices.get('nullb0')!.reportZones(0, 2, (zone) => conditions.push(zone.cond));
    expect(conditions).to.deep.equal([ZoneCond.full, ZoneCond.empty]);
  });

  it('refuses what is no zoned disk of its own', () => {
    const regular = machine({ size: 64, memory_backed: 1 });
    expect(lines(regular, 'mkzonefs -f /dev/nullb0').stderr).to.equal(
      'nullb0: Not a zoned block device\n',
    );
    expect(lines(regular, 'mkzonefs -f /dev/null').stderr).to.equal(
      '/dev/null is not a block device\n',
    );
    expect(lines(regular, 'mkzonefs -f /nowhere').stderr).to.equal(
      'Failed to get device real path\n',
    );
    const m = machine();
    m.run('mkzonefs -f /dev/nullb0');
    m.mount('/dev/nullb0', '/mnt', 'zonefs');
    expect(lines(m, 'mkzonefs -f /dev/nullb0').stderr).to.equal('/dev/nullb0 is mounted\n');
    m.umount('/mnt');
    m.createMapping('c', '0 262144 linear /dev/nullb0 0');
    expect(lines(m, 'mkzonefs -f /dev/nullb0').stderr).to.equal('/dev/nullb0 is in use\n');
  });

  it('does not overwrite a file system unless told to', () => {
    const m = machine();
    m.run('mkzonefs /dev/nullb0');
    expect(lines(m, 'mkzonefs /dev/nullb0')).to.deep.equal({
      exit: 1,
      stdout: '',
      stderr:
        "/dev/nullb0 appears to contain an existing filesystem (zonefs)\nUse the option '-f' to overwrite\n",
    });
    expect(m.run('mkzonefs -f /dev/nullb0').exit).to.equal(0);
  });

  it('formats through a mapping, zone by zone', () => {
    for (const kernel of ['5.10.262', '6.12.117']) {
      const m = machine(DISK, kernel);
      m.createMapping('c', '0 262144 linear /dev/nullb0 0');
      m.run('dd if=/dev/zero of=/dev/dm-0 bs=4k count=1 seek=4096 oflag=direct');
      expect(m.run('mkzonefs -f /dev/mapper/c').exit, kernel).to.equal(0);
      expect(m.mount('/dev/mapper/c', '/mnt', 'zonefs').ok).to.equal(true);
      expect(m.run('stat -c %s /mnt/seq/0').stdout).to.equal('0\n');
    }
  });

  it('complains about its command line as it does', () => {
    for (const [words, text] of [
      ['-x /dev/nullb0', "Invalid option '-x'"],
      ['-f', 'No device specified'],
      ['-o /dev/nullb0', 'Invalid command line'],
      [`-L ${'x'.repeat(65)} /dev/nullb0`, 'Label too long (64 chars allowed)'],
    ] as const) {
      expect(lines(machine(), `mkzonefs ${words}`)).to.deep.equal({
        exit: 1,
        stdout: '',
        stderr: `${text}\n`,
      });
    }
  });

  it('dies of a label of 64 bytes, which its own check lets pass, before it writes anything', () => {
    const m = machine();
    const done = m.run(`mkzonefs -f -L ${'x'.repeat(64)} /dev/nullb0`);
    expect(done.exit).to.equal(134);
    expect(done.stderr).to.equal('*** buffer overflow detected ***: terminated\n');
    expect(m.run('cmp -n 4096 /dev/nullb0 /dev/zero').exit).to.equal(0);
    expect(m.run(`mkzonefs -f -L ${'x'.repeat(63)} /dev/nullb0`).exit).to.equal(0);
  });
});
