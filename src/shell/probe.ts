/**
 * What libblkid tells mount about a device (util-linux 2.38, libblkid/src/superblocks/{zonefs,btrfs}.c): the file system by its magic. On
 * a zoned disk the superblock of btrfs is found through its log.
 */

import { ZoneCond, type ZoneView } from '../block/device.ts';
import {
  isInPlace,
  type LogPair,
  lastSlots,
  logZone,
  readPosition,
  writePosition,
} from '../fs/btrfs/super-log.ts';
import {
  decodeSuperblock,
  SUPER_INFO_BYTES,
  SUPER_INFO_OFFSET,
  SUPER_MAGIC,
} from '../fs/btrfs/superblock.ts';
import { O } from '../fs/inode.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { Process } from './program.ts';

/** `SFOZ` in the first bytes, little endian. */
const ZONEFS_MAGIC = 0x5a4f4653;

/** The type of the file system on `path`; null when none is recognised. */
export function* probeType(process: Process, path: string): Task<string | null> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, path, O.RDONLY);
  if (fd < 0) return null;
  const type = yield* probeOpen(process, fd);
  yield* sys.close(process, fd);
  return type;
}

function* probeOpen(process: Process, fd: number): Task<string | null> {
  const first = yield* read(process, fd, 0);
  if (first !== null && view(first).getUint32(0, true) === ZONEFS_MAGIC) return 'zonefs';
  const { sys } = process.system;
  const zones = yield* sys.reportZones(process, fd, 0, 2);
  if (typeof zones === 'number' || zones.length < 2) {
    return (yield* hasBtrfs(process, fd, SUPER_INFO_OFFSET)) ? 'btrfs' : null;
  }
  const offset = yield* logOffset(process, fd, zones);
  if (offset === null) return null;
  return (yield* hasBtrfs(process, fd, offset)) ? 'btrfs' : null;
}

/** Byte offset of the superblock written last; null when the log tells of none. */
function* logOffset(process: Process, fd: number, zones: readonly ZoneView[]): Task<number | null> {
  const pair: LogPair = [logZone(zones[0]!), logZone(zones[1]!)];
  if (isInPlace(pair)) return pair[0].start * SECTOR_BYTES;
  if (pair.some((zone) => zone.cond === ZoneCond.readonly || zone.cond === ZoneCond.offline)) {
    return null;
  }
  const next = writePosition(pair, 'capacity');
  if (next.kind === 'at') return readPosition(pair, 'capacity', next.sector) * SECTOR_BYTES;
  if (next.kind !== 'compare') return null;
  const slots = lastSlots(pair, 'capacity').map((sector) => sector * SECTOR_BYTES);
  const generations: bigint[] = [];
  for (const slot of slots) {
    const bytes = yield* read(process, fd, slot);
    generations.push(bytes === null ? 0n : view(bytes).getBigUint64(72, true));
  }
  return generations[0]! > generations[1]! ? slots[0]! : slots[1]!;
}

function* hasBtrfs(process: Process, fd: number, offset: number): Task<boolean> {
  const bytes = yield* read(process, fd, offset);
  return bytes !== null && decodeSuperblock(bytes).magic === SUPER_MAGIC;
}

function* read(process: Process, fd: number, offset: number): Task<Uint8Array | null> {
  const got = yield* process.system.sys.pread(process, fd, SUPER_INFO_BYTES, offset);
  return typeof got === 'number' || got.lengthBytes < SUPER_INFO_BYTES ? null : got.bytes();
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
