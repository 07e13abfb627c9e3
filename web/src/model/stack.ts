/** The stack of a machine at one moment, as the page draws it: what is mounted, mapped, and how the zones stand. */

import type { Machine } from '../package.ts';

export interface Zone {
  readonly start: number;
  readonly sectors: number;
  readonly capacity: number;
  readonly type: number;
  readonly cond: number;
  /** Sectors from the start of the zone. */
  readonly wp: number;
}

export interface DiskView {
  readonly name: string;
  readonly appendLimitSectors: number;
  readonly zones: readonly Zone[];
}

export interface MappingView {
  readonly name: string;
  /** As logs and traces call it. */
  readonly device: string;
  /** Names of its targets, and what follows them without a key. */
  readonly targets: readonly string[];
  readonly appendLimitSectors: number;
  /** Floor and rule that set the limit. */
  readonly limitOrigin: string;
}

export interface MountView {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface StackView {
  readonly kernel: string;
  readonly mounts: readonly MountView[];
  readonly mappings: readonly MappingView[];
  readonly disks: readonly DiskView[];
}

export function stackOf(machine: Machine): StackView {
  return {
    kernel: machine.kernel.name,
    mounts: machine.vfs.mounts.list().map(({ target, fs }) => ({
      type: fs.typeName,
      source: fs.source,
      target,
      readOnly: fs.readOnly,
    })),
    mappings: machine.dm.list().flatMap(({ name }) => mappingOf(machine, name)),
    disks: [...machine.disks.keys()].map((name) => diskOf(machine, name)),
  };
}

function mappingOf(machine: Machine, name: string): MappingView[] {
  const device = machine.dm.device(name);
  const lines = machine.dm.table(name);
  if (device === null || typeof lines === 'number') return [];
  const { value, origin } = device.limits.max_zone_append_sectors;
  const targets = lines.map(({ target, params }) =>
    target === 'crypt' ? `crypt ${params.split(' ')[0]}` : target,
  );
  return [
    {
      name,
      device: device.name,
      targets,
      appendLimitSectors: value,
      limitOrigin: `${origin.floor}, ${origin.rule}`,
    },
  ];
}

function diskOf(machine: Machine, name: string): DiskView {
  const media = machine.disks.get(name)!;
  const { zoneSizeSectors, zoneCapacitySectors, sizeSectors } = media;
  const zones = Array.from({ length: media.nrZones }, (_, i) => ({
    start: i * zoneSizeSectors,
    sectors: Math.min(zoneSizeSectors, sizeSectors - i * zoneSizeSectors),
    capacity: zoneCapacitySectors,
    type: media.type[i]!,
    cond: media.cond[i]!,
    wp: media.wp[i]!,
  }));
  const limits = machine.block.devices.get(name)?.limits;
  return { name, appendLimitSectors: limits?.max_zone_append_sectors.value ?? 0, zones };
}
