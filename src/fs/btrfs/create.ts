/**
 * The trees of a new file system, as mkfs.btrfs of btrfs-progs 6.2 leaves them (mkfs/main.c): the content to be
 * kept beside the disk, and the blocks to be written, the dead ones of its own earlier transactions included,
 * because the write pointers of the zones count them. Seen with -d single -m single and with -m dup; everywhere
 * else derived.
 */

import { BytesPayload } from '../../block/payload.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { S } from '../inode.ts';
import type { CreatedTrees, MkfsBlock, MkfsChunk, MkfsParams } from './seam.ts';
import { systemChunkArray } from './system-array.ts';
import { treeBlockBytes } from './tree-block-bytes.ts';
import { ROOT_INO, TreeId, Trees } from './trees.ts';

/** mkfs has run six transactions when it is done. */
const GENERATION = 6;
const ROOT_DIR_OBJECTID = 6;
const FREE_SPACE_TREE = 1n;

/**
 * Places of the final blocks in the metadata chunk, counted from the end of the dead ones that only `single`
 * has.
 */
const WITH_FREE_SPACE: readonly [number, number][] = [
  [TreeId.fs, 2],
  [TreeId.dev, 4],
  [TreeId.csum, 6],
  [TreeId.dataReloc, 8],
  [TreeId.uuid, 9],
  [TreeId.root, 10],
  [TreeId.extent, 11],
  [TreeId.freeSpace, 12],
];
const WITHOUT_FREE_SPACE: readonly [number, number][] = [
  [TreeId.fs, 2],
  [TreeId.dev, 4],
  [TreeId.csum, 6],
  [TreeId.dataReloc, 7],
  [TreeId.uuid, 8],
  [TreeId.root, 9],
  [TreeId.extent, 10],
];

/** Transactions that `-R quota` adds: making its tree, counting, and writing the counts. */
const QUOTA_TRANSACTIONS = 3;

/** `single` keeps the chunks that mkfs began with, and what it wrote there on the way. */
const DEAD_METADATA = { single: 7, dup: 0 } as const;
const SYSTEM_BLOCKS = { single: 13, dup: 2 } as const;

interface Plan {
  readonly tree: number;
  readonly logical: number;
  readonly chunk: MkfsChunk;
  /** Of the block that stays; dead ones carry an older generation. */
  readonly final: boolean;
}

/** Makes the trees of a file system that `params` describes. */
export function createTrees(params: MkfsParams): CreatedTrees {
  const plans = planBlocks(params);
  const trees = contentOf(params, plans);
  const generation = generationOf(params);
  const blocks: MkfsBlock[] = plans.flatMap((plan) => {
    const payload = new BytesPayload(
      treeBlockBytes({
        logical: plan.logical,
        tree: plan.tree,
        generation: plan.final ? generation : generation - 1,
        level: 0,
        fsid: params.fsid,
        chunkTreeUuid: params.chunkTreeUuid,
        nodeBytes: params.nodesizeBytes,
        csumName: params.csumType,
      }),
    );
    return plan.chunk.stripesBytes.map((stripe) => ({
      logicalBytes: plan.logical,
      physicalBytes: stripe + plan.logical - plan.chunk.logicalBytes,
      payload,
    }));
  });
  return { trees, blocks, superblock: superblockFields(params, trees) };
}

function chunkOf(params: MkfsParams, kind: MkfsChunk['kind']): MkfsChunk {
  const chunk = params.chunks.find((one) => one.kind === kind);
  if (chunk === undefined) throw new NotModelled(`mkfs.btrfs without a ${kind} chunk`);
  return chunk;
}

function planBlocks(params: MkfsParams): Plan[] {
  const { nodesizeBytes: node } = params;
  const plans: Plan[] = [];
  const system = chunkOf(params, 'system');
  const systemBlocks = SYSTEM_BLOCKS[system.profile];
  for (let i = 0; i < systemBlocks; i += 1) {
    plans.push({
      tree: TreeId.chunk,
      logical: system.logicalBytes + i * node,
      chunk: system,
      final: i === systemBlocks - 1,
    });
  }
  const metadata = chunkOf(params, 'metadata');
  const places = placesOf(params);
  const dead = DEAD_METADATA[metadata.profile];
  const last = dead + places[places.length - 1]![1];
  for (let i = 0; i <= last; i += 1) {
    const final = places.find(([, place]) => dead + place === i);
    plans.push({
      tree: final?.[0] ?? TreeId.root,
      logical: metadata.logicalBytes + i * node,
      chunk: metadata,
      final: final !== undefined,
    });
  }
  return plans;
}

/** Trees with a block in the metadata chunk, in order of place. */
function placesOf(params: MkfsParams): readonly [number, number][] {
  const plain =
    (params.compatRoFlags & FREE_SPACE_TREE) !== 0n ? WITH_FREE_SPACE : WITHOUT_FREE_SPACE;
  if (params.quota !== true) return plain;
  // Each further transaction writes these anew; the last copies stay.
  const moving: number[] = [TreeId.quota, TreeId.root, TreeId.extent];
  if (plain === WITH_FREE_SPACE) moving.push(TreeId.freeSpace);
  const next = plain[plain.length - 1]![1] + 1;
  const start = next + (QUOTA_TRANSACTIONS - 1) * moving.length;
  const kept = plain.filter(([tree]) => !moving.includes(tree));
  return [...kept, ...moving.map((tree, i): [number, number] => [tree, start + i])];
}

function generationOf(params: MkfsParams): number {
  return params.quota === true ? GENERATION + QUOTA_TRANSACTIONS : GENERATION;
}

function contentOf(params: MkfsParams, plans: readonly Plan[]): Trees {
  const trees = new Trees();
  const generation = generationOf(params);
  trees.generation = generation;
  trees.chunkTreeUuid = params.chunkTreeUuid;
  for (const plan of plans) {
    if (!plan.final) continue;
    const blocks = [{ bytenr: plan.logical, generation }];
    trees.nodes.set(plan.tree, { blocks, level: 0 });
  }
  for (const chunk of params.chunks) {
    const kept = plans.filter((plan) => plan.final && plan.chunk === chunk);
    trees.chunks.push({
      kind: chunk.kind,
      profile: chunk.profile,
      logical: chunk.logicalBytes,
      length: chunk.lengthBytes,
      stripes: chunk.stripesBytes,
      used: kept.length * params.nodesizeBytes,
    });
  }
  trees.setInode({
    ino: ROOT_INO,
    mode: S.IFDIR | 0o755,
    nlink: 1,
    uid: 0,
    gid: 0,
    size: 0,
    nbytes: params.nodesizeBytes,
    generation,
    transid: generation,
    noDataSum: false,
    accessed: false,
    parent: ROOT_INO,
    extents: [],
    entries: [],
  });
  return trees;
}

function superblockFields(params: MkfsParams, trees: Trees): CreatedTrees['superblock'] {
  const { sectorsizeBytes: sector } = params;
  const array = systemChunkArray(trees.chunks, params.deviceUuid, sector);
  const used = trees.chunks.reduce((sum, chunk) => sum + chunk.used, 0);
  const taken = trees.chunks.reduce((sum, chunk) => sum + chunk.length * chunk.stripes.length, 0);
  return {
    generation: trees.generation,
    root: trees.nodes.get(TreeId.root)!.blocks[0]!.bytenr,
    rootLevel: 0,
    chunkRoot: trees.nodes.get(TreeId.chunk)!.blocks[0]!.bytenr,
    chunkRootLevel: 0,
    chunkRootGeneration: trees.generation,
    logRoot: 0,
    logRootLevel: 0,
    bytesUsed: used,
    rootDirObjectid: ROOT_DIR_OBJECTID,
    numDevices: 1,
    uuidTreeGeneration: 0,
    sysChunkArray: array.bytes,
    sysChunkArraySize: array.sizeBytes,
    devItem: {
      devid: 1,
      totalBytes: params.totalBytes,
      bytesUsed: taken,
      ioAlign: sector,
      ioWidth: sector,
      sectorSize: sector,
      type: 0,
      generation: 0,
      startOffset: 0,
      devGroup: 0,
      seekSpeed: 0,
      bandwidth: 0,
      uuid: params.deviceUuid,
      fsid: params.fsid,
    },
  };
}
