/**
 * The parameters a set of recordings was made with. They are read off the recordings themselves, so that other sizes,
 * zone layouts and keys than ours replay as well.
 */

import type { Recording } from './facts.ts';

/** Sizes in MiB and counts, as the guest scripts name them. */
export interface Parameters {
  readonly zoneSizeMib: number;
  readonly sizeMib: number;
  readonly conventional: number;
  readonly capacityMib: number;
  readonly appendMaxSectors: number;
}

const DEFAULTS: Parameters = {
  zoneSizeMib: 4,
  sizeMib: 128,
  conventional: 4,
  capacityMib: 3,
  appendMaxSectors: 64,
};

/** Attributes of a device as the set-up printed them: `zoned=1 zone_size=4 ...`. */
export function attributesOf(text: string): Record<string, number> {
  return Object.fromEntries(
    text
      .split(' ')
      .filter((word) => word.includes('='))
      .map((word) => word.split('='))
      .map(([name = '', value = '']) => [name, Number(value)]),
  );
}

/** The attributes recorded for device `name` in a limits file, or null. */
export function recordedAttributes(
  limits: Recording | undefined,
  name: string,
): Record<string, number> | null {
  const first = limits?.facts[`limits/dev/${name}/raw`]?.find((op) => op.op === 'sh');
  const text = /^echo "([^"]*)"/.exec(first?.args ?? '')?.[1];
  return text === undefined ? null : attributesOf(text);
}

/** From the limits file beside it when there is one, else from what the file's own cells show. */
export function parametersOf(recording: Recording, limits: Recording | undefined): Parameters {
  const base = recordedAttributes(limits, 'base');
  if (base !== null) {
    return {
      zoneSizeMib: base.zone_size ?? DEFAULTS.zoneSizeMib,
      sizeMib: base.size ?? DEFAULTS.sizeMib,
      conventional: base.zone_nr_conv ?? DEFAULTS.conventional,
      capacityMib: recordedAttributes(limits, 'cap')?.zone_capacity ?? DEFAULTS.capacityMib,
      appendMaxSectors:
        recordedAttributes(limits, 'appendsmall')?.zone_append_max_sectors ??
        DEFAULTS.appendMaxSectors,
    };
  }
  return { ...DEFAULTS, ...observed(JSON.stringify(recording.facts)) };
}

/** Sizes that log lines, tables and zone reports give away. */
function observed(text: string): Partial<Parameters> {
  const bytes = /(\d+) zones of (\d+) bytes/.exec(text);
  const mapped = /"t 0 (\d+) crypt/.exec(text);
  const files = /Zone group \\\\?"cnv\\\\?" has (\d+) file/.exec(text);
  const queue = /"chunk_sectors":(\d+)/.exec(text);
  const size = /"sizeSectors":(\d+)/.exec(text);
  const zoneSizeMib =
    bytes !== null
      ? Number(bytes[2]) / 2 ** 20
      : queue !== null
        ? Number(queue[1]) / 2048
        : undefined;
  const sizeMib = Number(size?.[1] ?? mapped?.[1] ?? 0) / 2048;
  return {
    ...(zoneSizeMib === undefined ? {} : { zoneSizeMib }),
    ...(sizeMib === 0 ? {} : { sizeMib }),
    ...(files === null ? {} : { conventional: Number(files[1]) + 1 }),
  };
}
