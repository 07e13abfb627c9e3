/**
 * mount(2) and umount(2) (fs/namespace.c, do_new_mount(), do_remount(), do_umount(); fs/super.c, mount_bdev() and
 * its successor get_tree_bdev()): who may hold a device, what shares a super block, and in which order it is asked.
 *
 * Eras differ in when a file system parses its options (FileSystemType.checkOptions), and in what get_tree_bdev() tells
 * the log that mount_bdev() kept to itself.
 */

import type { BlockDevice } from '../block/device.ts';
import { writebackRange } from '../block/send.ts';
import { errno } from '../kernel/errno.ts';
import { askRule, type Rule } from '../sim/decision.ts';
import type { Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import type { OpenDescription } from './description.ts';
import { type TakenKey, takeMasterKey } from './fscrypt.ts';
import { closeDevice } from './host/blockdev-file.ts';
import { type FileSystemType, type MountResult, S, type SpaceUse } from './inode.ts';
import { SuperBlock } from './mounts.ts';
import { type Place, typeOf } from './place.ts';
import type { ProcessContext } from './syscalls.ts';

export interface MountCall {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly readOnly: boolean;
  readonly remount: boolean;
  readonly data: string;
}

interface TypeSubject {
  readonly type: string;
  readonly types: ReadonlyMap<string, FileSystemType>;
}

const knownType: Rule<TypeSubject> = {
  id: 'vfs.mount.type',
  source: { file: 'fs/filesystems.c', function: 'get_fs_type' },
  sees: ({ type, types }) => ({ type, known: types.has(type) }),
  passes: (seen) => seen.known === true,
  refuses: () => ({ errno: 'ENODEV' }),
};

const isBlockDevice: Rule<Place> = {
  id: 'vfs.mount.block-device',
  source: { file: 'fs/super.c', function: 'lookup_bdev' },
  sees: (place) => ({ block_device: typeOf(place.inode) === S.IFBLK }),
  passes: (seen) => seen.block_device === true,
  refuses: () => ({ errno: 'ENOTBLK' }),
};

interface HolderSubject {
  readonly device: BlockDevice;
  readonly type: string;
}

/** A second mount of the same file system is welcome (it shares the super block); any other holder is not. */
const deviceFree: Rule<HolderSubject> = {
  id: 'vfs.mount.device-free',
  source: { file: 'block/bdev.c', function: 'bd_may_claim' },
  sees: ({ device }) => ({ holder: device.holder ?? 'none' }),
  passes: (seen, { type }) => seen.holder === 'none' || seen.holder === holderName(type),
  refuses: () => ({ errno: 'EBUSY' }),
};

const deviceWritable: Rule<{ readonly device: BlockDevice; readonly readOnly: boolean }> = {
  id: 'vfs.mount.device-writable',
  source: { file: 'block/bdev.c', function: 'bdev_open' },
  sees: ({ device, readOnly }) => ({
    device_read_only: device.readOnly,
    mount_read_only: readOnly,
  }),
  passes: (seen) => seen.device_read_only === false || seen.mount_read_only === true,
  refuses: () => ({ errno: 'EACCES' }),
};

/** The name under which a mount holds its device: the kernel uses the address of the file system's type. */
export function holderName(type: string): string {
  return type;
}

/** mount(2). Ends with 0 or a negative errno; a failed mount leaves nothing behind but decisions and log lines. */
export function* mountCall(core: VfsCore, process: ProcessContext, call: MountCall): Task<number> {
  const target = core.walker.resolve(process.cwd, call.target);
  if (typeof target === 'number') return target;
  if (call.remount) return yield* remount(core, target, call);
  const known = ask(core, knownType, { type: call.type, types: core.types }, call.type);
  if (known < 0) return known;
  const type = core.types.get(call.type)!;
  const taken = takeKey(core, type, call);
  if (typeof taken === 'number') return taken;
  const byContext = type.mountsByContext?.(core.host.kernel) === true;
  const readOnly = byContext ? readOnlyWord(taken.data, call.readOnly) : call.readOnly;
  return yield* mountType(core, process, target, type, { ...call, ...taken, readOnly, byContext });
}

/** `ro` and `rw` among the options count like the flag, the last one most (fs/fs_context.c, vfs_parse_sb_flag()). */
function readOnlyWord(data: string, flag: boolean): boolean {
  const last = data.split(',').findLast((word) => word === 'ro' || word === 'rw');
  return last === undefined ? flag : last === 'ro';
}

/** What the what-if patch `fs-encryption` takes from the options of a file system that it lets encrypt. */
function takeKey(core: VfsCore, type: FileSystemType, call: MountCall): TakenKey | number {
  const { host, crypt } = core;
  if (type.encrypts?.(host.kernel) !== true) return { data: call.data, masterKey: null };
  return takeMasterKey(host, type.name, call.data, crypt);
}

function* mountType(
  core: VfsCore,
  process: ProcessContext,
  target: Place,
  type: FileSystemType,
  call: MountCall & TakenKey & { readonly byContext: boolean },
): Task<number> {
  const options = type.checkOptions?.(core.host, call.data) ?? 0;
  if (options < 0) return options;
  const { host } = core;
  const { source, byContext } = call;
  const device = findDevice(core, process, call);
  if (typeof device === 'number') {
    if (byContext && device !== -errno.EACCES) {
      host.printk('err', `${source}: Can't lookup blockdev`);
    }
    return device;
  }
  const busy = ask(core, deviceFree, { device, type: call.type }, device.name);
  if (busy < 0) {
    if (byContext) host.printk('err', `${source}: Can't open blockdev`);
    return yield* refuseBusy(core, process, type, device, call, busy);
  }

  const shared = superBlockOn(core, device, call.type);
  const superBlock = shared ?? (yield* fill(core, process, type, device, call));
  if (typeof superBlock === 'number') return superBlock;
  const otherState = shared !== null && superBlock.fs.readOnly !== call.readOnly;
  if (otherState && byContext) {
    host.printk('warning', `${device.name}: Can't mount, would change RO state`);
  }
  const refused = otherState ? -errno.EBUSY : mayAttach(core, superBlock, target);
  if (refused < 0) {
    if (shared === null) yield* shutDown(core, superBlock);
    return refused;
  }
  core.mounts.add(superBlock, target.path);
  return 0;
}

/** The control requests of a file system about a device nobody mounts (FileSystemType.scanDevice, forgetDevice). */
export function* deviceControl(
  core: VfsCore,
  process: ProcessContext,
  typeName: string,
  command: 'scan' | 'forget',
  path: string,
): Task<number> {
  const type = core.types.get(typeName);
  if (type?.scanDevice === undefined || type.forgetDevice === undefined) return -errno.ENOTTY;
  if (command === 'forget' && path === '') return type.forgetDevice(core.host, null);
  const place = core.walker.resolve(process.cwd, path);
  if (typeof place === 'number') return place;
  const device = place.inode.device;
  if (device === undefined) return -errno.ENOTBLK;
  if (command === 'forget') return type.forgetDevice(core.host, device);
  const { host, block } = core;
  block.opened(device);
  const result = yield* type.scanDevice({ host, block, device, source: path, caller: process });
  yield* closeDevice(block, device);
  return result;
}

/** BTRFS_IOC_SPACE_INFO. */
export function spaceInfo(
  core: VfsCore,
  process: ProcessContext,
  path: string,
): readonly SpaceUse[] | number {
  const place = core.walker.resolve(process.cwd, path);
  if (typeof place === 'number') return place;
  return place.mount?.fs.spaceInfo?.() ?? -errno.ENOTTY;
}

/** umount(2). Buffered data reaches the device; the device is let go with the last mount point. */
export function* umountCall(core: VfsCore, process: ProcessContext, path: string): Task<number> {
  const place = core.walker.resolve(process.cwd, path);
  if (typeof place === 'number') return place;
  const entry = core.mounts.top(place.path);
  // A walk ends on the root of what is mounted, so something mounted here is what was meant.
  if (entry === null) return -errno.EINVAL;
  const { superBlock } = entry;
  core.host.touch('open files', superBlock.fs.device.name, 0, true);
  for (const file of superBlock.files) if (file.place.mount === entry) return -errno.EBUSY;
  if (core.mounts.hasBelow(entry)) return -errno.EBUSY;
  core.mounts.remove(entry);
  if (superBlock.mountPoints === 0) yield* shutDown(core, superBlock);
  return 0;
}

/** sync(2): file systems first, then what is buffered in block devices. */
export function* syncAll(core: VfsCore): Task<number> {
  const { block, mounts } = core;
  for (const { fs } of mounts.superBlocks()) yield* fs.sync(true);
  for (const device of block.caches.keys()) yield* writebackRange(block, device);
  return 0;
}

/** freeze_bdev() as far as it shows: whoever writes afterwards waits at the suspended device instead. */
export function* freezeDevice(core: VfsCore, device: BlockDevice): Task<number> {
  for (const { fs } of core.mounts.superBlocks()) {
    if (fs.device !== device) continue;
    const synced = yield* fs.sync();
    if (synced < 0) return synced;
  }
  return yield* writebackRange(core.block, device);
}

/** syncfs(2): nothing to do on the host's own file systems. */
export function syncOne(file: OpenDescription | undefined): Task<number> | number {
  if (file === undefined) return -errno.EBADF;
  return file.place.mount?.fs.sync() ?? 0;
}

function findDevice(core: VfsCore, process: ProcessContext, call: MountCall): BlockDevice | number {
  const place = core.walker.resolve(process.cwd, call.source);
  if (typeof place === 'number') return place;
  const isBlock = ask(core, isBlockDevice, place, call.source);
  if (isBlock < 0) return isBlock;
  const device = place.inode.device;
  if (device === undefined) return -errno.ENXIO;
  const { readOnly } = call;
  const writable = ask(core, deviceWritable, { device, readOnly }, device.name);
  return writable < 0 ? writable : device;
}

/** A file system that scans before it opens exclusively (btrfs) finds out first that a device is none of its own. */
function* refuseBusy(
  core: VfsCore,
  process: ProcessContext,
  type: FileSystemType,
  device: BlockDevice,
  call: MountCall,
  busy: number,
): Task<number> {
  if (type.scanDevice === undefined) return busy;
  const { host, block } = core;
  const { source } = call;
  const scanned = yield* type.scanDevice({ host, block, device, source, caller: process });
  return scanned < 0 ? scanned : busy;
}

function superBlockOn(core: VfsCore, device: BlockDevice, type: string): SuperBlock | null {
  for (const superBlock of core.mounts.superBlocks()) {
    const { fs } = superBlock;
    if (fs.device === device && fs.typeName === type) return superBlock;
  }
  return null;
}

function* fill(
  core: VfsCore,
  process: ProcessContext,
  type: FileSystemType,
  device: BlockDevice,
  call: MountCall & TakenKey,
): Task<SuperBlock | number> {
  const { host, block } = core;
  device.holder = holderName(type.name);
  block.opened(device);
  let result: MountResult;
  try {
    result = yield* type.mount({
      host,
      block,
      device,
      source: call.source,
      flags: { readOnly: call.readOnly },
      data: call.data,
      masterKey: call.masterKey,
      caller: process,
    });
  } catch (error) {
    // What is not modelled must not leave the device held for ever.
    device.holder = null;
    block.closed(device);
    throw error;
  }
  if (result.ok) return new SuperBlock(result.mount);
  yield* letGo(core, device);
  return result.errno;
}

/** do_add_mount(). */
function mayAttach(core: VfsCore, superBlock: SuperBlock, target: Place): number {
  if (typeOf(target.inode) !== S.IFDIR) return -errno.ENOTDIR;
  return core.mounts.top(target.path)?.superBlock === superBlock ? -errno.EBUSY : 0;
}

function* remount(core: VfsCore, target: Place, call: MountCall): Task<number> {
  const entry = core.mounts.top(target.path);
  if (entry === null) return -errno.EINVAL;
  const { fs, superBlock } = entry;
  const byContext = core.types.get(fs.typeName)?.mountsByContext?.(core.host.kernel) === true;
  const readOnly = byContext ? readOnlyWord(call.data, call.readOnly) : call.readOnly;
  if (readOnly && !fs.readOnly) {
    core.host.touch('open files', fs.device.name, 0, true);
    for (const file of superBlock.files) if (file.writable) return -errno.EBUSY;
  }
  // do_remount_sb() and its successor reconfigure_super() write out what is dirty first.
  yield* fs.sync();
  const result = yield* fs.remount(readOnly, call.data);
  if (result >= 0) fs.readOnly = readOnly;
  return result;
}

function* shutDown(core: VfsCore, superBlock: SuperBlock): Task<void> {
  const { fs } = superBlock;
  try {
    yield* fs.sync();
    yield* fs.unmount();
  } finally {
    yield* letGo(core, fs.device);
  }
}

function* letGo(core: VfsCore, device: BlockDevice): Task<void> {
  device.holder = null;
  yield* closeDevice(core.block, device);
}

function ask<T>(core: VfsCore, rule: Rule<T>, subject: T, name: string): number {
  const { host } = core;
  return askRule(rule, subject, {
    subject: name,
    decide: (decision) => host.decide(decision),
    log: (level, text) => host.printk(level, text),
  });
}
