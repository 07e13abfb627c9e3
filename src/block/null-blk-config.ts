/**
 * null_blk's attributes in configfs and what becomes of them when the disk is powered on (drivers/block/null_blk,
 * null_validate_conf() and null_init_zoned_dev()). Sizes are MiB where configfs says MiB. Unknown attributes are
 * errors, as there is no such file; odd values are clamped with a line in the log, impossible ones refused.
 */

import type { ErrnoName } from '../kernel/errno.ts';
import type { Kernel } from '../kernel/kernel.ts';
import {
  isPowerOfTwo,
  PAGE_BYTES,
  SECTOR_BYTES,
  SECTORS_PER_MIB,
  UINT_MAX,
} from '../kernel/units.ts';
import { ZoneCond, ZoneType } from './device.ts';
import { NO_WP, ZonedMedia } from './media.ts';

/** What of the attributes is not in the media's shape. */
export interface NullBlkConfig {
  readonly blockSizeBytes: number;
  /** 0: the driver says nothing. */
  readonly maxSectors: number;
  readonly maxOpen: number;
  readonly maxActive: number;
  /** Sectors of the longest append the disk does itself; 0: none, the block layer emulates. */
  readonly appendSectors: number;
  readonly memoryBacked: boolean;
  readonly discard: boolean;
  /** It has a volatile write cache, which memory backed disks alone can have (null_validate_conf()). */
  readonly cache: boolean;
  readonly bioMode: boolean;
  /** What null_blk prints as the disk is powered on. */
  readonly lines: readonly ConfigLine[];
}

export interface ConfigLine {
  readonly text: string;
  /** Its format has no newline: nobody sees it before the next line. */
  readonly unterminated: boolean;
}

/** Why a disk cannot be made of its attributes. */
export type ConfigRefusal = {
  readonly ok: false;
  /** The attributes this kernel's driver has. */
  readonly known: readonly string[];
  readonly log: readonly string[];
} & (
  | { readonly kind: 'no-attribute'; readonly attribute: string }
  /** `errno`: what making the disk returns; of null_blk, the write to `power`. */
  | { readonly kind: 'refused'; readonly errno: ErrnoName }
);

export type NullBlkResult =
  | {
      readonly ok: true;
      readonly media: ZonedMedia;
      readonly config: NullBlkConfig;
      /** Empty: the disk prints what it has to say whenever a kernel makes it. */
      readonly log: readonly string[];
    }
  | ConfigRefusal;

/** Values of attributes that nobody set (the module's parameters). */
const DEFAULTS = {
  size: 250 * 1024,
  queue_mode: 2,
  blocksize: 512,
  max_sectors: 0,
  memory_backed: 0,
  discard: 0,
  cache_size: 0,
  zoned: 0,
  zone_size: 256,
  zone_capacity: 0,
  zone_nr_conv: 0,
  zone_max_open: 0,
  zone_max_active: 0,
  zone_append_max_sectors: UINT_MAX,
};

export const NULL_BLK_DEFAULTS: Readonly<Record<string, number>> = DEFAULTS;

/** Attributes the driver reads with kstrtobool(), which takes 0 and 1 of all numbers. */
export const NULL_BLK_SWITCHES: readonly string[] = ['memory_backed', 'discard', 'zoned'];

type Say = (line: string, unterminated?: boolean) => void;

type Values = Record<keyof typeof DEFAULTS, number>;

/** Judges `attributes` as `kernel`'s null_blk does when the disk is powered on. */
export function nullBlkConfig(
  kernel: Kernel,
  attributes: Readonly<Record<string, number>>,
): NullBlkResult {
  const known = kernel.block.nullBlkAttributes;
  for (const name of Object.keys(attributes)) {
    if (!known.includes(name)) {
      return { ok: false, kind: 'no-attribute', attribute: name, known, log: [] };
    }
  }
  const lines: ConfigLine[] = [];
  const say: Say = (line, unterminated = false) => {
    lines.push({ text: `null_blk: ${line}`, unterminated });
  };
  const refuse = (errno: ErrnoName): NullBlkResult => {
    const log = lines.map(({ text }) => text);
    return { ok: false, kind: 'refused', errno, known, log };
  };
  const values: Values = { ...DEFAULTS, ...attributes };
  const bioMode = values.queue_mode === 0 && kernel.block.nullBlkBioMode;
  if (values.queue_mode === 0 && !bioMode) {
    say('BIO-based IO path is no longer available, using blk-mq');
  }
  // Block sizes are rounded to 512 and kept from 512 to a page (null_validate_conf()).
  const rounded = Math.floor(values.blocksize / SECTOR_BYTES) * SECTOR_BYTES;
  const blockSizeBytes = Math.min(Math.max(rounded, SECTOR_BYTES), PAGE_BYTES);
  const refused = values.zoned === 0 ? null : zoneRefusal(kernel, values, say);
  if (refused !== null) {
    return refuse(kernel.block.nullBlkPowerErrno === 'ENOMEM' ? 'ENOMEM' : refused);
  }
  const shape = values.zoned === 0 ? regularShape(values) : zonedShape(values, say);
  let { discard } = values;
  if (discard !== 0 && values.zoned !== 0) {
    say('discard option is ignored in zoned mode');
    discard = 0;
  }
  const media = new ZonedMedia(shape.geometry, { ...attributes });
  if (!killZones(media, attributes)) return refuse('EINVAL');
  return {
    ok: true,
    media,
    config: {
      blockSizeBytes,
      maxSectors: values.max_sectors,
      maxOpen: shape.maxOpen,
      maxActive: shape.maxActive,
      appendSectors: values.zone_append_max_sectors,
      memoryBacked: values.memory_backed !== 0,
      discard: discard !== 0,
      cache: values.memory_backed !== 0 && values.cache_size !== 0,
      bioMode,
      lines,
    },
    log: [],
  };
}

/** Why a zoned disk cannot be (null_init_zoned_dev(), first part); null when it can. */
function zoneRefusal(kernel: Kernel, values: Values, say: Say): ErrnoName | null {
  const { zone_size: size, zone_capacity, size: total } = values;
  const capacity = zone_capacity || size;
  if (!isPowerOfTwo(size)) {
    say(kernel.block.nullBlkZoneSizeLine);
    return 'EINVAL';
  }
  if (size > total) {
    say('Zone size larger than device capacity');
    return 'EINVAL';
  }
  if (capacity > size) {
    say(`zone capacity (${capacity} MB) larger than zone size (${size} MB)`);
    return 'EINVAL';
  }
  if (kernel.block.nullBlkRuntNeedsFullCapacity && total % size !== 0 && capacity < size) {
    say('A smaller last zone is not allowed with zone capacity smaller than zone size.');
    return 'EINVAL';
  }
  return null;
}

/** zone_readonly and zone_offline: sectors of zones to be so from the start. False for no sequential zone. */
function killZones(media: ZonedMedia, attributes: Readonly<Record<string, number>>): boolean {
  const orders = [
    ['zone_readonly', ZoneCond.readonly],
    ['zone_offline', ZoneCond.offline],
  ] as const;
  for (const [name, cond] of orders) {
    const sector = attributes[name];
    if (sector === undefined) continue;
    const zone = media.zoned ? Math.floor(sector / media.zoneSizeSectors) : -1;
    if (media.type[zone] !== ZoneType.seqWriteRequired) return false;
    media.cond[zone] = cond;
    media.wp[zone] = NO_WP;
  }
  return true;
}

interface Shape {
  readonly geometry: ConstructorParameters<typeof ZonedMedia>[0];
  readonly maxOpen: number;
  readonly maxActive: number;
}

function regularShape(values: Values): Shape {
  const sizeSectors = values.size * SECTORS_PER_MIB;
  return {
    geometry: { sizeSectors, zoneSizeSectors: 0, zoneCapacitySectors: 0, conventionalZones: 0 },
    maxOpen: 0,
    maxActive: 0,
  };
}

function zonedShape(values: Values, say: Say): Shape {
  const zones = Math.ceil(values.size / values.zone_size);
  let conventional = values.zone_nr_conv;
  // At least one zone must be sequential.
  if (conventional >= zones) {
    conventional = zones - 1;
    say(`changed the number of conventional zones to ${conventional}`, true);
  }
  const sequential = zones - conventional;
  let { zone_max_active: maxActive, zone_max_open: maxOpen } = values;
  if (maxActive >= sequential) {
    maxActive = 0;
    say('zone_max_active limit disabled, limit >= zone count');
  }
  if (maxActive !== 0 && maxOpen > maxActive) {
    maxOpen = maxActive;
    say(`changed the maximum number of open zones to ${maxOpen}`);
  } else if (maxOpen >= sequential) {
    maxOpen = 0;
    say('zone_max_open limit disabled, limit >= zone count');
  }
  return {
    geometry: {
      sizeSectors: values.size * SECTORS_PER_MIB,
      zoneSizeSectors: values.zone_size * SECTORS_PER_MIB,
      zoneCapacitySectors: (values.zone_capacity || values.zone_size) * SECTORS_PER_MIB,
      conventionalZones: conventional,
    },
    maxOpen,
    maxActive,
  };
}
