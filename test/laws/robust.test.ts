/**
 * Laws of patience: whatever is typed, mapped, mounted or flipped on a disk, the machine answers. Only what is not
 * modelled may be refused by the model itself, and then by name.
 */

import { expect } from 'chai';
import fc from 'fast-check';
import { BytesPayload } from '../../src/block/payload.ts';
import { crc32c } from '../../src/fs/btrfs/crc32c.ts';
import { superChecksum } from '../../src/fs/zonefs/superblock.ts';
import { NotModelled } from '../../src/kernel/not-modelled.ts';
import { type DiskAttributes, Machine, MachineError } from '../../src/machine.ts';
import { knownCommands } from '../../src/shell/shell.ts';
import { BASES, boot, kernels, machines } from './machines.ts';
import { law, pick } from './support.ts';
import { settle } from './watch.ts';

/** None that never ends: what bounds those is tested elsewhere, and takes its time. */
const PATHS = [
  '/',
  '.',
  '..',
  '/dev/nullb0',
  '/dev/nullb1',
  '/dev/sda',
  '/dev/mapper/c0',
  '/dev/mapper/c1',
  '/dev/dm-0',
  '/dev/null',
  '/dev/pattern/x',
  '/dev/btrfs-control',
  '/mnt',
  '/mnt/seq/0',
  '/mnt/seq/1',
  '/mnt/cnv/0',
  '/mnt/f',
  '/mnt/seq',
  '/tmp/a',
  '/tmp/none/b',
  '/proc/mounts',
  '/proc/sys/vm/drop_caches',
  '/sys/block/nullb0/queue/zoned',
  '/sys/block/nullb0/queue/scheduler',
  '/sys/block/nullb0/queue/max_sectors_kb',
  '/sys/kernel/config/nullb/nullb0/zone_offline',
  '/sys/kernel/config/nullb/nullb0/size',
  "'/mnt/a b'",
  '""',
];

const NUMBERS = [
  '0',
  '1',
  '-1',
  '7',
  '8',
  '512',
  '4096',
  '4k',
  '64K',
  '1M',
  '3MiB',
  '1G',
  '0x1000',
  '010',
  '1e9',
  '99999999999999999999',
  '18446744073709551615',
  '9223372036854775807',
  'b',
  'x',
  '1.5',
  '+1',
  '1kx2',
];

const OPTIONS = [
  '-f',
  '-q',
  '-a',
  '-l',
  '-n',
  '-o',
  '-c',
  '-s',
  '-t',
  '-O',
  '-v',
  '-h',
  '-r',
  '-p',
  '-d',
  '-m',
  '-z',
  '-b',
  '-C',
  '-d single',
  '-m single',
  '-m dup',
  '--',
  '-',
  '--help',
  '--version',
  '--table',
  '--showkeys',
  '--force',
  '-o ro',
  '-o remount,ro',
  '-o errors=repair',
  '-t zonefs',
  '-t btrfs',
  '-t ext4',
  '-O zoned',
  'if=',
  'of=',
  'bs=',
  'count=',
  'seek=',
  'skip=',
  'conv=notrunc',
  'conv=fsync,notrunc',
  'oflag=direct',
  'oflag=direct,sync',
  'iflag=direct',
  'oflag=append',
  'status=none',
  'conv=sparse',
  'report',
  'reset',
  'open',
  'close',
  'finish',
  'capacity',
  'create',
  'remove',
  'table',
  'status',
  'info',
  'ls',
  'suspend',
  'resume',
  'load',
  'message',
  'wipe_table',
  'remove_all',
  'rename',
  'targets',
  'filesystem df',
  'filesystem sync',
  'device scan',
  'subvolume list',
  "-c 'pwrite 0 4096'",
  "-c 'pwrite -b 64k 0 1m'",
  "-c 'pread 0 10g'",
  "-c 'pread -v 0 64'",
  "-c 'truncate 0'",
  '-c fsync',
  "-c 'pwrite -V 3 -1 x'",
  '-c stat',
  'c0',
  'c1',
  '+x',
  '755',
  '0:0',
  '%s',
  '+%s',
  '\\n',
];

const TABLES = [
  '0 16384 linear /dev/nullb0 0',
  '0 8192 linear /dev/nullb0 8192',
  `0 16384 crypt aes-xts-plain64 ${'01'.repeat(64)} 0 /dev/nullb0 0`,
  `0 16384 crypt aes-cbc-essiv:sha256 ${'01'.repeat(32)} 5 /dev/nullb0 0 1 sector_size:4096`,
  '0 16384 error',
  '0 16384 zero',
  '0 16384 flakey /dev/nullb0 0 1 1',
  '0 16384 delay /dev/nullb0 0 10',
  '0 16384 striped 2 64 /dev/nullb0 0 /dev/nullb0 8192',
  '0 16384 linear',
  '0 18446744073709551615 zero',
  '-1 x linear /dev/nullb0',
  '',
];

const REDIRECTS = [
  '> /tmp/a',
  '>> /tmp/a',
  '> /mnt/seq/0',
  '2>&1',
  '> /dev/nullb0',
  '> /sys/block/nullb0/queue/scheduler',
  '2> /tmp/none/x',
  '< /tmp/a',
  '|',
  '&&',
  ';',
  '>',
];

const word = fc.oneof(
  { weight: 5, arbitrary: pick(PATHS) },
  { weight: 4, arbitrary: pick(OPTIONS) },
  { weight: 3, arbitrary: pick(NUMBERS) },
  { weight: 1, arbitrary: pick(TABLES).map((table) => `"${table}"`) },
  {
    weight: 1,
    arbitrary: fc.tuple(pick(OPTIONS), pick([...PATHS, ...NUMBERS])).map((both) => both.join('')),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
  { weight: 1, arbitrary: pick(REDIRECTS) },
);

/** Lines that do something, so that the odd ones meet a machine with something on it. */
const USEFUL = [
  'mkzonefs -f /dev/nullb0',
  'mkfs.btrfs -f -q -d single -m single /dev/nullb0',
  'mkfs.btrfs -f -q -O zoned -d single -m single /dev/nullb0',
  'mount -t zonefs /dev/nullb0 /mnt',
  'mount -t btrfs /dev/nullb0 /mnt',
  'mount /dev/nullb0 /mnt',
  'umount /mnt',
  ...TABLES.slice(0, 6).map((table) => `dmsetup create c0 --table "${table}"`),
  'dmsetup remove c0',
  'mkzonefs -f /dev/mapper/c0',
  'mount -t zonefs /dev/mapper/c0 /mnt',
  'dd if=/dev/zero of=/mnt/seq/0 bs=64k count=3 oflag=direct conv=notrunc',
  'dd if=/dev/pattern/1 of=/mnt/f bs=4k count=9',
  'dd if=/dev/pattern/1 of=/dev/nullb0 bs=4k count=9 oflag=direct',
  'truncate -s 0 /mnt/seq/0',
  'blkzone finish -o 0 -c 3 /dev/nullb0',
  'blkzone reset /dev/nullb0',
  'xfs_io -d -c "pwrite 0 4096" /mnt/seq/1',
  'sync',
];

const line = fc.oneof(
  { weight: 2, arbitrary: pick(USEFUL) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(pick(knownCommands()), fc.array(word, { maxLength: 6 }))
      .map(([command, words]) => [command, ...words].join(' ')),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 30 }) },
);

const smallDisks: fc.Arbitrary<DiskAttributes> = pick([
  { size: 16, zoned: 1, zone_size: 1, zone_nr_conv: 2, memory_backed: 1 },
  { size: 16, memory_backed: 1 },
  { size: 160, zoned: 1, zone_size: 4, memory_backed: 1 },
  { size: 160, memory_backed: 1, discard: 1 },
  { size: 16, zoned: 1, zone_size: 4, zone_max_open: 1, zone_max_active: 1, memory_backed: 0 },
]);

/** Records a run of one line may make: far above what any does, far below what memory holds. */
const MOST_RECORDS = 1_000_000;

function newMachine(kernel: string, disk: DiskAttributes): Machine {
  const machine = new Machine({ kernel, disks: { nullb0: disk } });
  machine.trace.maxRecords = MOST_RECORDS;
  return machine;
}

describe('a command line', () => {
  law(
    'of any words ends with an exit code, and 125 only for what is not modelled or too large',
    80,
    fc.property(
      kernels,
      smallDisks,
      fc.array(line, { minLength: 1, maxLength: 12 }),
      (kernel, disk, lines) => {
        const machine = newMachine(kernel, disk);
        for (const one of lines) {
          // Right, but slow.
          if (/^(?:md5sum|sha256sum|cmp) .*\/dev\//.test(one)) continue;
          const { exit, problem } = machine.run(one);
          settle(machine);
          expect(exit, one).to.be.within(0, 255);
          if (exit === 125) expect(problem, one).to.not.equal(undefined);
        }
        machine.reboot();
      },
    ),
  );
});

describe('mount options', () => {
  const options = fc.array(
    fc.oneof(
      pick([
        'ro',
        'rw',
        'errors=repair',
        'errors=',
        'errors=x',
        'explicit-open',
        'compress=zstd:3',
        'compress-force=lzo',
        'nodatacow',
        'nodatasum',
        'noatime',
        'space_cache=v2',
        'space_cache',
        'nospace_cache',
        'clear_cache',
        'commit=5',
        'commit=-1',
        'discard=async',
        'ssd',
        'nossd',
        'degraded',
        'subvol=/',
        'subvolid=5',
        'subvol=x',
        'rescue=all',
        'rescue=x',
        'max_inline=4k',
        'thread_pool=0',
        'thread_pool=99999999999',
        'autodefrag',
        'usebackuproot',
        'nologreplay',
        'notreelog',
        'norecovery',
        'flushoncommit',
        'inode_cache',
        'check_int',
        'fatal_errors=panic',
        'device=/dev/nullb0',
        'sync',
        '=',
        'ro=1',
      ]),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 5 },
  );

  law(
    'of any kind mount or are refused with an errno, and a refusal has a decision or a line in the log',
    100,
    fc.property(
      kernels,
      pick(['zonefs', 'btrfs'] as const),
      fc.boolean(),
      options,
      options,
      (kernel, type, zoned, first, second) => {
        const disk = { size: 160, memory_backed: 1, ...(zoned ? { zoned: 1, zone_size: 4 } : {}) };
        const machine = newMachine(kernel, disk);
        machine.run(
          type === 'zonefs'
            ? 'mkzonefs -f /dev/nullb0'
            : 'mkfs.btrfs -f -q -d single -m single /dev/nullb0',
        );
        const lines = machine.dmesg().length;
        const tried = modelled(() => machine.mount('/dev/nullb0', '/mnt', type, first.join(',')));
        if (tried === null) return;
        settle(machine);
        if (!tried.ok) {
          const decided = tried.decisions.some(({ verdict }) => verdict === 'refuses');
          const told = `${tried.errno} for ${type} with "${first.join(',')}" on ${kernel}`;
          expect(decided || machine.dmesg().length > lines, told).to.equal(true);
          return;
        }
        modelled(() =>
          machine.mount('/dev/nullb0', '/mnt', type, second.join(','), { remount: true }),
        );
        settle(machine);
        machine.reboot();
      },
    ),
  );
});

describe('a damaged disk', () => {
  law(
    'with bytes of its superblock changed, or cut off, mounts or is refused, and never ends the machine',
    120,
    fc.property(
      kernels,
      kernels,
      pick(['zonefs', 'btrfs'] as const),
      fc.array(fc.tuple(fc.oneof(fc.nat(511), fc.nat(4095)), fc.nat(255)), { maxLength: 4 }),
      fc.boolean(),
      pick([0, 0, 0, 1, 8]),
      (kernel, next, type, flips, fixed, cutSectors) => {
        const before = newMachine(kernel, {
          size: 160,
          zoned: 0,
          memory_backed: 1,
          ...(type === 'zonefs' ? { zoned: 1, zone_size: 4, zone_nr_conv: 1 } : {}),
        });
        before.run(
          type === 'zonefs'
            ? 'mkzonefs -f /dev/nullb0'
            : 'mkfs.btrfs -f -q -d single -m single /dev/nullb0',
        );
        const { store } = before.disks.get('nullb0')!;
        const sector = type === 'zonefs' ? 0 : 128;
        const bytes = store.read(sector, 8).bytes().slice();
        for (const [at, value] of flips) bytes[at] = value;
        if (fixed) mend(type, bytes);
        store.write(sector, new BytesPayload(bytes));
        if (cutSectors > 0) store.discard(sector, cutSectors);
        const machine = before.reboot({ kernel: next });
        const tried = modelled(() => machine.mount('/dev/nullb0', '/mnt', type));
        settle(machine);
        if (tried?.ok !== true) return;
        modelled(() => machine.run('ls -l /mnt'));
        modelled(() => machine.run('dd if=/dev/zero of=/mnt/f bs=4k count=2'));
        modelled(() => machine.run('umount /mnt'));
        settle(machine);
      },
    ),
  );
});

describe('a disk', () => {
  law(
    'of any attributes is made, or refused with a code',
    200,
    fc.property(
      pick(BASES),
      fc.dictionary(
        pick([
          'size',
          'zoned',
          'zone_size',
          'zone_capacity',
          'zone_nr_conv',
          'zone_max_open',
          'zone_max_active',
          'blocksize',
          'memory_backed',
          'discard',
          'max_sectors',
          'zone_append_max_sectors',
          'queue_mode',
          'zone_readonly',
          'driver',
          'dev_size_mb',
          'zbc',
          'zone_size_mb',
        ]),
        fc.oneof(fc.nat(64), pick([0, 1, 2, 3, 512, 4096, 2 ** 31, 2 ** 53, -1, 1.5, Number.NaN])),
        { maxKeys: 9 },
      ),
      (kernel, attributes) => {
        try {
          const machine = new Machine({ kernel, disks: { nullb0: attributes as DiskAttributes } });
          machine.run('blkzone report /dev/nullb0');
          machine.run('cat /sys/block/nullb0/queue/nr_zones');
          machine.run('lsblk');
        } catch (error) {
          expect(error).to.be.instanceOf(MachineError);
        }
      },
    ),
  );

  law(
    'takes any order on its configfs item and goes on',
    60,
    fc.property(
      machines,
      fc.array(fc.tuple(pick(['zone_offline', 'zone_readonly', 'size', 'power']), pick(NUMBERS)), {
        maxLength: 6,
      }),
      (spec, orders) => {
        const machine = boot(spec);
        if (machine === null) return;
        for (const [file, value] of orders) {
          machine.run(`echo ${value} > /sys/kernel/config/nullb/nullb0/${file}`);
          machine.run('blkzone report /dev/nullb0');
          machine.run('mkzonefs -f /dev/nullb0');
          modelled(() => machine.mount('/dev/nullb0', '/mnt', 'zonefs'));
          machine.run('dd if=/dev/zero of=/mnt/seq/0 bs=4k count=2 oflag=direct conv=notrunc');
          machine.run('ls -l /mnt/seq');
          machine.run('umount /mnt');
        }
      },
    ),
  );
});

/** The result, or null where the model says that it leaves this out. */
function modelled<T>(body: () => T): T | null {
  try {
    return body();
  } catch (error) {
    if (error instanceof NotModelled) return null;
    throw error;
  }
}

/** Makes the checksum right again, so that what is wrong is found further on. */
function mend(type: 'zonefs' | 'btrfs', bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (type === 'zonefs') view.setUint32(4, superChecksum(bytes), true);
  else view.setUint32(0, crc32c(bytes, 32), true);
}
