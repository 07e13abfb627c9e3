/**
 * Is a UUID in use already? (btrfs-progs 6.2, common/device-utils.c, test_uuid_unique(), over libblkid's probe of every
 * block device.) The device about to be formatted counts too, whatever -f says.
 */

import type { BlockDevice } from '../block/device.ts';
import { readSuperBytes, reportLogPair } from '../fs/btrfs/super-io.ts';
import { isInPlace, lastSlots, readPosition, writePosition } from '../fs/btrfs/super-log.ts';
import {
  decodeSuperblock,
  SUPER_INFO_BYTES,
  SUPER_INFO_OFFSET,
  SUPER_MAGIC,
} from '../fs/btrfs/superblock.ts';
import { uuidText } from '../fs/btrfs/uuid.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { Process } from './program.ts';

/** Does a device of this host hold a btrfs with that UUID? */
export function* isUuidTaken(process: Process, uuid: string): Task<boolean> {
  const { block } = process.system;
  for (const device of block.devices.values()) {
    if ((yield* btrfsUuid(process, device)) === uuid) return true;
  }
  return false;
}

function* btrfsUuid(process: Process, device: BlockDevice): Task<string | null> {
  const { block } = process.system;
  const sector = superSector(device);
  if (sector < 0 || sector + SUPER_INFO_BYTES / SECTOR_BYTES > device.sizeSectors) return null;
  const bytes = yield* readSuperBytes(block, device, sector);
  if (typeof bytes === 'number') return null;
  const superblock = decodeSuperblock(bytes);
  return superblock.magic === SUPER_MAGIC ? uuidText(superblock.fsid) : null;
}

/** Where libblkid looks, whatever the kernel knows of zoned btrfs; below 0 where nothing can be. */
function superSector(device: BlockDevice): number {
  if (device.limits.zoned.value === 'none') return SUPER_INFO_OFFSET / SECTOR_BYTES;
  const pair = reportLogPair(device, 0);
  if (typeof pair === 'number') return pair;
  if (isInPlace(pair)) return pair[0].start;
  const position = writePosition(pair, 'length');
  if (position.kind === 'at') return readPosition(pair, 'length', position.sector);
  // Of two full zones either tells the UUID.
  return position.kind === 'compare' ? lastSlots(pair, 'length')[0] : -1;
}
