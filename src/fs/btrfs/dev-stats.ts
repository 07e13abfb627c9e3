/**
 * The five error counters of a device (fs/btrfs/volumes.c, btrfs_dev_stat_inc_and_print()): they stand in the
 * device tree, so they survive umount, but only what a commit has written. Their line is rate limited; the
 * count is not. From 5.12 on.
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import { Status } from '../../block/status.ts';
import type { LogLevel } from '../../kernel/log.ts';
import { rateLimit } from './ratelimit.ts';
import type { BtrfsEnv } from './seam.ts';
import type { FsState } from './state.ts';
import { type DevStats, TreeId, type Trees } from './trees.ts';

/** Counts one error and says so. */
export function countError(fs: FsState, which: keyof DevStats): void {
  fs.trees.devStats = { ...fs.trees.devStats, [which]: fs.trees.devStats[which] + 1 };
  fs.transaction?.dirtyTrees.add(TreeId.dev);
  fs.devStatsChanged = true;
  if (!rateLimit(fs.host, fs.answers.devStatsPlace)) return;
  logStats(fs.env, fs.trees, 'err');
}

/**
 * A bio came back with an error (btrfs_log_dev_io_error()): it counts, unless it is of a kind the disk is not
 * blamed for.
 */
export function deviceError(fs: FsState, bio: Bio): void {
  const { status } = bio;
  const counts =
    status === Status.ioError ||
    status === Status.target ||
    status === Status.medium ||
    status === Status.protection;
  if (counts) {
    if (bio.op === Op.write || bio.op === Op.zoneAppend) countError(fs, 'write');
    else if ((bio.flags & Flag.readahead) === 0) countError(fs, 'read');
    return;
  }
  if (fs.answers.otherBlockErrors === 'silent') return;
  if (!rateLimit(fs.host, 'btrfs_log_dev_io_error')) return;
  fs.env.log('warning', `bdev ${fs.env.source} unexpected block io error: ${status}`);
}

/** At mount a device that has ever erred is named again (btrfs_dev_stat_print_on_load()). */
export function logStatsOnLoad(env: BtrfsEnv, trees: Trees): void {
  const { write, read, flush, corruption, generation } = trees.devStats;
  if (write + read + flush + corruption + generation > 0) logStats(env, trees, 'info');
}

function logStats(env: BtrfsEnv, trees: Trees, level: LogLevel): void {
  const { write, read, flush, corruption, generation } = trees.devStats;
  env.log(
    level,
    `bdev ${env.source} errs: wr ${write}, rd ${read}, flush ${flush}, corrupt ${corruption}, gen ${generation}`,
  );
}
