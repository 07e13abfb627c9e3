/**
 * The log line of a failed request (block/blk-core.c blk_print_req_error(), later blk-mq.c) and the numbers in it:
 * REQ_* bits of include/linux/blk_types.h, which users see as `flags 0x8800` and as `rw=34817`. The kernel limits the
 * rate of these lines; here each one is kept.
 */

import type { Kernel } from '../kernel/kernel.ts';
import { PAGE_SECTORS } from '../kernel/units.ts';
import { type BioOp, Flag, Op } from './bio.ts';
import { type BlockStatus, statusWord } from './status.ts';

const OP_NAMES: Record<BioOp, string> = {
  [Op.read]: 'READ',
  [Op.write]: 'WRITE',
  [Op.flush]: 'FLUSH',
  [Op.discard]: 'DISCARD',
  [Op.zoneAppend]: 'ZONE_APPEND',
  [Op.writeZeroes]: 'WRITE_ZEROES',
  [Op.zoneOpen]: 'ZONE_OPEN',
  [Op.zoneClose]: 'ZONE_CLOSE',
  [Op.zoneFinish]: 'ZONE_FINISH',
  [Op.zoneReset]: 'ZONE_RESET',
  [Op.zoneResetAll]: 'ZONE_RESET_ALL',
};

const BITS: readonly (readonly [number, number])[] = [
  [Flag.sync, 0x800],
  [Flag.meta, 0x1000],
  [Flag.prio, 0x2000],
  [Flag.noMerge, 0x4000],
  [Flag.idle, 0x8000],
  [Flag.fua, 0x2_0000],
  [Flag.preflush, 0x4_0000],
  [Flag.readahead, 0x8_0000],
  [Flag.noWait, 0x20_0000],
];

const ALLOC_CACHE = 0x80_0000;
/** REQ_FAILFAST_MASK: what a request for readahead gets on top (blk_mq_bio_to_request()). */
const FAIL_FAST = 0x700;

function opNumber(kernel: Kernel, op: BioOp): number {
  return op === Op.zoneAppend ? kernel.block.appendOpNumber : op;
}

/** bi_opf: operation and flags as the kernel's one number. */
export function requestFlags(kernel: Kernel, op: BioOp, flags: number): number {
  let bits = opNumber(kernel, op);
  for (const [flag, bit] of BITS) if ((flags & flag) !== 0) bits += bit;
  if (kernel.block.allocCacheShown && (flags & Flag.allocCache) !== 0) bits += ALLOC_CACHE;
  return bits;
}

/** `I/O error, dev nullb0, sector 0 op 0x1:(WRITE) flags 0x8800 phys_seg 1 prio class 2`. */
export function ioErrorLine(
  kernel: Kernel,
  status: BlockStatus,
  deviceName: string,
  op: BioOp,
  flags: number,
  sector: number,
  sectors: number,
): string {
  const number = opNumber(kernel, op);
  const failFast = (flags & Flag.readahead) === 0 ? 0 : FAIL_FAST;
  const bits = requestFlags(kernel, op, flags) - number + failFast;
  const data = op === Op.read || op === Op.write || op === Op.zoneAppend;
  // Every page a segment: the model's pages lie nowhere, and the kernel's seldom next to each other.
  const segments = data ? Math.ceil(sectors / PAGE_SECTORS) : op === Op.discard ? 1 : 0;
  const { ioErrorPrefix, ioErrorPrioClass, ownBioPrioClass } = kernel.block;
  const prioClass = (flags & Flag.own) === 0 ? ioErrorPrioClass : ownBioPrioClass;
  return `${ioErrorPrefix}${statusWord(status)} error, dev ${deviceName}, sector ${sector} op 0x${number.toString(16)}:(${OP_NAMES[op]}) flags 0x${bits.toString(16)} phys_seg ${segments} prio class ${prioClass}`;
}
