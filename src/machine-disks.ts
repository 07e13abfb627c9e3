/**
 * The disks of a machine: what a user may say of one, what is wrong with it when it cannot be, and building the
 * device around the media at each boot.
 */

import type { Disk } from './block/disk.ts';
import type { ZonedMedia } from './block/media.ts';
import { createNullBlk } from './block/null-blk.ts';
import { NULL_BLK_SWITCHES, nullBlkConfig } from './block/null-blk-config.ts';
import { PROFILE_NAMES, type ProfileName } from './block/profiles/profile.ts';
import { profiles } from './block/profiles/profiles.ts';
import { createScsiDebug, scsiDebugConfig } from './block/sd.ts';
import type { BlockSystem } from './block/system.ts';
import { TimedDispatch } from './block/timed.ts';
import type { Kernel } from './kernel/kernel.ts';
import { closest } from './kernel/suggest.ts';
import { UINT_MAX } from './kernel/units.ts';
import { COST_SOURCES, type Costs, DEFAULT_COSTS, NO_COSTS } from './sim/cpu.ts';

export const DISK_DRIVERS = ['null_blk', 'scsi_debug'] as const;
export type DiskDriver = (typeof DISK_DRIVERS)[number];

/** A disk as a user writes it: the driver's own attribute names, sizes in MiB where the driver says MiB. */
export interface DiskAttributes {
  /** `null_blk` unless given. */
  readonly driver?: DiskDriver;
  /** The hardware whose times it has; none: it answers within the instant. */
  readonly profile?: ProfileName;
  /**
   * Bytes kept beside each logical block, as an integrity profile of dm-integrity or an NVMe format with metadata gives
   * them. Neither null_blk nor any zoned disk that was recorded has this: a what-if.
   */
  readonly metadata?: number;
  /** 1: it has an inline encryption engine, as UFS disks do. Neither null_blk nor scsi_debug has one: a what-if. */
  readonly inline_crypto?: number;
  readonly [attribute: string]: number | string | undefined;
}

/** A disk that cannot be made, because of how it was asked for. */
export class MachineError extends Error {
  readonly code: 'name' | 'driver' | 'attribute' | 'value' | 'too-large' | 'refused';
  readonly disk: string;
  /** The attribute that is wrong; null when the disk as a whole was refused. */
  readonly attribute: string | null;
  readonly suggestion: string | null;

  constructor(
    code: MachineError['code'],
    disk: string,
    attribute: string | null,
    message: string,
    suggestion: string | null = null,
  ) {
    super(message);
    this.name = 'MachineError';
    this.code = code;
    this.disk = disk;
    this.attribute = attribute;
    this.suggestion = suggestion;
  }
}

/** A disk with its place among the others: what a reboot keeps. */
export interface PlacedDisk {
  readonly name: string;
  readonly driver: DiskDriver;
  readonly index: number;
  readonly major: number;
  readonly media: ZonedMedia;
  readonly profile: ProfileName | null;
  readonly metadataBytes: number;
  readonly inlineCrypto: boolean;
}

/** What a disk may hold, in MiB: 1 PiB, far beyond any disk there is; a sector number stays a safe integer. */
const MAX_SIZE_MIB = 1024 * 1024 * 1024;
const MAX_ZONES = 1024 * 1024;
const MAX_DISKS = 64;
/** The first number free for dynamic block majors that null_blk got on the recorded kernels; sd's is fixed. */
const NULL_BLK_MAJOR = 253;

const SD_MAJOR = 8;
/** Minors of one sd disk: itself and its partitions. */
const SD_MINORS = 16;

/** Attributes that are orders to a running disk, not part of its shape. */
const RUNNING_ONLY = ['zone_readonly', 'zone_offline'];

/** Makes the media of all disks, in order. Throws MachineError at the first that cannot be. */
export function makeDisks(
  kernel: Kernel,
  disks: Readonly<Record<string, DiskAttributes>>,
  nullBlkMajor: number = NULL_BLK_MAJOR,
): { readonly placed: readonly PlacedDisk[]; readonly log: readonly string[] } {
  const log: string[] = [];
  const indices = { null_blk: 0, scsi_debug: 0 };
  const placed = Object.entries(disks).map(([name, attributes], at) => {
    if (at >= MAX_DISKS) {
      throw new MachineError('name', name, null, `a machine has at most ${MAX_DISKS} disks`);
    }
    const driver = driverOf(name, attributes);
    const media = makeMedia(kernel, driver, name, attributes, log);
    const index = indices[driver];
    indices[driver] += 1;
    const major = driver === 'null_blk' ? nullBlkMajor : SD_MAJOR;
    const profile = profileOf(name, attributes);
    return {
      name,
      driver,
      index,
      major,
      media,
      profile,
      metadataBytes: metadataOf(name, attributes),
      inlineCrypto: engineOf(name, attributes),
    };
  });
  return { placed, log };
}

/** Builds the device around the media and registers it. */
export function attachDisk(block: BlockSystem, disk: PlacedDisk): void {
  const { name, index, major, media } = disk;
  const made =
    disk.driver === 'scsi_debug'
      ? createScsiDebug(block, { name, index, major, minor: index * SD_MINORS, media })
      : createNullBlk(block, { name, index, major, minor: index, media });
  made.metadataBytes = disk.metadataBytes;
  made.inlineCrypto = disk.inlineCrypto;
  if (block.host.cpu !== null) giveTime(made, disk);
}

function giveTime(made: Disk, { profile, index }: PlacedDisk): void {
  const { requests, media, limits, block } = made;
  const shape = { blockBytes: limits.logical_block_size.value, seed: index };
  const clock = profile === null ? null : profiles[profile].clock(shape);
  requests.timed = new TimedDispatch(requests, made, media, block.host.cpu!, clock);
}

type SomeCosts = { readonly [K in keyof Costs]?: number | undefined };

/** The costs a machine is given; throws MachineError for one there is not, or that is no time. */
export function costsOf(costs: 'default' | SomeCosts | undefined): Costs {
  if (costs === 'default') return DEFAULT_COSTS;
  const known = Object.keys(COST_SOURCES);
  const given = Object.entries(costs ?? {}).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!known.includes(name)) {
      const message = `costs: there is no "${name}"; there are ${known.join(', ')}`;
      throw new MachineError('attribute', 'costs', name, message, closest(name, known));
    }
    if (typeof value !== 'number' || !(value >= 0) || !Number.isFinite(value)) {
      const message = `costs: "${name}" expected 0 or more, got ${String(value)}`;
      throw new MachineError('value', 'costs', name, message);
    }
  }
  return { ...NO_COSTS, ...Object.fromEntries(given) };
}

function profileOf(name: string, { profile }: DiskAttributes): ProfileName | null {
  if (profile === undefined) return null;
  if (PROFILE_NAMES.includes(profile)) return profile;
  throw new MachineError(
    'value',
    name,
    'profile',
    `disk ${name}: "profile" expected ${PROFILE_NAMES.join(', ')}, got ${String(profile)}`,
    closest(String(profile), PROFILE_NAMES),
  );
}

/** What tuple_size can hold. */
const MOST_METADATA_BYTES = 255;

function metadataOf(name: string, { metadata = 0 }: DiskAttributes): number {
  if (Number.isInteger(metadata) && metadata >= 0 && metadata <= MOST_METADATA_BYTES) {
    return metadata;
  }
  const expected = `a number of bytes from 0 to ${MOST_METADATA_BYTES}`;
  const message = `disk ${name}: "metadata" expected ${expected}, got ${String(metadata)}`;
  throw new MachineError('value', name, 'metadata', message);
}

function engineOf(name: string, { inline_crypto: value = 0 }: DiskAttributes): boolean {
  if (value === 0 || value === 1) return value === 1;
  const message = `disk ${name}: "inline_crypto" expected 0 or 1, got ${String(value)}`;
  throw new MachineError('value', name, 'inline_crypto', message);
}

/** Attributes of the model, not of a driver. */
const OWN_ATTRIBUTES = new Set(['driver', 'profile', 'metadata', 'inline_crypto']);

function driverOf(name: string, attributes: DiskAttributes): DiskDriver {
  if (!/^[a-zA-Z][a-zA-Z0-9_-]{0,30}$/.test(name) || /^dm-\d+$/.test(name)) {
    throw new MachineError(
      'name',
      name,
      null,
      `"${name}" is no name for a disk: letters, digits, - and _, and not dm-N`,
    );
  }
  const driver = attributes.driver ?? 'null_blk';
  if (!DISK_DRIVERS.includes(driver)) {
    throw new MachineError(
      'driver',
      name,
      'driver',
      `disk ${name}: "driver" expected ${DISK_DRIVERS.join(' or ')}, got ${String(driver)}`,
      closest(String(driver), DISK_DRIVERS),
    );
  }
  return driver;
}

function makeMedia(
  kernel: Kernel,
  driver: DiskDriver,
  name: string,
  attributes: DiskAttributes,
  log: string[],
): ZonedMedia {
  const numbers: Record<string, number> = {};
  for (const [attribute, value] of Object.entries(attributes)) {
    if (OWN_ATTRIBUTES.has(attribute) || value === undefined) continue;
    if (RUNNING_ONLY.includes(attribute)) {
      throw new MachineError(
        'attribute',
        name,
        attribute,
        `disk ${name}: "${attribute}" is for a disk that runs: ` +
          `echo SECTOR > /sys/kernel/config/nullb/${name}/${attribute}`,
      );
    }
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw new MachineError(
        'value',
        name,
        attribute,
        `disk ${name}: "${attribute}" expected a whole number of 0 or more, got ${JSON.stringify(value)}`,
      );
    }
    // configfs reads switches and unsigned ints; `size`, an unsigned long, has a bound of its own.
    const most = NULL_BLK_SWITCHES.includes(attribute) ? 1 : UINT_MAX;
    if (driver === 'null_blk' && attribute !== 'size' && value > most) {
      const expected = most === 1 ? '0 or 1' : 'a number below 2^32';
      const message = `disk ${name}: "${attribute}" expected ${expected}, got ${value}`;
      throw new MachineError('value', name, attribute, message);
    }
    numbers[attribute] = value;
  }
  checkSize(name, numbers);
  const made = driver === 'null_blk' ? nullBlkConfig(kernel, numbers) : scsiDebugConfig(numbers);
  if (made.ok) {
    log.push(...made.log);
    return made.media;
  }
  if (made.kind === 'no-attribute') {
    throw new MachineError(
      'attribute',
      name,
      made.attribute,
      `disk ${name}: ${driver} of ${kernel.name} has no attribute "${made.attribute}"`,
      closest(made.attribute, made.known),
    );
  }
  const why = made.log.length === 0 ? '' : `: ${made.log.join('; ')}`;
  const message = `disk ${name}: ${driver} of ${kernel.name} refuses it (${made.errno})${why}`;
  throw new MachineError('refused', name, null, message);
}

/** Bounds of the model, so that a slip of the finger takes no memory. */
function checkSize(name: string, attributes: Readonly<Record<string, number>>): void {
  const { size, zone_size: zoneSize, zoned } = attributes;
  if (size === 0) {
    throw new MachineError(
      'value',
      name,
      'size',
      `disk ${name}: "size" expected 1 MiB or more, got 0`,
    );
  }
  if (size !== undefined && size > MAX_SIZE_MIB) {
    const message = `disk ${name}: "size" expected at most ${MAX_SIZE_MIB} MiB (1 PiB), got ${size}`;
    throw new MachineError('too-large', name, 'size', message);
  }
  if (size === undefined || !zoned || !zoneSize) return;
  const zones = Math.ceil(size / zoneSize);
  if (zones > MAX_ZONES) {
    const message = `disk ${name}: "zone_size" expected at most ${MAX_ZONES} zones, got ${zones}`;
    throw new MachineError('too-large', name, 'zone_size', message);
  }
}
