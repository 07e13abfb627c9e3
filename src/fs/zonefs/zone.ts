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
  /** i_mode without S_IFREG: permission bits, unless the super block has more. */
  mode = 0;
  uid = 0;
  gid = 0;
  /** S_IMMUTABLE: set for good once a zone went bad or was declared so. */
  immutable = false;

  constructor(sequential: boolean, start: number, length: number, capacityBytes: number) {
    this.sequential = sequential;
    // What comes out of a Float64Array is a boxed double to the engine, and so is every sector computed from it; this
    // makes it a small integer where it is one. Writes take a twentieth less time (docs/benchmarks.md).
    this.startSector = Math.floor(start);
    this.lengthSectors = length;
    this.capacityBytes = capacityBytes;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
}

/**
 * The zones of a group. Most zones of a large disk are alike: good, of one size, and with nothing in them. Of those only
 * the start is kept until somebody asks for one, so that a mount takes memory for what was written and what is used.
 */
export class FileZones {
  /** What all zones are that are not in `kept`; null when there are none. */
  readonly plain: FileZone | null;
  private readonly starts: Float64Array;
  private readonly kept: Map<number, FileZone>;

  constructor(starts: readonly number[], plain: FileZone | null, kept: Map<number, FileZone>) {
    this.starts = Float64Array.from(starts);
    this.plain = plain;
    this.kept = kept;
  }

  get length(): number {
    return this.starts.length;
  }

  /** The zone of file `number`, the same object each time; undefined where there is no such file. */
  at(number: number): FileZone | undefined {
    const kept = this.kept.get(number);
    if (kept !== undefined || this.plain === null || number >= this.length) return kept;
    const { sequential, lengthSectors, capacityBytes, mode, uid, gid, sizeBytes } = this.plain;
    const zone = new FileZone(sequential, this.starts[number]!, lengthSectors, capacityBytes);
    zone.mode = mode;
    zone.uid = uid;
    zone.gid = gid;
    zone.sizeBytes = sizeBytes;
    zone.pointerBytes = sizeBytes;
    this.kept.set(number, zone);
    return zone;
  }
}
