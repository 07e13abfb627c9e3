/**
 * The superblock of btrfs, byte by byte (include/uapi/linux/btrfs_tree.h, struct btrfs_super_block): 4096 bytes, little
 * endian, packed. The same in every kernel; fields that newer kernels carved out of the reserved part stay there.
 */

export const CSUM_TYPES = ['crc32c', 'xxhash64', 'sha256', 'blake2b'] as const;
export type CsumType = (typeof CSUM_TYPES)[number];

/** struct btrfs_dev_item. */
export interface DevItem {
  devid: number;
  totalBytes: number;
  bytesUsed: number;
  ioAlign: number;
  ioWidth: number;
  sectorSize: number;
  type: number;
  generation: number;
  startOffset: number;
  devGroup: number;
  seekSpeed: number;
  bandwidth: number;
  /** 16 bytes. */
  uuid: Uint8Array;
  /** 16 bytes. */
  fsid: Uint8Array;
}

/** Flags are bigints because all 64 bits may be set; addresses and sizes are bytes in plain numbers. */
export interface Superblock {
  /** 16 bytes. */
  fsid: Uint8Array;
  bytenr: number;
  flags: bigint;
  magic: bigint;
  generation: number;
  root: number;
  chunkRoot: number;
  logRoot: number;
  unusedLogRootTransid: number;
  totalBytes: number;
  bytesUsed: number;
  rootDirObjectid: number;
  numDevices: number;
  sectorsize: number;
  nodesize: number;
  leafsize: number;
  stripesize: number;
  sysChunkArraySize: number;
  chunkRootGeneration: number;
  compatFlags: bigint;
  compatRoFlags: bigint;
  incompatFlags: bigint;
  csumType: number;
  rootLevel: number;
  chunkRootLevel: number;
  logRootLevel: number;
  devItem: DevItem;
  /** 256 bytes, NUL terminated. */
  label: Uint8Array;
  cacheGeneration: bigint;
  uuidTreeGeneration: number;
  /** 16 bytes. */
  metadataUuid: Uint8Array;
  nrGlobalRoots: number;
  remapRoot: number;
  remapRootGeneration: number;
  remapRootLevel: number;
  /** 199 bytes. */
  reserved: Uint8Array;
  /** 2048 bytes. */
  sysChunkArray: Uint8Array;
  /** 4 x 168 bytes. */
  backupRoots: Uint8Array;
  /** 565 bytes. */
  padding: Uint8Array;
}
