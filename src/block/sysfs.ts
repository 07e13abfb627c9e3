/**
 * /sys/block/DEVICE/queue (block/blk-sysfs.c): which files a queue has under a kernel, what they say, what may be
 * written to them. Limits are shown from the device's limits; what the model has no use for has the value every
 * recorded queue showed.
 */

import { errno } from '../kernel/errno.ts';
import { KIB, SECTOR_BYTES } from '../kernel/units.ts';
import { BaseBlockDevice } from './base-device.ts';
import type { BlockDevice } from './device.ts';
import type { LimitName } from './limits.ts';
import { withLimits } from './limits.ts';

type Show = (device: BaseBlockDevice) => number | string;

const limit =
  (name: LimitName, scale = 1): Show =>
  (device) =>
    device.limits[name].value * scale;

const kib =
  (name: LimitName): Show =>
  (device) =>
    Math.floor((device.limits[name].value * SECTOR_BYTES) / KIB);

const fixed =
  (value: number | string): Show =>
  () =>
    value;

/** What a queue without requests shows as 0 where kernels differ. */
const counted =
  (value: number): Show =>
  (device) =>
    device.queue.requestBased || device.kernelAnswers.bioQueueShows === 'as-disks' ? value : 0;

const SHOW: Readonly<Record<string, Show>> = {
  add_random: fixed(0),
  async_depth: (device) => requestCount(device),
  atomic_write_boundary_bytes: fixed(0),
  atomic_write_max_bytes: fixed(0),
  atomic_write_unit_max_bytes: fixed(0),
  atomic_write_unit_min_bytes: fixed(0),
  chunk_sectors: limit('chunk_sectors'),
  dax: fixed(0),
  discard_granularity: limit('discard_granularity'),
  discard_max_bytes: limit('max_discard_sectors', SECTOR_BYTES),
  discard_max_hw_bytes: limit('max_hw_discard_sectors', SECTOR_BYTES),
  discard_zeroes_data: fixed(0),
  dma_alignment: limit('dma_alignment'),
  fua: (device) => (device.queue.hasCache ? 1 : 0),
  hw_sector_size: limit('logical_block_size'),
  io_poll: (device) => (polls(device) ? 1 : 0),
  io_poll_delay: counted(-1),
  io_timeout: (device) => device.queue.timeoutMs,
  iostats: counted(1),
  iostats_passthrough: fixed(0),
  logical_block_size: limit('logical_block_size'),
  max_active_zones: limit('max_active_zones'),
  max_discard_segments: limit('max_discard_segments'),
  max_hw_sectors_kb: kib('max_hw_sectors'),
  max_integrity_segments: fixed(0),
  max_open_zones: limit('max_open_zones'),
  max_sectors_kb: kib('max_sectors'),
  max_segment_size: limit('max_segment_size'),
  max_segments: limit('max_segments'),
  max_write_streams: fixed(0),
  minimum_io_size: limit('io_min'),
  nomerges: fixed(0),
  nr_requests: (device) => requestCount(device),
  nr_zones: (device) => device.nrZones,
  optimal_io_size: limit('io_opt'),
  physical_block_size: limit('physical_block_size'),
  // Twice the optimal length where there is one (blk_queue_io_opt(), later blk_apply_bdi_limits()).
  read_ahead_kb: (device) => Math.max(128, Math.floor((device.limits.io_opt.value * 2) / KIB)),
  rotational: (device) => (device.queue.rotational ? 1 : 0),
  rq_affinity: counted(1),
  scheduler: (device) => schedulerText(device),
  stable_writes: fixed(0),
  virt_boundary_mask: limit('virt_boundary_mask'),
  wbt_lat_usec: fixed(2000),
  write_cache: (device) => (device.queue.writeCache ? 'write back' : 'write through'),
  write_same_max_bytes: ({ queue, kernelAnswers }) =>
    kernelAnswers.writeSame ? queue.writeSameBytes : 0,
  write_stream_granularity: fixed(0),
  write_zeroes_max_bytes: limit('max_write_zeroes_sectors', SECTOR_BYTES),
  write_zeroes_unmap_max_bytes: fixed(0),
  write_zeroes_unmap_max_hw_bytes: fixed(0),
  zone_append_max_bytes: limit('max_zone_append_sectors', SECTOR_BYTES),
  zone_write_granularity: limit('zone_write_granularity'),
  zoned: (device) => device.limits.zoned.value,
  zoned_qd1_writes: (device) => (device.queue.rotational && device.queue.requestBased ? 1 : 0),
};

/** The files of the device's queue directory, sorted by name. */
export function queueAttributeNames(device: BlockDevice): readonly string[] {
  if (!(device instanceof BaseBlockDevice)) return [];
  const { queueAttributes, zonedQueueAttributes, requestQueueAttributes } = device.kernelAnswers;
  const zoned = device.limits.zoned.value !== 'none';
  return queueAttributes.filter(
    (name) =>
      (zoned || !zonedQueueAttributes.includes(name)) &&
      (device.queue.requestBased || !requestQueueAttributes.includes(name)),
  );
}

/** What reading the file gives, with its newline; null when there is no such file. */
export function readQueueAttribute(device: BlockDevice, name: string): string | null {
  if (!(device instanceof BaseBlockDevice) || !queueAttributeNames(device).includes(name)) {
    return null;
  }
  device.touchSetup();
  const show = SHOW[name];
  if (show === undefined) throw new Error(`queue attribute "${name}" expected a body, got none`);
  return `${device.queue.written.get(name) ?? show(device)}\n`;
}

/**
 * Writes `text` to the file. Returns 0 or a negative errno: ENOENT without such a file, EACCES for one that cannot be
 * written, EINVAL for a value the queue cannot have.
 */
export function writeQueueAttribute(device: BlockDevice, name: string, text: string): number {
  if (!(device instanceof BaseBlockDevice) || !queueAttributeNames(device).includes(name)) {
    return -errno.ENOENT;
  }
  device.touchSetup(true);
  const value = text.trim();
  const store = STORE[name];
  return store === undefined ? -errno.EACCES : store(device, value, name);
}

/** Can the file be opened for writing at all? */
export function isQueueAttributeWritable(name: string): boolean {
  return STORE[name] !== undefined;
}

type Store = (device: BaseBlockDevice, value: string, name: string) => number;

/** Kept and shown again, without effect on the model. */
const keep =
  (most: number): Store =>
  (device, value, name) => {
    const number = parse(value);
    if (number < 0 || number > most) return -errno.EINVAL;
    device.queue.written.set(name, String(number));
    return 0;
  };

const STORE: Readonly<Record<string, Store>> = {
  add_random: keep(1),
  discard_max_bytes: storeDiscardMax,
  io_timeout: keep(0xffffffff),
  iostats: keep(1),
  iostats_passthrough: keep(1),
  max_sectors_kb: storeMaxSectors,
  nomerges: keep(2),
  nr_requests: keep(0xffffffff),
  read_ahead_kb: keep(0xffffffff),
  rotational: keep(1),
  rq_affinity: keep(2),
  scheduler: storeScheduler,
  stable_writes: keep(1),
  wbt_lat_usec: keep(0xffffffff),
  write_cache: storeWriteCache,
};

function storeMaxSectors(device: BaseBlockDevice, value: string): number {
  const wanted = parse(value);
  const { max_hw_sectors } = device.limits;
  const most = Math.floor(max_hw_sectors.value / 2);
  // No less than a page, no more than the hardware takes (queue_max_sectors_store()).
  if (wanted < 4 || wanted > most) return -errno.EINVAL;
  setLimit(device, 'max_sectors', wanted * 2, 'max_sectors_kb');
  return 0;
}

function storeDiscardMax(device: BaseBlockDevice, value: string): number {
  const bytes = parse(value);
  const { discard_granularity, max_hw_discard_sectors } = device.limits;
  if (bytes < 0 || bytes % Math.max(discard_granularity.value, 1) !== 0) return -errno.EINVAL;
  const sectors = Math.min(Math.floor(bytes / SECTOR_BYTES), max_hw_discard_sectors.value);
  setLimit(device, 'max_discard_sectors', sectors, 'discard_max_bytes');
  return 0;
}

function storeScheduler(device: BaseBlockDevice, value: string): number {
  if (!device.queue.requestBased) return 0;
  if (value !== 'none' && value !== 'mq-deadline') return -errno.EINVAL;
  device.queue.scheduler = value;
  device.setLimits(device.limits);
  return 0;
}

function storeWriteCache(device: BaseBlockDevice, value: string): number {
  if (value !== 'write back' && value !== 'write through' && value !== 'none') {
    return -errno.EINVAL;
  }
  const on = value === 'write back';
  const { writeCacheStore } = device.kernelAnswers;
  if (on && !device.queue.hasCache && writeCacheStore !== 'taken') {
    return writeCacheStore === 'refused' ? -errno.EINVAL : 0;
  }
  device.queue.writeCache = on;
  return 0;
}

function setLimit(device: BaseBlockDevice, name: LimitName, value: number, rule: string): void {
  const origin = { floor: device.name, rule: `sysfs:${rule}`, from: device.limits[name].origin };
  device.setLimits(withLimits(device.limits, { [name]: value }, origin));
}

/** A decimal number, or -1. */
function parse(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}

/** A scheduler's requests are twice the tags, at most 256 (blk_mq_init_sched()); without requests it is a number nobody uses. */
function requestCount({ queue }: BaseBlockDevice): number {
  if (!queue.requestBased) return 128;
  return queue.scheduler === 'none' ? queue.tags : 2 * Math.min(queue.tags, 128);
}

function schedulerText(device: BaseBlockDevice): string {
  if (!device.queue.requestBased) return 'none';
  // The blanks at the end are the kernel's.
  if (device.queue.scheduler === 'none') return '[none] mq-deadline ';
  const noneFirst = device.kernelAnswers.schedulerList === 'none-first';
  return noneFirst ? 'none [mq-deadline] ' : '[mq-deadline] none';
}

function polls(device: BlockDevice): boolean {
  if (!(device instanceof BaseBlockDevice)) return false;
  const { ioPoll } = device.kernelAnswers;
  if (device.queue.requestBased) return device.queue.polls && ioPoll !== 'never';
  const { slaves } = device;
  if (ioPoll === 'all') return slaves.every(polls);
  return ioPoll === 'disks-and-above' && slaves.length > 0 && slaves.every(polls);
}
