/**
 * Stacking and finishing of queue limits (block/blk-settings.c: blk_set_stacking_limits(), blk_stack_limits(),
 * blk_validate_limits(); 5.10 to 7.x). Every value that comes from below keeps its way as a chain of origins.
 *
 * From 6.10 on `max_hw_zone_append_sectors` holds what the device itself can do (0: the block layer emulates) and
 * `max_zone_append_sectors` what a user sees. 6.10 to 6.12 keep both in one field; the pair says the same and lets
 * a reader ask either.
 */

import type { Kernel } from '../kernel/kernel.ts';
import { minNotZero, PAGE_SECTORS, roundDown, SECTOR_BYTES, UINT_MAX } from '../kernel/units.ts';
import type { Origin, Sourced } from '../sim/decision.ts';
import { LIMIT_NAMES, type LimitName, type QueueLimits, type ZonedModel } from './limits.ts';

const USHRT_MAX = 0xffff;

/** The floor of values that no device has had a say in. */
const UNSTACKED = 'stack';

/** What a queue starts from before any device is stacked into it: no limit but the block size. */
const STACKING: Partial<Record<LimitName, number>> = {
  logical_block_size: SECTOR_BYTES,
  physical_block_size: SECTOR_BYTES,
  io_min: SECTOR_BYTES,
  max_hw_sectors: UINT_MAX,
  max_sectors: UINT_MAX,
  max_dev_sectors: UINT_MAX,
  max_segments: USHRT_MAX,
  max_segment_size: UINT_MAX,
  seg_boundary_mask: UINT_MAX,
  dma_alignment: SECTOR_BYTES - 1,
  max_discard_segments: USHRT_MAX,
  max_write_zeroes_sectors: UINT_MAX,
  max_hw_wzeroes_unmap_sectors: UINT_MAX,
  max_zone_append_sectors: UINT_MAX,
  max_hw_zone_append_sectors: UINT_MAX,
};

/** Limits of which every value is `values[name]`, or 0, with one origin. */
export function limitsOf(
  values: Partial<Record<LimitName, number>> & { readonly zoned?: ZonedModel },
  origin: Origin,
): QueueLimits {
  const out: Record<string, Sourced<number | string>> = {
    zoned: { value: values.zoned ?? 'none', origin },
  };
  for (const name of LIMIT_NAMES) out[name] = { value: values[name] ?? 0, origin };
  return out as unknown as QueueLimits;
}

const STACKING_LIMITS = limitsOf(STACKING, { floor: UNSTACKED, rule: 'blk_set_stacking_limits' });

/** The limits a stacked device starts from (blk_set_stacking_limits()). */
export function defaultStackingLimits(): QueueLimits {
  return STACKING_LIMITS;
}

/** The default of a stack, and the device below says just that: then it comes from there. */
function unclaimed<T>(top: Sourced<T>, bottom: Sourced<T>): boolean {
  return top.origin.floor === UNSTACKED && top.value === bottom.value;
}

type Combine = (top: number, bottom: number) => number;

const RULES: readonly (readonly [LimitName, string, Combine])[] = [
  ['max_sectors', 'min', minNotZero],
  ['max_hw_sectors', 'min', minNotZero],
  ['max_dev_sectors', 'min', minNotZero],
  // A plain minimum: a device without write zeroes (0) takes it away from everything above.
  ['max_write_zeroes_sectors', 'min', Math.min],
  ['max_hw_wzeroes_unmap_sectors', 'min', Math.min],
  ['seg_boundary_mask', 'min', minNotZero],
  ['virt_boundary_mask', 'min', minNotZero],
  ['max_segments', 'min', minNotZero],
  ['max_discard_segments', 'min', minNotZero],
  ['max_segment_size', 'min', minNotZero],
  ['logical_block_size', 'max', Math.max],
  ['physical_block_size', 'max', Math.max],
  ['io_min', 'max', Math.max],
  ['io_opt', 'lcm', lcmNotZero],
  ['dma_alignment', 'max', Math.max],
  ['zone_write_granularity', 'max', Math.max],
];

const SECTOR_LIMITS = ['max_sectors', 'max_hw_sectors', 'max_dev_sectors'] as const;

/**
 * `top` with `bottom` stacked into it, where `bottom` is used from `startSector` on; `floorName` is the device (or
 * the table line) that gets the result. Neither argument is changed.
 */
export function stackLimits(
  kernel: Kernel,
  top: QueueLimits,
  bottom: QueueLimits,
  _startSector: number,
  floorName: string,
): QueueLimits {
  const out: Record<string, Sourced<number | string>> = { ...top };
  const take = (name: LimitName, how: string, value: number): void => {
    if (value === top[name].value && !unclaimed(top[name], bottom[name])) return;
    const from = bottom[name].origin;
    out[name] = { value, origin: { floor: floorName, rule: `stack:${how}`, from } };
  };
  for (const [name, how, combine] of RULES) {
    take(name, how, combine(top[name].value, bottom[name].value));
  }
  stackAppend(kernel, top, bottom, take);
  if (bottom.chunk_sectors.value !== 0) {
    take('chunk_sectors', 'gcd', gcd(top.chunk_sectors.value, bottom.chunk_sectors.value));
  }
  if (bottom.discard_granularity.value !== 0) stackDiscard(top, bottom, take);
  const above = rank(bottom.zoned.value) > rank(top.zoned.value);
  if (above || unclaimed(top.zoned, bottom.zoned)) {
    const from = bottom.zoned.origin;
    out.zoned = {
      value: bottom.zoned.value,
      origin: { floor: floorName, rule: 'stack:zoned', from },
    };
  }
  return roundSectors(out as unknown as QueueLimits, floorName);
}

/**
 * Would the kernel say that `bottom` at `startSector` is misaligned below `top` (the -1 of blk_stack_limits())?
 * Alignment offsets of partitions and disks are 0 here, so only the start and the block sizes can do that.
 */
export function stacksMisaligned(
  top: QueueLimits,
  bottom: QueueLimits,
  startSector: number,
): boolean {
  const granularity = Math.max(bottom.physical_block_size.value, bottom.io_min.value);
  if ((startSector * SECTOR_BYTES) % granularity !== 0) return true;
  const logical = Math.max(top.logical_block_size.value, bottom.logical_block_size.value);
  const physical = Math.max(top.physical_block_size.value, bottom.physical_block_size.value);
  return physical % logical !== 0;
}

function stackAppend(
  kernel: Kernel,
  top: QueueLimits,
  bottom: QueueLimits,
  take: (name: LimitName, how: string, value: number) => void,
): void {
  if (kernel.block.appendLimit === 'driver') {
    // Up to 6.9 a plain minimum, so that a 0 below reaches everything above; a minimum that skipped zeros would
    // hide the very limit the series sets.
    const value = Math.min(top.max_zone_append_sectors.value, bottom.max_zone_append_sectors.value);
    take('max_zone_append_sectors', 'min', value);
    return;
  }
  take(
    'max_zone_append_sectors',
    'min',
    Math.min(top.max_zone_append_sectors.value, bottom.max_zone_append_sectors.value),
  );
  // 6.10 to 6.12 take the smaller of what users see, so a device that emulates looks native to those above it; from
  // 6.13 on the device's own ability is stacked and device mapper corrects it (blk_stack_limits()).
  const below =
    kernel.block.appendLimit === 'effective'
      ? bottom.max_zone_append_sectors.value
      : bottom.max_hw_zone_append_sectors.value;
  take('max_hw_zone_append_sectors', 'min', Math.min(top.max_hw_zone_append_sectors.value, below));
}

function stackDiscard(
  top: QueueLimits,
  bottom: QueueLimits,
  take: (name: LimitName, how: string, value: number) => void,
): void {
  for (const name of ['max_discard_sectors', 'max_hw_discard_sectors'] as const) {
    take(name, 'min', minNotZero(top[name].value, bottom[name].value));
  }
  const granularity = Math.max(top.discard_granularity.value, bottom.discard_granularity.value);
  take('discard_granularity', 'max', granularity);
}

/** Sector limits are cut to whole logical blocks, but never below a page (blk_round_down_sectors()). */
export function roundSectors(limits: QueueLimits, floorName: string): QueueLimits {
  const block = limits.logical_block_size.value / SECTOR_BYTES;
  const out: Record<string, Sourced<number | string>> = { ...limits };
  for (const name of SECTOR_LIMITS) {
    const { value, origin } = limits[name];
    const rounded = Math.max(roundDown(value, block), PAGE_SECTORS);
    if (rounded === value || value === 0) continue;
    out[name] = {
      value: rounded,
      origin: { floor: floorName, rule: 'round-to-logical-block', from: origin },
    };
  }
  return out as unknown as QueueLimits;
}

/**
 * The limits as they go live: what blk_validate_limits() derives, or what the setters of older kernels leave. Call
 * it once all stacking and all hints are done.
 */
export function finalizeLimits(
  kernel: Kernel,
  limits: QueueLimits,
  floorName: string,
): QueueLimits {
  let done = limits;
  const put = (name: LimitName, rule: string, value: number): void => {
    const { value: before, origin } = done[name];
    if (before === value) return;
    if (done === limits) done = { ...limits };
    const changed: Record<string, Sourced<number | string>> = done;
    changed[name] = { value, origin: { floor: floorName, rule, from: origin } };
  };
  if (kernel.block.limitsCommit === 'validated') {
    done = roundSectors(done, floorName);
    const cap = kernel.block.defaultMaxSectors;
    const most = minNotZero(done.max_hw_sectors.value, done.max_dev_sectors.value);
    // A device that likes longer requests than the default gets them (blk_validate_limits()).
    const liked = done.io_opt.value / SECTOR_BYTES;
    const soft = Math.max(cap, liked);
    put('max_sectors', 'default-cap', Math.min(done.max_sectors.value || UINT_MAX, most, soft));
  }
  if (done.zoned.value === 'none') {
    put('zone_write_granularity', 'not-zoned', 0);
    put('max_zone_append_sectors', 'not-zoned', 0);
    put('max_hw_zone_append_sectors', 'not-zoned', 0);
    put('max_open_zones', 'not-zoned', 0);
    put('max_active_zones', 'not-zoned', 0);
    return done;
  }
  if (kernel.block.limitsCommit === 'validated') {
    const block = done.logical_block_size.value;
    if (done.zone_write_granularity.value < block) {
      put('zone_write_granularity', 'at-least-logical-block', block);
    }
  }
  if (kernel.block.appendLimit !== 'driver') {
    const most = Math.min(done.chunk_sectors.value, done.max_hw_sectors.value);
    const own = done.max_hw_zone_append_sectors.value;
    put(
      'max_zone_append_sectors',
      own === 0 ? 'emulated-by-block-layer' : 'min-of-device-zone-and-max_hw_sectors',
      minNotZero(own, most),
    );
  }
  return done;
}

/**
 * Open and active limits that cannot be reached are dropped, and an unlimited disk whose pool of write plugs is
 * smaller than its sequential zones advises that many (disk_update_zone_resources(), 6.10 and later).
 */
export function zoneResourceLimits(
  kernel: Kernel,
  limits: QueueLimits,
  sequentialZones: number,
  floorName: string,
): QueueLimits {
  if (kernel.block.zoneWriteOrder !== 'zone-write-plug') return limits;
  const origin = (rule: string, from: Origin): Origin => ({ floor: floorName, rule, from });
  let { max_open_zones: open, max_active_zones: active } = limits;
  const pool = Math.max(open.value, active.value) || Math.min(PLUG_POOL, sequentialZones);
  if (open.value >= sequentialZones) {
    open = { value: 0, origin: origin('limit-not-reachable', open.origin) };
  }
  if (active.value >= sequentialZones) {
    active = { value: 0, origin: origin('limit-not-reachable', active.origin) };
  }
  if (open.value === 0 && active.value === 0 && pool < sequentialZones) {
    open = { value: pool, origin: origin('plug-pool-size', open.origin) };
  }
  return { ...limits, max_open_zones: open, max_active_zones: active };
}

/** BLK_ZONE_WPLUG_DEFAULT_POOL_SIZE. */
const PLUG_POOL = 128;

function rank(model: ZonedModel): number {
  return model === 'none' ? 0 : model === 'host-aware' ? 1 : 2;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function lcmNotZero(a: number, b: number): number {
  if (a === 0 || b === 0) return a + b;
  return (a / gcd(a, b)) * b;
}
