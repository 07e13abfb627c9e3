/** Laws of file systems: reads find what was written, through remounts, reboots into other kernels and power cuts. */

import fc from 'fast-check';
import type { DiskAttributes } from '../../src/machine.ts';
import { FsRun, fsSteps } from './fs-program.ts';
import { boot, kernels, machines, zonedMachines } from './machines.ts';
import { law, pick } from './support.ts';

const boots = fc.array(kernels, { minLength: 1, maxLength: 4 });

describe('zonefs', () => {
  law(
    'gives back what was written, over remounts, reboots into any kernel and power cuts',
    120,
    fc.property(
      zonedMachines,
      boots,
      fsSteps,
      pick([
        '',
        '',
        'errors=repair',
        'explicit-open',
        'errors=zone-ro',
        'errors=remount-ro,explicit-open',
      ]),
      (spec, others, steps, options) => {
        const machine = boot(spec);
        if (machine === null) return;
        const run = new FsRun(machine, spec.layers, 'zonefs', [spec.kernel, ...others], options);
        for (const step of steps) run.step(step);
        run.readAll();
      },
    ),
  );
});

const btrfsDisks: fc.Arbitrary<DiskAttributes> = fc.oneof(
  fc
    .record({
      zone_nr_conv: pick([0, 0, 2, 4]),
      zone_capacity: pick([4, 4, 4, 3]),
      zone_max_active: pick([0, 0, 0, 14]),
    })
    .map((given) => ({ size: 160, zoned: 1, zone_size: 4, memory_backed: 1, ...given })),
  fc.constant({ size: 160, memory_backed: 1 }),
);

const PLAIN: DiskAttributes = { size: 160, zoned: 1, zone_size: 4, memory_backed: 1 };

describe('btrfs', () => {
  law(
    'gives back what was written, over remounts, reboots into any kernel and power cuts',
    60,
    fc.property(machines, btrfsDisks, boots, fsSteps, (spec, disk, others, steps) => {
      const machine = boot({ ...spec, disk });
      if (machine === null) return;
      const layers = spec.layers.map((layer) => ({ ...layer, skipZones: 0 }));
      const run = new FsRun(machine, layers, 'btrfs', [spec.kernel, ...others]);
      for (const step of steps) run.step(step);
      run.readAll();
    }),
  );
});

/** Every kernel of a program encrypts: a file is read under the key it was written with. */
const encrypting = (kernel: string): string => `${kernel}+fs-encryption`;
const FSCRYPT = `fscrypt=${'5a'.repeat(64)}`;

describe('file systems that encrypt (what-if)', () => {
  law(
    'give back what was written as if they did not, over remounts, reboots and power cuts',
    60,
    fc.property(
      zonedMachines,
      boots,
      fsSteps,
      pick(['zonefs', 'zonefs', 'btrfs'] as const),
      (drawn, others, steps, type) => {
        const spec = { ...drawn, kernel: encrypting(drawn.kernel) };
        const machine = boot(type === 'btrfs' ? { ...spec, disk: PLAIN } : spec);
        if (machine === null) return;
        const names = [spec.kernel, ...others.map(encrypting)];
        const layers = spec.layers.map((layer) => ({ ...layer, skipZones: 0 }));
        const run = new FsRun(machine, layers, type, names, FSCRYPT);
        for (const step of steps) run.step(step);
        run.readAll();
      },
    ),
  );
});
