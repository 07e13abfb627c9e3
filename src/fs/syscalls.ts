/**
 * The system calls of the modelled host, as programs see them. Each is a task that ends with the kernel's return
 * value: 0 or more, or a negative errno. Bodies: vfs.ts and its neighbours.
 */

import type { ZoneView } from '../block/device.ts';
import type { Payload } from '../block/payload.ts';
import type { Host } from '../sim/host.ts';
import type { Task } from '../sim/task.ts';
import type { OpenFile, SpaceUse, Stat, StatFs } from './inode.ts';

/** RWF_* of pwritev2(2). */
export interface RwFlags {
  readonly append?: boolean;
  readonly dsync?: boolean;
  readonly noWait?: boolean;
}

export type ZoneCommand = 'reset' | 'open' | 'close' | 'finish';

/** A process as the kernel sees it: its name, its descriptors, its place. */
export interface ProcessContext {
  readonly pid: number;
  /** The name the trace and the log show. */
  readonly comm: string;
  cwd: string;
  readonly files: Map<number, OpenFile>;
}

export interface SystemCalls {
  readonly host: Host;
  newProcess(comm: string, cwd?: string): ProcessContext;

  /** The process ends: its descriptors are closed. */
  exit(process: ProcessContext): Task<void>;

  open(process: ProcessContext, path: string, flags: number, mode?: number): Task<number>;
  close(process: ProcessContext, fd: number): Task<number>;
  /** At the file position, which moves. */
  read(process: ProcessContext, fd: number, length: number): Task<Payload | number>;
  write(process: ProcessContext, fd: number, data: Payload): Task<number>;
  pread(
    process: ProcessContext,
    fd: number,
    length: number,
    offset: number,
  ): Task<Payload | number>;
  pwrite(
    process: ProcessContext,
    fd: number,
    data: Payload,
    offset: number,
    flags?: RwFlags,
  ): Task<number>;
  /**
   * io_submit(2) of several writes at once and io_getevents(2) for all: the result of each. What io_submit itself
   * refuses (EBADF) is the result of all.
   */
  aioWrite(
    process: ProcessContext,
    fd: number,
    writes: readonly { readonly offset: number; readonly data: Payload }[],
  ): Task<readonly number[]>;
  lseek(
    process: ProcessContext,
    fd: number,
    offset: number,
    whence: 'set' | 'cur' | 'end',
  ): Task<number>;
  ftruncate(process: ProcessContext, fd: number, size: number): Task<number>;
  truncate(process: ProcessContext, path: string, size: number): Task<number>;
  fsync(process: ProcessContext, fd: number, dataOnly?: boolean): Task<number>;
  fallocate(
    process: ProcessContext,
    fd: number,
    mode: number,
    offset: number,
    length: number,
  ): Task<number>;
  sync(process: ProcessContext): Task<number>;
  syncfs(process: ProcessContext, fd: number): Task<number>;
  stat(process: ProcessContext, path: string, followLinks?: boolean): Task<Stat | number>;
  fstat(process: ProcessContext, fd: number): Task<Stat | number>;
  statfs(process: ProcessContext, path: string): Task<StatFs | number>;
  /** Names with `.` and `..` first, as getdents(2) gives them. */
  readdir(process: ProcessContext, path: string): Task<readonly string[] | number>;
  readlink(process: ProcessContext, path: string): Task<string | number>;
  mkdir(process: ProcessContext, path: string, mode?: number): Task<number>;
  rmdir(process: ProcessContext, path: string): Task<number>;
  unlink(process: ProcessContext, path: string): Task<number>;
  rename(process: ProcessContext, from: string, to: string): Task<number>;
  chmod(process: ProcessContext, path: string, mode: number): Task<number>;
  chown(process: ProcessContext, path: string, uid: number, gid: number): Task<number>;

  mount(
    process: ProcessContext,
    source: string,
    target: string,
    type: string,
    flags: { readonly readOnly?: boolean; readonly remount?: boolean },
    data: string,
  ): Task<number>;
  umount(process: ProcessContext, target: string): Task<number>;
  /** BTRFS_IOC_SPACE_INFO on whatever is mounted where `path` is; ENOTTY where that has none. */
  spaceInfo?(process: ProcessContext, path: string): Task<readonly SpaceUse[] | number>;
  /**
   * BTRFS_IOC_SCAN_DEV and BTRFS_IOC_FORGET_DEV on /dev/btrfs-control: FileSystemType.scanDevice and forgetDevice of
   * the named type, for the block device at `path` (empty with `forget`: all). ENOTTY where the type has none.
   */
  deviceControl?(
    process: ProcessContext,
    type: string,
    command: 'scan' | 'forget',
    path: string,
  ): Task<number>;

  /** BLKREPORTZONE. */
  reportZones(
    process: ProcessContext,
    fd: number,
    startSector: number,
    count: number,
  ): Task<readonly ZoneView[] | number>;
  /** BLKRESETZONE, BLKOPENZONE, BLKCLOSEZONE, BLKFINISHZONE. */
  manageZones(
    process: ProcessContext,
    fd: number,
    command: ZoneCommand,
    startSector: number,
    sectors: number,
  ): Task<number>;
  /** BLKDISCARD and BLKZEROOUT; bytes. */
  discard(process: ProcessContext, fd: number, offset: number, length: number): Task<number>;
  zeroOut(process: ProcessContext, fd: number, offset: number, length: number): Task<number>;
}
