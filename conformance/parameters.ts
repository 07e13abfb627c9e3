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
  readonly maxOpen: number;
  readonly maxActive: number;
}

const DEFAULTS: Parameters = {
  zoneSizeMib: 4,
  sizeMib: 128,
  conventional: 4,
  capacityMib: 3,
  appendMaxSectors: 64,
  maxOpen: 4,
  maxActive: 8,
};

const SECTORS_PER_MIB = 2048;

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

/**
 * From the limits file of the same kernel when there is one, else from what the file's own cells show; what those do not
 * show, from another kernel's limits file.
 */
export function parametersOf(recording: Recording, all: readonly Recording[]): Parameters {
  const files = all.filter((one) => one.kind === 'limits');
  const own = files.find((one) => one.kernel === recording.kernel);
  return defined(DEFAULTS, fromLimits(files[0]), observed(recording), fromLimits(own));
}

/** `defaults`, with what later sources know put over it. */
function defined(defaults: Parameters, ...sources: readonly Known[]): Parameters {
  const known = sources.flatMap((source) =>
    Object.entries(source).filter(([, value]) => Number.isFinite(value)),
  );
  return { ...defaults, ...Object.fromEntries(known) };
}

type Known = Readonly<Partial<Record<keyof Parameters, number | undefined>>>;

function fromLimits(limits: Recording | undefined): Known {
  const of = (device: string, attribute: string): number | undefined =>
    recordedAttributes(limits, device)?.[attribute];
  return {
    zoneSizeMib: of('base', 'zone_size'),
    sizeMib: of('base', 'size'),
    conventional: of('base', 'zone_nr_conv'),
    capacityMib: of('cap', 'zone_capacity'),
    appendMaxSectors: of('appendsmall', 'zone_append_max_sectors'),
    maxOpen: of('openact', 'zone_max_open'),
    maxActive: of('openact', 'zone_max_active'),
  };
}

/** What log lines, tables and zone reports of a file give away; nothing else is there. */
export function observed(recording: Recording): Known {
  // Of several disks the base is meant; files about one disk only show that one.
  const base = Object.entries(recording.facts).filter(([id]) => id.startsWith('mount/base/'));
  const text = JSON.stringify(base.length > 0 ? base : recording.facts);
  const find = (pattern: RegExp): number | undefined => {
    const found = pattern.exec(text)?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const zoneSectors =
    divided(find(/\d+ zones of (\d+) bytes/), 512) ??
    find(/"chunk_sectors":(\d+)/) ??
    find(/"len":(\d+),"start":\d+,"type":"(?:conv|seq-req)"/);
  const zoneCount = find(/zonefs \([^)]*\): Mounting (\d+) zones/);
  const mapped = divided(
    find(/"sizeSectors":(\d+)/) ?? find(/"t 0 (\d+) (?:crypt|linear)/),
    SECTORS_PER_MIB,
  );
  const zoneSizeMib = divided(zoneSectors, SECTORS_PER_MIB) ?? divided(mapped, zoneCount ?? 0);
  const sizeMib =
    mapped ?? (zoneCount === undefined ? undefined : zoneCount * (zoneSizeMib ?? Number.NaN));
  const files = find(/Zone group \\?"cnv\\?" has (\d+) file/);
  return {
    zoneSizeMib,
    sizeMib,
    // The first conventional zone holds the super block and is no file.
    conventional:
      files === undefined
        ? divided(find(/"args":"\/dev\/\S+ (\d+) 1","ret":0,"zones"/), zoneSectors ?? 0)
        : files + 1,
    ...observedLimits(recording),
  };
}

/** Capacity, append limit and zone limits, from the cells about devices that have them. */
function observedLimits({ facts }: Recording): Known {
  const under = (prefix: string): string =>
    JSON.stringify(Object.entries(facts).filter(([id]) => id.startsWith(prefix)));
  const first = (prefix: string, pattern: RegExp): number | undefined => {
    const found = pattern.exec(under(prefix))?.[1];
    return found === undefined ? undefined : Number(found);
  };
  const done = (id: string, op: string): number | undefined =>
    facts[id]?.filter(
      (one) =>
        one.op === op &&
        Number(one.ret) >= 0 &&
        !/"E[A-Z]+"/.test(JSON.stringify(one.results ?? [])),
    ).length;
  return {
    // st_blocks of a zonefs file is the capacity of its zone.
    capacityMib: divided(
      first('zonefs-io/cap/', /"cap":(\d+)/) ?? first('mount/cap/raw/zonefs', /"blocks":(\d+)/),
      SECTORS_PER_MIB,
    ),
    appendMaxSectors: divided(
      first('paths/appendsmall/raw/setup', /"zone_append_max_bytes":(\d+)/),
      512,
    ),
    maxOpen:
      first('zonefs-io/limits/', /max_wro_seq_files=(\d+)/) ??
      done('zonefs-io/limits/open-limit-explicit-open', 'open'),
    maxActive:
      first('zonefs-io/limits/', /max_active_seq_files=(\d+)/) ??
      done('zonefs-io/limits/write-limit--', 'aiowrite'),
  };
}

function divided(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by;
}
