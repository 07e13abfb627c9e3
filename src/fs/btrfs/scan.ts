/**
 * The device scan (fs/btrfs/volumes.c, btrfs_scan_one_device(), btrfs_read_disk_super(), device_list_add()): finds the
 * superblock of a device and remembers the device under its file system. Refusals are silent: `dmesg` shows nothing
 * when a disk has no btrfs, or when its superblock log is in a state that cannot be.
 */

import type { BlockDevice } from '../../block/device.ts';
import type { BlockSystem } from '../../block/system.ts';
import { type ErrnoName, errno, errnoName } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Rule, Seen } from '../../sim/decision.ts';
import { askRule } from '../../sim/decision.ts';
import type { Host } from '../../sim/host.ts';
import type { Task } from '../../sim/task.ts';
import type { Caller } from '../inode.ts';
import { btrfsModule } from './module.ts';
import { readSuperBytes, superReadSector } from './super-io.ts';
import {
  decodeSuperblock,
  labelText,
  SUPER_INFO_BYTES,
  SUPER_INFO_OFFSET,
  SUPER_MAGIC,
  type Superblock,
} from './superblock.ts';
import { uuidText } from './uuid.ts';

/** A device the module was told of (struct btrfs_device on a list of fs_uuids). */
export interface ScannedDevice {
  readonly fsid: string;
  readonly devid: number;
  readonly uuid: string;
  readonly major: number;
  readonly minor: number;
  /** What log lines call it; a later scan under another name replaces it while it is not mounted. */
  path: string;
  generation: number;
  open: boolean;
}

export interface FoundSuperblock {
  readonly bytes: Uint8Array;
  readonly superblock: Superblock;
  readonly sector: number;
}

interface ScanSubject {
  readonly result: number;
  readonly found: FoundSuperblock | null;
  readonly sizeBytes: number;
}

const VOLUMES = 'fs/btrfs/volumes.c';

/** Stage A of a mount: where copy 0 is, whether it can be read, and whether it is a superblock at all. */
const SCAN_RULES: readonly Rule<ScanSubject>[] = [
  {
    id: 'btrfs.scan.super-location',
    source: { file: 'fs/btrfs/zoned.c', function: 'btrfs_sb_log_location_bdev' },
    sees: (subject): Seen => ({ result: subject.result < 0 ? errnoName(subject.result) : 'found' }),
    passes: (_seen, subject) => subject.result >= 0,
    refuses: (subject) => ({ errno: errnoName(subject.result) }),
  },
  {
    id: 'btrfs.scan.magic',
    source: { file: VOLUMES, function: 'btrfs_read_disk_super' },
    sees: ({ found }): Seen => ({
      magic: found === null ? '' : `0x${found.superblock.magic.toString(16)}`,
      bytenr: found?.superblock.bytenr ?? 0,
    }),
    // The field, not the place: inside a log zone it still says 65536.
    passes: (_seen, { found }) =>
      found?.superblock.magic === SUPER_MAGIC && found.superblock.bytenr === SUPER_INFO_OFFSET,
    refuses: () => ({ errno: 'EINVAL' }),
  },
];

/** Reads copy 0 of a device and decides whether there is a file system; a negative errno when not. Prints nothing. */
export function* findSuperblock(
  block: BlockSystem,
  device: BlockDevice,
): Task<FoundSuperblock | number> {
  const { host } = block;
  const asker = {
    subject: device.name,
    decide: host.decide.bind(host),
    log: (): void => {},
  };
  const sizeBytes = device.sizeSectors * SECTOR_BYTES;
  let sector = yield* superReadSector(block, device, 0);
  if (sector === -errno.ENOENT) sector = -errno[host.kernel.btrfs.scanTooFewZones as ErrnoName];
  // The page cache must hold the block whole, below the end of the device.
  if (sector >= 0 && sector * SECTOR_BYTES + SUPER_INFO_BYTES >= sizeBytes) sector = -errno.EINVAL;
  let found: FoundSuperblock | null = null;
  if (sector >= 0) {
    const bytes = yield* readSuperBytes(block, device, sector);
    if (typeof bytes === 'number') sector = bytes;
    else found = { bytes, superblock: decodeSuperblock(bytes), sector };
  }
  for (const rule of SCAN_RULES) {
    const result = askRule(rule, { result: sector, found, sizeBytes }, asker);
    if (result < 0) return result;
  }
  return found!;
}

export interface ScanRequest {
  readonly block: BlockSystem;
  readonly device: BlockDevice;
  readonly source: string;
  readonly caller?: Caller | undefined;
}

/**
 * Looks at a device and registers it (BTRFS_IOC_SCAN_DEV, or the first step of mount(2), which always registers).
 * Returns what it found, or a negative errno.
 */
export function* scanDevice(
  request: ScanRequest,
  byMount: boolean,
): Task<(FoundSuperblock & { readonly entry: ScannedDevice | null }) | number> {
  const { block, device } = request;
  const found = yield* findSuperblock(block, device);
  if (typeof found === 'number') return found;
  const { superblock } = found;
  // 6.8+: a single device that nobody mounts is not kept; its old entries go all the same.
  const skipped =
    !byMount && !block.host.kernel.btrfs.scanRegistersSingle && superblock.numDevices === 1;
  if (skipped) {
    forgetStale(block.host, device, null);
    return { ...found, entry: null };
  }
  const entry = register(request, superblock);
  return typeof entry === 'number' ? entry : { ...found, entry };
}

function register(request: ScanRequest, superblock: Superblock): ScannedDevice | number {
  const { block, device, source, caller } = request;
  const { host } = block;
  const list = btrfsModule(host).scanned;
  const fsid = uuidText(superblock.fsid);
  const uuid = uuidText(superblock.devItem.uuid);
  const { devid } = superblock.devItem;
  const known = list.find((e) => e.fsid === fsid && e.devid === devid && e.uuid === uuid);
  if (known !== undefined) {
    const same = known.major === device.major && known.minor === device.minor;
    if (!same && known.open) return -errno.EEXIST;
    // The one with the larger generation is kept, or the one seen last.
    if (!known.open && known.path !== source && superblock.generation < known.generation) {
      return -errno.EEXIST;
    }
    const path = same && host.kernel.btrfs.scanKeepsSamePath ? known.path : source;
    const moved = { ...known, path, major: device.major, minor: device.minor };
    if (!known.open) moved.generation = superblock.generation;
    list.splice(list.indexOf(known), 1, moved);
    return moved;
  }
  const entry: ScannedDevice = {
    fsid,
    devid,
    uuid,
    major: device.major,
    minor: device.minor,
    path: source,
    generation: superblock.generation,
    open: false,
  };
  list.push(entry);
  forgetStale(host, device, entry);
  host.printk('info', scanLine(host, superblock, entry, caller));
  return entry;
}

function scanLine(
  host: Host,
  superblock: Superblock,
  entry: ScannedDevice,
  caller: Caller | undefined,
): string {
  const label = labelText(superblock);
  const name = label === '' ? `fsid ${entry.fsid}` : `label ${label}`;
  const numbers = host.kernel.btrfs.scanShowsNumbers ? ` (${entry.major}:${entry.minor})` : '';
  const by = caller ?? { comm: host.tasks.comm, pid: 1 };
  return (
    `BTRFS: device ${name} devid ${entry.devid} transid ${entry.generation} ` +
    `${entry.path}${numbers} scanned by ${by.comm} (${by.pid})`
  );
}

/** btrfs_free_stale_devices(): other file systems that once stood on this device are forgotten. */
function forgetStale(host: Host, device: BlockDevice, keep: ScannedDevice | null): void {
  drop(host, (e) => e !== keep && e.major === device.major && e.minor === device.minor);
}

/** BTRFS_IOC_FORGET_DEV: one device that is not mounted, or all of them. ENOENT when a named one is not known. */
export function forgetDevice(host: Host, device: BlockDevice | null): number {
  const matches = (e: ScannedDevice): boolean =>
    device === null || (e.major === device.major && e.minor === device.minor);
  const known = btrfsModule(host).scanned.filter(matches);
  if (known.some((e) => e.open) && device !== null) return -errno.EBUSY;
  drop(host, matches);
  return known.length === 0 && device !== null ? -errno.ENOENT : 0;
}

function drop(host: Host, matches: (entry: ScannedDevice) => boolean): void {
  const list = btrfsModule(host).scanned;
  const kept = list.filter((entry) => entry.open || !matches(entry));
  list.splice(0, list.length, ...kept);
}

/** btrfs_close_devices(): the mount is gone, or failed. Newer kernels forget a single device then. */
export function closeScanned(host: Host, entry: ScannedDevice): void {
  entry.open = false;
  if (host.kernel.btrfs.closeForgets) drop(host, (e) => e === entry);
}
