/**
 * One zone as zonefs knows it, which is one file or several zones in one file (fs/zonefs/zonefs.h, struct zonefs_zone;
 * before 6.3 the same fields stood in struct zonefs_inode_info). Nothing of this is on the disk.
 */

/** What is known of a zone; several can hold at once. */
export const ZoneFlag = {
  /** zonefs opened it explicitly and owes it a close. */
  open: 1,
  /** Counted as active. */
  active: 2,
  readOnly: 4,
  offline: 8,
} as const;

export class FileZone {
  readonly sequential: boolean;
  readonly startSector: number;
  /** Of all its zones, without regard to their capacity. */
  lengthSectors: number;
  /** What the file can hold: the zones' capacity. */
  capacityBytes: number;
  /** i_size. */
  sizeBytes = 0;
  /** Where the next write goes, from the start of the zone; ahead of the size while writes are queued. */
  pointerBytes = 0;
  flags = 0;
  /** Permission bits. */
  mode = 0;
  uid = 0;
  gid = 0;
  /** S_IMMUTABLE: set for good once a zone went bad or was declared so. */
  immutable = false;

  constructor(sequential: boolean, start: number, length: number, capacityBytes: number) {
    this.sequential = sequential;
    this.startSector = start;
    this.lengthSectors = length;
    this.capacityBytes = capacityBytes;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
}
