/**
 * Where mkfs.btrfs puts what (btrfs-progs 6.2, mkfs/common.c, mkfs/main.c, kernel-shared/volumes.c): least sizes, and
 * the first chunks. A zoned file system starts behind the superblock log, one zone per stripe, past every zone that
 * holds a superblock.
 */

import type { MkfsChunk } from '../fs/btrfs/seam.ts';
import { isSuperblockZone } from '../fs/btrfs/zone-info.ts';
import { MIB, roundDown } from '../kernel/units.ts';
import type { Profile } from './mkfs-btrfs-options.ts';

/** Reserved before the first chunk of a file system without zones. */
const RESERVED_BYTES = MIB;
/** BTRFS_MKFS_SYSTEM_GROUP_SIZE. */
export const SYSTEM_GROUP_BYTES = 4 * MIB;
const FIRST_CHUNK_BYTES = 8 * MIB;
const STRIPE_LEN = 65536;
const LOG_ZONES = 2;

/** btrfs_min_dev_size(): what temporary and final chunks need, reckoned without zones even on a zoned disk. */
export function minimumBytes(
  nodesize: number,
  mixed: boolean,
  metadata: Profile,
  data: Profile,
): number {
  if (mixed) return 2 * (SYSTEM_GROUP_BYTES + nodesize * 1024);
  const temporary = RESERVED_BYTES + SYSTEM_GROUP_BYTES + 2 * FIRST_CHUNK_BYTES;
  const stripes = (profile: Profile): number => (profile === 'dup' ? 2 : 1);
  const metadataBytes = FIRST_CHUNK_BYTES + (metadata === 'single' ? FIRST_CHUNK_BYTES : 32 * MIB);
  const dataBytes = data === 'single' ? FIRST_CHUNK_BYTES : 64 * MIB;
  return temporary + metadataBytes * stripes(metadata) + dataBytes * stripes(data);
}

export interface LayoutRequest {
  readonly totalBytes: number;
  /** Null: no zones. */
  readonly zoneSizeBytes: number | null;
  readonly metadata: 'single' | 'dup';
}

/** The chunks a new file system is left with, in order of logical address. */
export function firstChunks(request: LayoutRequest): MkfsChunk[] {
  return request.zoneSizeBytes === null
    ? plainChunks(request)
    : zonedChunks(request.zoneSizeBytes, request.metadata);
}

/**
 * SYSTEM, METADATA and DATA with one stripe each come first. Duplicated metadata is made after them, and what it
 * replaces is removed again: its logical addresses are never used twice.
 */
function zonedChunks(zoneSizeBytes: number, metadata: 'single' | 'dup'): MkfsChunk[] {
  let zone = LOG_ZONES - 1;
  const nextZone = (): number => {
    do zone += 1;
    while (isSuperblockZone(zoneSizeBytes, zone));
    return zone * zoneSizeBytes;
  };
  let logical = -1;
  const chunk = (kind: MkfsChunk['kind'], profile: MkfsChunk['profile']): MkfsChunk => {
    const stripesBytes = Array.from({ length: profile === 'dup' ? 2 : 1 }, nextZone);
    // The first chunk's logical address is its place; each later one continues the addresses.
    logical = logical < 0 ? stripesBytes[0]! : logical + zoneSizeBytes;
    return { kind, profile, logicalBytes: logical, lengthBytes: zoneSizeBytes, stripesBytes };
  };
  const first = [chunk('system', 'single'), chunk('metadata', 'single'), chunk('data', 'single')];
  if (metadata === 'single') return first;
  return [first[2]!, chunk('system', 'dup'), chunk('metadata', 'dup')];
}

function plainChunks({ totalBytes, metadata }: LayoutRequest): MkfsChunk[] {
  let end = RESERVED_BYTES;
  let logical = RESERVED_BYTES;
  const chunk = (
    kind: MkfsChunk['kind'],
    profile: MkfsChunk['profile'],
    lengthBytes: number,
  ): MkfsChunk => {
    const stripesBytes = Array.from({ length: profile === 'dup' ? 2 : 1 }, () => {
      end += lengthBytes;
      return end - lengthBytes;
    });
    logical += lengthBytes;
    return { kind, profile, logicalBytes: logical - lengthBytes, lengthBytes, stripesBytes };
  };
  const first = [
    chunk('system', 'single', SYSTEM_GROUP_BYTES),
    chunk('metadata', 'single', FIRST_CHUNK_BYTES),
    chunk('data', 'single', FIRST_CHUNK_BYTES),
  ];
  if (metadata === 'single') return first;
  // A tenth of the device for both copies, within 32 and 256 MiB.
  const tenth = roundDown(Math.floor(totalBytes / 20), STRIPE_LEN);
  const metadataBytes = Math.min(256 * MIB, Math.max(32 * MIB, tenth));
  return [first[2]!, chunk('system', 'dup', 8 * MIB), chunk('metadata', 'dup', metadataBytes)];
}
