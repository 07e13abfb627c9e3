import { expect } from 'chai';
import { Accounting } from '../../src/sim/accounting.ts';
import { COST_SOURCES, Cpu, DEFAULT_COSTS, NO_COSTS } from '../../src/sim/cpu.ts';
import { Loop } from '../../src/sim/loop.ts';
import { type Task, Tasks } from '../../src/sim/task.ts';

function setUp(costs: Partial<typeof NO_COSTS> = {}) {
  const loop = new Loop();
  const tasks = new Tasks(loop);
  return { loop, tasks, cpu: new Cpu(loop, tasks, { ...NO_COSTS, ...costs }) };
}

describe('CPU costs', () => {
  it('every default has a source; without costs all are 0', () => {
    for (const [name, [value, source]] of Object.entries(COST_SOURCES)) {
      expect(source, name).to.match(/assumed|measured|2020|v5|NVMeBenchmarks/);
      expect(DEFAULT_COSTS[name as keyof typeof DEFAULT_COSTS]).to.equal(value);
    }
    expect(Object.values(NO_COSTS).every((value) => value === 0)).to.equal(true);
  });

  it('work of one CPU comes one after another, that of two at once', () => {
    const { cpu } = setUp();
    const [one, other] = [{ cpuFreeNs: 0 }, { cpuFreeNs: 0 }];
    const behind: number[] = [];
    for (const context of [one, one, other]) {
      cpu.actOn(
        context,
        () => {
          cpu.charge('block', 100);
          behind.push(cpu.behindNs);
        },
        null,
      );
    }
    expect(behind).to.deep.equal([100, 200, 100]);
    expect(cpu.waits.cpuNs.block).to.equal(300);
  });

  it('a call returns when its CPU is done, and tasks that share a CPU wait for each other', () => {
    const { loop, tasks, cpu } = setUp({ callNs: 500, pageNs: 100 });
    const ends: number[] = [];
    function* nothing(): Task<number> {
      return 7;
    }
    function* program(): Task<void> {
      expect(yield* cpu.call(8192, false, nothing)).to.equal(7);
      ends.push(loop.nowNs);
    }
    const first = tasks.spawn('a', program());
    tasks.spawn('b', program());
    tasks.spawn('c', program()).onCpuOf = first;
    while (loop.step()) {
      // All end.
    }
    expect(ends).to.deep.equal([700, 1400, 1400]);
  });

  it('buffered calls copy, direct ones do not', () => {
    const { loop, tasks, cpu } = setUp({ copyPs: 1000 });
    function* nothing(): Task<void> {}
    function* program(): Task<void> {
      yield* cpu.call(100, true, nothing);
      yield* cpu.call(100, false, nothing);
    }
    tasks.spawn('a', program());
    while (loop.step()) {
      // Both end.
    }
    expect([loop.nowNs, cpu.waits.copiedBytes]).to.deep.equal([100, 100]);
  });

  it('fractions of a ns are rounded once, where they are charged', () => {
    const { cpu } = setUp({ unitNs: 17, cipherPs: 130 });
    cpu.chargeCrypt(true, 4096, 8, true);
    expect(cpu.waits.cpuNs.crypt).to.equal(Math.round(8 * 17 + 4096 * 0.13));
    expect(cpu.cipherNs(4096, 8, false)).to.equal(8 * 17);
  });
});

describe('accounting', () => {
  it('tells how long what was parked had to wait, and ignores what never was', () => {
    const waits = new Accounting();
    const [one, other] = [{}, {}];
    waits.park(one, 100);
    waits.unpark('plug', other, 300);
    waits.unpark('plug', one, 350);
    waits.unpark('plug', one, 900);
    expect(waits.waitNs.plug).to.equal(250);
    expect(waits.waited.plug).to.equal(1);
  });

  it('tells what was added after a snapshot', () => {
    const waits = new Accounting();
    waits.add('device', 10);
    const before = waits.snapshot();
    waits.add('device', 5);
    waits.copiedBytes += 4096;
    const after = waits.after(before);
    expect([after.waitNs.device, after.waited.device, after.copiedBytes]).to.deep.equal([
      5, 1, 4096,
    ]);
  });
});
