/**
 * Queue limits (include/linux/blkdev.h, struct queue_limits). Every value carries its origin: which floor set it
 * and by which rule, so "who made this 0?" has an answer. Names are the kernel's fields.
 */

import type { Origin, Sourced } from '../sim/decision.ts';

export type ZonedModel = 'none' | 'host-aware' | 'host-managed';
export type Limit = Sourced<number>;

/** The numeric limits. Sectors are 512-byte units; the others say their unit in block-zoned terms or are counts. */
export const LIMIT_NAMES = [
  'logical_block_size',
  'physical_block_size',
  'io_min',
  'io_opt',
  'max_hw_sectors',
  'max_sectors',
  'max_dev_sectors',
  'chunk_sectors',
  'max_segments',
  'max_segment_size',
  'seg_boundary_mask',
  'virt_boundary_mask',
  'dma_alignment',
  'max_hw_discard_sectors',
  'max_discard_sectors',
  'discard_granularity',
  'discard_alignment',
  'max_discard_segments',
  'max_write_zeroes_sectors',
  'max_hw_wzeroes_unmap_sectors',
  'max_zone_append_sectors',
  'max_hw_zone_append_sectors',
  'zone_write_granularity',
  'max_open_zones',
  'max_active_zones',
] as const;

export type LimitName = (typeof LIMIT_NAMES)[number];

export type QueueLimits = Readonly<Record<LimitName, Limit>> & {
  readonly zoned: Sourced<ZonedModel>;
};

/** The same limits with some values replaced, each with the origin given. */
export function withLimits(
  limits: QueueLimits,
  values: Partial<Record<LimitName, number>> & { readonly zoned?: ZonedModel },
  origin: Origin,
): QueueLimits {
  const out: Record<string, Sourced<number | string>> = { ...limits };
  for (const [name, value] of Object.entries(values)) out[name] = { value, origin };
  return out as unknown as QueueLimits;
}
