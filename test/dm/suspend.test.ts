import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';
import type { Job } from '../../src/machine-jobs.ts';
import type { Task } from '../../src/sim/task.ts';

const DISK = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
const WRITE = 'dd if=/dev/pattern/1 of=/dev/mapper/t bs=1M count=1 oflag=direct status=none';
const KERNELS = ['v5.12', 'v5.14', 'v6.12', 'v7.3'];

/** Starts `line` while a write through dm-linear is on a disk that takes its time; another disk is to be swapped in. */
function beside(kernel: string, line: string) {
  const disks = { nullb0: { ...DISK, profile: 'smr-hdd' as const }, nullb1: DISK };
  const machine = new Machine({ kernel, costs: 'default', disks });
  machine.createMapping('t', '0 131072 linear /dev/nullb0 0');
  machine.dm.load('t', ['0 131072 linear /dev/nullb1 0']);
  const write = machine.spawn(WRITE);
  const pause = machine.spawn('sleep 0.001');
  function* later(): Task<Job> {
    yield* pause.wait();
    expect(write.done).to.equal(false);
    const job = machine.spawn(line);
    yield* job.wait();
    return job;
  }
  const job = machine.call(later(), 'later');
  const ended = [...machine.trace.records()].filter(
    ({ kind, device }) => kind === 'bioComplete' && device === 'dm-0',
  );
  return { machine, job, bioEndNs: Math.max(...ended.map(({ timeNs }) => timeNs)) };
}

describe('suspending a mapped device', () => {
  for (const kernel of KERNELS) {
    it(`returns no sooner than what was under way has ended, on ${kernel}`, () => {
      const { machine, job, bioEndNs } = beside(kernel, 'dmsetup suspend t');
      expect(job.result.exit).to.equal(0);
      expect(job.startNs).to.be.below(bioEndNs);
      expect(job.endNs).to.be.at.least(bioEndNs);
      expect(machine.dm.info('t')).to.include({ suspended: true });
    });

    it(`a table is swapped in when what went through the old one has ended, on ${kernel}`, () => {
      const { machine, job, bioEndNs } = beside(kernel, 'dmsetup resume t');
      expect(job.result.exit).to.equal(0);
      expect(job.endNs).to.be.at.least(bioEndNs);
      expect(machine.run('dmsetup table t').stdout).to.match(/^0 131072 linear \d+:1 0$/m);
    });
  }
});
