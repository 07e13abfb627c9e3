import { expect } from 'chai';
import * as fc from 'fast-check';
import { type DiskAttributes, Machine } from '../../src/machine.ts';

const ZONED = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 } as const;
const SHORT = { size: 64, zoned: 1, zone_size: 4, zone_capacity: 3, memory_backed: 1 } as const;
const LIMITED = { size: 64, zoned: 1, zone_size: 4, zone_max_open: 3, memory_backed: 1 } as const;
const PLAIN = { size: 16, memory_backed: 1 } as const;

function machine(disk: DiskAttributes = ZONED, kernel = 'v6.12'): Machine {
  return new Machine({ kernel, disks: { nullb0: disk }, costs: 'default' });
}

const zbd = (options: string): string =>
  `fio --name=a --filename=/dev/nullb0 --zonemode=zbd --direct=1 --bs=512k ${options}`;

/** Runs it: what reached the disk, by place in MiB. `w16 +4`: writes one after another, 4 MiB in all; R: a zone reset. */
function goes(on: Machine, command: string, exit = 0): string {
  const start = on.trace.length;
  const run = on.run(command);
  expect(run.problem, command).to.equal(undefined);
  expect(run.exit, run.stderr).to.equal(exit);
  const out: { kind: string; at: number; length: number }[] = [];
  for (const { kind, op, device, sector, sectors } of on.trace.records(start, on.trace.length)) {
    if (kind !== 'bioQueue' || device !== 'nullb0' || op === 2) continue;
    const [what, length] = op === 0 ? ['r', sectors] : op === 1 ? ['w', sectors] : ['R', 0];
    const last = out.at(-1);
    if (last?.kind === what && length > 0 && last.at + last.length === sector)
      last.length += length;
    else out.push({ kind: what, at: sector, length });
  }
  return out
    .map(({ kind, at, length }) => {
      const mib = length / 2048;
      return `${kind}${at / 2048}${kind === 'R' || mib === 0.5 ? '' : `+${mib}`}`;
    })
    .join(' ');
}

/** The runs of one disk after each other: options, and where the real fio went. */
function real(title: string, disk: DiskAttributes, runs: readonly (readonly [string, string])[]) {
  it(title, () => {
    const on = machine(disk);
    for (const [options, expected] of runs) {
      expect(goes(on, zbd(options)), options).to.equal(expected);
    }
  });
}

describe('fio --zonemode=zbd goes where fio 3.33 goes (recorded on a real null_blk)', () => {
  real('sequential writes fill zone after zone, and reset a full one before it is written', ZONED, [
    ['--rw=write --offset=16M --size=8M', 'w16+8'],
    ['--rw=write --offset=16M --size=8M', 'R16 w16+4 R20 w20+4'],
    ['--rw=write --offset=4z --size=2z --io_size=1z', 'R16 w16+4'],
    ['--rw=write --offset=12M --size=8M', 'w12+4 R16 w16+4'],
  ]);
  real('a zone begun goes on at its write pointer', ZONED, [
    ['--rw=write --offset=16M --size=4M --io_size=1M', 'w16+1'],
    ['--rw=write --offset=16M --size=4M', 'w17+3'],
  ]);
  real('reads end at the write pointer, unless they may go beyond it', ZONED, [
    ['--rw=read --offset=16M --size=8M', ''],
    ['--rw=write --offset=16M --size=4M --io_size=1M', 'w16+1'],
    ['--rw=write --offset=24M --size=4M --io_size=2M', 'w24+2'],
    ['--rw=read --offset=16M --size=12M', 'r16+1 r24+2'],
    ['--rw=read --offset=16M --size=12M --loops=2', 'r16+1 r24+2 r16+1 r24+2'],
    ['--rw=read --offset=16M --size=12M --read_beyond_wp=1', 'r16+12'],
  ]);
  real('random writes choose a zone by chance, and its write pointer', ZONED, [
    [
      '--rw=randwrite --offset=16M --size=8M',
      'w16 w20+1 w16.5+1 w21+1 w17.5 w22 w18+1 w22.5 w19+1 w23+1',
    ],
    [
      '--rw=randwrite --offset=16M --size=8M',
      'R16 w16 R20 w20+1 w16.5+1 w21+1 w17.5 w22 w18+1 w22.5 w19+1 w23+1',
    ],
  ]);
  real('random reads stay in what is written', ZONED, [
    ['--rw=randread --offset=16M --size=8M', ''],
    ['--rw=write --offset=20M --size=4M --io_size=2M', 'w20+2'],
    [
      '--rw=randread --offset=16M --size=12M',
      'r20.5 r20.5 r20.5 r20+1.5 r21 r20 r20 r21 r20.5 r20.5 r20 r21 r20.5+1 r20 r20 r20 r21 r20+1 r20.5 r20',
    ],
  ]);
  real('a mixed job writes first where nothing is written', ZONED, [
    [
      '--rw=randrw --offset=16M --size=8M',
      'w16 r16 r16 w16.5 r16 r16 w20 w17 w20.5 r16.5 w17.5 r20 w18 r16 r20 r20',
    ],
  ]);
  real('no more zones are open than max_open_zones', ZONED, [
    [
      '--rw=randwrite --offset=16M --size=16M --max_open_zones=2',
      'w16 w24+1 w16.5+1 w25 w17.5+1 w25.5 w18.5 w26+1.5 w19+1 w27.5 R24 w24 w28 w24.5+3 w28.5 w27.5 R16 w16 w29+1 w16.5+1 w30',
    ],
    [
      '--rw=randwrite --offset=16M --size=16M --max_open_zones=1',
      'R28 w17.5+2.5 w28+4 R16 w16+4 R24 w24+4 R16 w16+1.5',
    ],
  ]);
  real('the limit of the device stands where the job has none', LIMITED, [
    [
      '--rw=randwrite --size=24M --bs=1M',
      'w0+1 w16+1 w20+1 w17+2 w21+1 w19+1 w8+1 w22+1 w1+1 w23+1 w12+1 w2+2 w13+3 R16 w16+3 R0 w0+1 w9+3',
    ],
  ]);
  real('zones end at their capacity', SHORT, [
    ['--rw=write --size=8M', 'w0+3 w4+3'],
    ['--rw=write --size=8M', 'R0 w0+3 R4 w4+3'],
    ['--rw=read --size=12M', 'r0+3 r4+3'],
    ['--rw=write --size=8M --bs=1280k', 'R0 w0+2.5 R0 w0+2.5 R0 w0+2.5 R0 w0+1.25'],
  ]);
  real('zone_reset_frequency resets zones that are not full yet', ZONED, [
    [
      '--rw=randwrite --offset=16M --size=8M --zone_reset_threshold=0.5 --zone_reset_frequency=0.25',
      'w16 w20+1 w16.5+1 w21+1 w17.5 w22 w18+1 R20 w20 w19+1 w20.5+1',
    ],
  ]);
  real('zoneskip leaves zones out', ZONED, [
    ['--rw=write --offset=16M --zoneskip=4M --io_size=12M', 'w16+4 w24+4 w32+4'],
    ['--rw=read --offset=16M --zoneskip=1z --io_size=12M', 'r16+4 r24+4 r32+4'],
  ]);
  real('with iodepth a zone is reset once what is under way has ended', ZONED, [
    ['--rw=write --offset=16M --size=8M --ioengine=libaio --iodepth=4', 'w16+8'],
    [
      '--rw=randwrite --offset=16M --size=12M --ioengine=libaio --iodepth=4',
      'R16 w16 w24+1 R20 w20+1 w25 w21+1 w25.5 w16.5 w26 w22 w17+1 w22.5+1.5 w26.5+1.5 w18+2',
    ],
  ]);
  real('a device without zones is given some that only fio resets', PLAIN, [
    ['--rw=write --size=8M --zonesize=4M', 'w0+8'],
    ['--rw=write --zonesize=5M', 'w0+15'],
  ]);
});

describe('fio --zonemode=zbd: laws', () => {
  const options = fc.record({
    rw: fc.constantFrom('write', 'randwrite', 'rw', 'randrw'),
    blocks: fc.constantFrom('256k', '512k', '768k', '1M'),
    zones: fc.integer({ min: 1, max: 6 }),
    first: fc.integer({ min: 0, max: 8 }),
    open: fc.integer({ min: 0, max: 3 }),
    engine: fc.constantFrom('', '--ioengine=libaio --iodepth=4'),
    jobs: fc.integer({ min: 1, max: 3 }),
    disk: fc.constantFrom<DiskAttributes>(ZONED, SHORT, LIMITED),
    kernel: fc.constantFrom('v5.10', 'v6.1', 'v6.12', 'v7.3'),
  });

  it('a job that obeys zones is never refused a write, however many work on them', () => {
    fc.assert(
      fc.property(options, (o) => {
        const on = machine(o.disk, o.kernel);
        const limit = o.open === 0 ? '' : `--max_open_zones=${o.open}`;
        const command = zbd(
          `--bs=${o.blocks} --rw=${o.rw} --offset=${o.first}z --size=${o.zones}z --io_size=20M ${limit} ${o.engine} --numjobs=${o.jobs}`,
        );
        for (let time = 0; time < 2; time += 1) {
          const run = on.run(command);
          expect(run.problem, command).to.equal(undefined);
          expect(run.exit, run.stderr).to.equal(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('with max_open_zones a job never needs more active zones than that', () => {
    fc.assert(
      fc.property(options, (o) => {
        const open = Math.max(o.open, 1);
        const on = machine({ ...o.disk, zone_max_open: open, zone_max_active: open });
        const command = zbd(
          `--bs=${o.blocks} --rw=${o.rw} --offset=${o.first}z --size=${o.zones}z --io_size=20M --max_open_zones=${open} ${o.engine} --numjobs=${o.jobs}`,
        );
        const run = on.run(command);
        expect(run.problem, command).to.equal(undefined);
        expect(run.exit, run.stderr).to.equal(0);
      }),
      { numRuns: 30 },
    );
  });

  it('reads stay below the write pointers', () => {
    const read = fc.record({
      rw: fc.constantFrom('read', 'randread'),
      written: fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 4, maxLength: 4 }),
      blocks: fc.constantFrom(128, 256, 384, 512, 1024),
      engine: options.map(({ engine }) => engine),
    });
    fc.assert(
      fc.property(read, ({ rw, written, blocks, engine }) => {
        const on = machine();
        written.forEach((count, i) => {
          const size = `--offset=${4 + i}z --size=1z --number_ios=${count}`;
          if (count > 0) expect(on.run(zbd(`--rw=write ${size}`)).exit).to.equal(0);
        });
        const start = on.trace.length;
        const run = on.run(zbd(`--rw=${rw} --offset=4z --size=4z --bs=${blocks}k ${engine}`));
        expect(run.exit, run.stderr).to.equal(0);
        for (const { kind, sector, sectors } of on.trace.records(start, on.trace.length)) {
          if (kind !== 'bioQueue') continue;
          const zone = Math.floor(sector / 8192);
          expect(sector + sectors).to.be.at.most(zone * 8192 + written[zone - 4]! * 1024);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('zone resets in the report are those the disk saw, and JSON has none of it', () => {
    const on = machine();
    on.run(zbd('--rw=write --offset=16M --size=8M'));
    const start = on.trace.length;
    const { stdout } = on.run(zbd('--rw=write --offset=16M --size=8M --numjobs=2'));
    const told = [...stdout.matchAll(/; (\d+) zone resets/g)].map(([, count]) => Number(count));
    const resets = [...on.trace.records(start, on.trace.length)].filter(
      ({ kind, op }) => kind === 'bioQueue' && op > 2,
    );
    expect(told.reduce((a, b) => a + b, 0)).to.equal(resets.length);
    const json = on.run(zbd('--rw=write --offset=16M --size=8M --output-format=json'));
    expect(json.stdout).not.to.include('reset');
    expect(JSON.parse(json.stdout).jobs[0].error).to.equal(0);
  });

  it('a mapping is a zoned disk as well', () => {
    const on = machine();
    on.run("dmsetup create x --table '0 65536 linear /dev/nullb0 65536'");
    const command = zbd('--rw=write --size=8M').replace('/dev/nullb0', '/dev/mapper/x');
    expect(goes(on, command)).to.equal('w32+8');
    expect(goes(on, command)).to.equal('R32 w32+4 R36 w36+4');
  });

  it('several files take turns, each with zones of its own', () => {
    const on = new Machine({ kernel: 'v6.12', disks: { nullb0: ZONED, nullb1: ZONED } });
    const command = zbd('--rw=write --offset=16M --size=16M').replace('b0 ', 'b0:/dev/nullb1 ');
    expect(goes(on, command)).to.equal('w16+8');
    expect(on.run('blkzone report -o 40960 -c 1 /dev/nullb1').stdout).to.include('(fu)');
  });
});

describe('fio --zonemode=zbd and what it refuses, in its words', () => {
  const says = (
    disk: DiskAttributes,
    command: string,
    expected: { exit?: number; stdout?: string; stderr?: string },
  ): void => {
    it(`${command.replace(/^.*--direct=1 --bs=512k /, '')}: ${expected.stderr ?? expected.stdout}`, () => {
      const run = machine(disk).run(command);
      expect(run.problem).to.equal(undefined);
      expect(run.exit).to.equal(expected.exit ?? 1);
      if (expected.stderr !== undefined) expect(run.stderr).to.equal(expected.stderr);
      if (expected.stdout !== undefined) expect(run.stdout).to.include(expected.stdout);
    });
  };
  const einval = (line: number, what: string): string =>
    `err=22/file:zbd.c:${line}, func=${what}, error=Invalid argument\n`;
  const offset = '--offset=16M --size=4M';

  says(ZONED, zbd(`--rw=write ${offset} --direct=0`), {
    stderr: 'Using direct I/O is mandatory for writing to ZBD drives\n\n',
    stdout: 'Starting 1 process\n\n\nRun status group 0 (all jobs):\n',
  });
  says(ZONED, zbd(`--rw=read ${offset} --direct=0`), { exit: 0, stderr: '' });
  says(ZONED, zbd(`--rw=write ${offset} --zonesize=1M`), {
    stderr: `fio: /dev/nullb0 job parameter zonesize 1048576 does not match disk zone size 4194304.\nfio: pid=0, ${einval(985, 'zbd_create_zone_info() failed')}`,
  });
  says(ZONED, zbd('--rw=write --offset=17M --size=8M'), {
    exit: 0,
    stdout:
      '/dev/nullb0: rounded up offset from 17825792 to 20971520\n/dev/nullb0: rounded down io_size from 5242880 to 4194304\n',
  });
  says(ZONED, zbd('--rw=write --offset=16M --size=2M'), {
    stdout: '/dev/nullb0: io_size must be at least one zone\n',
  });
  says(ZONED, zbd('--rw=read --offset=16M --size=2M'), {
    exit: 134,
    stderr: "fio: zbd.c:1065: zbd_setup_files: Assertion `f->min_zone < f->max_zone' failed.\n",
  });
  says(ZONED, zbd(`--rw=randwrite ${offset} --job_max_open_zones=2`), {
    stderr: "'job_max_open_zones' cannot be used without a global open zones limit\n",
  });
  says(LIMITED, zbd('--rw=randwrite --size=24M --max_open_zones=10'), {
    stderr: `Specified --max_open_zones (10) is larger than max (3)\nfio: pid=0, ${einval(872, 'Specified --max_open_zones is too large')}`,
  });
  says(LIMITED, zbd('--rw=randwrite --size=24M --max_open_zones=10 --ignore_zone_limits=1'), {
    exit: 0,
  });
  says(ZONED, zbd(`--rw=write ${offset} --zoneskip=1M`), {
    stderr: '/dev/nullb0: zoneskip 1048576 is not a multiple of the device zone size 4194304.\n',
  });
  says(SHORT, zbd('--rw=write --size=8M --bs=5M'), {
    stdout: einval(1937, 'I/O buflen exceeds zone size'),
  });
  says(SHORT, zbd('--rw=write --size=8M --bs=3584k'), {
    stderr: 'zone capacity 3145728 smaller than minimum block size 3670016\n',
    stdout: einval(1977, 'ZCAP is less min_bs'),
  });
  says(PLAIN, zbd('--rw=write --size=8M'), {
    stderr:
      '/dev/nullb0: Specifying the zone size is mandatory for regular file/block device with --zonemode=zbd\n\n',
  });
  says(PLAIN, zbd('--rw=write --zonesize=4M --zonecapacity=5M'), {
    stderr: '/dev/nullb0: job parameter zonecapacity 5242880 is larger than zone size 4194304\n',
  });
  says(PLAIN, zbd('--rw=write --zonesize=32M'), {
    stderr: `/dev/nullb0: file/device size 16777216 is smaller than zone size 33554432\nfio: pid=0, ${einval(985, 'zbd_create_zone_info() failed')}`,
  });
  says(ZONED, 'fio --name=a --filename=/dev/nullb0 --zonesize=4M', {
    stderr: 'fio: --zonemode=none and --zonesize are not compatible.\n',
  });
  says(ZONED, zbd('--create_serialize=0'), {
    stderr: 'fio: --zonemode=zbd and --create_serialize=0 are not compatible.\n',
  });
  says(ZONED, zbd('--size=4kz'), {
    stderr: "size: unexpected zone value '4kz'\nfio: failed parsing size=4kz\n",
  });
  says(ZONED, zbd('--zonesize=4z'), {
    stderr: "zonesize: 'z' suffix isn't applicable\nfio: failed parsing zonesize=4z\n",
  });
  says(ZONED, zbd('--max_open_zones=5000'), {
    stderr:
      'max_open_zones: max value out of range: 5000 (4096 max)\nfio: failed parsing max_open_zones=5000\n',
  });
  says(ZONED, zbd('--zone_reset_frequency=2'), {
    stderr:
      'value out of range: 2.000000 (range max: 1.000000)\nfio: failed parsing zone_reset_frequency=2\n',
  });

  it('a read that leaves the zones of its job kills it, and fio goes on without', () => {
    const on = machine();
    on.run(zbd('--rw=write --offset=16M --size=8M'));
    const run = on.run(zbd('--rw=read --offset=16M --size=6M'));
    expect(run.exit).to.equal(0);
    expect(run.stderr).to.match(
      /^fio: zbd\.c:97: zone_lock: Assertion `f->min_zone <= nz && nz < f->max_zone' failed\.\nfio: pid=\d+, got signal=6\nfio: file hash not empty on exit\n$/,
    );
    expect(run.stdout).to.include('err= 0').and.include('total=8,0,0,0').and.not.include('read:');
  });

  it('one job refused for its writes takes the next along', () => {
    const run = machine().run(
      'fio --filename=/dev/nullb0 --zonemode=zbd --bs=512k --rw=write --name=a --offset=4z --size=1z --name=b --offset=5z --size=1z --direct=1',
    );
    expect(run.exit).to.equal(2);
    expect(run.stderr).to.match(/^(Using direct I\/O is mandatory .*\n\n){2}$/);
  });

  it('zones too many open are reset before the job begins, data and all', () => {
    const on = machine();
    for (const at of [16, 20, 24]) on.run(zbd(`--rw=write --offset=${at}M --size=4M --io_size=1M`));
    const read = zbd('--rw=randread --offset=16M --size=16M --max_open_zones=2 --io_size=1M');
    expect(goes(on, read)).to.match(/^R24 r/);
  });
});
