/** What a zonefs mount costs by the zone, on disks from 4,000 zones to 500,000: 112,000 are 30 TB of 256 MiB zones. */

import { Machine } from '../dist/machine.js';
import { type Case, measure, median, type Options, ratio } from './measure.ts';

const COUNTS = [4_000, 28_000, 112_000, 500_000] as const;
/** Each case mounts about so many zones a round, a small disk again and again. */
const ZONES_EACH = 500_000;
const ZONE_MIB = 256;

export interface ZonesCurve {
  /** Zones mounted a second, on the largest disk. */
  readonly value: number;
  /** The same by the zone as on the smallest disk; 1 where the cost of a zone is flat. */
  readonly ratio: number;
  /** Where the other disks stand. */
  readonly curve: string;
}

function mounting(zones: number): Case {
  const disk = { size: zones * ZONE_MIB, zoned: 1, zone_size: ZONE_MIB, zone_nr_conv: 2 };
  const times = Math.max(1, Math.round(ZONES_EACH / zones));
  let machine: Machine | null = null;
  return {
    name: String(zones),
    prepare: () => {
      if (machine !== null) return;
      const disks = { nullb0: { ...disk, memory_backed: 1 } };
      machine = new Machine({ kernel: 'v6.12', disks, trace: false });
      machine.run('mkzonefs -f /dev/nullb0');
    },
    run: () => {
      for (let i = 0; i < times; i += 1) {
        const mounted = machine!.run('mount -t zonefs /dev/nullb0 /mnt');
        const unmounted = machine!.run('umount /mnt');
        if (mounted.exit + unmounted.exit !== 0)
          throw new Error(`mount expected 0: ${mounted.stderr}`);
      }
      return times * zones;
    },
  };
}

export function zonesCurve(options: Options): ZonesCurve {
  const rates = measure(COUNTS.map(mounting), options);
  const [smallest, ...others] = COUNTS.map((zones) => rates.get(String(zones))!);
  const curve = others
    .slice(0, -1)
    .map((one) => `${Number(one.name).toLocaleString('en')}: ${ratio(one, smallest!).toFixed(2)}`);
  const largest = others.at(-1)!;
  return {
    value: median(largest.rates),
    ratio: ratio(largest, smallest!),
    curve: `a disk of ${COUNTS[0].toLocaleString('en')} (${curve.join(', ')})`,
  };
}
