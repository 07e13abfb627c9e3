/**
 * The control interface of device mapper (drivers/md/dm-ioctl.c), as /dev/mapper/control offers it. dmsetup and the
 * tests talk to this; the body is src/dm/mapper.ts. All calls return 0 or a negative errno.
 */

import type { BlockDevice } from '../block/device.ts';
import type { Task } from '../sim/task.ts';

export interface MappingInfo {
  readonly name: string;
  readonly uuid: string;
  readonly major: number;
  readonly minor: number;
  readonly suspended: boolean;
  readonly liveTable: boolean;
  readonly inactiveTable: boolean;
  readonly openCount: number;
  readonly eventNr: number;
  readonly targets: number;
  readonly readOnly: boolean;
}

export interface TargetLine {
  readonly startSector: number;
  readonly sectors: number;
  readonly target: string;
  /** The text after the target's name. */
  readonly params: string;
}

export interface DmControl {
  /** DM_DEV_CREATE. EBUSY when the name is taken, EINVAL when it is no name. */
  create(name: string, uuid?: string): number;
  /** DM_TABLE_LOAD: `lines` as `START LENGTH TARGET PARAMS`. Fills the inactive slot. */
  load(name: string, lines: readonly string[], readOnly?: boolean): number;
  /** DM_DEV_SUSPEND without its flag: swaps the inactive table in, if there is one, and lets I/O run. */
  resume(name: string): number;
  /** DM_DEV_SUSPEND: bios that come wait from now on. */
  suspend(name: string): number;
  /** Waits until the bios that a suspended device had sent on have ended; the ioctl does not return before. */
  drain(name: string): Task<void>;
  /** DM_TABLE_CLEAR: forgets the inactive table. */
  clear(name: string): number;
  /** DM_DEV_REMOVE. EBUSY while open or mounted. */
  remove(name: string): number;
  rename(name: string, newName: string): number;
  /** DM_TABLE_STATUS; the kernel itself shows keys, dmsetup hides them. */
  table(name: string, slot?: 'live' | 'inactive'): readonly TargetLine[] | number;
  status(name: string): readonly TargetLine[] | number;
  message(name: string, sector: number, text: string): number;
  info(name: string): MappingInfo | number;
  /** In order of name. */
  list(): readonly MappingInfo[];
  device(name: string): BlockDevice | null;
}
