import { expect } from 'chai';
import { Flag, Op } from '../../src/block/bio.ts';
import { PatternPayload } from '../../src/block/payload.ts';
import { predict } from '../../src/block/profiles/predict.ts';
import type { ProfileName } from '../../src/block/profiles/profile.ts';
import { profiles } from '../../src/block/profiles/profiles.ts';
import { Status } from '../../src/block/status.ts';
import { O } from '../../src/fs/inode.ts';
import { Machine, type MachineOptions } from '../../src/machine.ts';
import { NO_COSTS } from '../../src/sim/cpu.ts';
import { Completion, type Task } from '../../src/sim/task.ts';

const DISK = {
  size: 256,
  zoned: 1,
  zone_size: 4,
  zone_nr_conv: 1,
  memory_backed: 1,
  blocksize: 4096,
};
const ZONE_BYTES = 4 * 1024 * 1024;
const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'.repeat(2);

function machine(
  kernel: string,
  profile: ProfileName | null,
  more: Partial<MachineOptions> = {},
): Machine {
  const disk = profile === null ? DISK : { ...DISK, profile };
  return new Machine({ kernel, disks: { nullb0: disk }, ...more });
}

function* writer(
  host: Machine,
  zone: number,
  count: number,
  bytes = 4096,
  path = '/dev/nullb0',
): Task<void> {
  const { vfs } = host;
  const process = vfs.newProcess('writer');
  const fd = yield* vfs.open(process, path, O.WRONLY | O.DIRECT);
  for (let i = 0; i < count; i += 1) {
    const data = new PatternPayload(zone, i * bytes, bytes);
    const written = yield* vfs.pwrite(process, fd, data, zone * ZONE_BYTES + i * bytes);
    if (written !== bytes) throw new Error(`pwrite expected ${bytes}, got ${written}`);
  }
  yield* vfs.close(process, fd);
}

/** Runs tasks side by side to their ends; returns how long that took. */
function run(host: Machine, tasks: readonly Task<void>[]): number {
  const { loop, tasks: all } = host.host;
  const start = loop.nowNs;
  function* to(task: Task<void>, end: Completion): Task<void> {
    try {
      yield* task;
    } finally {
      end.complete();
    }
  }
  function* main(): Task<void> {
    const ends = tasks.map(() => new Completion());
    const runners = tasks.map((task, at) => all.spawn('writer', to(task, ends[at]!)));
    for (const end of ends) yield* end.wait();
    for (const { failure } of runners) if (failure !== null) throw failure;
  }
  host.call(main());
  return loop.nowNs - start;
}

function zones(host: Machine, count: number, writes: number, bytes?: number): Task<void>[] {
  return Array.from({ length: count }, (_, i) => writer(host, i + 1, writes, bytes));
}

/** A trace as text. */
function traceText(host: Machine): string {
  return [...host.trace.records()].map((record) => JSON.stringify(record)).join('\n');
}

/** Sends writes with one io_submit(2), without a gap; returns what each got. */
function* submitAll(
  host: Machine,
  path: string,
  sizes: readonly number[],
): Task<readonly number[]> {
  const { vfs } = host;
  const process = vfs.newProcess('writer');
  const fd = yield* vfs.open(process, path, O.WRONLY | O.DIRECT);
  let offset = ZONE_BYTES;
  const writes = sizes.map((bytes) => {
    const at = offset;
    offset += bytes;
    return { offset: at, data: new PatternPayload(1, at, bytes) };
  });
  const results = yield* vfs.aioWrite(process, fd, writes);
  yield* vfs.close(process, fd);
  return results;
}

function onCrypt(
  kernel: string,
  profile: ProfileName | null,
  more: Partial<MachineOptions> = {},
): Machine {
  const host = machine(kernel, profile, more);
  host.createMapping('c0', `0 ${DISK.size * 2048} crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0`);
  return host;
}

const PROFILES = ['null_blk', 'zn540', 'smr-hdd'] as const;

describe('a disk with a clock', () => {
  it('none: nothing takes time', () => {
    const host = machine('v6.12', null);
    expect(run(host, zones(host, 3, 10))).to.equal(0);
    expect(host.waits).to.equal(null);
    expect(host.diskUse('nullb0')).to.equal(null);
  });

  it('a profile alone costs no CPU; costs alone no time at the device', () => {
    const profiled = machine('v6.12', 'zn540');
    run(profiled, zones(profiled, 1, 10));
    expect(Object.values(profiled.waits!.cpuNs)).to.deep.equal([0, 0, 0, 0]);
    expect(profiled.waits!.waitNs.device).to.be.above(100_000);
    const costly = machine('v6.12', null, { costs: 'default' });
    run(costly, zones(costly, 1, 10));
    expect(costly.waits!.waitNs.device).to.equal(0);
    expect(costly.waits!.cpuNs.call).to.be.above(0);
  });

  for (const profile of PROFILES) {
    it(`${profile}: what it was busy and idle adds up to what has elapsed`, () => {
      const host = machine('v6.12', profile, { costs: 'default' });
      run(host, zones(host, 4, 20));
      host.run('sleep 0.01');
      const use = host.diskUse('nullb0')!;
      expect(use.busyNs + use.idleNs).to.equal(use.elapsedNs);
      expect(use.elapsedNs).to.equal(host.host.loop.nowNs);
      expect(use.idleNs).to.be.at.least(10_000_000);
      expect(use.bytes).to.be.at.least(80 * 4096);
    });

    it(`${profile}: same seed, same trace, and time never goes back`, () => {
      const traces = [0, 1].map(() => {
        const host = machine('6.1.192', profile, { costs: 'default' });
        run(host, zones(host, 5, 12));
        return host;
      });
      expect(traceText(traces[0]!)).to.equal(traceText(traces[1]!));
      let before = 0;
      for (const { timeNs } of traces[0]!.trace.records()) {
        expect(timeNs).to.be.at.least(before);
        expect(Number.isInteger(timeNs)).to.equal(true);
        before = timeNs;
      }
    });

    it(`${profile}: one writer at QD1 writes as fast as its latency allows`, () => {
      const host = machine('v6.12', profile, { costs: 'default' });
      const elapsed = run(host, zones(host, 1, 200));
      let inCalls = 0;
      const begun = new Map<number, number>();
      for (const record of host.trace.records()) {
        if (record.kind === 'syscall' && record.device === 'pwrite') {
          begun.set(record.index, record.timeNs);
        }
        if (record.kind === 'syscallEnd' && record.device === 'pwrite') {
          inCalls += record.timeNs - begun.get(record.bio)!;
        }
      }
      expect(inCalls / elapsed).to.be.within(0.98, 1);
    });
  }

  for (const kernel of ['5.10.262', '6.1.192', '6.12.117', '7.3.4']) {
    it(`${kernel}: writes to one zone go one after another, to four side by side`, () => {
      const one = machine(kernel, 'zn540', { costs: 'default' });
      one.call(submitAll(one, '/dev/nullb0', [4096, 4096]));
      expect(one.diskUse('nullb0')!.mostAtOnce).to.equal(1);
      const four = machine(kernel, 'zn540', { costs: 'default' });
      run(four, zones(four, 4, 8));
      expect(four.diskUse('nullb0')!.mostAtOnce).to.equal(4);
      expect(four.dmesg().filter((line) => line.includes('error'))).to.deep.equal([]);
    });
  }

  it('counts who waits: the zone lock to 6.9, the write plug from 6.10 on', () => {
    for (const [kernel, place] of [
      ['v6.1', 'zone-lock'],
      ['v6.12', 'plug'],
    ] as const) {
      const host = machine(kernel, 'zn540');
      const results = host.call(submitAll(host, '/dev/nullb0', [65536, 4096]));
      expect(results).to.deep.equal([65536, 4096]);
      const { waitNs, waited } = host.waits!;
      expect(waited[place], kernel).to.equal(1);
      expect(waitNs[place], kernel).to.be.above(30_000);
    }
  });

  it('through dm-crypt 5.14 to 6.9 writes wait for the zone lock of device mapper', () => {
    const host = onCrypt('v6.1', 'zn540', { costs: 'default' });
    expect(host.call(submitAll(host, '/dev/mapper/c0', [65536, 4096]))).to.deep.equal([
      65536, 4096,
    ]);
    expect(host.waits!.waited['dm-lock']).to.equal(1);
    expect(host.waits!.waitNs['dm-lock']).to.be.above(30_000);
  });

  it('mq-deadline joins writes that wait behind another of their zone', () => {
    const host = machine('v6.1', 'zn540');
    const sizes = Array.from({ length: 8 }, () => 4096);
    function* alone(at: number): Task<void> {
      const { vfs } = host;
      const process = vfs.newProcess('writer');
      const fd = yield* vfs.open(process, '/dev/nullb0', O.WRONLY | O.DIRECT);
      const data = new PatternPayload(1, at, 4096);
      const written = yield* vfs.pwrite(process, fd, data, ZONE_BYTES + at);
      if (written !== 4096) throw new Error(`pwrite expected 4096, got ${written}`);
      yield* vfs.close(process, fd);
    }
    run(
      host,
      sizes.map((_, i) => alone(i * 4096)),
    );
    expect(host.diskUse('nullb0')!.commands).to.equal(2);
  });

  it('an attribute of the model: the driver is not asked about it, and wrong names are told', () => {
    expect(() => machine('v6.12', 'zn541' as ProfileName)).to.throw(
      '"profile" expected null_blk, zn540',
    );
    const costs = { syscall: 1 } as Partial<MachineOptions['costs'] & object>;
    expect(() => machine('v6.12', null, { costs })).to.throw('there is no "syscall"');
    expect(() => machine('v6.12', null, { costs: { callNs: -1 } })).to.throw('0 or more');
  });

  it('appends to one zone make the arm of a disk jump no more than writes do', () => {
    const rates = [Op.write, Op.zoneAppend].map((op) =>
      perSecond(machine('v6.12', 'smr-hdd'), op, 1),
    );
    expect(rates[1]! / rates[0]!).to.be.within(0.99, 1.01);
  });

  it('a reboot keeps profile and costs, and time begins anew', () => {
    const host = machine('v6.12', 'zn540', { costs: 'default' });
    run(host, zones(host, 1, 4));
    const next = host.reboot();
    expect(next.diskUse('nullb0')!.commands).to.equal(0);
    run(next, [writer(next, 2, 4)]);
    expect(next.waits!.waitNs.device).to.be.above(40_000);
  });
});

/** Keeps `depth` bios of 4 KiB to one zone under way until `count` have ended; returns what each second saw. */
function perSecond(
  host: Machine,
  op: typeof Op.write | typeof Op.zoneAppend,
  depth: number,
): number {
  const { block } = host;
  const device = block.devices.get('nullb0')!;
  const count = 400;
  let sent = 0;
  const send = (): void => {
    if (sent === count) return;
    const bio = block.newBio(device);
    bio.op = op;
    bio.sector = ZONE_BYTES / 512 + (op === Op.write ? sent * 8 : 0);
    bio.sectors = 8;
    bio.payload = new PatternPayload(1, sent * 4096, 4096);
    bio.flags |= Flag.noMerge;
    bio.onEnd = (ended) => {
      if (ended.status !== Status.ok)
        throw new Error(`bio expected to end well, got ${ended.status}`);
      send();
    };
    sent += 1;
    device.submit(bio);
  };
  const { loop } = host.host;
  const start = loop.nowNs;
  for (let i = 0; i < depth; i += 1) send();
  while (loop.step()) {
    // Until all have ended.
  }
  return (count / (loop.nowNs - start)) * 1e9;
}

describe('one zone of a ZN540 in a machine', () => {
  for (const kernel of ['v5.12', 'v6.12']) {
    it(`${kernel}: appends lose to writes at QD1 and beat them at QD 2 and 4, because many are under way`, () => {
      const rate = (op: typeof Op.write | typeof Op.zoneAppend, depth: number): number => {
        const host = machine(kernel, 'zn540');
        const result = perSecond(host, op, depth);
        const { mostAtOnce } = host.diskUse('nullb0')!;
        expect(mostAtOnce).to.equal(op === Op.zoneAppend ? depth : 1);
        return result;
      };
      expect(rate(Op.zoneAppend, 1)).to.be.below(rate(Op.write, 1));
      for (const depth of [2, 4]) {
        expect(rate(Op.zoneAppend, depth)).to.be.above(rate(Op.write, depth) * 1.1);
      }
    });
  }

  it('as fast as its profile says without a kernel around it', () => {
    for (const [op, depth] of [
      ['write', 1],
      ['append', 1],
      ['append', 4],
    ] as const) {
      const host = machine('v6.12', 'zn540');
      const got = perSecond(host, op === 'write' ? Op.write : Op.zoneAppend, depth);
      const path = 'none' as const;
      const { iops } = predict(
        profiles.zn540,
        { op, bytes: 4096, queueDepth: depth, path },
        NO_COSTS,
      );
      expect(got / iops, `${op} QD${depth}`).to.be.within(0.95, 1.05);
    }
  });
});

describe('a machine and the loop its costs were fitted with', () => {
  const PATHS = { 'v6.1': 'mq-deadline-lock', 'v6.12': 'plug' } as const;
  for (const profile of PROFILES) {
    it(`${profile}: agree on a lone writer of 4 and 128 KiB`, () => {
      for (const kernel of ['v6.1', 'v6.12'] as const) {
        for (const bytes of [4096, 128 * 1024]) {
          // Enough to fill what buffers: predict() tells what lasts. 128 MiB is where the second zone begins.
          const disk = { ...DISK, size: 512, zone_size: 128, profile };
          const host = new Machine({
            kernel,
            disks: { nullb0: disk },
            costs: 'default',
            trace: false,
          });
          const count = 600;
          const elapsed = run(host, [writer(host, 32, count, bytes)]);
          const { meanNs } = predict(profiles[profile], {
            op: 'write',
            bytes,
            queueDepth: 1,
            path: PATHS[kernel],
            maxRequestBytes: 124 * 1024,
          });
          expect(elapsed / count / meanNs, `${kernel} ${bytes}`).to.be.within(0.8, 1.25);
        }
      }
    });
  }
});

describe('a write that must be cut and one right behind it', () => {
  for (const kernel of ['v5.12', 'v6.1', 'v6.12', '6.12.117', '7.3.4']) {
    it(`${kernel}: both land, on the disk and on dm-crypt, with time and without`, () => {
      for (const costs of [{}, { costs: 'default' as const }]) {
        const sizes = [1024 * 1024, 4096];
        const plain = machine(kernel, null, costs);
        expect(plain.call(submitAll(plain, '/dev/nullb0', sizes))).to.deep.equal(sizes);
        const crypt = onCrypt(kernel, null, costs);
        expect(crypt.call(submitAll(crypt, '/dev/mapper/c0', sizes))).to.deep.equal(sizes);
      }
    });
  }
});

describe('dm-crypt on a machine with time', () => {
  const SIZES = [1024 * 1024, 4096, 4096, 4096];

  for (const kernel of ['v5.12', 'v6.1', 'v6.12']) {
    it(`${kernel}: encrypts inline, so writes keep their order however long each takes`, () => {
      const host = onCrypt(kernel, 'zn540', { costs: 'default' });
      expect(host.call(submitAll(host, '/dev/mapper/c0', SIZES.slice(0, 2)))).to.deep.equal(
        SIZES.slice(0, 2),
      );
      const cost = host.waits!.cpuNs.crypt;
      expect(cost).to.be.above(300_000);
      expect(host.waits!.cryptBytes).to.equal(1024 * 1024 + 4096);
    });
  }

  it('crypt-write-workqueue: a short write overtakes a long one, is unaligned and fails', () => {
    const host = onCrypt('v5.12+crypt-write-workqueue', 'zn540', { costs: 'default' });
    const results = host.call(submitAll(host, '/dev/mapper/c0', SIZES));
    expect(results[0]).to.equal(1024 * 1024);
    expect(results.slice(1).every((result) => result < 0)).to.equal(true);
    expect(host.dmesg().some((line) => line.includes('I/O error, dev nullb0'))).to.equal(true);
    expect(host.waits!.waited['crypt-queue']).to.equal(SIZES.length);
  });

  for (const kernel of ['v6.1', 'v6.12']) {
    it(`crypt-write-workqueue on ${kernel}: one write per zone above dm-crypt keeps the order`, () => {
      const host = onCrypt(`${kernel}+crypt-write-workqueue`, 'zn540', { costs: 'default' });
      expect(host.call(submitAll(host, '/dev/mapper/c0', SIZES))).to.deep.equal(SIZES);
    });
  }

  it('crypt-write-workqueue without time: workers end in the order they began', () => {
    const host = onCrypt('v5.12+crypt-write-workqueue', null);
    expect(host.call(submitAll(host, '/dev/mapper/c0', SIZES))).to.deep.equal(SIZES);
  });

  it('the null cipher costs less than one that computes', () => {
    const cost = (cipher: string, key: string): number => {
      const host = machine('v6.12', null, { costs: 'default' });
      host.createMapping('c0', `0 ${DISK.size * 2048} crypt ${cipher} ${key} 0 /dev/nullb0 0`);
      run(host, [writer(host, 1, 4, 65536, '/dev/mapper/c0')]);
      return host.waits!.cpuNs.crypt;
    };
    expect(cost('cipher_null-ecb', '-')).to.be.below(cost('aes-xts-plain64', KEY));
  });
});
