/**
 * A mounted btrfs (fs/btrfs/super.c, disk-io.c open_ctree() from the trees on): the data side's door. What it
 * is asked for by the VFS it hands to the files named after their subject. From 5.12 on.
 */

import type { BlockDevice } from '../../block/device.ts';
import { errno } from '../../kernel/errno.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import type { Task } from '../../sim/task.ts';
import type { MountedFs, SpaceUse, StatFs } from '../inode.ts';
import { commitTransaction } from './commit.ts';
import { byWorker, flushFile } from './delalloc.ts';
import { logStatsOnLoad } from './dev-stats.ts';
import { BtrfsDirectory, BtrfsFile, type BtrfsInode, InodeTable } from './inode.ts';
import { loadBlockGroups, readTreeRoots } from './load.ts';
import { waitOrdered } from './ordered.ts';
import { type BtrfsEnv, type OpenResult, treesKey } from './seam.ts';
import { spaceReport } from './space-report.ts';
import { startUp } from './startup.ts';
import { FsState, type Sender, touchTrees } from './state.ts';
import { statFs, touchSpace } from './statfs.ts';
import { writeDeadBlocks, writeTreeBlocks } from './tree-blocks.ts';
import { ROOT_INO, Trees } from './trees.ts';
import { closeFilesystem } from './unmount.ts';
import { uuidText } from './uuid.ts';

/** Opens what the superblock in `env` points at (DataSide.openFilesystem). */
export function* openFilesystem(env: BtrfsEnv): Task<OpenResult> {
  const trees = findTrees(env);
  const read = yield* readTreeRoots(env, trees);
  if (read < 0) return { ok: false, errno: read };
  logStatsOnLoad(env, trees);
  const fs = new FsState(env, trees);
  const groups = loadBlockGroups(fs);
  if (groups < 0) return { ok: false, errno: groups };
  const started = yield* startUp(fs);
  if (started < 0) return { ok: false, errno: started };
  return { ok: true, mount: new Btrfs(fs) };
}

/** The trees that belong to the superblock: its log's, when it points at one, else its generation's. */
function findTrees(env: BtrfsEnv): Trees {
  const { superblock, host } = env;
  const key = treesKey(uuidText(superblock.fsid), superblock.generation);
  const found = host.beside.get(key);
  if (!(found instanceof Trees)) {
    throw new NotModelled(
      `btrfs generation ${superblock.generation} of ${uuidText(superblock.fsid)}`,
      'the trees of an image written elsewhere are not read; make the file system on this machine',
    );
  }
  return found.clone();
}

export class Btrfs implements MountedFs {
  readonly typeName = 'btrfs';
  readonly device: BlockDevice;
  readonly root: BtrfsInode;
  private readonly fs: FsState;
  private readonly inodes: InodeTable;

  constructor(fs: FsState) {
    this.fs = fs;
    this.device = fs.device;
    this.inodes = new InodeTable(fs, this);
    this.root = this.inodes.get(ROOT_INO);
  }

  /** What the data side knows, for programs that ask by ioctl and for tests. */
  get state(): FsState {
    return this.fs;
  }

  get source(): string {
    return this.fs.env.source;
  }

  get readOnly(): boolean {
    return this.fs.env.readOnly;
  }

  set readOnly(value: boolean) {
    this.fs.env.readOnly = value;
  }

  shownOptions(): string {
    return this.fs.env.shownOptions();
  }

  spaceInfo(): readonly SpaceUse[] {
    touchSpace(this.fs);
    return spaceReport(this.fs);
  }

  statfs(): StatFs {
    touchSpace(this.fs);
    return statFs(this.fs);
  }

  /** Workers write out what is dirty; then the caller commits what is running. */
  *sync(waited = false): Task<number> {
    const { fs } = this;
    const { cause } = fs.host;
    yield* byWorker(fs, ({ cause: of }) => this.writeOut({ cause: of, background: !waited }));
    yield* waitOrdered(fs, null);
    if (fs.aborted !== 0 || fs.env.readOnly) return 0;
    return yield* commitTransaction(fs, cause);
  }

  private *writeOut(sender: Sender): Task<void> {
    const { fs } = this;
    if (fs.aborted !== 0) return;
    yield* writeDeadBlocks(fs, sender);
    if (fs.transaction !== null) yield* writeTreeBlocks(fs, fs.transaction, sender);
    for (const file of fs.files.values()) yield* flushFile(fs, file, sender);
  }

  *remount(readOnly: boolean, data: string): Task<number> {
    const { fs } = this;
    if (!readOnly && fs.aborted !== 0) {
      fs.env.log('err', 'Remounting read-write after error is not allowed');
      return -errno.EINVAL;
    }
    if (readOnly && !fs.env.readOnly) yield* this.sync();
    const result = yield* fs.env.remountOptions(readOnly, data);
    touchTrees(fs);
    if (result === 0) fs.env.readOnly = readOnly;
    return result;
  }

  *unmount(): Task<number> {
    return yield* closeFilesystem(this.fs);
  }

  dropCaches(): void {
    for (const inode of this.inodes) inode.dropCache();
  }
}

export { BtrfsDirectory, BtrfsFile };
