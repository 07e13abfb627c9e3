import { expect } from 'chai';
import * as fc from 'fast-check';
import { FAULT_STATUSES, type Fault, type FaultStatus } from '../../src/block/faults.ts';
import { PatternPayload, samePayload } from '../../src/block/payload.ts';
import { statusToErrno } from '../../src/block/status.ts';
import { O } from '../../src/fs/inode.ts';
import { Machine, MachineError, SystemCallError } from '../../src/machine.ts';
import { Seeded } from '../../src/sim/schedule.ts';
import { PowerOff } from '../../src/sim/task.ts';

const ZONE = 4 * 2 ** 20;
const BLOCK = 4096;

function machine(kernel = 'v6.12', cache = false): Machine {
  const on = new Machine({
    kernel,
    disks: {
      nullb0: {
        size: 32,
        zoned: 1,
        zone_size: 4,
        zone_nr_conv: 2,
        memory_backed: 1,
        ...(cache ? { cache_size: 1 } : {}),
      },
    },
  });
  return on;
}

/** Writes block `block` of zone `zone` straight to the disk; 0 or a negative errno. */
function write(on: Machine, zone: number, block: number): number {
  const file = on.open('/dev/nullb0', O.RDWR | O.DIRECT);
  try {
    file.pwrite(new PatternPayload(zone, block * BLOCK, BLOCK), zone * ZONE + block * BLOCK);
    return 0;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    return -1;
  } finally {
    if (!on.powerIsOff) file.close();
  }
}

const wp = (on: Machine, zone: number): number => on.disks.get('nullb0')!.wp[zone]! / 8;

function failed(on: Machine, zone: number, block: number): boolean {
  return write(on, zone, block) !== 0;
}

describe('planned faults of a disk', () => {
  it('each status ends the request as the kernel tells it, and nothing is written', () => {
    for (const status of Object.keys(FAULT_STATUSES) as FaultStatus[]) {
      const on = machine();
      on.faults('nullb0').arm({ op: 'write', deed: { kind: 'status', status, done: false } });
      const run = on.run(
        'dd if=/dev/pattern/1 of=/dev/nullb0 bs=4k count=1 seek=2048 oflag=direct',
      );
      expect(run.exit, status).to.equal(1);
      expect(wp(on, 2), status).to.equal(0);
      expect(on.dmesg().join('\n'), status).to.match(
        /error, dev nullb0, sector 16384 op 0x1:\(WRITE\)/,
      );
      expect(statusToErrno(FAULT_STATUSES[status])).to.be.below(0);
      expect(on.faults('nullb0').empty).to.equal(true);
    }
  });

  it('a device that is gone has a word for it from 5.18 on; before, it is an I/O error', () => {
    const deed = { kind: 'status', status: 'offline', done: false } as const;
    const lineOf = (kernel: string): string | undefined => {
      const on = machine(kernel);
      on.faults('nullb0').arm({ op: 'read', deed });
      const run = on.run('dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct');
      return `${run.stderr.split('\n')[0]}; ${on.dmesg().at(-1)?.split(',')[0]}`;
    };
    expect(lineOf('v5.15')).to.equal(
      "dd: error reading '/dev/nullb0': Input/output error; blk_update_request: I/O error",
    );
    expect(lineOf('v6.1')).to.equal(
      "dd: error reading '/dev/nullb0': No such device; device offline error",
    );
  });

  it('a request that was done all the same has moved the pointer', () => {
    const on = machine();
    on.faults('nullb0').arm({ op: 'write', deed: { kind: 'status', status: 'ioerr', done: true } });
    expect(failed(on, 2, 0)).to.equal(true);
    expect(wp(on, 2)).to.equal(1);
  });

  it('befalls the request it says: of its zone and kind, after so many, so often', () => {
    const input = fc.record({
      zone: fc.option(fc.integer({ min: 2, max: 4 }), { nil: undefined }),
      after: fc.integer({ min: 0, max: 6 }),
      times: fc.integer({ min: 1, max: 3 }),
      zones: fc.array(fc.integer({ min: 2, max: 4 }), { maxLength: 12 }),
    });
    fc.assert(
      fc.property(input, ({ zone, after, times, zones }) => {
        const on = machine('v5.12');
        const deed = { kind: 'status', status: 'ioerr', done: true } as const;
        const fault: Fault = { op: 'write', after, times, deed };
        on.faults('nullb0').arm(zone === undefined ? fault : { ...fault, zone });
        // A zone written in order never fails of itself; done: the next one stands where it should.
        const next = new Map<number, number>();
        const got = zones.map((one) => {
          const block = next.get(one) ?? 0;
          next.set(one, block + 1);
          return failed(on, one, block);
        });
        let matching = 0;
        const wanted = zones.map((one) => {
          if (zone !== undefined && one !== zone) return false;
          matching += 1;
          return matching > after && matching <= after + times;
        });
        expect(got).to.deep.equal(wanted);
      }),
      { numRuns: 40 },
    );
  });

  it('reads, appends, flushes and zone commands are kinds of their own', () => {
    const on = machine('v6.12', true);
    const arm = (op: Fault['op']): void => {
      on.faults('nullb0').clear();
      const deed = { kind: 'status', status: 'ioerr', done: false } as const;
      on.faults('nullb0').arm(op === undefined ? { deed } : { op, deed });
    };
    arm('read');
    expect(write(on, 2, 0)).to.equal(0);
    expect(on.run('dd if=/dev/nullb0 of=/dev/null bs=4k count=1 iflag=direct').exit).to.equal(1);
    arm('zone');
    expect(on.run('blkzone reset -o 16384 -c 1 /dev/nullb0').exit).to.equal(1);
    arm('append');
    expect(write(on, 2, 1)).to.equal(0);
    expect(on.faults('nullb0').empty).to.equal(false);
    arm('flush');
    expect(write(on, 2, 2)).to.equal(0);
    expect(on.run('dd if=/dev/zero of=/dev/nullb0 bs=4k count=1 conv=fsync,notrunc').exit).to.equal(
      1,
    );
    arm(undefined);
    expect(failed(on, 2, 3)).to.equal(true);
  });

  it('a zone that goes under a write fails it, and stays so over a reboot, read-only or offline', () => {
    for (const [condition, shown] of [
      ['read-only', '13(ro)'],
      ['offline', '15(of)'],
    ] as const) {
      const on = machine('v5.12');
      on.faults('nullb0').arm({ zone: 3, deed: { kind: 'condition', condition } });
      expect(write(on, 2, 0)).to.equal(0);
      expect(failed(on, 3, 0)).to.equal(true);
      expect(failed(on, 3, 0)).to.equal(true);
      const report = on.reboot().run('blkzone report -o 24576 -c 1 /dev/nullb0').stdout;
      expect(report, condition).to.include(`zcond:${shown}`);
    }
  });

  it('the power goes before the request is done: only a reboot is left, and the plan stays with the disk', () => {
    const on = machine();
    on.faults('nullb0').arm({ op: 'write', after: 1, deed: { kind: 'power-cut' } });
    on.faults('nullb0').arm({
      op: 'write',
      zone: 5,
      deed: { kind: 'status', status: 'ioerr', done: false },
    });
    expect(write(on, 2, 0)).to.equal(0);
    expect(() => write(on, 2, 1)).to.throw(PowerOff);
    expect(on.powerIsOff).to.equal(true);
    expect(() => on.run('true')).to.throw(PowerOff);
    const next = on.reboot();
    expect(next.powerIsOff).to.equal(false);
    expect(wp(next, 2)).to.equal(1);
    expect(failed(next, 5, 0)).to.equal(true);
  });

  it('whoever sends more in the moment the power goes reaches no disk', () => {
    const on = machine();
    on.run('mkzonefs -f /dev/nullb0');
    on.mount('/dev/nullb0', '/mnt', 'zonefs');
    on.faults('nullb0').arm({ op: 'write', deed: { kind: 'power-cut' } });
    // One call of 2 MiB is many requests.
    const long = 'dd if=/dev/pattern/1 of=/mnt/seq/0 bs=2M count=1 oflag=direct conv=notrunc';
    expect(() => on.run(long)).to.throw(PowerOff);
    expect(wp(on.reboot(), 2)).to.equal(0);
  });

  it('a fault that is a choice happens as the schedule says, and never where it always takes the first', () => {
    const deed = { kind: 'status', status: 'ioerr', done: true } as const;
    const errors = (on: Machine): string => {
      on.faults('nullb0').arm({ op: 'write', times: 100, chosen: true, deed });
      return Array.from({ length: 12 }, (_, block) => (failed(on, 2, block) ? 'x' : '.')).join('');
    };
    expect(errors(machine('v5.12'))).to.equal('............');
    const disks = { nullb0: { size: 32, zoned: 1, zone_size: 4, zone_nr_conv: 2 } };
    const seeded = (seed: number): string =>
      errors(new Machine({ kernel: 'v5.12', disks, schedule: new Seeded(seed) }));
    expect(seeded(1)).to.equal(seeded(1)).and.to.match(/x/).and.to.match(/\./);
    expect(seeded(1)).not.to.equal(seeded(2));
  });

  it('names the disks there are', () => {
    expect(() => machine().faults('nullb1')).to.throw(MachineError, 'there is no disk "nullb1"');
  });
});

describe('the write cache of a disk', () => {
  it('a power cut takes what came after the last flush: writes outside sequential zones and ends of zones', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('zone' as const), zone: fc.integer({ min: 2, max: 4 }) }),
      fc.record({ kind: fc.constant('conventional' as const), block: fc.nat(5), seed: fc.nat(9) }),
      fc.record({ kind: fc.constant('flush' as const) }),
      fc.record({ kind: fc.constant('reset' as const), zone: fc.integer({ min: 2, max: 4 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const on = machine('v6.12', true);
        const file = on.open('/dev/nullb0', O.RDWR | O.DIRECT);
        let now = { wps: new Map<number, number>(), blocks: new Map<number, number>() };
        let durable = { wps: new Map(now.wps), blocks: new Map(now.blocks) };
        for (const one of steps) {
          if (one.kind === 'zone') {
            const at = now.wps.get(one.zone) ?? 0;
            expect(write(on, one.zone, at)).to.equal(0);
            now.wps.set(one.zone, at + 1);
          } else if (one.kind === 'conventional') {
            file.pwrite(new PatternPayload(one.seed + 100, 0, BLOCK), one.block * BLOCK);
            now.blocks.set(one.block, one.seed + 100);
          } else if (one.kind === 'reset') {
            on.run(`blkzone reset -o ${(one.zone * ZONE) / 512} -c 1 /dev/nullb0`);
            now.wps.set(one.zone, 0);
            durable.wps.set(one.zone, 0);
          } else {
            file.fsync();
            durable = { wps: new Map(now.wps), blocks: new Map(now.blocks) };
          }
        }
        const next = on.reboot({ how: 'power-cut' });
        now = durable;
        for (const zone of [2, 3, 4]) expect(wp(next, zone)).to.equal(now.wps.get(zone) ?? 0);
        for (let block = 0; block < 6; block += 1) {
          const got = next.disks.get('nullb0')!.store.read((block * BLOCK) / 512, BLOCK / 512);
          const seed = now.blocks.get(block);
          if (seed === undefined) expect(got.bytes().every((byte) => byte === 0)).to.equal(true);
          else expect(samePayload(got, new PatternPayload(seed, 0, BLOCK))).to.equal(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('without one nothing that was answered is lost, nor after a clean reboot', () => {
    for (const cache of [false, true]) {
      const on = machine('v6.12', cache);
      expect(write(on, 2, 0)).to.equal(0);
      expect(wp(on.reboot({ how: cache ? 'clean' : 'power-cut' }), 2)).to.equal(1);
    }
  });
});
