/**
 * The seam between the two halves of btrfs here. The mount side (fs/btrfs/super.c, disk-io.c open_ctree(), zoned.c)
 * decides whether a device may be mounted, and with which options; the data side (inode.c, extent-tree.c,
 * block-group.c, ...) keeps trees, block groups and files. They meet in these types only.
 */

import type { BlockDevice } from '../../block/device.ts';
import type { Payload } from '../../block/payload.ts';
import type { BlockSystem } from '../../block/system.ts';
import type { LogLevel } from '../../kernel/log.ts';
import type { Host } from '../../sim/host.ts';
import type { Task } from '../../sim/task.ts';
import type { MasterKey } from '../fscrypt.ts';
import type { MountedFs } from '../inode.ts';
import type { CsumType } from './csum.ts';
import type { Superblock } from './superblock.ts';

export type { CsumType } from './csum.ts';
export type { Superblock } from './superblock.ts';

/**
 * What the kernel learns of a device's zones when it mounts (zoned.c, btrfs_get_dev_zone_info()). On a regular device
 * the zones are emulated: all of them conventional. The arrays hold the state at mount, one entry per zone.
 */
export interface DeviceZoneInfo {
  /** The block device itself is zoned; false: emulated zones. */
  readonly zoned: boolean;
  readonly zoneSizeBytes: number;
  /** A short last zone counts. */
  readonly nrZones: number;
  /** 1 where the zone takes sequential writes only. */
  readonly sequential: Uint8Array;
  /** ZoneCond of each zone as reported at mount; notWp for conventional and emulated zones. */
  readonly cond: Uint8Array;
  /** Absolute write pointers in sectors as reported at mount; WP_INVALID where there is none. */
  readonly wpSectors: Float64Array;
  /** Writable bytes of each zone, as this kernel sees them: the zone's length before 5.16. */
  readonly capacityBytes: Float64Array;
  /** 0: no limit is tracked by this kernel on this device. */
  readonly maxActiveZones: number;
  /** Active zones (open or closed) found at mount. */
  readonly activeZones: number;
  /**
   * The largest zone append this kernel will send, in bytes: the device's limit in 5.12 to 5.14 (0: do not use
   * append), 0 when this kernel does not track it (5.15 to 5.19), combined with other limits later.
   */
  readonly maxZoneAppendBytes: number;
  /** The largest data extent, in bytes (fs_info->max_extent_size): 128 MiB, or capped by the append limit (6.1+). */
  readonly maxExtentBytes: number;
  /** Zones never given to block groups: superblock logs, and zones that hold a regular superblock offset. */
  isSuperblockZone(zone: number): boolean;
}

/** Mount options as parsed (super.c, btrfs_parse_options()). */
export interface MountOptions {
  readOnly: boolean;
  datasum: boolean;
  datacow: boolean;
  compress: 'no' | 'zlib' | 'lzo' | 'zstd';
  compressLevel: number;
  compressForce: boolean;
  maxInlineBytes: number;
  commitSeconds: number;
  discard: 'none' | 'sync' | 'async';
  barrier: boolean;
  treelog: boolean;
  flushOnCommit: boolean;
  autodefrag: boolean;
}

/** Everything the data side gets from the mount side. */
export interface BtrfsEnv {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly device: BlockDevice;
  /** As given to mount(2) or as the device scan renamed it: what log lines print as device path. */
  readonly source: string;
  /** The working copy (fs_info->super_copy); the data side changes its fields and has it written. */
  readonly superblock: Superblock;
  /** Null on a file system without the ZONED feature: plain writes, no zones. */
  readonly zones: DeviceZoneInfo | null;
  readonly options: MountOptions;
  readOnly: boolean;
  /** What new files are encrypted with (the what-if `fs-encryption`); null: they are not. */
  readonly masterKey: MasterKey | null;
  /**
   * State letters shown in log prefixes: `E` error, `A` transaction aborted, `M` remounting. The data side sets E and
   * A; they are printed in the kernel's order whatever the order of setting.
   */
  readonly state: Set<'E' | 'A' | 'M' | 'R' | 'L' | 'C' | 'S'>;
  /** Prints `BTRFS info (device dm-0): TEXT` with the level's word and the state letters. */
  log(level: LogLevel, text: string): void;
  /** How this kernel prints an errno in btrfs lines: `-22`, or `-EINVAL` in 7.3. Takes it negative. */
  errnoText(errno: number): string;
  /**
   * Writes the superblock to its log (write_all_supers()). Sets `bytenr` and the checksum per copy; does not flush
   * the device before. `allMirrors`: copies 0..2, else copy 0 only (fsync). 0 or a negative errno.
   */
  writeSuperblock(
    superblock: Superblock,
    how: { readonly allMirrors: boolean; readonly fua: boolean },
  ): Task<number>;
  /** What /proc/mounts shows after `rw,relatime`, for MountedFs.shownOptions(). */
  shownOptions(): string;
  /** mount -o remount: parses and checks the options (logging refusals), updates `options`. 0 or a negative errno. */
  remountOptions(readOnly: boolean, data: string): Task<number>;
  /**
   * `checkUuidTree`: the uuid tree is scanned now (uuid_tree_generation is not the generation, or rescan_uuid_tree): on a
   * writable mount that starts a transaction, whose commit sets superblock.uuidTreeGeneration = generation.
   * `rebuildFreeSpaceTree`: clear_cache; one transaction of its own at mount. `deleteOrphanFreeSpace`: the free space
   * tree holds entries of block groups that mkfs removed, and this kernel deletes them (7.3), in one transaction too.
   * The mount side prints their lines.
   */
  readonly startup: {
    /** The data side sets it too: a replayed log has moved the generation on. */
    checkUuidTree: boolean;
    readonly rebuildFreeSpaceTree: boolean;
    readonly deleteOrphanFreeSpace: boolean;
  };
  /** Called by the data side as the last step of unmount, after `last unmount of filesystem`: the scan may forget it. */
  closed(): void;
}

export type OpenResult =
  | { readonly ok: true; readonly mount: MountedFs }
  | { readonly ok: false; readonly errno: number };

/** What the data side exports (filesystem.ts). */
export interface DataSide {
  /**
   * Steps 8 and 12 of open_ctree(): reads the system array, chunk and root trees (`failed to read chunk root`, ...)
   * and loads the block groups (`failed to read block groups: -5`). Does not print `open_ctree failed`.
   */
  openFilesystem(env: BtrfsEnv): Task<OpenResult>;
}

export type ChunkKind = 'system' | 'metadata' | 'data';

/** A chunk of the new file system: one zone per stripe. */
export interface MkfsChunk {
  readonly kind: ChunkKind;
  readonly profile: 'single' | 'dup';
  readonly logicalBytes: number;
  readonly lengthBytes: number;
  /** Physical start of each stripe, in bytes. */
  readonly stripesBytes: readonly number[];
}

/** What mkfs.btrfs tells the data side. All ids are 16 bytes. */
export interface MkfsParams {
  readonly fsid: Uint8Array;
  readonly deviceUuid: Uint8Array;
  readonly chunkTreeUuid: Uint8Array;
  readonly label: string;
  readonly nodesizeBytes: number;
  readonly sectorsizeBytes: number;
  readonly csumType: CsumType;
  readonly incompatFlags: bigint;
  readonly compatRoFlags: bigint;
  readonly totalBytes: number;
  /** Null: not zoned. */
  readonly zoneSizeBytes: number | null;
  readonly chunks: readonly MkfsChunk[];
  /** `-R quota`: a quota tree, and three transactions more. */
  readonly quota?: boolean;
}

/** One block to write; mkfs writes them in this order, each stripe of a DUP chunk on its own. */
export interface MkfsBlock {
  readonly logicalBytes: number;
  readonly physicalBytes: number;
  readonly payload: Payload;
}

export interface CreatedTrees {
  /** What stands for the content of the trees: kept under `btrfs/FSID/GENERATION` in host.beside. */
  readonly trees: unknown;
  readonly blocks: readonly MkfsBlock[];
  /** Fields the trees decide: generation, root, chunkRoot, bytesUsed, levels, sysChunkArray, devItem, ... */
  readonly superblock: Partial<Superblock>;
}

/** What the data side offers mkfs.btrfs. */
export type CreateTrees = (params: MkfsParams) => CreatedTrees;

/** The key of `host.beside` for the trees of one generation; `fsid` as the uuid text. */
export function treesKey(fsidText: string, generation: number): string {
  return `btrfs/${fsidText}/${generation}`;
}
