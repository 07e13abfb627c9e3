/** Laws of sameness: what may not be told apart (early and late ciphertext, cipher providers, two runs of one seed) is not. */

import { expect } from 'chai';
import fc from 'fast-check';
import type { MachineOptions } from '../../src/machine.ts';
import { nodeProvider } from '../../src/node/crypto-provider.ts';
import type { TraceRecord } from '../../src/sim/trace.ts';
import { DeviceRun, type DeviceStep, deviceSteps, image } from './device-program.ts';
import { bytesHash } from './hash.ts';
import { type MachineSpec, machines } from './machines.ts';
import { law } from './support.ts';
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
  const { machine } = run;
  return {
    results,
    log: machine.log.lines.map(({ timeNs, text }) => `${timeNs} ${text}`),
    decisions: JSON.stringify(machine.decisions),
    trace: [...machine.trace.records()],
    image: image(machine),
  };
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
    'is the same on the disk, and every result, computed early or late, by either provider',
    40,
    fc.property(machines, deviceSteps(), (spec, steps) => {
      const eager = perform(spec, steps, { eagerCiphertext: true });
      expect(perform(spec, steps)).to.deep.equal(eager);
      expect(perform(spec, steps, { cipherProvider: nodeProvider })).to.deep.equal(eager);
    }),
  );
});
