/** Laws of sameness: what may not be told apart (early and late ciphertext, cipher providers, two runs of one seed) is not. */

import { expect } from 'chai';
import fc from 'fast-check';
import type { Machine, MachineOptions } from '../../src/machine.ts';
import type { TraceRecord } from '../../src/sim/trace.ts';
import { PROVIDERS } from '../support/providers.ts';
import { DeviceRun, type DeviceStep, deviceSteps, image } from './device-program.ts';
import { FsRun, type FsStep, type FsType, fsSteps } from './fs-program.ts';
import { bytesHash } from './hash.ts';
import { boot, type MachineSpec, machines, zonedMachines } from './machines.ts';
import { law, pick } from './support.ts';
import { settle } from './watch.ts';

interface Transcript {
  readonly results: readonly string[];
  readonly image: string;
  readonly log: readonly string[];
  readonly decisions: string;
  readonly trace: readonly TraceRecord[];
}

function perform(
  spec: MachineSpec,
  steps: readonly DeviceStep[],
  options: Partial<MachineOptions> = {},
): Transcript | null {
  const run = DeviceRun.start(spec, options);
  if (run === null) return null;
  const results: string[] = [];
  for (const step of steps) {
    const { values, data } = run.step(step);
    settle(run.machine);
    results.push(`${values.join(',')} ${data === null ? '' : bytesHash(data.bytes())}`);
  }
  return { results, ...transcriptOf(run.machine) };
}

function transcriptOf(machine: Machine): Omit<Transcript, 'results'> {
  return {
    log: machine.log.lines.map(({ timeNs, text }) => `${timeNs} ${text}`),
    decisions: JSON.stringify(machine.decisions),
    trace: [...machine.trace.records()],
    image: image(machine),
  };
}

/** The same of a program on a mounted file system; the trace has the value of each call. */
function performOnFiles(
  spec: MachineSpec,
  type: FsType,
  steps: readonly FsStep[],
  options: Partial<MachineOptions> = {},
): Omit<Transcript, 'results'> | null {
  const disk =
    type === 'btrfs' ? { ...spec.disk, size: 128, zone_size: 4, zone_capacity: 4 } : spec.disk;
  const machine = boot({ ...spec, disk }, options);
  if (machine === null) return null;
  const run = new FsRun(machine, spec.layers, type, [spec.kernel, '6.12.117']);
  for (const step of steps) run.step(step);
  run.readAll();
  return transcriptOf(run.machine);
}

describe('one machine, program and seed', () => {
  law(
    'give one trace, one log, the same decisions and results',
    40,
    fc.property(machines, deviceSteps(), (spec, steps) => {
      expect(perform(spec, steps)).to.deep.equal(perform(spec, steps));
    }),
  );

  law(
    'give one trace, one log and the same decisions under a file system',
    30,
    fc.property(zonedMachines, pick(['zonefs', 'btrfs'] as const), fsSteps, (spec, type, steps) => {
      expect(performOnFiles(spec, type, steps)).to.deep.equal(performOnFiles(spec, type, steps));
    }),
  );

  law(
    'give the same results and disk without a trace',
    20,
    fc.property(machines, deviceSteps(), (spec, steps) => {
      const [loud, silent] = [perform(spec, steps), perform(spec, steps, { trace: false })];
      if (loud === null || silent === null) return;
      expect(silent).to.deep.equal({ ...loud, trace: [] });
    }),
  );
});

describe('ciphertext', () => {
  law(
    'is the same on the disk, and every result, computed early or late, by every provider',
    40,
    fc.property(machines, deviceSteps(), (spec, steps) => {
      const eager = perform(spec, steps, { eagerCiphertext: true });
      for (const cipherProvider of PROVIDERS) {
        expect(perform(spec, steps, { cipherProvider })).to.deep.equal(eager);
      }
    }),
  );

  law(
    'is the same under a file system',
    30,
    fc.property(
      zonedMachines,
      pick(['zonefs', 'zonefs', 'btrfs'] as const),
      fsSteps,
      (spec, type, steps) => {
        const eager = performOnFiles(spec, type, steps, { eagerCiphertext: true });
        for (const cipherProvider of PROVIDERS) {
          expect(performOnFiles(spec, type, steps, { cipherProvider })).to.deep.equal(eager);
        }
      },
    ),
  );
});
