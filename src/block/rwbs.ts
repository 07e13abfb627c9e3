/**
 * The letters block trace events print for an operation (kernel/trace/blktrace.c, blk_fill_rwbs()). Up to 6.12 zone
 * operations have none of their own and print `N`; later kernels print ZA, ZR, ZRA, ZF, ZO, ZC.
 */

import type { Kernel } from '../kernel/kernel.ts';
import { Flag, Op } from './bio.ts';

const COMMON: Readonly<Record<number, string>> = {
  [Op.read]: 'R',
  [Op.write]: 'W',
  [Op.flush]: 'F',
  [Op.discard]: 'D',
};

const ZONED: Readonly<Record<number, string>> = {
  [Op.zoneAppend]: 'ZA',
  [Op.zoneReset]: 'ZR',
  [Op.zoneResetAll]: 'ZRA',
  [Op.zoneFinish]: 'ZF',
  [Op.zoneOpen]: 'ZO',
  [Op.zoneClose]: 'ZC',
  [Op.writeZeroes]: 'WZ',
};

/** `NS` for a synchronous zone append on 5.12, `ZAS` on 7.3, `WFSM` for a FUA metadata write. */
export function rwbs(kernel: Kernel, op: number, flags: number): string {
  const zoned = kernel.block.zoneTraceLetters ? ZONED[op] : undefined;
  let text = (flags & Flag.preflush) === 0 ? '' : 'F';
  text += COMMON[op] ?? zoned ?? 'N';
  if ((flags & Flag.fua) !== 0) text += 'F';
  if ((flags & Flag.readahead) !== 0) text += 'A';
  if ((flags & Flag.sync) !== 0) text += 'S';
  if ((flags & Flag.meta) !== 0) text += 'M';
  return text;
}
