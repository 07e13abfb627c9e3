/**
 * A small machine for tests of btrfs's data side: disks, device mapper, system calls and a mkfs that writes what the data side
 * exports; without shell and scenarios. `reboot` keeps the disk.
 */

import { Flag, Op } from '../../../../src/block/bio.ts';
import type { BlockDevice } from '../../../../src/block/device.ts';
import type { ZonedMedia } from '../../../../src/block/media.ts';
import { createNullBlk } from '../../../../src/block/null-blk.ts';
import { nullBlkConfig } from '../../../../src/block/null-blk-config.ts';
import { BytesPayload, PatternPayload, type Payload } from '../../../../src/block/payload.ts';
import { BlockSystem } from '../../../../src/block/system.ts';
import { DeviceMapper } from '../../../../src/dm/mapper.ts';
import { createTrees } from '../../../../src/fs/btrfs/create.ts';
import type { Btrfs } from '../../../../src/fs/btrfs/filesystem.ts';
import { type MkfsChunk, treesKey } from '../../../../src/fs/btrfs/seam.ts';
import {
  emptySuperblock,
  encodeSuperblock,
  SUPER_INFO_OFFSET,
  SUPER_MAGIC,
} from '../../../../src/fs/btrfs/superblock.ts';
import { btrfsType } from '../../../../src/fs/btrfs/type.ts';
import { parseUuid } from '../../../../src/fs/btrfs/uuid.ts';
import { O, type Stat } from '../../../../src/fs/inode.ts';
import type { ProcessContext } from '../../../../src/fs/syscalls.ts';
import { Vfs } from '../../../../src/fs/vfs.ts';
import { errnoName } from '../../../../src/kernel/errno.ts';
import { kernelByName } from '../../../../src/kernel/releases.ts';
import { SECTOR_BYTES } from '../../../../src/kernel/units.ts';
import { Host } from '../../../../src/sim/host.ts';
import { FirstCome, type Schedule } from '../../../../src/sim/schedule.ts';
import type { Task } from '../../../../src/sim/task.ts';

export const FSID = '11111111-2222-3333-4444-555555555551';

export interface RigOptions {
  readonly kernel: string;
  readonly disk?: Readonly<Record<string, number>>;
  /** The rest of a dm table line after `0 LENGTH `: `crypt aes-xts-plain64 KEY 0 /dev/nullb0 0`. */
  readonly table?: string | null;
  readonly schedule?: Schedule;
}

export const SERIES_DISK = {
  size: 256,
  zoned: 1,
  zone_size: 4,
  zone_nr_conv: 4,
  memory_backed: 1,
} as const;

export const XTS_KEY = Array.from({ length: 64 }, (_, i) => i.toString(16).padStart(2, '0')).join(
  '',
);
export const CBC_KEY = XTS_KEY.slice(0, 64);

export class Rig {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly vfs: Vfs;
  readonly options: RigOptions;
  readonly media: ZonedMedia;
  readonly process: ProcessContext;
  readonly path: string;
  private logged = 0;

  constructor(
    options: RigOptions,
    left?: { readonly media: ZonedMedia; readonly beside: Map<string, unknown> },
  ) {
    this.options = options;
    const kernel = kernelByName(options.kernel);
    this.host = new Host(kernel, options.schedule ?? new FirstCome(), left?.beside);
    this.block = new BlockSystem(this.host);
    if (left === undefined) {
      const made = nullBlkConfig(kernel, options.disk ?? SERIES_DISK);
      if (!made.ok) throw new Error(JSON.stringify(made));
      this.media = made.media;
    } else this.media = left.media;
    createNullBlk(this.block, {
      name: 'nullb0',
      index: 0,
      major: 253,
      minor: 0,
      media: this.media,
    });
    const dm = new DeviceMapper(this.block);
    this.vfs = new Vfs({ host: this.host, block: this.block, dm, types: [btrfsType] });
    this.process = this.vfs.newProcess('zio', '/');
    this.path = options.table ? '/dev/mapper/t' : '/dev/nullb0';
    if (options.table) {
      dm.create('t');
      const loaded = dm.load('t', [`0 ${this.media.sizeSectors} ${options.table}`]);
      if (loaded < 0) throw new Error(`table: ${loaded} ${this.lines().join(' / ')}`);
      dm.resume('t');
    }
    this.lines();
  }

  reboot(options: Partial<RigOptions> = {}): Rig {
    return new Rig(
      { ...this.options, ...options },
      { media: this.media, beside: this.host.beside },
    );
  }

  /** Power cut: what waits is lost. */
  get device(): BlockDevice {
    return this.block.devices.get(this.options.table ? 'dm-0' : 'nullb0')!;
  }

  call<T>(task: Task<T>): T {
    return this.host.tasks.runToEnd('zio', task);
  }

  /** A system call's result, or the errno's name. */
  named(task: Task<number>): number | string {
    const result = this.call(task);
    return result < 0 ? errnoName(result) : result;
  }

  /** Log lines since the last look, without the mount's own. */
  lines(): string[] {
    const lines = this.host.log.since(this.logged);
    this.logged = this.host.log.lines.length;
    return lines;
  }

  mkfs(fsid = FSID): void {
    this.call(makeFilesystem(this, parseUuid(fsid)!));
  }

  mount(): number | string {
    return this.named(this.vfs.mount(this.process, this.path, '/mnt', 'btrfs', {}, ''));
  }

  umount(): number | string {
    return this.named(this.vfs.umount(this.process, '/mnt'));
  }

  get mounted(): Btrfs {
    return this.vfs.mounts.list()[0]!.fs as Btrfs;
  }

  open(path: string, flags: number = O.RDWR | O.CREAT): number | string {
    return this.named(this.vfs.open(this.process, path, flags));
  }

  pwrite(fd: number | string, position: number, length: number, seed: number): number | string {
    return this.named(
      this.vfs.pwrite(
        this.process,
        fd as number,
        new PatternPayload(seed, position, length),
        position,
      ),
    );
  }

  pread(fd: number | string, position: number, length: number): Payload | string {
    const got = this.call(this.vfs.pread(this.process, fd as number, length, position));
    return typeof got === 'number' ? errnoName(got) : got;
  }

  fsync(fd: number | string): number | string {
    return this.named(this.vfs.fsync(this.process, fd as number));
  }

  sync(): number | string {
    return this.named(this.vfs.sync(this.process));
  }

  stat(path: string): Stat | string {
    const got = this.call(this.vfs.stat(this.process, path));
    return typeof got === 'number' ? errnoName(got) : got;
  }

  dropCaches(): void {
    this.mounted.dropCaches();
  }

  /** What the next scan would print as transid. */
  get generation(): number {
    return this.mounted.state.env.superblock.generation;
  }
}

function* makeFilesystem(rig: Rig, fsid: Uint8Array): Task<void> {
  const { device, media } = rig;
  const zoneBytes = media.zoneSizeSectors * SECTOR_BYTES;
  const totalBytes = device.sizeSectors * SECTOR_BYTES;
  const kinds = ['system', 'metadata', 'data'] as const;
  const chunks: MkfsChunk[] = kinds.map((kind, i) => ({
    kind,
    profile: 'single',
    logicalBytes: (i + 2) * zoneBytes,
    lengthBytes: zoneBytes,
    stripesBytes: [(i + 2) * zoneBytes],
  }));
  for (let zone = 0; zone < media.nrZones; zone += 1) {
    if (media.type[zone] === 1) continue;
    yield* send(rig, Op.zoneReset, zone * media.zoneSizeSectors, null);
  }
  const created = createTrees({
    fsid,
    deviceUuid: new Uint8Array(16).fill(7),
    chunkTreeUuid: new Uint8Array(16).fill(8),
    label: '',
    nodesizeBytes: 16384,
    sectorsizeBytes: 4096,
    csumType: 'crc32c',
    incompatFlags: 0x1341n,
    compatRoFlags: 3n,
    totalBytes,
    zoneSizeBytes: zoneBytes,
    chunks,
  });
  for (const block of created.blocks) {
    yield* send(rig, Op.write, block.physicalBytes / SECTOR_BYTES, block.payload);
  }
  const superblock = Object.assign(emptySuperblock(), {
    fsid,
    bytenr: SUPER_INFO_OFFSET,
    flags: 1n,
    magic: SUPER_MAGIC,
    totalBytes,
    sectorsize: 4096,
    nodesize: 16384,
    leafsize: 16384,
    stripesize: 4096,
    incompatFlags: 0x1341n,
    compatRoFlags: 3n,
    csumType: 0,
    ...created.superblock,
  });
  yield* send(rig, Op.write, 0, new BytesPayload(encodeSuperblock(superblock)));
  rig.host.beside.set(treesKey(FSID, superblock.generation), created.trees);
}

function* send(rig: Rig, op: number, sector: number, payload: Payload | null): Task<void> {
  const bio = rig.block.newBio(rig.device);
  bio.op = op as typeof bio.op;
  bio.flags |= Flag.sync;
  bio.sector = sector;
  bio.sectors = payload === null ? 0 : payload.lengthBytes / SECTOR_BYTES;
  bio.payload = payload;
  const status = yield* rig.block.submitAndWait(bio);
  rig.block.bios.give(bio);
  if (status !== 0) throw new Error(`mkfs: op ${op} at ${sector} ended with status ${status}`);
}
