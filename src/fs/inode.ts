/**
 * What the virtual file system asks of a file system (include/linux/fs.h, inode_operations and file_operations).
 * Functions return 0 or more, or a negative errno, as in the kernel.
 */

import type { BlockDevice } from '../block/device.ts';
import type { Payload } from '../block/payload.ts';
import type { BlockSystem } from '../block/system.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Host } from '../sim/host.ts';
import type { Task } from '../sim/task.ts';
import type { MasterKey } from './fscrypt.ts';

/** Open flags of include/uapi/asm-generic/fcntl.h. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  ACCMODE: 3,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DSYNC: 0o10000,
  DIRECT: 0o40000,
  DIRECTORY: 0o200000,
  /** O_SYNC includes O_DSYNC. */
  SYNC: 0o4010000,
  /** A file without a name; includes O_DIRECTORY. */
  TMPFILE: 0o20200000,
} as const;

/** Modes of fallocate(2) (include/uapi/linux/falloc.h, FALLOC_FL_*). A hole is only punched with KEEP_SIZE. */
export const FALLOC = {
  KEEP_SIZE: 1,
  PUNCH_HOLE: 2,
  COLLAPSE_RANGE: 8,
  ZERO_RANGE: 16,
  INSERT_RANGE: 32,
  UNSHARE_RANGE: 64,
} as const;

/** File type bits of st_mode. */
export const S = {
  IFMT: 0o170000,
  IFDIR: 0o040000,
  IFREG: 0o100000,
  IFLNK: 0o120000,
  IFBLK: 0o060000,
  IFCHR: 0o020000,
} as const;

export interface Stat {
  readonly ino: number;
  /** Type and permission bits. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly blksize: number;
  /** 512-byte units. */
  readonly blocks: number;
  /** For device files. */
  readonly rdev?: { readonly major: number; readonly minor: number };
}

export interface StatFs {
  readonly type: number;
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly namelen: number;
  readonly frsize: number;
  /** f_fsid, its two words from low to high; absent where it is not kept. */
  readonly fsid?: readonly [number, number];
}

/** How one read or write was asked for, beside its place and length. */
export interface IoFlags {
  readonly direct: boolean;
  /** The write must be durable when it returns (O_DSYNC, O_SYNC, RWF_DSYNC). */
  readonly dsync: boolean;
  readonly append: boolean;
  readonly noWait: boolean;
  /** False for AIO and io_uring: the caller does not wait inside the call. */
  readonly blocking: boolean;
  /** How far into a page the caller's buffer begins, in bytes. Direct I/O hands that memory to the device. */
  readonly memoryOffset: number;
}

/** An open file description. */
export interface OpenFile {
  readonly inode: Inode;
  /** O_*. fcntl(F_SETFL) may change O_APPEND, O_DIRECT and O_NONBLOCK. */
  flags: number;
  position: number;
  /** For the file system's own use. */
  private: unknown;
}

export interface Inode {
  readonly ino: number;
  stat(): Stat;
  /** The mounted file system it belongs to; null on the host's own pseudo file systems. */
  readonly mount: MountedFs | null;

  // Directories.
  lookup?(name: string): Inode | number;
  /** Names in the order readdir(3) gives them, without `.` and `..`. */
  entries?(): readonly string[];
  create?(name: string, mode: number): Task<Inode | number>;
  mkdir?(name: string, mode: number): Task<number>;
  unlink?(name: string): Task<number>;
  rmdir?(name: string): Task<number>;
  rename?(name: string, target: Inode, newName: string): Task<number>;
  link?(name: string, target: Inode): Task<number>;
  symlink?(name: string, target: string): Task<number>;
  /** A name that is not there is an error of the lookup itself, so that no call gets as far as to make it. */
  readonly refusesUnknown?: boolean;

  // Files. A missing operation answers as the VFS would (EINVAL, EISDIR, EOPNOTSUPP).
  open?(file: OpenFile): Task<number>;
  release?(file: OpenFile): Task<void>;
  read?(file: OpenFile, position: number, length: number, flags: IoFlags): Task<Payload | number>;
  /**
   * Ends with the bytes written. With `flags.append` the file system chooses the position. A write that need not sleep
   * is over when this returns, and then gives the number itself: most do, and a generator for each would cost as much as
   * a floor of the stack.
   */
  write?(file: OpenFile, position: number, data: Payload, flags: IoFlags): Task<number> | number;
  /** truncate(2), ftruncate(2) and O_TRUNC. */
  setSize?(size: number): Task<number>;
  chmod?(mode: number): Task<number>;
  chown?(uid: number, gid: number): Task<number>;
  /** fsync(2), fdatasync(2); msync(2) with the range it is about, in bytes. */
  fsync?(file: OpenFile, dataOnly: boolean, from?: number, to?: number): Task<number>;
  /** IS_IMMUTABLE, asked before times or attributes are set: a negative errno, or 0 when they may be. Absent: they may. */
  immutable?(): number;
  /** swapon(2): why the file cannot hold swapped pages, a negative errno; 0 when it can. */
  swapActivate?(): number;
  /** mmap(2): 0 or a negative errno. `mayWrite`: a later mprotect(2) could make it writable. Absent: ENODEV. */
  mmap?(file: OpenFile, shared: boolean, mayWrite: boolean): number;
  /** Whole pages for a mapping, all below the end of the file. Null when they cannot be had: SIGBUS. */
  fault?(position: number, length: number): Task<Payload | null>;
  /** Stores through a shared mapping make pages dirty. False: SIGBUS. */
  store?(position: number, data: Payload): Task<boolean>;
  fallocate?(file: OpenFile, mode: number, offset: number, length: number): Task<number>;
  /** Bytes in the page cache that are clean are forgotten. */
  dropCache?(): void;
  /** The target of a symbolic link. */
  readlink?(): string;
  /** The block device behind a device file. */
  readonly device?: BlockDevice;
  /**
   * lseek(2) beyond this is EINVAL, and SEEK_DATA and SEEK_HOLE take all before it for data: zonefs bounds both by the
   * file's size. Absent: no bound.
   */
  seekLimit?(): number;
  /** What the bytes it sends to its device for `position` mean. Absent: they are sent as they are. */
  plain?(position: number, sent: Payload): Payload;
  /** RWF_NOWAIT is understood (FMODE_NOWAIT); else the VFS answers EOPNOTSUPP. */
  readonly supportsNoWait?: boolean;
  /** lseek(2) of a directory whose end nobody knows (fs/libfs.c, dcache_dir_lseek()): from the end is EINVAL. */
  readonly seeksFromEnd?: boolean;
  /** open(2) with O_DIRECT is EINVAL: a file without direct I/O, as on the host's own file systems. */
  readonly refusesDirect?: boolean;
}

/** One line of `btrfs filesystem df`. Bytes. */
export interface SpaceUse {
  readonly kind: 'Data' | 'System' | 'Metadata' | 'GlobalReserve';
  readonly profile: 'single' | 'DUP';
  readonly totalBytes: number;
  readonly usedBytes: number;
  /** Null on a file system without zones, and of the reserve. */
  readonly zoneUnusableBytes: number | null;
}

/** A file system on a mount point. */
export interface MountedFs {
  readonly typeName: string;
  readonly device: BlockDevice;
  /** As given to mount(2): `/dev/mapper/c0`. */
  readonly source: string;
  readonly root: Inode;
  readOnly: boolean;
  /** What stands in /proc/mounts after `rw,relatime`: `errors=remount-ro`. Empty when nothing. */
  shownOptions(): string;
  statfs(): StatFs;
  /**
   * sync(2), syncfs(2), and the first half of umount(2). `waited`: sync(2), where the flusher's first round is waited for
   * already (its bios are REQ_SYNC); the others start one that is not.
   */
  sync(waited?: boolean): Task<number>;
  remount(readOnly: boolean, data: string): Task<number>;
  /** Called when nothing uses it any more. */
  unmount(): Task<number>;
  dropCaches(): void;
  /** How full each kind of space is (BTRFS_IOC_SPACE_INFO), in the order the kernel lists them. */
  spaceInfo?(): readonly SpaceUse[];
  /** What `/sys/fs/TYPE/DEV/` shows, in order of name; values without their newline. */
  sysfsAttributes?(): Readonly<Record<string, string>>;
}

/** What mount(2) hands to a file system. The device is held exclusively for it already. */
export interface MountContext {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly device: BlockDevice;
  /** As given to mount(2): `/dev/mapper/c0`. */
  readonly source: string;
  readonly flags: { readonly readOnly: boolean };
  /** The options text of mount(2), mount flags taken out: `errors=repair,explicit-open`; may be empty. */
  readonly data: string;
  /** The key of a file system that encrypts (the what-if patch `fs-encryption`). Absent: nothing is encrypted. */
  readonly masterKey?: MasterKey | null;
  /** Who called mount(2): btrfs prints it. Absent: the running task. */
  readonly caller?: Caller;
}

/** A process as log lines name it: `zio (123)`. */
export interface Caller {
  readonly comm: string;
  readonly pid: number;
}

/** What a control request is about: a device node somebody names to a file system without mounting it. */
export interface ControlContext {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly device: BlockDevice;
  /** The path as given: `/dev/mapper/c0`. */
  readonly source: string;
  readonly caller?: Caller;
}

/** What a kernel's table of file systems holds (include/linux/fs.h, struct file_system_type). */
export interface FileSystemType {
  readonly name: string;
  /**
   * Asked before the device is opened, where a kernel parses options first (the newer mount API): 0 or a negative
   * errno. `mount` must parse again; it gets the same text.
   */
  checkOptions?(host: Host, data: string): number;
  /**
   * Mounted by get_tree_bdev(), the newer mount API's: it tells the log why a device could not be had, and takes `ro` and
   * `rw` among the options.
   */
  mountsByContext?(kernel: Kernel): boolean;
  /** Does it encrypt files where a mount gives it a key (fscrypt.ts)? */
  encrypts?(kernel: Kernel): boolean;
  /** Checks the device and fills a mount. On failure nothing is left behind; the caller lets the device go. */
  mount(context: MountContext): Task<MountResult>;
  /** BTRFS_IOC_SCAN_DEV of /dev/btrfs-control (`mkfs.btrfs`, `btrfs device scan`): 0 or a negative errno. */
  scanDevice?(context: ControlContext): Task<number>;
  /** BTRFS_IOC_FORGET_DEV (`btrfs device scan -u`): forgets one unmounted device, or all with null. */
  forgetDevice?(host: Host, device: BlockDevice | null): number;
}

export type MountResult =
  | { readonly ok: true; readonly mount: MountedFs }
  | { readonly ok: false; readonly errno: number };
