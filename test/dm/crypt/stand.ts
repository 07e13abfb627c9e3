/** A host with one fake device below a crypt target, for tests of the target alone. */

import { type Bio, Op } from '../../../src/block/bio.ts';
import type { BlockDevice } from '../../../src/block/device.ts';
import { LIMIT_NAMES, type QueueLimits } from '../../../src/block/limits.ts';
import { BytesPayload, concat, FillPayload, type Payload } from '../../../src/block/payload.ts';
import { Status } from '../../../src/block/status.ts';
import { BlockSystem } from '../../../src/block/system.ts';
import type { CryptContext } from '../../../src/dm/crypt/cipher.ts';
import { cryptType } from '../../../src/dm/crypt/target.ts';
import type { Target, TargetContext } from '../../../src/dm/target.ts';
import { errno } from '../../../src/kernel/errno.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import { Host } from '../../../src/sim/host.ts';
import { FirstCome } from '../../../src/sim/schedule.ts';

export const ZONE_SECTORS = 8192;
export const KEY32 = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join('');
export const KEY64 = Array.from({ length: 64 }, (_, i) => i.toString(16).padStart(2, '0')).join('');

/** A device that keeps what is written, sector by sector; appends go to a write pointer of their zone. */
export class FakeDevice implements BlockDevice {
  readonly name: string;
  readonly major = 253;
  readonly minor: number;
  readonly sizeSectors = 524288;
  readonly limits: QueueLimits;
  readonly nrZones: number;
  readonly slaves = [];
  readonly readOnly = false;
  holder: string | null = null;
  readonly sectors = new Map<number, Payload>();
  readonly pointers = new Map<number, number>();
  readonly seen: { op: number; sector: number; sectors: number }[] = [];
  failNext = false;

  constructor(name: string, minor: number, zoned: boolean) {
    this.name = name;
    this.minor = minor;
    const origin = { floor: name, rule: 'test' };
    const limits: Record<string, unknown> = {
      zoned: { value: zoned ? 'host-managed' : 'none', origin },
    };
    for (const limit of LIMIT_NAMES) limits[limit] = { value: 0, origin };
    limits.chunk_sectors = { value: zoned ? ZONE_SECTORS : 0, origin };
    limits.logical_block_size = { value: 512, origin };
    this.limits = limits as unknown as QueueLimits;
    this.nrZones = zoned ? 64 : 0;
  }

  reportZones(): number {
    return 0;
  }

  submit(bio: Bio): void {
    this.seen.push({ op: bio.op, sector: bio.sector, sectors: bio.sectors });
    if (this.failNext) {
      this.failNext = false;
      bio.end(Status.ioError);
      return;
    }
    if (bio.op === Op.read) bio.payload = this.read(bio.sector, bio.sectors);
    if (bio.op === Op.zoneAppend) {
      const at = this.pointers.get(bio.sector) ?? bio.sector;
      this.pointers.set(bio.sector, at + bio.sectors);
      bio.sector = at;
    }
    if (bio.op === Op.write || bio.op === Op.zoneAppend) this.write(bio.sector, bio.payload!);
    bio.end(Status.ok);
  }

  write(sector: number, payload: Payload): void {
    for (let i = 0; i < payload.lengthBytes / 512; i += 1) {
      this.sectors.set(sector + i, payload.slice(i * 512, 512));
    }
  }

  read(sector: number, count: number): Payload {
    return concat(
      Array.from(
        { length: count },
        (_, i) => this.sectors.get(sector + i) ?? new FillPayload(0xff, 512),
      ),
    );
  }
}

export class Stand {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly devices: Map<string, FakeDevice>;
  readonly context: TargetContext;
  readonly cuts: number[] = [];

  constructor(kernel: string, zoned = true, crypt: CryptContext = {}) {
    this.host = new Host(kernelByName(kernel), new FirstCome());
    this.block = new BlockSystem(this.host);
    this.devices = new Map(
      ['/dev/nullb0', '/dev/base', '/dev/nullb1', '/dev/oz'].map((path, i) => [
        path,
        new FakeDevice(path.slice(5), i >> 1, zoned),
      ]),
    );
    this.context = {
      host: this.host,
      block: this.block,
      deviceName: 'dm-0',
      readOnly: false,
      crypt,
      openDevice: (path) =>
        this.devices.get(path) ?? -errno[this.host.kernel.dm.missingDeviceErrno],
      submitRemapped: (_clone, bio) => bio.device!.submit(bio),
      submitWhole: (_bio, own) => own.device!.submit(own),
      wholeEnded: (bio, status) => bio.end(status),
      acceptPartial: (clone, sectors) => {
        this.cuts.push(sectors);
        clone.sectors = sectors;
        clone.payload = clone.payload?.slice(0, sectors * 512) ?? null;
      },
    };
  }

  get device(): FakeDevice {
    return this.devices.get('/dev/nullb0')!;
  }

  create(table: string, length = 524288, begin = 0) {
    return cryptType.create(this.context, begin, length, table.split(' '));
  }

  target(table: string, length = 524288, begin = 0): Target {
    const made = this.create(table, length, begin);
    if (!made.ok) throw new Error(`${table.split(' ')[0]}: ${made.error}`);
    return made.target;
  }

  bio(op: Bio['op'], sector: number, payload: Payload | number): Bio {
    const bio = this.block.bios.take(this.host.nextBioId());
    bio.op = op;
    bio.sector = sector;
    bio.payload = typeof payload === 'number' ? null : payload;
    bio.sectors = (typeof payload === 'number' ? payload : payload.lengthBytes) / 512;
    return bio;
  }

  write(target: Target, sector: number, data: Uint8Array | Payload, op: Bio['op'] = Op.write): Bio {
    const payload = data instanceof Uint8Array ? new BytesPayload(data) : data;
    const bio = this.bio(op, sector, payload);
    if (target.map(bio) === 'kill') bio.end(Status.ioError);
    return bio;
  }

  read(target: Target, sector: number, bytes: number): Payload {
    const bio = this.bio(Op.read, sector, bytes);
    if (target.map(bio) !== 'submitted') throw new Error('read was not taken');
    return bio.payload!;
  }
}
