/**
 * What every block device is, whatever stands behind it: null_blk, an SMR disk behind sd, a mapped device.
 */

import type { Task } from '../sim/task.ts';
import type { Bio } from './bio.ts';
import type { QueueLimits } from './limits.ts';

/** Zone types and conditions of include/uapi/linux/blkzoned.h. */
export const ZoneType = { conventional: 1, seqWriteRequired: 2, seqWritePreferred: 3 } as const;
export const ZoneCond = {
  notWp: 0,
  empty: 1,
  impOpen: 2,
  expOpen: 3,
  closed: 4,
  readonly: 13,
  full: 14,
  offline: 15,
  /** Cached reports of 6.19 and later only. */
  active: 255,
} as const;

/** Conditions in a word, as traces and recordings have them. */
export const ZONE_COND_NAMES: Readonly<Record<number, string>> = {
  [ZoneCond.notWp]: 'not-wp',
  [ZoneCond.empty]: 'empty',
  [ZoneCond.impOpen]: 'imp-open',
  [ZoneCond.expOpen]: 'exp-open',
  [ZoneCond.closed]: 'closed',
  [ZoneCond.readonly]: 'read-only',
  [ZoneCond.full]: 'full',
  [ZoneCond.offline]: 'offline',
};

/** The write pointer a report shows for a zone that has none (read-only, offline): all ones. */
export const WP_INVALID = -1;

/** One zone as a report shows it. All in sectors; `wp` is absolute, WP_INVALID for all ones. */
export interface ZoneView {
  readonly start: number;
  readonly len: number;
  readonly capacity: number;
  readonly wp: number;
  readonly type: number;
  readonly cond: number;
}

export interface BlockDevice {
  /** The kernel's name: `nullb0`, `dm-0`. */
  readonly name: string;
  readonly major: number;
  readonly minor: number;
  readonly sizeSectors: number;
  readonly limits: QueueLimits;
  /** Counts of zones; 0 on a regular device. */
  readonly nrZones: number;
  /** The devices below, for lsblk and for a walk down the stack. */
  readonly slaves: readonly BlockDevice[];
  /** Who has it open exclusively (a mount, a mapping, an O_EXCL open); null when nobody has. */
  holder: string | null;
  /** Bytes a disk keeps beside each logical block for whoever asks (an integrity profile); 0 or absent: none. */
  readonly metadataBytes?: number;
  /** It encrypts and decrypts what bios bring a key for (blk-crypto, an engine as in UFS); absent: it does not. */
  readonly inlineCrypto?: boolean;
  /** The device ignores writes and refuses them with EPERM. */
  readonly readOnly: boolean;
  /**
   * Visits up to `count` zones from the one that holds `startSector`. Returns the number visited or a negative
   * errno. As in the kernel it may have effects: a report repairs a write plug that lost its pointer.
   */
  reportZones(startSector: number, count: number, visit: (zone: ZoneView) => void): number;
  /** Takes the bio. It ends through `bio.end`, later or at once; an append's end carries the sector written. */
  submit(bio: Bio): void;
  /** Runs `act` while the queue is frozen: nobody is inside and nobody enters. Absent where that shows nowhere. */
  whileFrozen?(act: () => number): Task<number>;
}
