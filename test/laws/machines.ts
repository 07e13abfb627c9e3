/** Machines drawn at random: kernels with patches on them, disks of odd shapes, stacks of mappings. */

import fc from 'fast-check';
import { builds, KernelError, kernelByName, releases } from '../../src/kernel/releases.ts';
import type { MachineOptions } from '../../src/machine.ts';
import { type DiskAttributes, Machine, MachineError, SystemCallError } from '../../src/machine.ts';
import { Seeded } from '../../src/sim/schedule.ts';
import { pick } from './support.ts';

/** Releases and builds, oldest first. */
export const BASES: readonly string[] = [...releases, ...builds].map(({ id }) => id);

const SERIES = [1, 2, 3, 4].flatMap((last) => [`series[${last}]`, `series[1-${last}]`]);
const WHAT_IFS = [
  'crypt-returns-written-sector',
  'iv-per-zone',
  'crypt-not-zoned',
  'no-append-but-linear',
  'dm-zone-append-support-control+dm-crypt-fix-zoned-v2',
];

function exists(name: string): boolean {
  try {
    kernelByName(name);
    return true;
  } catch (error) {
    if (error instanceof KernelError) return false;
    throw error;
  }
}

/** Kernels with patches of ours, where they apply. */
const PATCHED = BASES.flatMap((base) => [
  ...SERIES.map((series) => `${base}+${series}`),
  ...WHAT_IFS.map((what) => `${base}+${what}`),
  `${base}+series[3-4]+crypt-returns-written-sector`,
  `${base}+crypt-returns-written-sector+iv-per-zone`,
]).filter(exists);

export const kernels: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: pick(BASES) },
  { weight: 1, arbitrary: pick(PATCHED) },
);

export interface Layer {
  readonly kind: 'linear' | 'crypt' | 'split';
  /** Zones left out at the front. */
  readonly skipZones: number;
  /** `crypt`, and the second half of `split`. */
  readonly cipher: string;
  readonly ivOffset: number;
  readonly sectorBytes: number;
  readonly largeSectors: boolean;
}

export interface MachineSpec {
  readonly kernel: string;
  readonly disk: DiskAttributes;
  readonly layers: readonly Layer[];
  readonly seed: number;
}

/** Sizes of key, in bytes, by cipher. */
const CIPHERS: Readonly<Record<string, number>> = {
  'aes-xts-plain64': 64,
  'aes-cbc-null': 16,
  'aes-cbc-essiv:sha256': 32,
  'aes-xts-plain': 32,
  'aes-cbc-plain64be': 24,
  'aes-cbc-benbi': 16,
  'aes-cbc-eboiv': 32,
  'aes-ecb': 16,
  'aes:2-cbc-plain64': 32,
  'aes:4-cbc-null': 64,
  'aes-xts-eboiv': 64,
  'cipher_null-ecb': 0,
};

const layers: fc.Arbitrary<Layer> = fc.record({
  kind: pick(['crypt', 'crypt', 'linear', 'split'] as const),
  skipZones: pick([0, 0, 0, 1, 2]),
  cipher: pick(Object.keys(CIPHERS)),
  ivOffset: pick([0, 0, 1, 8, 4096, 2 ** 31, 2 ** 32 - 5, 2 ** 40 + 1]),
  sectorBytes: pick([512, 512, 1024, 4096]),
  largeSectors: fc.boolean(),
});

/** Zoned null_blk, mostly; a value nobody draws is left to the driver. */
export const zonedDisks: fc.Arbitrary<DiskAttributes> = fc
  .record({
    zone: pick([1, 2, 4]),
    zones: fc.integer({ min: 3, max: 10 }),
    runt: pick([0, 0, 0, 1]),
    capacity: pick([0, 0, 1, 3]),
    zone_nr_conv: fc.nat(3),
    zone_max_open: pick([0, 0, 1, 2, 3]),
    zone_max_active: pick([0, 0, 1, 2, 4]),
    blocksize: pick([512, 512, 1024, 4096]),
    rest: pick([
      {},
      {},
      {},
      { zone_append_max_sectors: 0 },
      { max_sectors: 64 },
      { queue_mode: 0 },
    ]),
  })
  .map(({ zone, zones, runt, capacity, rest, ...given }) => ({
    size: zone * zones + (zone > 1 ? runt : 0),
    zoned: 1,
    zone_size: zone,
    ...(capacity > 0 && capacity < zone ? { zone_capacity: capacity } : {}),
    memory_backed: 1,
    ...given,
    ...rest,
  }));

const smr: fc.Arbitrary<DiskAttributes> = fc
  .record({ zone_nr_conv: fc.nat(2), zone_max_open: fc.nat(3) })
  .map((given) => ({
    driver: 'scsi_debug' as const,
    zbc: 2,
    dev_size_mb: 32,
    zone_size_mb: 4,
    ...given,
  }));

const regular: fc.Arbitrary<DiskAttributes> = fc
  .record({ size: fc.integer({ min: 8, max: 32 }), blocksize: pick([512, 4096]) })
  .map((given) => ({ ...given, memory_backed: 1 }));

export const disks: fc.Arbitrary<DiskAttributes> = fc.oneof(
  { weight: 8, arbitrary: zonedDisks },
  { weight: 1, arbitrary: smr },
  { weight: 1, arbitrary: regular },
);

/** Any machine, with up to two mappings on its disk. */
export const machines: fc.Arbitrary<MachineSpec> = fc.record({
  kernel: kernels,
  disk: disks,
  layers: fc.array(layers, { maxLength: 2 }),
  seed: fc.nat(1000),
});

/** The same with zones, and a kernel that may be chosen. */
export const zonedMachines: fc.Arbitrary<MachineSpec> = fc.record({
  kernel: kernels,
  disk: zonedDisks,
  layers: fc.array(layers, { maxLength: 2 }),
  seed: fc.nat(1000),
});

/** The attributes among these that the kernel's null_blk has. */
function known(kernel: string, disk: DiskAttributes): DiskAttributes {
  if (disk.driver === 'scsi_debug') return disk;
  const names = kernelByName(kernel).block.nullBlkAttributes;
  return Object.fromEntries(Object.entries(disk).filter(([name]) => names.includes(name)));
}

/** The machine, or null when its driver refuses the disk. Even seeds: first come; odd ones: any order. */
export function boot(spec: MachineSpec, options: Partial<MachineOptions> = {}): Machine | null {
  const { kernel, seed } = spec;
  const name = spec.disk.driver === 'scsi_debug' ? 'sda' : 'nullb0';
  const disks = { [name]: known(kernel, spec.disk) };
  const chance = seed % 2 === 0 ? {} : { schedule: new Seeded(seed) };
  try {
    return new Machine({ kernel, disks, seed, ...chance, ...options });
  } catch (error) {
    if (error instanceof MachineError && error.code === 'refused') return null;
    throw error;
  }
}

export function diskName(host: Machine): string {
  return [...host.disks.keys()][0]!;
}

/** Names the mappings `m0`, `m1`; returns the path of the device on top. What the kernel refuses is left out. */
export function build(host: Machine, layers: readonly Layer[]): string {
  let below = diskName(host);
  let path = `/dev/${below}`;
  for (const [at, layer] of layers.entries()) {
    const device = host.block.devices.get(below)!;
    const zone = device.nrZones > 0 ? device.limits.chunk_sectors.value : 2048;
    const table = tableOf(layer, path, device.sizeSectors, zone);
    if (table === null) continue;
    const name = `m${at}`;
    try {
      host.createMapping(name, table);
    } catch (error) {
      if (error instanceof SystemCallError) continue;
      throw error;
    }
    below = host.dm.device(name)!.name;
    path = `/dev/mapper/${name}`;
  }
  return path;
}

/** The device a path of `build` stands for. */
export function deviceAt(host: Machine, path: string) {
  const name = path.startsWith('/dev/mapper/')
    ? host.dm.device(path.slice('/dev/mapper/'.length))!.name
    : path.slice('/dev/'.length);
  return host.block.devices.get(name)!;
}

function tableOf(layer: Layer, path: string, size: number, zone: number): string[] | null {
  const start = layer.skipZones * zone;
  const length = size - start;
  if (length <= 0) return null;
  if (layer.kind === 'linear') return [`0 ${length} linear ${path} ${start}`];
  if (layer.kind === 'crypt') return [`0 ${length} ${cryptOf(layer, path, start)}`];
  const half = Math.floor(length / zone / 2) * zone;
  if (half === 0) return null;
  const second = cryptOf(layer, path, start + half);
  return [`0 ${half} linear ${path} ${start}`, `${half} ${length - half} ${second}`];
}

function cryptOf(layer: Layer, path: string, start: number): string {
  const { cipher, ivOffset, sectorBytes, largeSectors } = layer;
  const options: string[] = [];
  if (sectorBytes !== 512) {
    options.push(`sector_size:${sectorBytes}`);
    if (largeSectors) options.push('iv_large_sectors');
  }
  const key = keyOf(CIPHERS[cipher]!);
  const tail = options.length === 0 ? '' : ` ${options.length} ${options.join(' ')}`;
  return `crypt ${cipher} ${key} ${ivOffset} ${path} ${start}${tail}`;
}

function keyOf(bytes: number): string {
  if (bytes === 0) return '-';
  return Array.from({ length: bytes }, (_, i) =>
    ((i * 37 + bytes) & 255).toString(16).padStart(2, '0'),
  ).join('');
}
