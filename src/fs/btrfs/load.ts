/**
 * Loading what is on the disk at mount (fs/btrfs/disk-io.c, load_super_root(), btrfs_read_roots(); zoned.c,
 * btrfs_load_block_group_zone_info()): the root block of every tree is read and judged, and block groups take
 * their allocation pointers from the zones. A pointer behind the trees is not noticed; one ahead is dead space.
 * From 5.12 on.
 */

import { Flag, Op } from '../../block/bio.ts';
import { WP_INVALID, ZoneCond } from '../../block/device.ts';
import { Status } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import { BlockGroup } from './block-group.ts';
import { CSUM_KINDS, csumOf } from './csum.ts';
import type { BtrfsEnv, DeviceZoneInfo } from './seam.ts';
import type { FsState } from './state.ts';
import { isOwnBlock } from './tree-block-bytes.ts';
import { type ChunkItem, TreeId, type Trees } from './trees.ts';

/** In the order they are read, and what is said when one cannot be. */
const READ_ORDER: readonly { readonly tree: number; readonly failure: string }[] = [
  { tree: TreeId.chunk, failure: 'failed to read chunk root' },
  { tree: TreeId.root, failure: "couldn't read tree root" },
  { tree: TreeId.extent, failure: '' },
  { tree: TreeId.csum, failure: '' },
  { tree: TreeId.freeSpace, failure: '' },
  { tree: TreeId.dev, failure: '' },
  { tree: TreeId.dataReloc, failure: '' },
  { tree: TreeId.uuid, failure: '' },
  { tree: TreeId.fs, failure: '' },
];

/** Reads and judges the root of every tree. 0, or the errno of the first that is not what it should be. */
export function* readTreeRoots(env: BtrfsEnv, trees: Trees): Task<number> {
  for (const { tree, failure } of READ_ORDER) {
    const nodes = trees.nodes.get(tree);
    if (nodes === undefined) continue;
    const { bytenr, generation } = nodes.blocks[0]!;
    const read = yield* readBlock(env, trees, bytenr, generation, nodes.level);
    if (read === 0) continue;
    if (failure !== '') env.log(tree === TreeId.root ? 'warning' : 'err', failure);
    return read;
  }
  return 0;
}

function* readBlock(
  env: BtrfsEnv,
  trees: Trees,
  logical: number,
  generation: number,
  level: number,
): Task<number> {
  const chunk = trees.chunks.find(
    (one) => logical >= one.logical && logical < one.logical + one.length,
  );
  if (chunk === undefined)
    throw new Error(`"tree block" expected a chunk for ${logical}, got none`);
  let result = -errno.EIO;
  for (const [mirror, stripe] of chunk.stripes.entries()) {
    const bio = env.block.newBio(env.device);
    bio.op = Op.read;
    bio.flags |= Flag.meta | Flag.metadata;
    bio.sector = (stripe + logical - chunk.logical) / SECTOR_BYTES;
    bio.sectors = env.superblock.nodesize / SECTOR_BYTES;
    const status = yield* env.block.submitAndWait(bio);
    const bytes = status === Status.ok ? bio.payload?.bytes() : undefined;
    env.block.bios.give(bio);
    if (bytes === undefined) continue;
    result = judgeBlock(env, bytes, { logical, generation, level, mirror: mirror + 1 });
    if (result === 0) return 0;
  }
  return result;
}

interface Expected {
  readonly logical: number;
  readonly generation: number;
  readonly level: number;
  readonly mirror: number;
}

/** validate_extent_buffer(): the address, then the checksum, then the generation. */
function judgeBlock(env: BtrfsEnv, bytes: Uint8Array, expected: Expected): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { logical, generation, level, mirror } = expected;
  const words = env.host.kernel.btrfs.treeBlockWords;
  const found = view.getBigUint64(48, true);
  if (found !== BigInt(logical)) {
    const where = words === 'plain' ? '' : ` mirror ${mirror}`;
    env.log('err', `bad tree block start,${where} want ${logical} have ${found}`);
    return -errno.EIO;
  }
  const place = words === 'plain' ? `${logical}` : `logical ${logical} mirror ${mirror}`;
  if (!isOwnBlock(bytes)) {
    const kind = CSUM_KINDS[env.superblock.csumType]!;
    const sum = csumOf(kind.name, bytes, 32);
    const hex = (of: Uint8Array): string =>
      Array.from(of.subarray(0, kind.sizeBytes), (b) => b.toString(16).padStart(2, '0')).join('');
    if (hex(sum) !== hex(bytes)) {
      env.log(
        'warning',
        `checksum verify failed on ${place} wanted 0x${hex(bytes)} found 0x${hex(sum)} level ${level}`,
      );
      return -errno.EUCLEAN;
    }
  }
  const written = Number(view.getBigUint64(80, true));
  if (written !== generation) {
    env.log(
      'err',
      `parent transid verify failed on ${place} wanted ${generation} found ${written}`,
    );
    return -errno.EIO;
  }
  return 0;
}

/**
 * Builds the block groups of `fs` from its chunks. 0 or a negative errno, with the lines the kernel prints.
 */
export function loadBlockGroups(fs: FsState): number {
  const { env, trees } = fs;
  for (const chunk of [...trees.chunks].sort((a, b) => a.logical - b.logical)) {
    const group = groupFrom(env, chunk, trees, fs.nodeBytes);
    if (typeof group === 'number') {
      env.log('err', `zoned: failed to load zone info of bg ${chunk.logical}`);
      env.log('err', `failed to read block groups: ${env.errnoText(group)}`);
      return group;
    }
    fs.groups.push(group);
  }
  return 0;
}

function groupFrom(
  env: BtrfsEnv,
  chunk: ChunkItem,
  trees: Trees,
  nodeBytes: number,
): BlockGroup | number {
  const { zones } = env;
  if (zones === null) {
    const group = new BlockGroup(chunk, chunk.length, false, 0);
    group.allocOffset = highestExtent(chunk, trees, nodeBytes);
    return group;
  }
  let capacity = chunk.length;
  let sequential = false;
  let pointer = -1;
  for (const stripe of chunk.stripes) {
    const zone = stripe / zones.zoneSizeBytes;
    capacity = Math.min(capacity, zones.capacityBytes[zone]!);
    if (zones.sequential[zone] !== 1) continue;
    sequential = true;
    const offset = zoneOffset(env, zones, zone);
    if (offset < 0) {
      env.log('err', `zoned: cannot recover write pointer for zone ${stripe}`);
      return -errno.EIO;
    }
    if (pointer >= 0 && pointer !== offset) {
      env.log('err', 'zoned: write pointer offset mismatch of zones in DUP profile');
      return -errno.EIO;
    }
    pointer = offset;
  }
  const group = new BlockGroup(chunk, capacity, sequential, 0);
  // Conventional zones have no pointer: the highest extent tells where to go on (calculate_alloc_pointer()).
  group.allocOffset = sequential ? pointer : highestExtent(chunk, trees, nodeBytes);
  group.zoneUnusable = group.allocOffset - group.used + (chunk.length - capacity);
  return group;
}

/** Bytes written in a zone, or -1 when the zone is not to be used. */
function zoneOffset(env: BtrfsEnv, zones: DeviceZoneInfo, zone: number): number {
  const start = (zone * zones.zoneSizeBytes) / SECTOR_BYTES;
  switch (zones.cond[zone]) {
    case ZoneCond.empty:
      return 0;
    case ZoneCond.full:
      return zones.capacityBytes[zone]!;
    case ZoneCond.readonly:
    case ZoneCond.offline:
      env.log('err', `zoned: offline/readonly zone ${zone} on device ${env.source} (devid 1)`);
      return -1;
    default: {
      const wp = zones.wpSectors[zone]!;
      return wp === WP_INVALID ? -1 : (wp - start) * SECTOR_BYTES;
    }
  }
}

function highestExtent(chunk: ChunkItem, trees: Trees, nodeBytes: number): number {
  const end = chunk.logical + chunk.length;
  let highest = chunk.logical;
  const reach = (from: number, to: number): void => {
    if (from >= chunk.logical && from < end && to > highest) highest = to;
  };
  if (chunk.kind === 'data') {
    for (const item of trees.extents.values()) reach(item.bytenr, item.bytenr + item.length);
  } else {
    for (const nodes of trees.nodes.values()) {
      for (const { bytenr } of nodes.blocks) reach(bytenr, bytenr + nodeBytes);
    }
  }
  return highest - chunk.logical;
}
