/**
 * mkfs.btrfs of btrfs-progs 6.2 (mkfs/main.c, mkfs/common.c), Debian 12's: checks, resets the zones, writes the first
 * trees and the superblock, and tells the kernel. Messages, their order and the exit codes are the tool's. What stands
 * for the trees' content is kept beside the disk (docs/not-modelled.md); their blocks are where the tool puts them.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js';
import { ZoneType, type ZoneView } from '../block/device.ts';
import { BytesPayload } from '../block/payload.ts';
import { createTrees as createRealTrees } from '../fs/btrfs/create.ts';
import { csumTypeNumber } from '../fs/btrfs/csum.ts';
import { CompatRo, Incompat } from '../fs/btrfs/features.ts';
import { orphanFreeSpaceKey } from '../fs/btrfs/mount.ts';
import {
  type CreatedTrees,
  type CreateTrees,
  type MkfsChunk,
  type MkfsParams,
  treesKey,
} from '../fs/btrfs/seam.ts';
import {
  emptySuperblock,
  encodeSuperblock,
  SUPER_INFO_OFFSET,
  SUPER_MAGIC,
  SUPER_MAGIC_TEMPORARY,
  SUPER_MIRROR_OFFSETS,
  type Superblock,
} from '../fs/btrfs/superblock.ts';
import { parseUuid, uuidText } from '../fs/btrfs/uuid.ts';
import { O } from '../fs/inode.ts';
import { strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { roundDown, SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import {
  checkUsable,
  complain,
  inspect,
  type MkfsDevice,
  prepareDevice,
} from './mkfs-btrfs-device.ts';
import { firstChunks, minimumBytes } from './mkfs-btrfs-layout.ts';
import {
  LABEL_BYTES,
  MAX_NODESIZE,
  MkfsError,
  type MkfsRequest,
  type Profile,
  parseRequest,
  profileDevices,
  profileShown,
} from './mkfs-btrfs-options.ts';
import { printNote, printSummary } from './mkfs-btrfs-summary.ts';
import { isUuidTaken } from './mkfs-btrfs-uuid.ts';
import type { Process, Program } from './program.ts';

/** BTRFS_SUPER_FLAG: written. */
const FLAG_WRITTEN = 1n;
const ROOT_DIR_OBJECTID = 6;
const WEB_PAGE = 'http://btrfs.wiki.kernel.org';

interface Plan {
  readonly request: MkfsRequest;
  readonly device: MkfsDevice;
  readonly zoned: boolean;
  readonly metadata: Profile;
  readonly data: Profile;
}

/** The program over a given maker of trees. */
export function makeMkfsBtrfs(createTrees: CreateTrees): Program {
  return function* mkfsBtrfs(process: Process): Task<number> {
    try {
      const request = parseRequest(process);
      if (typeof request === 'number') return request;
      if (!request.quiet) {
        process.stdout.write(`btrfs-progs v6.2\nSee ${WEB_PAGE} for more information.\n\n`);
      }
      const plan = yield* planOf(process, request);
      yield* make(process, plan, createTrees);
    } catch (error) {
      if (!(error instanceof MkfsError)) throw error;
      complain(process, error.message);
      return 1;
    }
    return 0;
  };
}

/** Everything that is checked before the device is touched, in the tool's order. */
function* planOf(process: Process, request: MkfsRequest): Task<Plan> {
  if (request.uuid !== null && parseUuid(request.uuid) === null) {
    throw new MkfsError(`could not parse UUID: ${request.uuid}`);
  }
  if (request.uuid !== null && (yield* isUuidTaken(process, request.uuid.toLowerCase()))) {
    throw new MkfsError(`non-unique UUID: ${request.uuid}`);
  }
  for (const path of request.devices) yield* checkUsable(process, path, request.force);
  const device = yield* inspect(process, request.devices[0]!);
  let zoned = (request.incompat & Incompat.zoned) !== 0n;
  if (zoned && device.zoneSizeBytes === 0) {
    throw new MkfsError(`zoned: ${device.path}: zone size undefined`);
  }
  if (!zoned && device.model === 'host-managed') {
    // Whatever -O said: on such a disk nothing else can be made.
    if (!request.quiet) {
      const what = 'host-managed device detected, setting zoned feature';
      process.stdout.write(`Zoned: ${device.path}: ${what}\n`);
    }
    zoned = true;
    request.incompat |= Incompat.zoned;
  }
  const [metadata, data] = profiles(request);
  checkCombination(request, zoned, [metadata, data]);
  checkNodesize(request);
  checkSizes(request, device, zoned, metadata, data);
  checkProfiles(process, request, device, zoned, metadata, data);
  if (request.devices.length > 1) throw new NotModelled('mkfs.btrfs on more than one device');
  if (request.mixed) throw new NotModelled('mkfs.btrfs --mixed');
  if (data !== 'single' || (metadata !== 'single' && metadata !== 'dup')) {
    throw new NotModelled(`mkfs.btrfs -m ${metadata} -d ${data}`, 'use single, or dup metadata');
  }
  return { request, device, zoned, metadata, data };
}

function profiles(request: MkfsRequest): readonly [Profile, Profile] {
  const { metadataProfile, dataProfile, mixed, devices } = request;
  if (!mixed) {
    return [metadataProfile ?? (devices.length > 1 ? 'raid1' : 'dup'), dataProfile ?? 'single'];
  }
  const given = metadataProfile !== null || dataProfile !== null;
  if (given && metadataProfile !== dataProfile) {
    throw new MkfsError('with mixed block groups data and metadata profiles must be the same');
  }
  if (!request.nodesizeGiven) request.nodesize = request.sectorsize;
  return [metadataProfile ?? 'single', dataProfile ?? 'single'];
}

function checkCombination(
  request: MkfsRequest,
  zoned: boolean,
  used: readonly [Profile, Profile],
): void {
  if (request.mixed) request.incompat |= Incompat.mixedGroups;
  if (used.includes('raid5') || used.includes('raid6')) request.incompat |= Incompat.raid56;
  if (used.includes('raid1c3') || used.includes('raid1c4')) request.incompat |= Incompat.raid1c34;
  if (!zoned) return;
  if ((request.incompat & Incompat.mixedGroups) !== 0n) {
    throw new MkfsError('cannot enable mixed-bg in zoned mode');
  }
  if ((request.incompat & Incompat.raid56) !== 0n) {
    throw new MkfsError('cannot enable RAID5/6 in zoned mode');
  }
}

function checkNodesize({ nodesize, sectorsize, incompat }: MkfsRequest): void {
  const illegal = (text: string): never => {
    throw new MkfsError(`illegal nodesize ${nodesize} (${text})`);
  };
  if (nodesize < sectorsize) illegal(`smaller than ${sectorsize}`);
  if (nodesize > MAX_NODESIZE) illegal(`larger than ${MAX_NODESIZE}`);
  if (nodesize % sectorsize !== 0) illegal(`not aligned to ${sectorsize}`);
  if ((incompat & Incompat.mixedGroups) !== 0n && nodesize !== sectorsize) {
    illegal(`not equal to ${sectorsize} for mixed block group`);
  }
}

function checkSizes(
  request: MkfsRequest,
  device: MkfsDevice,
  zoned: boolean,
  metadata: Profile,
  data: Profile,
): void {
  const least = minimumBytes(request.nodesize, request.mixed, metadata, data);
  const small = (what: string, whose: string): never => {
    throw new MkfsError(
      `${what} is too small to make a usable filesystem\nERROR: minimum size for ${whose} is ${least}`,
    );
  };
  const { byteCount } = request;
  if (byteCount !== 0 && byteCount < least) small(`size ${byteCount}`, 'btrfs filesystem');
  // Two zones for the superblock and one for each kind of chunk.
  if (zoned && byteCount !== 0 && byteCount < 5 * device.zoneSizeBytes) {
    small(`size ${byteCount}`, 'a zoned btrfs filesystem');
  }
  if (device.sizeBytes < least) small(`'${device.path}'`, 'each btrfs device');
}

function checkProfiles(
  process: Process,
  request: MkfsRequest,
  device: MkfsDevice,
  zoned: boolean,
  metadata: Profile,
  data: Profile,
): void {
  const count = request.devices.length;
  const lacking = (kind: string, profile: Profile): string =>
    `unable to create FS with ${kind} profile ${profileShown(profile)} ` +
    `(have ${count} devices but ${profileDevices(profile)} devices are required)`;
  const warn = (text: string): void => process.stderr.write(`WARNING: ${text}\n`);
  if (count > 1 && (metadata === 'dup' || data === 'dup')) {
    warn('DUP is not recommended on filesystem with multiple devices');
  }
  if (profileDevices(metadata) > count) throw new MkfsError(lacking('metadata', metadata));
  // The tool says "ERROR: " twice here.
  if (profileDevices(data) > count) throw new MkfsError(`ERROR: ${lacking('data', data)}`);
  if (!request.mixed && data === 'dup' && !device.rotational) {
    warn('DUP may not actually lead to 2 copies on the device, see manual page');
  }
  if (zoned && (data !== 'single' || (metadata !== 'single' && metadata !== 'dup'))) {
    throw new MkfsError(
      "zoned mode does not yet support RAID/DUP profiles, please specify '-d single -m single' manually",
    );
  }
}

/** Prepares the device and writes the file system. Throws MkfsError. */
function* make(process: Process, plan: Plan, createTrees: CreateTrees): Task<void> {
  const { request, device, zoned } = plan;
  const { sys } = process.system;
  const direct = device.model === 'host-managed' ? O.DIRECT : 0;
  const fd = yield* sys.open(process, device.path, O.RDWR | direct);
  if (fd < 0) throw new MkfsError(`unable to open ${device.path}: ${strerror(fd)}`);
  const { quiet, discard, byteCount } = request;
  const zones = yield* prepareDevice(process, fd, device, { zoned, quiet, discard, byteCount });
  if (byteCount > device.sizeBytes) {
    throw new MkfsError(
      `${device.path} is smaller than requested size, expected ${byteCount}, found ${device.sizeBytes}`,
    );
  }
  if (!quiet) printNote(process);
  const params = paramsOf(process, plan);
  const created = createTrees(params);
  yield* writeAll(process, fd, zones, params, created);
  yield* sys.close(process, fd);
  remember(process, params, created);
  if (!quiet) printSummary(process, { ...plan, params });
  yield* register(process, device.path);
}

function paramsOf(process: Process, plan: Plan): MkfsParams {
  const { request, device, zoned, metadata } = plan;
  const { random } = process.system.host.schedule;
  const uuid = (): Uint8Array => parseUuid(random.uuid())!;
  const totalBytes = roundDown(
    request.byteCount === 0 ? device.sizeBytes : request.byteCount,
    request.sectorsize,
  );
  const zoneSizeBytes = zoned ? device.zoneSizeBytes : null;
  const profile = metadata === 'dup' ? 'dup' : 'single';
  return {
    fsid: request.uuid === null ? uuid() : parseUuid(request.uuid)!,
    deviceUuid: uuid(),
    chunkTreeUuid: uuid(),
    label: request.label ?? '',
    nodesizeBytes: request.nodesize,
    sectorsizeBytes: request.sectorsize,
    csumType: request.csum,
    incompatFlags: request.incompat,
    compatRoFlags: request.compatRo,
    totalBytes,
    zoneSizeBytes,
    chunks: firstChunks({ totalBytes, zoneSizeBytes, metadata: profile }),
    quota: request.quota,
  };
}

function superblockOf(params: MkfsParams, created: CreatedTrees): Superblock {
  const superblock = emptySuperblock();
  const zoned = params.zoneSizeBytes !== null;
  const freeSpaceTree = (params.compatRoFlags & CompatRo.freeSpaceTree) !== 0n;
  const label = new Uint8Array(LABEL_BYTES);
  label.set(utf8ToBytes(params.label).subarray(0, LABEL_BYTES - 1));
  Object.assign(superblock, {
    fsid: params.fsid,
    bytenr: SUPER_INFO_OFFSET,
    flags: FLAG_WRITTEN,
    totalBytes: params.totalBytes,
    rootDirObjectid: ROOT_DIR_OBJECTID,
    numDevices: 1,
    sectorsize: params.sectorsizeBytes,
    nodesize: params.nodesizeBytes,
    leafsize: params.nodesizeBytes,
    stripesize: params.sectorsizeBytes,
    csumType: csumTypeNumber(params.csumType),
    incompatFlags: params.incompatFlags,
    compatRoFlags: params.compatRoFlags,
    cacheGeneration: zoned || freeSpaceTree ? 0n : 2n ** 64n - 1n,
    label,
    devItem: {
      ...superblock.devItem,
      devid: 1,
      totalBytes: params.totalBytes,
      bytesUsed: usedBytes(params.chunks),
      ioAlign: params.sectorsizeBytes,
      ioWidth: params.sectorsizeBytes,
      sectorSize: params.sectorsizeBytes,
      uuid: params.deviceUuid,
      fsid: params.fsid,
    },
  });
  return Object.assign(superblock, created.superblock);
}

function usedBytes(chunks: readonly MkfsChunk[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.lengthBytes * chunk.stripesBytes.length, 0);
}

/**
 * A temporary superblock, the trees, then the real superblock: until that stands, the file system is none. On a
 * sequential log zone the temporary one is reset away.
 */
function* writeAll(
  process: Process,
  fd: number,
  zones: readonly ZoneView[],
  params: MkfsParams,
  created: CreatedTrees,
): Task<void> {
  const { sys } = process.system;
  const superblock = superblockOf(params, created);
  const logged = zones.length > 0;
  const place = logged ? 0 : SUPER_INFO_OFFSET;
  const put = function* (bytes: BytesPayload, offset: number): Task<void> {
    const result = yield* sys.pwrite(process, fd, bytes, offset);
    if (result < bytes.lengthBytes) {
      throw new MkfsError(`error during mkfs: ${strerror(result < 0 ? result : -5)}`);
    }
  };
  const temporary = { ...superblock, magic: SUPER_MAGIC_TEMPORARY, generation: 1 };
  yield* put(new BytesPayload(encodeSuperblock(temporary)), place);
  for (const block of created.blocks) {
    yield* put(new BytesPayload(block.payload.bytes()), block.physicalBytes);
  }
  yield* sys.fsync(process, fd);
  const first = zones[0];
  if (first !== undefined && first.type !== ZoneType.conventional) {
    yield* sys.manageZones(process, fd, 'reset', first.start, first.len);
  }
  const final = { ...superblock, magic: SUPER_MAGIC };
  yield* put(new BytesPayload(encodeSuperblock(final)), place);
  if (!logged) {
    for (const offset of SUPER_MIRROR_OFFSETS.slice(1)) {
      if (offset + SECTOR_BYTES * 8 >= params.totalBytes) break;
      yield* put(new BytesPayload(encodeSuperblock({ ...final, bytenr: offset })), offset);
    }
  }
  yield* sys.fsync(process, fd);
}

/** Keeps the trees beside the disk. Formatting again with the same UUID replaces whatever was kept. */
function remember(process: Process, params: MkfsParams, created: CreatedTrees): void {
  const { beside } = process.system.host;
  const fsid = uuidText(params.fsid);
  for (const key of beside.keys()) if (key.startsWith(`btrfs/${fsid}/`)) beside.delete(key);
  beside.set(treesKey(fsid, created.superblock.generation ?? 0), created.trees);
  const freeSpaceTree = (params.compatRoFlags & CompatRo.freeSpaceTree) !== 0n;
  // The temporary groups that duplicated ones replace leave their entries in the free space tree.
  const replaced = params.chunks.some((chunk) => chunk.profile === 'dup');
  if (replaced && freeSpaceTree) beside.set(orphanFreeSpaceKey(fsid), true);
}

/** btrfs_register_one_device(): a kernel that refuses it is told of, and does not matter. */
function* register(process: Process, path: string): Task<void> {
  const { sys } = process.system;
  const result = yield* sys.deviceControl!(process, 'btrfs', 'scan', path);
  if (result < 0) complain(process, `device scan failed on '${path}': ${strerror(result)}`);
}

/** `mkfs.btrfs`. */
export const mkfsBtrfs: Program = makeMkfsBtrfs(createRealTrees);
