/**
 * Closing a file system (fs/btrfs/disk-io.c, close_ctree(); block-group.c, btrfs_free_block_groups(); space-
 * info.c, btrfs_dump_space_info()): a last commit, and complaints about what should be zero and is not. From
 * 5.12 on.
 */

import type { Task } from '../../sim/task.ts';
import { spaceInfo } from './block-group.ts';
import { commitTransaction } from './commit.ts';
import type { ChunkKind } from './seam.ts';
import { type FsState, joinTransaction } from './state.ts';
import { uuidText } from './uuid.ts';

const RESERVES = [
  'global_block_rsv',
  'trans_block_rsv',
  'chunk_block_rsv',
  'delayed_block_rsv',
  'delayed_refs_rsv',
] as const;

export function* closeFilesystem(fs: FsState): Task<number> {
  const { env, answers, host } = fs;
  if (answers.unmountLine) {
    env.log('info', `last unmount of filesystem ${uuidText(env.superblock.fsid)}`);
  }
  if (!fs.frozen) {
    if (answers.unmountCommit === 'always') joinTransaction(fs);
    yield* commitTransaction(fs, host.cause);
  }
  if (fs.dioBytes !== 0) env.log('info', `at unmount dio bytes count ${fs.dioBytes}`);
  complain(fs);
  env.closed();
  return 0;
}

/** Reserved space that nobody gave back: ordered extents that were moved on top of each other leave it. */
function complain(fs: FsState): void {
  const { env, host } = fs;
  for (const group of fs.groups) {
    if (group.reserved > 0) {
      host.printk('warning', 'WARNING: CPU PID at btrfs_put_block_group');
    }
  }
  for (const kind of ['data', 'metadata', 'system'] as const satisfies readonly ChunkKind[]) {
    const info = spaceInfo(fs.groups, kind);
    if (info.reserved === 0) continue;
    host.printk('warning', 'WARNING: CPU PID at btrfs_free_block_groups');
    const free = info.total - info.used - info.pinned - info.reserved - info.zoneUnusable;
    env.log('info', `space_info ${info.flags} has ${free} free, is not full`);
    env.log(
      'info',
      `space_info total=${info.total}, used=${info.used}, pinned=${info.pinned}, reserved=${info.reserved}, may_use=0, readonly=0 zone_unusable=${info.zoneUnusable}`,
    );
    for (const name of RESERVES) env.log('info', `${name}: size 0 reserved 0`);
  }
}
