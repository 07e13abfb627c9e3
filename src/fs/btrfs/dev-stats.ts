/**
 * The five error counters of a device (fs/btrfs/volumes.c, btrfs_dev_stat_inc_and_print()): they stand in the device tree, so they
 * survive umount, but only what a commit has written. Their line is rate limited; the count is not. From 5.12 on.
 */

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
