/**
 * Leaving out schedules that "cannot differ" must leave out no outcome: on real machines, whatever runs side by side.
 * An outcome is all that anybody could see: what commands print, the log, files, mappings, zones.
 */

import { expect } from 'chai';
import fc from 'fast-check';
import {
  type CommandResult,
  exploreCommands,
  Machine,
  type Outcome,
  replayOf,
} from '../src/index.ts';
import { runTogether } from '../src/machine-explore.ts';
import type { Schedule } from '../src/sim/schedule.ts';

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const DIRECT = 'oflag=direct conv=notrunc status=none';

interface World {
  readonly kernel: string;
  readonly disk: Readonly<Record<string, number>>;
  readonly over: 'raw' | 'crypt' | 'linear';
  /** Options of the mount; null: no file system. */
  readonly zonefs: string | null;
  readonly btrfs?: true;
}

const device = ({ over }: World): string => (over === 'raw' ? '/dev/nullb0' : '/dev/mapper/t');

function made(world: World, schedule: Schedule): Machine {
  const { kernel, over, zonefs } = world;
  const shape = { size: 32, zoned: 1, zone_size: 4, zone_nr_conv: 2, memory_backed: 1 };
  const nullb0 = { ...shape, ...world.disk };
  const machine = new Machine({ kernel, disks: { nullb0, nullb1: shape }, schedule });
  const target =
    over === 'crypt' ? `crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0` : 'linear /dev/nullb0 0';
  if (over !== 'raw') machine.run(`dmsetup create t --table "0 65536 ${target}"`);
  if (world.btrfs === true) {
    machine.run(`mkfs.btrfs -f -q -O zoned -d single -m single ${device(world)}`);
    machine.run(`mount -t btrfs ${device(world)} /mnt`);
    machine.run('touch /mnt/a /mnt/b');
    machine.run('sync');
  }
  if (zonefs === null) return machine;
  machine.run(`mkzonefs -f ${device(world)}`);
  machine.run(`mount -t zonefs -o ${zonefs} ${device(world)} /mnt`);
  return machine;
}

const AFTER = [
  'ls -l /mnt /mnt/seq /mnt/cnv',
  'dd if=/mnt/a bs=16k count=1 status=none',
  ...['seq/0', 'seq/1', 'cnv/0'].map((file) => `dd if=/mnt/${file} bs=16k count=1 status=none`),
  'df /mnt',
  'dmsetup info',
  'dmsetup table',
  'cat /proc/mounts',
];

/** All that can be seen of a run. */
function seen(machine: Machine, results: readonly (CommandResult | null)[]): string {
  const off = machine.powerIsOff;
  const parts = off ? ['cut'] : results.map((one) => JSON.stringify(one));
  // Of lines that two commands log, the order is that of the log alone.
  if (!off)
    parts.push(
      ...machine
        .dmesg()
        .map((line) => line.replace(/\[.*?\]/, ''))
        .sort(),
    );
  if (!off && !results.includes(null)) {
    for (const command of AFTER) {
      try {
        parts.push(JSON.stringify(machine.run(command)));
      } catch (error) {
        // A mapping was left suspended.
        parts.push(`${command}: ${(error as Error).name}`);
        break;
      }
    }
  }
  const { wp, cond } = machine.disks.get('nullb0')!;
  return [...parts, wp.join(), cond.join()].join('\n');
}

interface Setting {
  readonly powerCut?: boolean;
  readonly prepare?: (machine: Machine) => void;
}

/** Random schedules, all of them where they are few: none shows what the reduced ones do not. Outcomes found. */
function sameOutcomes(
  world: World,
  commands: readonly string[],
  setting: Setting = {},
): Set<string> {
  const { powerCut = false, prepare } = setting;
  const outcome = (machine: Machine, results: readonly (CommandResult | null)[]): Outcome => ({
    summary: seen(machine, results),
    failing: false,
  });
  const machine = (schedule: Schedule): Machine => {
    const one = made(world, schedule);
    prepare?.(one);
    return one;
  };
  const what = { machine, commands, outcome, powerCut };
  const reduced = exploreCommands({ ...what, max: 400 });
  fc.pre(reduced.complete);
  const known = new Set(reduced.outcomes.map((one) => one.outcome.summary));
  const full = exploreCommands({ ...what, full: true, max: 60 });
  const random = full.complete
    ? []
    : exploreCommands({ ...what, random: { seed: 1, runs: 25 } }).outcomes;
  for (const one of [...full.outcomes, ...random]) {
    const { summary } = one.outcome;
    if (!known.has(summary)) {
      throw new Error(`no reduced schedule of\n${commands.join('\n')}\ncame to\n${summary}`);
    }
  }
  // The last outcome found, as the one that fails: its schedule comes to it again.
  const last = reduced.outcomes[reduced.outcomes.length - 1]!.outcome.summary;
  const failing = exploreCommands({
    ...what,
    max: 400,
    maxShorter: 0,
    outcome: (one, results) => {
      const summary = seen(one, results);
      return { summary, failing: summary === last };
    },
  });
  const run = replayOf(JSON.parse(JSON.stringify(failing.shortest!.saved)), { powerCut });
  const again = machine(run);
  const named = commands.map((text, i) => ({ name: String(i + 1), run: text }));
  expect(seen(again, runTogether(again, named, run))).to.equal(last);
  return known;
}

const write = (seed: number, file: string, bytes = '4k'): string =>
  `dd if=/dev/pattern/${seed} of=/mnt/${file} bs=${bytes} count=1 ${DIRECT}`;

const FILES = [
  write(1, 'seq/0'),
  write(2, 'seq/0', '8k'),
  write(3, 'seq/1'),
  `dd if=/dev/pattern/4 of=/mnt/seq/0 bs=4k count=1 oflag=direct,append conv=notrunc status=none`,
  'dd if=/dev/pattern/5 of=/mnt/cnv/0 bs=4k count=1 conv=notrunc,fsync status=none',
  'dd if=/dev/pattern/6 of=/mnt/cnv/0 bs=4k count=1 conv=notrunc status=none',
  'dd if=/mnt/seq/0 bs=16k count=1 status=none',
  'dd if=/mnt/cnv/0 bs=4k count=1 status=none',
  'stat -c %s:%a /mnt/seq/0',
  'truncate -s 0 /mnt/seq/0',
  'truncate -s 4194304 /mnt/seq/0',
  'sync',
  'df /mnt',
  'chmod 600 /mnt/seq/0',
  'umount /mnt',
];
const zone = (command: string): string => `blkzone ${command} -o 16384 -l 8192 /dev/nullb0`;
const BELOW = [
  zone('reset -f'),
  zone('finish -f'),
  'blkzone report -c 3 /dev/nullb0',
  `dd if=/dev/pattern/7 of=/dev/nullb0 bs=4k count=1 seek=2048 ${DIRECT}`,
  'dd if=/dev/pattern/8 of=/dev/nullb0 bs=4k count=1 conv=notrunc status=none',
  'hexdump -n 16 /dev/nullb0',
  'dmesg',
  'echo 4 > /sys/block/nullb0/queue/max_sectors_kb',
  'cat /sys/block/nullb0/queue/max_sectors_kb',
  'echo "write back" > /sys/block/nullb0/queue/write_cache',
  'echo 16384 > /sys/kernel/config/nullb/nullb0/zone_readonly',
  'echo 16384 > /sys/kernel/config/nullb/nullb0/zone_offline',
];
const MAPPINGS = [
  'dmsetup suspend t',
  'dmsetup resume t',
  'dmsetup reload t --table "0 65536 error"',
  'dmsetup info t',
  'dmsetup remove t',
  'dmsetup rename t u',
  'dmsetup create u --table "0 65536 linear /dev/nullb1 0"',
  'dmsetup ls',
  'hexdump -n 16 /dev/mapper/t',
];

const world: fc.Arbitrary<World> = fc.record({
  kernel: fc.constantFrom('v5.12+series', 'v5.14', 'v6.1', 'v6.12', '6.12.117'),
  disk: fc.constantFrom({}, { zone_max_open: 1 }, { zone_max_open: 1, zone_max_active: 2 }),
  over: fc.constantFrom('raw', 'crypt', 'linear'),
  zonefs: fc.constantFrom('errors=zone-ro', 'errors=repair,explicit-open'),
});
const command = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...FILES) },
  { weight: 2, arbitrary: fc.constantFrom(...BELOW) },
  { weight: 2, arbitrary: fc.constantFrom(...MAPPINGS) },
);
const commands = fc.array(command, { minLength: 2, maxLength: 3 });

describe('schedules that are left out', () => {
  it('come to nothing that those run do not come to', () => {
    fc.assert(
      fc.property(world, commands, (where, what) => {
        sameOutcomes(where, what);
      }),
      { numRuns: 50, seed: 3 },
    );
  }).timeout(120_000);

  it('nor with an append emulated by the disk, faults and power cuts', () => {
    const fault = fc.constantFrom<Setting>(
      { powerCut: true },
      {
        prepare: (machine) =>
          machine.faults('nullb0').arm({
            op: 'write',
            chosen: true,
            deed: { kind: 'status', status: 'ioerr', done: true },
          }),
      },
      {
        prepare: (machine) =>
          machine
            .faults('nullb0')
            .arm({ after: 1, deed: { kind: 'condition', condition: 'read-only' } }),
      },
      {
        prepare: (machine) =>
          machine.faults('nullb0').arm({ chosen: true, deed: { kind: 'power-cut' } }),
      },
    );
    const disk = { zone_append_max_sectors: 0 };
    fc.assert(
      fc.property(
        world,
        fc.array(fc.constantFrom(...FILES), { minLength: 2, maxLength: 2 }),
        fault,
        (where, what, setting) => {
          sameOutcomes({ ...where, kernel: 'v6.12', disk }, what, setting);
        },
      ),
      { numRuns: 30, seed: 3 },
    );
  }).timeout(120_000);
});

/** What each pair once came to in one order only, because a step did not say what it goes by. */
describe('two commands meet at', () => {
  const limited: World = {
    kernel: '6.12.117',
    disk: { zone_max_open: 1 },
    over: 'linear',
    zonefs: 'errors=repair,explicit-open',
  };
  const bare: World = { kernel: 'v6.12', disk: {}, over: 'linear', zonefs: null };
  const trees: World = {
    kernel: '6.12.117',
    disk: { size: 256, zone_nr_conv: 4 },
    over: 'raw',
    zonefs: null,
    btrfs: true,
  };
  const synced = (seed: number, file: string): string =>
    `dd if=/dev/pattern/${seed} of=/mnt/${file} bs=4k count=1 conv=notrunc,fsync status=none`;
  const pairs: readonly (readonly [string, World, ...string[]])[] = [
    ['the lock of a file', limited, 'truncate -s 0 /mnt/seq/0', 'truncate -s 4194304 /mnt/seq/0'],
    ['the number of files open for writing', limited, write(1, 'seq/0'), write(2, 'seq/1')],
    ['the size of a file', limited, write(1, 'seq/0'), 'stat -c %s /mnt/seq/0'],
    ['the space that is used', limited, write(1, 'seq/0'), 'df /mnt'],
    ['a zone and its sysfs switch', limited, write(1, 'seq/0'), BELOW[10]!],
    ['the openers of a mount', limited, 'dd if=/mnt/seq/0 status=none', 'umount /mnt'],
    ['a suspended mapping', bare, 'dmsetup suspend t', 'hexdump -n 16 /dev/mapper/t'],
    ['the state of a mapping', bare, 'dmsetup suspend t', 'dmsetup resume t'],
    [
      'the table of a mapping',
      bare,
      MAPPINGS[2]!,
      'dmsetup resume t',
      'hexdump -n 16 /dev/mapper/t',
    ],
    ['the names of mappings', bare, 'dmsetup rename t u', 'dmsetup ls'],
    ['the openers of a device', bare, 'hexdump -n 16 /dev/mapper/t', 'dmsetup remove t'],
    ['a device opened exclusively', { ...bare, over: 'raw' }, zone('open'), zone('close')],
    ['the attributes of a queue', bare, BELOW[7]!, BELOW[8]!],
    ['the pages of a device', bare, BELOW[4]!, 'hexdump -n 16 /dev/nullb0'],
    ['a size ahead of its data on btrfs', trees, write(1, 'a'), 'dd if=/mnt/a bs=4k status=none'],
    ['a btrfs that turns read-only', trees, synced(4, 'b'), 'mount -o remount,ro /mnt'],
    ['the log tree and a commit of btrfs', trees, synced(4, 'b'), 'sync'],
    ['the kernel log', bare, 'dmesg', 'dmsetup resume nowhere', zone('finish')],
  ];
  for (const [what, where, ...both] of pairs) {
    it(what, () => {
      const outcomes = sameOutcomes(where, both);
      if (what !== 'the kernel log') expect(outcomes.size).to.be.above(1);
    }).timeout(20_000);
  }

  it('what a disk holds in its cache when the power goes', () => {
    const cached: World = {
      kernel: 'v6.12',
      disk: { cache_size: 1 },
      over: 'raw',
      zonefs: 'errors=zone-ro',
    };
    const outcomes = new Set<string>();
    const found = exploreCommands({
      machine: (schedule) => made(cached, schedule),
      commands: [write(1, 'seq/0'), 'xfs_io -c fsync /mnt/seq/1'],
      outcome: (machine) => {
        const { stdout } = machine
          .reboot({ how: 'power-cut' })
          .run('blkzone report -o 16384 -c 1 /dev/nullb0');
        outcomes.add(stdout);
        return { summary: stdout, failing: false };
      },
    });
    expect(found.complete).to.equal(true);
    expect(outcomes.size).to.equal(2);
  });
});
