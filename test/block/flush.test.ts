import { expect } from 'chai';
import { PatternPayload, samePayload } from '../../src/block/payload.ts';
import { Machine } from '../../src/machine.ts';
import { PowerOff } from '../../src/sim/task.ts';

const SHAPE = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 } as const;
const CACHE = '/sys/block/nullb0/queue/write_cache';

/** Recorded: null_blk with and without cache_size. 0x20000 in the flags of a failed write is REQ_FUA. */
function machine(kernel: string, cached: boolean): Machine {
  return new Machine({ kernel, disks: { nullb0: cached ? { ...SHAPE, cache_size: 16 } : SHAPE } });
}

/** generic_write_sync() at the end of a write with O_DSYNC flushes the device whether it knows FUA or not. */
const AFTER_DSYNC = ['D F 0+0 0', 'C F 0+0 0', 'C W 0+0 0'];

function cacheOf(on: Machine): string {
  return on.run(`cat ${CACHE} /sys/block/nullb0/queue/fua`).stdout.replaceAll('\n', ' ').trim();
}

/** Requests as they were issued and ended, without those before `from`. */
function requests(on: Machine, from: number): string[] {
  return [...on.trace.records(from, on.trace.length)].flatMap(({ kind, op, sector, sectors, a }) =>
    kind === 'rqIssue' || kind === 'rqComplete'
      ? [`${kind === 'rqIssue' ? 'D' : 'C'} ${op === 2 ? 'F' : 'W'} ${sector}+${sectors} ${a}`]
      : [],
  );
}

const write = (block: number, more = ''): string =>
  `dd if=/dev/pattern/3 of=/dev/nullb0 bs=4k count=1 seek=${block} oflag=direct${more} conv=notrunc`;

/** Is the first block of pattern `seed` at block `block` of the disk? */
function holds(on: Machine, block: number, seed: number): boolean {
  const got = on.disks.get('nullb0')!.store.read(block * 8, 8);
  return samePayload(got, new PatternPayload(seed, 0, 4096));
}

function fails(on: Machine, op: 'flush' | 'write'): void {
  on.faults('nullb0').arm({ op, deed: { kind: 'status', status: 'ioerr', done: false } });
}

function linesOf(on: Machine, command: string): { exit: number; lines: readonly string[] } {
  const before = on.log.lines.length;
  const { exit } = on.run(command);
  return { exit, lines: on.log.since(before).filter((line) => line.includes('error, dev')) };
}

describe('flushes of a request queue', () => {
  it('a cache the disk does not have can be switched on up to 6.5 only; later that is refused, then ignored', () => {
    const kernels = [
      ['5.10.262', 0, 'write back 0'],
      ['v6.5', 0, 'write back 0'],
      ['6.1.192', 1, 'write through 0'],
      ['v6.10', 1, 'write through 0'],
      ['6.12.117', 0, 'write through 0'],
      ['7.3.4', 0, 'write through 0'],
    ] as const;
    for (const [kernel, exit, after] of kernels) {
      const on = machine(kernel, false);
      expect(cacheOf(on), kernel).to.equal('write through 0');
      expect(on.run(`echo "write back" > ${CACHE}`).exit, kernel).to.equal(exit);
      expect(cacheOf(on), kernel).to.equal(after);
    }
  });

  it('a cache it has is on, and goes off and on again on every kernel', () => {
    for (const kernel of ['5.10.262', '6.1.192', '6.12.117', '7.3.4']) {
      const on = machine(kernel, true);
      expect(cacheOf(on), kernel).to.equal('write back 1');
      for (const state of ['write through', 'write back']) {
        expect(on.run(`echo "${state}" > ${CACHE}`).exit, kernel).to.equal(0);
        expect(cacheOf(on), kernel).to.equal(`${state} 1`);
      }
    }
  });

  it('a flush is a request without a place; the empty write that asked for it ends after it', () => {
    const on = machine('6.12.117', true);
    const from = on.trace.length;
    expect(on.run('sync /dev/nullb0').exit).to.equal(0);
    expect(requests(on, from)).to.deep.equal(['D F 0+0 0', 'C F 0+0 0', 'C W 0+0 0']);
  });

  it('a flush that fails is logged as that write, which asks for none any more', () => {
    for (const [kernel, prefix, prio] of [
      ['5.10.262', 'blk_update_request: ', 0],
      ['6.1.192', '', 2],
      ['6.12.117', '', 2],
      ['7.3.4', '', 2],
    ] as const) {
      const on = machine(kernel, true);
      fails(on, 'flush');
      const { exit, lines } = linesOf(on, 'sync /dev/nullb0');
      expect(exit).to.equal(1);
      expect(lines).to.deep.equal([
        `${prefix}I/O error, dev nullb0, sector 0 op 0x1:(WRITE) flags 0x800 phys_seg 0 prio class ${prio}`,
      ]);
    }
  });

  it('on a disk without FUA a durable write is followed by a flush', () => {
    const on = machine('5.10.262', false);
    on.run(`echo "write back" > ${CACHE}`);
    const from = on.trace.length;
    expect(on.run(write(2, ',dsync')).exit).to.equal(0);
    expect(requests(on, from)).to.deep.equal([
      'D W 16+8 0',
      'C W 16+8 0',
      'D F 0+0 0',
      'C F 0+0 0',
      'C W 16+0 0',
      ...AFTER_DSYNC,
    ]);
  });

  it('and fails with it; its data that fails is logged twice, since all of it ends once more', () => {
    const line = (sector: number): string =>
      `blk_update_request: I/O error, dev nullb0, sector ${sector} op 0x1:(WRITE) flags 0x8800 phys_seg 1 prio class 0`;
    const on = machine('5.10.262', false);
    on.run(`echo "write back" > ${CACHE}`);
    fails(on, 'flush');
    expect(linesOf(on, write(2, ',dsync'))).to.deep.equal({ exit: 1, lines: [line(16)] });
    fails(on, 'write');
    expect(linesOf(on, write(10, ',dsync'))).to.deep.equal({
      exit: 1,
      lines: [line(80), line(80)],
    });
  });

  it('on a disk with FUA it is one request that says so', () => {
    const on = machine('5.10.262', true);
    expect(on.run(write(8)).exit).to.equal(0);
    const from = on.trace.length;
    expect(on.run(write(2, ',dsync')).exit).to.equal(0);
    expect(requests(on, from)).to.deep.equal(['D W 16+8 0', 'C W 16+8 0', ...AFTER_DSYNC]);
    fails(on, 'write');
    expect(linesOf(on, write(10, ',dsync')).lines).to.deep.equal([
      'blk_update_request: I/O error, dev nullb0, sector 80 op 0x1:(WRITE) flags 0x28800 phys_seg 1 prio class 0',
    ]);
  });

  it('a durable write stays where an earlier one, even under it, is lost', () => {
    const on = machine('v6.12', true);
    expect(on.run(write(3)).exit).to.equal(0);
    expect(on.run(write(4)).exit).to.equal(0);
    on.faults('nullb0').arm({ op: 'flush', deed: { kind: 'power-cut' } });
    // Behind the write itself comes the flush of its call.
    expect(() => on.run(write(3, ',dsync').replace('pattern/3', 'pattern/9'))).to.throw(PowerOff);
    const next = on.reboot({ how: 'power-cut' });
    expect([holds(next, 3, 9), holds(next, 4, 3)]).to.deep.equal([true, false]);
  });

  it('the attribute changes nothing about the disk: believed to write through, it is flushed no more', () => {
    for (const [state, kept] of [
      ['write back', true],
      ['write through', false],
    ] as const) {
      const on = machine('v6.12', true);
      on.run(`echo "${state}" > ${CACHE}`);
      expect(on.run(write(2)).exit).to.equal(0);
      expect(on.run('sync /dev/nullb0').exit).to.equal(0);
      expect(holds(on.reboot({ how: 'power-cut' }), 2, 3), state).to.equal(kept);
    }
    const none = machine('5.10.262', false);
    none.run(`echo "write back" > ${CACHE}`);
    expect(none.run(write(2)).exit).to.equal(0);
    expect(holds(none.reboot({ how: 'power-cut' }), 2, 3)).to.equal(true);
  });

  it('takes the time of the disk: on a hard disk all that is cached goes to the media, and the arm stays', () => {
    const disk = { ...SHAPE, cache_size: 16, profile: 'smr-hdd' } as const;
    const on = new Machine({ kernel: 'v6.12', disks: { nullb0: disk } });
    on.run('dd if=/dev/pattern/1 of=/dev/nullb0 bs=1M count=2 seek=16 oflag=direct conv=notrunc');
    const flushed = on.host.loop.nowNs;
    on.run('sync /dev/nullb0');
    // 2 MiB at 249 MB/s; the link took them in 3.8 ms.
    expect(on.host.loop.nowNs - flushed).to.be.greaterThan(1_000_000);
    const before = on.host.loop.nowNs;
    on.run('dd if=/dev/pattern/1 of=/dev/nullb0 bs=4k count=1 seek=4608 oflag=direct conv=notrunc');
    // No jump (427 us), which would have been one had the flush gone to sector 0.
    on.run('sync /dev/nullb0');
    expect(on.host.loop.nowNs - before).to.be.lessThan(200_000);
  });
});
