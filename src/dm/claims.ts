/**
 * The devices that tables have open (drivers/md/dm-table.c dm_get_device(), dm.c open_table_device()). A mapped device
 * opens each device below once, however many of its tables and targets use it; device mapper as a whole is one holder,
 * so two mappings may share a disk while a mount or an exclusive open may not.
 */

import type { BlockDevice } from '../block/device.ts';
import type { BlockSystem } from '../block/system.ts';
import { errno } from '../kernel/errno.ts';

const HOLDER = 'device-mapper';

export class DeviceClaims {
  private readonly block: BlockSystem;
  /** Openings by mapped device, then by device below. */
  private readonly opens = new Map<BlockDevice, Map<BlockDevice, number>>();

  constructor(block: BlockSystem) {
    this.block = block;
  }

  /** Opens `device` for `owner`. 0, EINVAL for itself, or EBUSY when somebody else holds it. */
  open(owner: BlockDevice, device: BlockDevice): number {
    if (device === owner) return -errno.EINVAL;
    this.block.touchOpeners(device, true);
    if (device.holder !== null && device.holder !== HOLDER) return -errno.EBUSY;
    let mine = this.opens.get(owner);
    if (mine === undefined) {
      mine = new Map();
      this.opens.set(owner, mine);
    }
    const count = mine.get(device) ?? 0;
    if (count === 0) this.block.opened(device);
    mine.set(device, count + 1);
    device.holder = HOLDER;
    return 0;
  }

  close(owner: BlockDevice, device: BlockDevice): void {
    const mine = this.opens.get(owner);
    const count = mine?.get(device) ?? 0;
    if (mine === undefined || count === 0) {
      throw new Error(`"${device.name}" expected to be open for ${owner.name}, got a close`);
    }
    if (count > 1) {
      mine.set(device, count - 1);
      return;
    }
    this.block.touchOpeners(device, true);
    mine.delete(device);
    if (mine.size === 0) this.opens.delete(owner);
    this.block.closed(device);
    for (const others of this.opens.values()) if (others.has(device)) return;
    device.holder = null;
  }
}
