import { expect } from 'chai';
import * as fc from 'fast-check';
import { type DiskAttributes, Machine } from '../../src/machine.ts';
import { bytesText, shortNumber, sizeOf, timeUs } from '../../src/shell/fio/numbers.ts';
import { BlockMap } from '../../src/shell/fio/random.ts';
import { Latency, PERCENTILES } from '../../src/shell/fio/stats.ts';

const ZONED = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 } as const;
const PLAIN = { size: 16, memory_backed: 1 } as const;

function machine(disk: DiskAttributes = PLAIN, costs = false): Machine {
  return new Machine({
    kernel: 'v6.12',
    disks: { nullb0: disk },
    ...(costs ? { costs: 'default' as const } : {}),
  });
}

/** Data bios by place in 4 KiB blocks: `w3`. */
function blocks(on: Machine): string {
  return [...on.trace.records(0, on.trace.length)]
    .filter(({ kind }) => kind === 'bioQueue')
    .map(({ op, sector }) => (op === 0 ? 'r' : 'w') + sector / 8)
    .join(' ');
}

const job = (options: string): string => `fio --name=a --filename=/dev/nullb0 ${options}`;

describe('fio', () => {
  describe('where it goes is where fio 3.33 goes (compared with the real tool)', () => {
    const goes = (options: string, expected: string): void => {
      it(options, () => {
        const on = machine();
        expect(on.run(job(`--direct=1 --bs=4k ${options}`)).exit).to.equal(0);
        expect(blocks(on)).to.equal(expected);
      });
    };
    goes('--rw=randwrite --size=64k', 'w0 w11 w13 w7 w6 w14 w8 w5 w15 w1 w2 w10 w3 w4 w9 w12');
    goes('--rw=randwrite --size=64k --randseed=7 --io_size=8k', 'w0 w11');
    goes('--rw=randrw --size=64k', 'r0 r11 r13 w7 r6 r14 w8 w5 w15 r1 w2 r10 w3 r4 r9 r12');
    goes('--rw=rw --size=64k', 'r0 r1 r2 w0 r3 r4 w1 w2 w3 r5 w4 r6 w5 r7 r8 r9');
    goes(
      '--rw=randread --size=1M --io_size=80k --randrepeat=0 --randseed=5',
      'r33 r245 r157 r94 r153 r246 r115 r74 r133 r123 r30 r103 r137 r241 r39 r89 r240 r116 r210 r22',
    );
    goes(
      '--rw=randwrite --size=64k --numjobs=2 --stonewall',
      'w0 w4 w11 w2 w13 w9 w7 w0 w6 w7 w14 w10 w8 w11 w5 w5 w15 w6 w1 w1 w2 w8 w10 w3 w3 w12 w4 w13 w9 w15 w12 w14',
    );
    goes('--rw=write --size=16k --io_size=24k', 'w0 w1 w2 w3 w0 w1');
    goes('--rw=randwrite --size=32k --loops=2', 'w0 w5 w6 w3 w4 w7 w1 w2 w0 w5 w6 w3 w4 w7 w1 w2');
    goes(
      '--rw=randwrite --size=32k --loops=2 --randseed=7',
      'w0 w5 w6 w3 w4 w7 w1 w2 w0 w6 w5 w7 w1 w3 w4 w2',
    );
    goes('--rw=write --size=16k --loops=2', 'w0 w1 w2 w3 w0 w1 w2 w3');
    goes('--rw=read --size=64k --number_ios=3 --offset=8k', 'r2 r3 r4');
    goes('--rw=write --size=8k --numjobs=3 --offset_increment=64k', 'w0 w32 w16 w1 w33 w17');
  });

  it('a random job meets every block once, whatever the size and seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(fc.nat()), (count, wanted) => {
        const map = new BlockMap(count);
        const taken = Array.from({ length: count }, (_, i) => map.take((wanted[i] ?? i) % count));
        expect(new Set(taken).size).to.equal(count);
        expect(map.take(0)).to.equal(-1);
      }),
    );
  });

  it('numbers read as fio prints them', () => {
    expect(bytesText(65_536_000, true)).to.equal('62.5MiB');
    expect(bytesText(65_536_000, false)).to.equal('65.5MB');
    expect(bytesText(8192, true)).to.equal('8192B');
    expect(bytesText(65_536, true)).to.equal('64.0KiB');
    expect(shortNumber(1_365_333, 4, false)).to.equal('1365k');
    expect(shortNumber(16_000, 4, false)).to.equal('16.0k');
    expect(shortNumber(8_143_165, 6, false)).to.equal('8143.2k');
    expect(sizeOf('4q')).to.deep.equal({ value: 4, percent: false });
    expect(sizeOf('0x10k')?.value).to.equal(16 * 1024);
    expect(sizeOf('x')).to.equal(null);
    expect([timeUs('2', 1e6), timeUs('10ms', 1e6), timeUs('3us', 1)]).to.deep.equal([
      2e6, 10_000, 3,
    ]);
  });

  it('percentiles lie within a bucket of the sample they stand for, and rise', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1 }), (samples) => {
        const latency = new Latency();
        for (const one of samples) latency.add(one);
        const sorted = [...samples].sort((a, b) => a - b);
        const values = latency.percentiles();
        expect(values).to.have.length(PERCENTILES.length);
        values.forEach((value, i) => {
          const rank = Math.max(Math.ceil((PERCENTILES[i]! / 100) * samples.length - 1e-9), 1);
          const exact = sorted[rank - 1]!;
          expect(Math.abs(value - exact)).to.be.at.most(Math.max(exact / 64, 1));
          if (i > 0) expect(value).to.be.at.least(values[i - 1]!);
        });
      }),
    );
  });

  it('statistics of two jobs together are those of all samples', () => {
    const samples = fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(samples, samples, (one, two) => {
        const [a, b, all] = [new Latency(), new Latency(), new Latency()];
        for (const value of one) a.add(value);
        for (const value of two) b.add(value);
        for (const value of [...one, ...two]) all.add(value);
        a.join(b);
        expect(a.mean).to.be.closeTo(all.mean, 1e-3);
        expect(a.deviation).to.be.closeTo(all.deviation, Math.max(all.deviation / 1e6, 1e-3));
        expect(a.percentiles()).to.deep.equal(all.percentiles());
      }),
    );
  });
});

describe('fio on a machine with time', () => {
  const timed = { ...ZONED, profile: 'zn540' } as const;

  it('reports in its own words, the same every time', () => {
    const command = job(
      '--offset=16M --size=1M --rw=write --bs=64k --direct=1 --ioengine=libaio --iodepth=4',
    );
    const { stdout, exit } = machine(timed, true).run(command);
    expect(exit).to.equal(0);
    expect(machine(timed, true).run(command).stdout).to.equal(stdout);
    expect(stdout).to.match(
      /^a: \(g=0\): rw=write, bs=\(R\) 64\.0KiB-64\.0KiB, \(W\) 64\.0KiB-64\.0KiB, \(T\) 64\.0KiB-64\.0KiB, ioengine=libaio, iodepth=4\nfio-3\.33\nStarting 1 process\n\na: \(groupid=0, jobs=1\): err= 0: pid=\d+: Thu Jan {2}1 00:00:00 1970\n {2}write: IOPS=16\.0k, BW=1000MiB\/s \(1049MB\/s\)\(1024KiB\/1msec\); 0 zone resets\n {4}slat \(nsec\): min=/,
    );
    expect(stdout).to.match(
      / {4}clat percentiles \(usec\):\n {5}\| {2}1\.00th=\[ {2,}\d+\], {2}5\.00th/,
    );
    expect(stdout).to.include(
      '     issued rwts: total=0,16,0,0 short=0,0,0,0 dropped=0,0,0,0\n     latency   : target=0, window=0, percentile=100.00%, depth=4\n\nRun status group 0 (all jobs):\n  WRITE: bw=1000MiB/s (1049MB/s), 1000MiB/s-1000MiB/s (1049MB/s-1049MB/s), io=1024KiB (1049kB), run=1-1msec\n',
    );
    for (const line of stdout.split('\n')) expect(line.trimEnd()).to.equal(line);
  });

  it('JSON says the same in numbers', () => {
    const options = '--rw=randread --size=4M --bs=4k --direct=1 --ioengine=io_uring --iodepth=8';
    const { stdout } = machine(timed).run(job(`--output-format=json ${options}`));
    const { jobs } = JSON.parse(stdout);
    const [{ read, write, iodepth_level: levels }] = jobs;
    expect(read).to.include({ io_bytes: 4 * 2 ** 20, total_ios: 1024, short_ios: 0 });
    expect(read.iops).to.be.closeTo((1000 * 1024) / read.runtime, 0.01);
    expect(read.clat_ns.N).to.equal(1024);
    const { min, max, percentile } = read.clat_ns;
    expect(percentile['50.000000']).to.be.within((min * 63) / 64, (max * 65) / 64);
    expect(write.io_bytes).to.equal(0);
    expect(levels['8']).to.be.above(95);
    expect(stdout).to.match(/^\{\n {2}"fio version" : "fio-3\.33",\n/);
  });

  it('iodepth I/Os are under way together: eight in flight read faster than one', () => {
    const ms = (depth: number): number => {
      const on = machine(timed);
      const options = `--rw=randread --size=4M --bs=4k --direct=1 --ioengine=libaio --iodepth=${depth}`;
      on.run(job(options));
      expect(on.diskUse('nullb0')!.mostAtOnce).to.equal(depth);
      return on.host.loop.nowNs;
    };
    expect(ms(1) / ms(8)).to.be.above(5);
  });

  it('all I/Os of a job work on its one CPU, those of another job on another', () => {
    const elapsed = (options: string): { ns: number; cpuNs: number } => {
      const on = machine(PLAIN, true);
      on.run(job(`--rw=randread --size=8M --bs=4k --direct=1 --ioengine=libaio ${options}`));
      const cpuNs = Object.values(on.waits!.cpuNs).reduce((a, b) => a + b, 0);
      return { ns: on.host.loop.nowNs, cpuNs };
    };
    const one = elapsed('--iodepth=16');
    expect(one.ns).to.be.at.least(one.cpuNs);
    const two = elapsed('--iodepth=16 --numjobs=2');
    expect(two.cpuNs).to.be.closeTo(2 * one.cpuNs, one.cpuNs / 10);
    expect(two.ns).to.be.below(1.2 * one.ns);
  });

  it('a time based run ends when its time is over, and begins again at the end of its part', () => {
    const on = machine(timed);
    const run = on.run(
      job(
        '--rw=read --bs=64k --size=1M --direct=1 --time_based --runtime=5ms --output-format=json',
      ),
    );
    const { read } = JSON.parse(run.stdout).jobs[0];
    expect(read.runtime).to.be.within(5, 6);
    expect(read.io_bytes).to.be.above(2 ** 20);
  });

  it('thinks between its I/Os, and starts late when told so', () => {
    const on = machine(timed);
    on.run(job('--rw=read --bs=4k --size=16k --direct=1 --thinktime=1000 --startdelay=10ms'));
    expect(on.host.loop.nowNs).to.be.within(14e6, 15e6);
  });

  it('a stonewall waits for the jobs before it, and opens a group of its own', () => {
    const on = machine(timed);
    const { stdout } = on.run(
      'fio --filename=/dev/nullb0 --rw=read --size=1M --bs=4k --direct=1 --name=a --name=b --stonewall',
    );
    expect(stdout).to.match(/a: \(g=0\)[\s\S]*b: \(g=1\)/);
    expect(stdout).to.match(/Run status group 0[\s\S]*Run status group 1/);
    expect(on.diskUse('nullb0')!.mostAtOnce).to.equal(1);
  });
});

describe('fio and what can go wrong', () => {
  it('an error of the disk ends the job: fio says which I/O, and exits with the jobs that failed', () => {
    const on = machine(ZONED);
    const run = on.run(job('--offset=17M --size=1M --rw=write --bs=64k --direct=1 --numjobs=2'));
    expect(run.exit).to.equal(2);
    expect(run.stderr.split('\n')[0]).to.equal(
      'fio: io_u error on file /dev/nullb0: Input/output error: write offset=17825792, buflen=65536',
    );
    expect(run.stdout).to.include(
      'fio: first I/O failed. If /dev/nullb0 is a zoned block device, consider --zonemode=zbd\n',
    );
    expect(run.stdout).to.match(
      /fio: pid=\d+, err=5\/file:io_u\.c:1876, func=io_u error, error=Input\/output error\n/,
    );
    expect(run.stdout).to.include('complete  : 0=50.0%, 4=50.0%');
  });

  it('with several in flight each error is told, and the run ends once all are back', () => {
    const options =
      '--offset=17M --size=1M --rw=write --bs=64k --direct=1 --ioengine=libaio --iodepth=4';
    const run = machine(ZONED).run(job(options));
    expect(run.exit).to.equal(1);
    expect(run.stderr.split('\n').filter((line) => line !== '')).to.have.length(4);
    expect(run.stdout).to.include('issued rwts: total=0,4,0,0');
  });

  it('a block the device cannot take is EINVAL, with the advice fio gives', () => {
    const disk = { ...PLAIN, blocksize: 4096 };
    const run = machine(disk).run(job('--rw=write --size=1M --bs=2k --direct=1'));
    expect(run.exit).to.equal(1);
    expect(run.stdout).to.include('fio: first direct IO errored. File system may not support');
  });

  it('a device that ends takes what fits; a job behind its end says so', () => {
    const on = machine();
    expect(on.run(job('--rw=read --offset=15M --size=4M --bs=64k')).stdout).to.include('total=16,');
    const behind = on.run(job('--rw=read --offset=17M --bs=64k'));
    expect(behind).to.include({ exit: 1, stderr: 'a: you need to specify valid offset=\n' });
    const small = on.run(job('--rw=read --size=1k'));
    expect(small.stderr).to.equal(
      'fio: size too small, must not be less than minimum block size: 1024 < 4096\n',
    );
    const missing = on.run(
      'fio --name=x --filename=/root/x --rw=read --allow_file_create=0 --size=4k',
    );
    expect(missing.exit).to.equal(1);
    expect(missing.stderr).to.include('fio: file creation disallowed by allow_file_create=0\n');
  });

  it('options it does not know, values it cannot use, and options that are not modelled', () => {
    const on = machine();
    const said = (line: string): string => {
      const { stderr, exit } = on.run(line);
      expect(exit, line).to.be.above(0);
      return stderr;
    };
    expect(said('fio --name=a --foo')).to.match(
      /^fio: unrecognized option '--foo'\nfio: unrecognized option '--foo'\nDid you mean flow\?\n$/,
    );
    expect(said('fio --name=a --rw=wrote')).to.equal('fio: failed parsing rw=wrote\n');
    expect(on.run('fio --name=a --rw=wrote').stdout).to.match(/^ {8}valid values: read {7}Seq/);
    expect(said('fio --name=a --iodepth=0')).to.equal(
      'iodepth: min value out of range: 0 (1 min)\nfio: failed parsing iodepth=0\n',
    );
    expect(said('fio --name=a --direct=3')).to.equal(
      'max value out of range: 3 (1 max)\nfio: failed parsing direct=3\n',
    );
    expect(said('fio --name=a --numjobs=x')).to.equal('fio: failed parsing numjobs=x\n');
    expect(said('fio --name=a --size')).to.match(/^fio: option '--size' requires an argument\n/);
    expect(said('fio --name=a --ioengine=foo')).to.equal(
      'fio: engine foo not loadable\nfio: failed to load engine\n',
    );
    expect(said('fio --bs=4k')).to.equal('No job(s) defined\n\n');
    expect(said('fio nothing.fio')).to.equal("fio: unable to open 'nothing.fio' job file\n");
    expect(said('fio --name=a --output-format=xx')).to.equal(
      'fio: invalid output format xx\nfio: failed parsing output-format\n',
    );
    for (const one of ['--zonemode=strided', '--verify=crc32c', '--rw=trim', '--debug=io']) {
      expect(on.run(`fio --name=a ${one}`).problem?.kind, one).to.equal('not-modelled');
    }
    for (const [one, instead] of [
      ['--zonerange=4m', 'use --zonemode=zbd'],
      ['--verify=crc32c', 'compare with cmp'],
      ['--rate=1m', '--thinktime'],
      ['--ioengine=io_uring_cmd', 'there are psync'],
      ['--ramp_time=1', 'leave it out'],
    ] as const) {
      expect(on.run(`fio --name=a ${one}`).problem, one)
        .to.have.property('hint')
        .that.includes(instead);
    }
    const timeless = on.run(job('--rw=read --time_based --runtime=1 --size=4k'));
    expect(timeless.problem?.kind).to.equal('not-modelled');
  });

  it('job files: sections, what is global, comments, and what is wrong with them', () => {
    const on = machine();
    const write = (...lines: string[]): void => {
      lines.forEach((line, i) => {
        expect(on.run(`echo '${line}' ${i === 0 ? '>' : '>>'} /root/j.fio`).exit).to.equal(0);
      });
    };
    write('; two jobs', '[global]', 'bs=4k', 'rw=write', 'filename=/dev/nullb0', '[a]', 'size=8k');
    write2(on, '# more', '[b]', 'size=4k', 'stonewall', 'numjobs=2');
    const { stdout, exit } = on.run('fio /root/j.fio');
    expect(exit).to.equal(0);
    expect(stdout).to.include('Starting 3 processes\n');
    expect(stdout).to.match(/\nb: \(g=1\): rw=write.*\n\.\.\.\nfio-3\.33/);
    write('[a]', 'foo=1');
    expect(on.run('fio /root/j.fio').stderr).to.match(
      /^Bad option <foo=1>\n(?:Did you mean .*\n)?fio: job a dropped\n$/,
    );
    write('[a]', '', 'zonemode=strided');
    expect(on.run('fio /root/j.fio').problem)
      .to.have.property('what')
      .that.equals('fio --zonemode=strided in /root/j.fio:3');
    write('foo=1');
    expect(on.run('fio /root/j.fio').stderr).to.equal(
      'fio: option <foo=1> outside of [] job section\n',
    );
  });
});

function write2(on: Machine, ...lines: string[]): void {
  for (const line of lines) on.run(`echo '${line}' >> /root/j.fio`);
}

describe('fio on files', () => {
  function mounted(kernel = 'v5.12'): Machine {
    const on = new Machine({ kernel, disks: { nullb0: ZONED } });
    on.run('mkzonefs -f /dev/nullb0');
    expect(on.mount('/dev/nullb0', '/mnt', 'zonefs').ok).to.equal(true);
    return on;
  }
  const append = '--direct=1 --file_append=1 --allow_file_create=0 --fallocate=none';

  it('lays out what is missing by unlinking it first, which zonefs refuses', () => {
    const run = mounted().run(
      'fio --name=z --filename=/mnt/seq/0 --rw=write --size=256k --direct=1',
    );
    expect(run.exit).to.equal(1);
    expect(run.stderr).to.equal(
      'fio: pid=0, err=1/file:filesetup.c:150, func=unlink, error=Operation not permitted\n',
    );
  });

  it('appends at the end of zonefs files, each job its own, and the sync engine waits inside its calls', () => {
    const on = mounted();
    const ops = (): Set<number> =>
      new Set(
        [...on.trace.records(0, on.trace.length)]
          .filter(({ kind, op }) => kind === 'bioQueue' && op !== 0)
          .map(({ op }) => op),
      );
    const start = on.trace.length;
    const run = on.run(
      `fio --name=z '--filename_format=/mnt/seq/$jobnum' --numjobs=3 --rw=write --size=256k --bs=64k ${append} --ioengine=libaio --iodepth=2`,
    );
    expect(run.exit, run.stderr).to.equal(0);
    for (const file of [0, 1, 2]) {
      expect(on.run(`stat -c %s /mnt/seq/${file}`).stdout).to.equal('262144\n');
    }
    expect(start).to.be.below(on.trace.length);
    expect(ops().has(7), 'asynchronous writes are regular ones').to.equal(false);
    on.run(`fio --name=z --filename=/mnt/seq/0 --rw=write --size=64k --bs=64k ${append}`);
    expect(ops().size).to.be.above(1);
  });

  it('writes past the end of a zone fail as they do for everybody', () => {
    const on = mounted('v6.12');
    const run = on.run(`fio --name=z --filename=/mnt/seq/0 --rw=write --size=5M --bs=1M ${append}`);
    expect(run.exit).to.equal(1);
    expect(run.stderr).to.equal(
      'fio: io_u error on file /mnt/seq/0: File too large: write offset=4194304, buflen=1048576\n',
    );
    expect(run.stdout).to.include('issued rwts: total=0,5,0,0 short=0,0');
  });

  it('goes on where a short write stopped, and counts what was sent twice as fio 3.33 does', () => {
    // Up to 5.13 a synchronous write of zonefs is one append, and an append is no longer than the disk takes.
    const run = mounted('v5.12').run(
      `fio --name=z --filename=/mnt/seq/0 --rw=write --size=1M --bs=256k ${append}`,
    );
    expect(run.exit, run.stderr).to.equal(0);
    expect(run.stdout).to.include('issued rwts: total=0,7,0,0 short=0,5,0,0');
  });

  it('syncs as often as told, and at the end', () => {
    const on = mounted();
    const run = on.run(
      `fio --name=z --filename=/mnt/seq/0 --rw=write --size=64k --bs=4k --fsync=4 --end_fsync=1 ${append}`,
    );
    expect(run.stdout).to.include('issued rwts: total=0,16,0,3');
    const syncs = [...on.trace.records(0, on.trace.length)].filter(
      ({ kind, device, comm }) => kind === 'syscall' && device === 'fsync' && comm === 'fio',
    );
    expect(syncs).to.have.length(4);
  });

  it('reads back what it wrote through a cache and past it', () => {
    const on = machine({ size: 512, memory_backed: 1 });
    on.run('mkfs.btrfs -q -f /dev/nullb0');
    const mount = on.mount('/dev/nullb0', '/mnt', 'btrfs');
    if (!mount.ok) return;
    const run = on.run('fio --name=f --directory=/mnt --rw=randwrite --size=1M --bs=4k');
    expect(run.exit, run.stderr).to.equal(0);
    expect(on.run('stat -c %s /mnt/f.0.0').stdout).to.equal('1048576\n');
    expect(on.run('fio --name=f --directory=/mnt --rw=read --size=1M --bs=64k').exit).to.equal(0);
  });
});
