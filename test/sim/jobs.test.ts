import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';

function newMachine(costs?: 'default'): Machine {
  const disk = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 1, memory_backed: 1 };
  const disks = { nullb0: disk };
  return new Machine({ kernel: 'v6.12', disks, ...(costs === undefined ? {} : { costs }) });
}

describe('jobs of a machine', () => {
  it('nothing runs before runAll; then all do, and results come in the order of their start', () => {
    const machine = newMachine();
    const jobs = ['echo a', 'false', 'echo c'].map((line) => machine.spawn(line));
    expect(jobs.map(({ done }) => done)).to.deep.equal([false, false, false]);
    expect(machine.runAll().map(({ exit, stdout }) => [exit, stdout])).to.deep.equal([
      [0, 'a\n'],
      [1, ''],
      [0, 'c\n'],
    ]);
    expect(jobs.map(({ done }) => done)).to.deep.equal([true, true, true]);
    expect(machine.runAll()).to.deep.equal([]);
  });

  it('run side by side: two sleeps take as long as the longer one', () => {
    const machine = newMachine();
    const short = machine.spawn('sleep 1');
    const long = machine.spawn('sleep 3');
    machine.runAll();
    expect(machine.host.loop.nowNs).to.equal(3e9);
    expect([short.endNs - short.startNs, long.endNs - long.startNs]).to.deep.equal([1e9, 3e9]);
  });

  it('a job that runs has no result yet', () => {
    const job = newMachine().spawn('echo a');
    expect(() => job.result).to.throw('expected to have ended');
  });

  it('what a user typed wrong is a result, not an error', () => {
    const machine = newMachine();
    machine.spawn('no-such-command');
    machine.spawn('echo "');
    expect(machine.runAll().map(({ exit }) => exit)).to.deep.equal([127, 2]);
  });

  it('same jobs, same trace', () => {
    const texts = [0, 1].map(() => {
      const machine = newMachine('default');
      for (const zone of [1, 2, 3]) {
        machine.spawn(
          `dd if=/dev/zero of=/dev/nullb0 bs=4k count=8 seek=${zone * 1024} oflag=direct`,
        );
      }
      expect(machine.runAll().map(({ exit }) => exit)).to.deep.equal([0, 0, 0]);
      return [...machine.trace.records()].map((record) => JSON.stringify(record)).join('\n');
    });
    expect(texts[0]).to.equal(texts[1]);
  });
});
