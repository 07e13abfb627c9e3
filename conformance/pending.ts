/**
 * What a replay may leave open, by name and reason: cells and operations about parts of the model that a later step
 * builds. A pending operation is performed when it can be; if it then agrees it counts as equal.
 */

import type { Op } from './facts.ts';

export interface Pending {
  /** Files it is about; all when absent. */
  readonly file?: RegExp;
  readonly cell: RegExp;
  /** Which of the cell's operations, as `op args`; all when absent. */
  readonly op?: RegExp;
  /** What its recorded outcome must hold, as JSON; anything when absent. */
  readonly recorded?: RegExp;
  readonly reason: string;
}

export const PENDING: readonly Pending[] = [
  {
    file: /^series$/,
    cell: /./,
    op: /^sh btrfs (?:check|inspect-internal)/,
    reason: 'btrfs trees: their content is kept beside the disk until the real trees are there',
  },
  {
    file: /^mount$/,
    cell: /btrfs-device-add$|btrfs-two-devices-mkfs$/,
    reason: 'btrfs on several devices',
  },
  {
    file: /^mount$/,
    cell: /./,
    op: /^sh btrfs (?:filesystem|device) /,
    reason: 'the btrfs(8) tool',
  },
  {
    file: /^mount$/,
    cell: /nocow-file$/,
    op: /^[sg]etflags |swapon|^dmesg /,
    reason: 'inode flags and swap files',
  },
  {
    file: /^mount$/,
    cell: /btrfs$/,
    op: /^dmesg /,
    recorded: /btrfs_remove_block_group|btrfs_delete_unused_bgs/,
    reason: 'a crash dump of the btrfs cleaner: the race it lost is not modelled',
  },
];

/** The reason an operation may be pending, or null. */
export function pendingReason(file: string, cell: string, op: Op): string | null {
  const text = `${op.op} ${op.args ?? ''}`;
  const found = PENDING.find(
    (one) =>
      (one.file?.test(file) ?? true) &&
      one.cell.test(cell) &&
      (one.op?.test(text) ?? true) &&
      (one.recorded?.test(JSON.stringify(op)) ?? true),
  );
  return found?.reason ?? null;
}
