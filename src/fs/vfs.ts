/**
 * The virtual file system: the system calls as programs see them. Here stands only which body a call has and how it
 * shows in the trace; the bodies are in vfs-*.ts beside it, the host's own file systems in host/. All eras are alike here.
 */

import type { BlockDevice, ZoneView } from '../block/device.ts';
import { Payload } from '../block/payload.ts';
import type { BlockSystem } from '../block/system.ts';
import type { DmControl } from '../dm/control.ts';
import type { CryptContext } from '../dm/crypt/cipher.ts';
import { errno } from '../kernel/errno.ts';
import type { Host } from '../sim/host.ts';
import type { Task } from '../sim/task.ts';
import { CallTrace } from './calls.ts';
import type { VfsCore } from './core.ts';
import { descriptionOf, type OpenDescription } from './description.ts';
import { buildRoot } from './host/root.ts';
import type { FileSystemType, IoFlags, SpaceUse, Stat, StatFs } from './inode.ts';
import { letGo, Memory } from './memory.ts';
import { MountTable } from './mounts.ts';
import { Walker } from './place.ts';
import { Signals } from './signals.ts';
import type {
  AsyncEnded,
  AsyncIo,
  ProcessContext,
  RwFlags,
  SystemCalls,
  Whence,
  ZoneCommand,
} from './syscalls.ts';
import * as aio from './vfs-aio.ts';
import * as io from './vfs-io.ts';
import * as ioctl from './vfs-ioctl.ts';
import * as making from './vfs-making.ts';
import * as mounting from './vfs-mount.ts';
import * as names from './vfs-names.ts';
import { openPath, release } from './vfs-open.ts';
import { WriteCall } from './vfs-write.ts';

export interface VfsParts {
  readonly host: Host;
  readonly block: BlockSystem;
  /** For /dev/mapper and /sys/block/dm-N; null on a machine without device mapper. */
  readonly dm: DmControl | null;
  /** What the machine chose about its ciphers; the portable ones unless given. */
  readonly crypt?: CryptContext;
  /** What can be mounted, in the order /proc/filesystems shows. */
  readonly types: readonly FileSystemType[];
}

type HotCall = 'read' | 'write' | 'pread' | 'pwrite' | 'pwritev2';

export class Vfs implements SystemCalls {
  readonly host: Host;
  readonly mounts = new MountTable();
  readonly memory: Memory;
  readonly signals = new Signals();
  private readonly core: VfsCore;
  private readonly calls: CallTrace;
  /** The numbers in the trace of the calls made most. */
  private readonly ids: Readonly<Record<HotCall, number>>;
  private lastPid = 1;

  constructor(parts: VfsParts) {
    const { host, block } = parts;
    this.host = host;
    this.calls = new CallTrace(host, () => this.core.walker);
    const id = (name: HotCall): number => host.trace.intern(name);
    this.ids = {
      read: id('read'),
      write: id('write'),
      pread: id('pread'),
      pwrite: id('pwrite'),
      pwritev2: id('pwritev2'),
    };
    const types = new Map(parts.types.map((type) => [type.name, type]));
    const root = buildRoot({ ...parts, types, mounts: this.mounts });
    const walker = new Walker(root, this.mounts);
    const { calls, mounts } = this;
    const crypt = parts.crypt ?? {};
    this.core = { host, block, crypt, calls, mounts, walker, types, openFiles: new Set() };
    this.memory = new Memory(this.core);
  }

  newProcess(comm: string, cwd = '/root'): ProcessContext {
    this.lastPid += 1;
    return { pid: this.lastPid, comm, cwd, files: new Map() };
  }

  /** Closes everything, also when one close ends in an error of the model, which is then thrown. */
  *exit(process: ProcessContext): Task<void> {
    let failure: unknown = null;
    yield* this.memory.leave(process);
    for (const fd of process.files.keys()) {
      try {
        yield* this.close(process, fd);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
  }

  /** The machine goes down in order: descriptors are closed, mounts taken down, the newest first. */
  *shutDown(): Task<void> {
    const { core } = this;
    for (const file of core.openFiles) yield* release(core, file);
    const process = this.newProcess('umount', '/');
    for (const { target } of [...this.mounts.list()].reverse()) yield* this.umount(process, target);
    yield* this.sync(process);
  }

  open(process: ProcessContext, path: string, flags: number, mode = 0o644): Task<number> {
    return this.calls.run('open', path, 0, 0, openPath(this.core, process, path, flags, mode));
  }

  close(process: ProcessContext, fd: number): Task<number> {
    const file = descriptionOf(process, fd);
    return this.calls.run(
      'close',
      file?.pathId ?? 0,
      0,
      0,
      closeFile(this.core, process, fd, file),
    );
  }

  *read(process: ProcessContext, fd: number, length: number): Task<Payload | number> {
    const file = descriptionOf(process, fd);
    const position = file?.position ?? 0;
    const result = yield* this.readAs(this.ids.read, file, position, length);
    if (result instanceof Payload) file!.position = position + result.lengthBytes;
    return result;
  }

  *write(process: ProcessContext, fd: number, data: Payload): Task<number> {
    const file = descriptionOf(process, fd);
    const position = file?.position ?? 0;
    const result = yield* this.writeAs(this.ids.write, file, position, data);
    if (result > 0) {
      file!.position = file!.ioFlags.append ? io.sizeOf(file!) : position + result;
    }
    return result;
  }

  pread(
    process: ProcessContext,
    fd: number,
    length: number,
    offset: number,
  ): Task<Payload | number> {
    return this.readAs(this.ids.pread, descriptionOf(process, fd), offset, length);
  }

  pwrite(
    process: ProcessContext,
    fd: number,
    data: Payload,
    offset: number,
    flags?: RwFlags,
  ): Task<number> {
    const file = descriptionOf(process, fd);
    if (flags === undefined) return this.writeAs(this.ids.pwrite, file, offset, data);
    const with_ = file === undefined ? -errno.EBADF : io.writeFlags(file, flags);
    return this.writeAs(this.ids.pwritev2, file, offset, data, with_);
  }

  aioWrite(
    process: ProcessContext,
    fd: number,
    writes: readonly { readonly offset: number; readonly data: Payload }[],
    flags?: RwFlags,
  ): Task<readonly number[]> {
    const file = descriptionOf(process, fd);
    const offset = writes[0]?.offset ?? 0;
    const length = writes.reduce((sum, { data }) => sum + data.lengthBytes, 0);
    const body = aio.writeMany(this.core, file, writes, flags);
    return this.calls.run('io_submit', file?.pathId ?? 0, offset, length, body);
  }

  aioSubmit(
    process: ProcessContext,
    fd: number,
    ios: readonly AsyncIo[],
    ended: AsyncEnded,
  ): Task<number> {
    const file = descriptionOf(process, fd);
    const body = aio.submitAll(this.core, file, ios, ended);
    const { offset = 0 } = ios[0] ?? {};
    return this.calls.run('io_submit', file?.pathId ?? 0, offset, aio.bytesOf(ios), body);
  }

  *lseek(process: ProcessContext, fd: number, offset: number, whence: Whence): Task<number> {
    const file = descriptionOf(process, fd);
    return this.calls.now('lseek', file?.pathId ?? 0, () => io.seek(file, offset, whence));
  }

  ftruncate(process: ProcessContext, fd: number, size: number): Task<number> {
    return this.onFile('ftruncate', process, fd, size, 0, (file) => io.truncateOpen(file, size));
  }

  truncate(process: ProcessContext, path: string, size: number): Task<number> {
    const body = deferred(() => io.truncatePath(this.core, process, path, size));
    return this.calls.run('truncate', path, size, 0, body);
  }

  fsync(process: ProcessContext, fd: number, dataOnly = false): Task<number> {
    const name = dataOnly ? 'fdatasync' : 'fsync';
    return this.onFile(name, process, fd, 0, 0, (file) => io.syncFile(file, dataOnly));
  }

  fallocate(
    process: ProcessContext,
    fd: number,
    mode: number,
    offset: number,
    length: number,
  ): Task<number> {
    return this.onFile('fallocate', process, fd, offset, length, (file) =>
      io.allocate(file, mode, offset, length),
    );
  }

  sync(_process: ProcessContext): Task<number> {
    return this.calls.run('sync', 0, 0, 0, mounting.syncAll(this.core));
  }

  syncfs(process: ProcessContext, fd: number): Task<number> {
    return this.onFile('syncfs', process, fd, 0, 0, (file) => mounting.syncOne(file));
  }

  *stat(process: ProcessContext, path: string, followLinks = true): Task<Stat | number> {
    const name = followLinks ? 'stat' : 'lstat';
    return this.calls.now(name, path, () => {
      const place = this.core.walker.resolve(process.cwd, path, followLinks);
      return typeof place === 'number' ? place : place.inode.stat();
    });
  }

  *fstat(process: ProcessContext, fd: number): Task<Stat | number> {
    const file = descriptionOf(process, fd);
    return this.calls.now('fstat', file?.pathId ?? 0, () => file?.inode.stat() ?? -errno.EBADF);
  }

  *statfs(process: ProcessContext, path: string): Task<StatFs | number> {
    return this.calls.now('statfs', path, () => {
      const place = this.core.walker.resolve(process.cwd, path);
      return typeof place === 'number' ? place : names.statFs(place);
    });
  }

  *readdir(process: ProcessContext, path: string): Task<readonly string[] | number> {
    return this.calls.now('getdents', path, () => names.list(this.core, process, path));
  }

  *readlink(process: ProcessContext, path: string): Task<string | number> {
    return this.calls.now('readlink', path, () => {
      const place = this.core.walker.resolve(process.cwd, path, false);
      return typeof place === 'number' ? place : (place.inode.readlink?.() ?? -errno.EINVAL);
    });
  }

  mkdir(process: ProcessContext, path: string, mode = 0o755): Task<number> {
    const body = names.makeDirectory(this.core, process, path, mode);
    return this.calls.run('mkdir', path, 0, 0, body);
  }

  rmdir(process: ProcessContext, path: string): Task<number> {
    const body = names.removeName(this.core, process, path, 'directory');
    return this.calls.run('rmdir', path, 0, 0, body);
  }

  unlink(process: ProcessContext, path: string): Task<number> {
    const body = names.removeName(this.core, process, path, 'file');
    return this.calls.run('unlink', path, 0, 0, body);
  }

  rename(process: ProcessContext, from: string, to: string): Task<number> {
    return this.calls.run('rename', from, 0, 0, names.renamePath(this.core, process, from, to));
  }

  link(process: ProcessContext, from: string, to: string): Task<number> {
    return this.calls.run('link', to, 0, 0, making.linkName(this.core, process, from, to));
  }

  symlink(process: ProcessContext, target: string, path: string): Task<number> {
    const body = making.makeLink(this.core, process, target, path);
    return this.calls.run('symlink', path, 0, 0, body);
  }

  mknod(process: ProcessContext, path: string, mode: number): Task<number> {
    return this.calls.run('mknod', path, 0, 0, making.makeNode(this.core, process, path, mode));
  }

  *utimes(process: ProcessContext, path: string): Task<number> {
    return this.calls.now('utimensat', path, () => making.touch(this.core, process, path));
  }

  setxattr(process: ProcessContext, path: string, name: string, value: Payload): Task<number> {
    const body = making.setAttribute(this.core, process, path, name);
    return this.calls.run('setxattr', path, 0, value.lengthBytes, body);
  }

  chmod(process: ProcessContext, path: string, mode: number): Task<number> {
    const body = deferred(() => {
      const place = names.changeable(this.core, process, path);
      if (typeof place === 'number') return place;
      return place.inode.chmod?.(mode) ?? -errno.EPERM;
    });
    return this.calls.run('chmod', path, 0, 0, body);
  }

  chown(process: ProcessContext, path: string, uid: number, gid: number): Task<number> {
    const body = deferred(() => {
      const place = names.changeable(this.core, process, path);
      if (typeof place === 'number') return place;
      return place.inode.chown?.(uid, gid) ?? -errno.EPERM;
    });
    return this.calls.run('chown', path, 0, 0, body);
  }

  swapon(process: ProcessContext, path: string): Task<number> {
    return this.calls.run('swapon', path, 0, 0, making.swapOn(this.core, process, path));
  }

  mount(
    process: ProcessContext,
    source: string,
    target: string,
    type: string,
    flags: { readonly readOnly?: boolean; readonly remount?: boolean },
    data: string,
  ): Task<number> {
    const readOnly = flags.readOnly === true;
    const remount = flags.remount === true;
    const body = mounting.mountCall(this.core, process, {
      source,
      target,
      type,
      readOnly,
      remount,
      data,
    });
    return this.calls.run('mount', target, 0, 0, body);
  }

  *spaceInfo(process: ProcessContext, path: string): Task<readonly SpaceUse[] | number> {
    return mounting.spaceInfo(this.core, process, path);
  }

  deviceControl(
    process: ProcessContext,
    type: string,
    command: 'scan' | 'forget',
    path: string,
  ): Task<number> {
    const body = mounting.deviceControl(this.core, process, type, command, path);
    return this.calls.run('ioctl', path, 0, 0, body);
  }

  freezeDevice(device: BlockDevice): Task<number> {
    return mounting.freezeDevice(this.core, device);
  }

  umount(process: ProcessContext, target: string): Task<number> {
    const body = mounting.umountCall(this.core, process, target);
    return this.calls.run('umount', target, 0, 0, body);
  }

  reportZones(
    process: ProcessContext,
    fd: number,
    startSector: number,
    count: number,
  ): Task<readonly ZoneView[] | number> {
    return this.onFile('BLKREPORTZONE', process, fd, startSector, count, (file) =>
      ioctl.reportZones(file, startSector, count),
    );
  }

  manageZones(
    process: ProcessContext,
    fd: number,
    command: ZoneCommand,
    startSector: number,
    sectors: number,
  ): Task<number> {
    const name = ioctl.COMMAND_NAMES[command];
    return this.onFile(name, process, fd, startSector, sectors, (file) =>
      ioctl.manageZones(this.core, file, command, startSector, sectors),
    );
  }

  discard(process: ProcessContext, fd: number, offset: number, length: number): Task<number> {
    return this.onFile('BLKDISCARD', process, fd, offset, length, (file) =>
      ioctl.discard(this.core, file, offset, length),
    );
  }

  zeroOut(process: ProcessContext, fd: number, offset: number, length: number): Task<number> {
    return this.onFile('BLKZEROOUT', process, fd, offset, length, (file) =>
      ioctl.zeroOut(this.core, file, offset, length),
    );
  }

  private *readAs(
    name: number,
    file: OpenDescription | undefined,
    position: number,
    length: number,
  ): Task<Payload | number> {
    const { calls } = this;
    const index = calls.begin(name, file?.pathId ?? 0, position, length);
    const { cpu } = this.host;
    const buffered = file?.ioFlags.direct !== true;
    const task =
      cpu === null
        ? io.readAt(file, position, length)
        : cpu.call(length, buffered, () => io.readAt(file, position, length));
    let next = calls.step(index, task);
    while (next.done !== true) {
      yield next.value;
      next = calls.step(index, task);
    }
    const result = next.value;
    calls.end(name, index, typeof result === 'number' ? result : result.lengthBytes, position);
    return result;
  }

  private writeAs(
    name: number,
    file: OpenDescription | undefined,
    position: number,
    data: Payload,
    flags?: IoFlags | number,
  ): Task<number> {
    return new WriteCall(this.calls, name, file, position, data, flags);
  }

  private onFile<T>(
    name: string,
    process: ProcessContext,
    fd: number,
    offset: number,
    length: number,
    body: (file: OpenDescription | undefined) => Task<T> | T,
  ): Task<T> {
    const file = descriptionOf(process, fd);
    const task = deferred(() => body(file));
    return this.calls.run(name, file?.pathId ?? 0, offset, length, task);
  }
}

function* closeFile(
  core: VfsCore,
  process: ProcessContext,
  fd: number,
  file: OpenDescription | undefined,
): Task<number> {
  if (file === undefined) return -errno.EBADF;
  process.files.delete(fd);
  yield* letGo(core, file);
  return 0;
}

/** A task that asks `body` once it runs, so that the checks of a call stand between its two records. */
function* deferred<T>(body: () => Task<T> | T): Task<T> {
  const result = body();
  return isTask(result) ? yield* result : result;
}

function isTask<T>(value: Task<T> | T): value is Task<T> {
  return typeof value === 'object' && value !== null && 'next' in value;
}
