/**
 * What a kernel answers about zonefs (fs/zonefs/); v5.10's answers. Bodies: src/fs/zonefs/. The file system was written
 * for 5.6; appends came with 5.8, explicit-open and zone capacities with 5.9.
 */

export interface ZonefsAnswers {
  /**
   * How a synchronous direct write to a sequential file is issued: one zone append (5.8 to 6.4); an append unless
   * the limit read at mount was 0 (patch 4 of the series); a plain write at the write pointer (6.5 and later).
   */
  readonly syncWrite: 'append' | 'append-or-regular' | 'regular';
  /**
   * What is compared once an append has ended: nothing; its sector with the pointer, the warning naming the
   * sector expected (6.2) or the one returned (6.3, stable); or its sector with a pointer that was advanced before
   * the bio was sent, which only a foreign write can satisfy (6.1.192).
   */
  readonly locationCheck: 'none' | 'log-expected' | 'log-returned' | 'against-advanced';
  /** The write pointer offset is moved when the write was issued, or before (2024: "Improve error handling"). */
  readonly pointerUpdate: 'after-issue' | 'before-issue';
  /** Where an O_APPEND write goes: the end of the file, or the write pointer, which queued writes have moved. */
  readonly appendPosition: 'file-size' | 'write-pointer';
  /** An append forgets cached pages of its range first; without it a cached last page stays stale. */
  readonly appendInvalidatesCache: boolean;
  /** Direct reads are marked as something somebody waits for (iomap, REQ_SYNC). */
  readonly directReadsSync: boolean;
  /** Which memory direct I/O may come from (iomap): aligned as the logical block, or as the device's DMA wants it. */
  readonly directMemory: 'logical-block' | 'dma-alignment';
  /** Conventional files can hold swap; without this the generic code looks for a block map and finds holes. */
  readonly swapFiles: boolean;
  /** The file system's block: the device's physical block (to 5.11) or its zone write granularity. */
  readonly blockSize: 'physical-block' | 'write-granularity';
  /**
   * `string`: one text parsed after the super block, silent, a remount keeps what it does not name. `parameters`:
   * the mount API of 6.9, parsed before the device is opened, logged, a remount starts from the defaults.
   */
  readonly options: 'string' | 'parameters';
  /** What the content of the super block must satisfy, in order (src/fs/zonefs/super-rules.ts). */
  readonly superRules: readonly string[];
  /** What a zone of the mount-time report must satisfy, in order (src/fs/zonefs/zone-rules.ts). */
  readonly zoneRules: readonly string[];
  /** `Mounting N zones` is printed before or after the zones are reported. */
  readonly mountingLine: 'before-report' | 'after-report';
  /** A line names the group whose set-up failed. */
  readonly groupFailureLine: boolean;
  /**
   * When explicit-open is dropped for want of limits: asked before the options are parsed and so never; no open
   * limit; neither an open nor an active limit.
   */
  readonly explicitOpenCheck: 'before-options' | 'open-limit' | 'open-and-active-limits';
  /** Which write-opens are counted: those under explicit-open, 0 being a limit of 0; or all, 0 being none. */
  readonly openAccounting: 'explicit-open' | 'always';
  /** An open refused with EBUSY leaves the file counted as open, so that the next one passes. */
  readonly busyOpenKeepsCount: boolean;
  /** Zones found open at mount are closed. */
  readonly closesZonesAtMount: boolean;
  /** Closing a zone nothing was written to. */
  readonly closeOfEmptyZone: 'close' | 'reset';
  /** After a zone could not be closed: the count goes down and one line is printed; or neither, and two lines. */
  readonly closeFailure: 'counts-down' | 'keeps-count';
  /** /sys/fs/zonefs/DEV/ and the count of active zones. */
  readonly sysfs: boolean;
  /**
   * Names: all inodes made at mount and listed newest first by the generic directory code; or made on demand, with a
   * lookup and a listing of zonefs's own.
   */
  readonly inodes: 'at-mount' | 'on-demand';
  /**
   * Inodes are in the inode hash. Those that are not are never listed as dirty: only fsync(2), msync(2), O_SYNC and direct
   * I/O write their pages out, and umount(2) throws away what is left. Seen on 5.10.262 and 6.1.192.
   */
  readonly hashedInodes: boolean;
  /** Who remembers that a zone is read-only or offline, and how the log calls it: its inode, or the zone. */
  readonly zoneState: 'inode' | 'zone';
  /** With errors=remount-ro, data found behind the end of the file becomes part of it, or stays hidden. */
  readonly foreignData: 'exposed' | 'hidden';
  /** Zones asked for in recovery: the file's length in zones, which is 0 for a short last zone; or one. */
  readonly recoveryReport: 'by-length' | 'one-zone';
  /** Recovery of a conventional file: once for each of its zones, which are reported; or once, without a report. */
  readonly conventionalRecovery: 'each-zone' | 'no-report';
  /** A recovery that cannot report its zone: an error line only, or read-only too. */
  readonly recoveryReportFailure: 'log' | 'read-only';
  /** Does it encrypt file contents itself, given a key at mount? No mainline kernel does (the what-if `fs-encryption`). */
  readonly encryption: 'none' | 'fscrypt-v2';
}

export const zonefsV510: ZonefsAnswers = {
  syncWrite: 'append',
  locationCheck: 'none',
  pointerUpdate: 'after-issue',
  appendPosition: 'file-size',
  appendInvalidatesCache: false,
  directReadsSync: false,
  directMemory: 'logical-block',
  swapFiles: false,
  blockSize: 'physical-block',
  options: 'string',
  superRules: [
    'zonefs.super.magic',
    'zonefs.super.checksum',
    'zonefs.super.features',
    'zonefs.super.uid',
    'zonefs.super.gid',
    'zonefs.super.reserved',
  ],
  zoneRules: ['zonefs.zone.aggregated-capacity'],
  mountingLine: 'after-report',
  groupFailureLine: false,
  explicitOpenCheck: 'before-options',
  openAccounting: 'explicit-open',
  busyOpenKeepsCount: true,
  closesZonesAtMount: false,
  closeOfEmptyZone: 'close',
  closeFailure: 'counts-down',
  sysfs: false,
  inodes: 'at-mount',
  hashedInodes: false,
  zoneState: 'inode',
  foreignData: 'exposed',
  recoveryReport: 'by-length',
  conventionalRecovery: 'each-zone',
  recoveryReportFailure: 'log',
  encryption: 'none',
};
