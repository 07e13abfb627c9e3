/**
 * The system calls of the modelled host, as programs see them. Each is a task that ends with the kernel's return
 * value: 0 or more, or a negative errno. Bodies: vfs.ts and its neighbours.
 */

import type { BlockDevice, ZoneView } from '../block/device.ts';
import type { Payload } from '../block/payload.ts';
import type { Host } from '../sim/host.ts';
import type { Task } from '../sim/task.ts';
import type { OpenFile, SpaceUse, Stat, StatFs } from './inode.ts';

/** RWF_* of pwritev2(2), which a plain pwrite(2) has not. */
export interface RwFlags {
  readonly append?: boolean;
  readonly dsync?: boolean;
  readonly noWait?: boolean;
  /** Not a flag, but asked for in the same way: how far into a page the caller's buffer begins, in bytes. */
  readonly memoryOffset?: number;
}

/** Where lseek(2) counts from, or what it looks for. */
export type Whence = 'set' | 'cur' | 'end' | 'data' | 'hole';

/** One I/O of io_submit(2) or an io_uring. Bytes. */
export type AsyncIo =
  | { readonly kind: 'write'; readonly offset: number; readonly data: Payload }
  | { readonly kind: 'read'; readonly offset: number; readonly length: number };

/** Told once of each I/O, with what the call would have returned; `thrown`: what the model itself threw, else null. */
export type AsyncEnded = (at: number, result: number, thrown: unknown) => void;

export type ZoneCommand = 'reset' | 'open' | 'close' | 'finish';

/** A process as the kernel sees it: its name, its descriptors, its place. */
export interface ProcessContext {
  readonly pid: number;
  /** The name the trace and the log show. */
  readonly comm: string;
  cwd: string;
  readonly files: Map<number, OpenFile>;
}

/** What a program asks of mmap(2). Bytes. */
export interface MapRequest {
  readonly offset: number;
  readonly length: number;
  /** PROT_WRITE. */
  readonly write: boolean;
  /** MAP_SHARED; else MAP_PRIVATE. */
  readonly shared: boolean;
}

/** What kills a program whose access to its memory cannot be served. */
export type Signal = 'SIGBUS' | 'SIGSEGV';

/** Files in memory. Addresses are those of the process. */
export interface MemoryCalls {
  /** mmap(2): the address, or a negative errno. */
  map(process: ProcessContext, fd: number, request: MapRequest): Task<number>;
  /** munmap(2) of whole pages; a part of a mapping may go. */
  unmap(process: ProcessContext, address: number, length: number): Task<number>;
  /** msync(2) with MS_SYNC. */
  sync(process: ProcessContext, address: number, length: number): Task<number>;
  load(process: ProcessContext, address: number, length: number): Task<Payload | Signal>;
  store(process: ProcessContext, address: number, data: Payload): Task<Signal | null>;
}

/** Waiting for signals, and sending them. */
export interface SignalCalls {
  /** pause(2). */
  pause(process: ProcessContext): Task<void>;
  /** Signals all processes of this name that pause; how many they were. */
  wake(comm: string): number;
}

export interface SystemCalls {
  readonly host: Host;
  readonly signals: SignalCalls;
  /** mmap(2) and what follows. */
  readonly memory: MemoryCalls;
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
    flags?: RwFlags,
  ): Task<readonly number[]>;
  /**
   * io_submit(2): begins `ios` in the caller's name and returns their number, or a negative errno for all of them; each
   * ends when it ends, in any order. Buffered ones are over before it returns, as in the kernel.
   */
  aioSubmit(
    process: ProcessContext,
    fd: number,
    ios: readonly AsyncIo[],
    ended: AsyncEnded,
  ): Task<number>;
  lseek(process: ProcessContext, fd: number, offset: number, whence: Whence): Task<number>;
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
  link(process: ProcessContext, from: string, to: string): Task<number>;
  symlink(process: ProcessContext, target: string, path: string): Task<number>;
  mknod(process: ProcessContext, path: string, mode: number): Task<number>;
  /** utimensat(2) with the present time. */
  utimes(process: ProcessContext, path: string): Task<number>;
  setxattr(process: ProcessContext, path: string, name: string, value: Payload): Task<number>;
  chmod(process: ProcessContext, path: string, mode: number): Task<number>;
  chown(process: ProcessContext, path: string, uid: number, gid: number): Task<number>;

  /** swapon(2): only its refusals are modelled. */
  swapon(process: ProcessContext, path: string): Task<number>;

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

  /**
   * What a mapped device does before it is suspended (drivers/md/dm.c, lock_fs(); fs/super.c, freeze_super()): the file
   * system on it and what is buffered for it are written out. 0 or a negative errno.
   */
  freezeDevice(device: BlockDevice): Task<number>;

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
