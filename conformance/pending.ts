/**
 * What a replay may leave open, by name and reason: cells and operations about parts of the model that a later step
 * builds. A pending operation is performed when it can be; if it then agrees it counts as equal.
 */

import type { Kind, Op, Recording } from './facts.ts';

export interface Pending {
  /** Files it is about; all when absent. */
  readonly kind?: Kind;
  readonly cell: RegExp;
  /** By zonestack's name; all when absent. */
  readonly kernel?: RegExp;
  /** Which of the cell's operations, as `op args`; all when absent. */
  readonly op?: RegExp;
  /** What its recorded outcome must hold, as JSON; anything when absent. */
  readonly recorded?: RegExp;
  readonly reason: string;
}

/** Block events of btrfs metadata that differ while those of data agree. */
export const METADATA = 'block events of btrfs metadata: until the real trees are there';
/** The same bios met in the scheduler in other groups. */
export const MERGED =
  'time and concurrency: which waiting writes meet in the scheduler and are merged';
/** A kernel worker flushed while the writer went on, and got further or less far. */
export const FLUSHED =
  'time and concurrency: how much of its dirty data a writer finds flushed by a worker';
/** The scan that rescan_uuid_tree starts ends at the umount that follows at once, or has begun a transaction before. */
export const RESCANNED =
  'time and concurrency: whether the scan of the UUID tree begins before the umount';

export const PENDING: readonly Pending[] = [
  {
    kind: 'series',
    cell: /./,
    op: /^sh btrfs (?:check|inspect-internal)/,
    reason: 'btrfs trees: their content is kept beside the disk until the real trees are there',
  },
  {
    kind: 'mount',
    cell: /btrfs-device-add$|btrfs-two-devices-mkfs$/,
    reason: 'btrfs on several devices',
  },
  {
    kind: 'mount',
    cell: /./,
    op: /^sh btrfs (?:filesystem|device) /,
    reason: 'the btrfs(8) tool',
  },
  {
    kind: 'mount',
    cell: /nocow-file$/,
    op: /^[sg]etflags |swapon|^dmesg /,
    reason: 'inode flags and swap files',
  },
  {
    kind: 'mount',
    cell: /^mount\/(?:cap|append8)\/.*btrfs$/,
    op: /^dmesg /,
    recorded: /transid/,
    reason: 'how often 7.3 commits in the background where zones or appends are small: timing',
  },
  {
    kind: 'mount',
    cell: /^mount\/maxactive[1-7]\/.*btrfs$/,
    op: /^dmesg /,
    recorded: /active zones exceeded/,
    reason: 'which write is refused on a disk with fewer active zones than btrfs needs: timing',
  },
  {
    kind: 'mount',
    cell: /btrfs/,
    op: /^dmesg /,
    recorded: /\[ cut here \]|btrfs_delete_unused_bgs|<\/TASK>/,
    reason:
      'a dump of a WARNING that a kernel thread ran into: registers and call traces are not modelled',
  },
  {
    kind: 'zonefs-io',
    kernel: /^6\.1\./,
    cell: /foreign-write/,
    op: /^dmesg /,
    recorded: /invalid size.*read-only.*invalid size/,
    reason: 'time and concurrency: the same error was met twice (one of seven recorded runs)',
  },
];

/** The reason an operation may be pending, or null. */
export function pendingReason(recording: Recording, cell: string, op: Op): string | null {
  const text = `${op.op} ${op.args ?? ''}`;
  const found = PENDING.find(
    (one) =>
      (one.kind === undefined || one.kind === recording.kind) &&
      (one.kernel?.test(recording.kernel) ?? true) &&
      one.cell.test(cell) &&
      (one.op?.test(text) ?? true) &&
      (one.recorded?.test(JSON.stringify(op)) ?? true),
  );
  return found?.reason ?? null;
}
