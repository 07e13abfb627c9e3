/** A small machine for the tests of this floor: null_blk disks and device mapper, no file systems. */

import { type Bio, type BioOp, Flag, Op } from '../../src/block/bio.ts';
import type { BlockDevice, ZoneView } from '../../src/block/device.ts';
import { createNullBlk } from '../../src/block/null-blk.ts';
import { nullBlkConfig } from '../../src/block/null-blk-config.ts';
import { PatternPayload, type Payload } from '../../src/block/payload.ts';
import { statusToErrno } from '../../src/block/status.ts';
import { BlockSystem } from '../../src/block/system.ts';
import { DeviceMapper } from '../../src/dm/mapper.ts';
import { kernelByName } from '../../src/kernel/releases.ts';
import { SECTOR_BYTES } from '../../src/kernel/units.ts';
import { Host } from '../../src/sim/host.ts';
import { FirstCome } from '../../src/sim/schedule.ts';
import type { TraceKindName } from '../../src/sim/trace.ts';

export type Attributes = Readonly<Record<string, number>>;

/** 8 zones of 1 MiB (2048 sectors), the first conventional. */
export const SMALL: Attributes = {
  size: 8,
  zoned: 1,
  zone_size: 1,
  zone_nr_conv: 1,
  memory_backed: 1,
};
export const ZONE = 2048;

/** One bio as it ended. */
export interface Ended {
  readonly errno: number;
  readonly sector: number;
  readonly payload: Payload | null;
}

export class Guest {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly dm: DeviceMapper;
  private disks = 0;

  constructor(kernel: string, disks: Readonly<Record<string, Attributes>> = { nullb0: SMALL }) {
    this.host = new Host(kernelByName(kernel), new FirstCome());
    this.block = new BlockSystem(this.host);
    for (const [name, attributes] of Object.entries(disks)) this.addDisk(name, attributes);
    this.dm = new DeviceMapper(this.block);
  }

  addDisk(name: string, attributes: Attributes): BlockDevice {
    const made = nullBlkConfig(this.host.kernel, { memory_backed: 1, ...attributes });
    if (!made.ok) throw new Error(`disk ${name} expected to be taken, got ${JSON.stringify(made)}`);
    const index = this.disks;
    this.disks += 1;
    return createNullBlk(this.block, { name, index, major: 253, minor: index, media: made.media });
  }

  /** What `dmsetup create` does; the first negative errno. */
  create(name: string, ...lines: string[]): number {
    const steps = [
      () => this.dm.create(name),
      () => this.dm.load(name, lines),
      () => this.dm.resume(name),
    ];
    for (const step of steps) {
      const result = step();
      if (result < 0) return result;
    }
    return 0;
  }

  device(name: string): BlockDevice {
    return this.dm.device(name) ?? this.block.devices.get(name)!;
  }

  zone(device: string, start: number): ZoneView {
    let view: ZoneView | null = null;
    this.device(device).reportZones(start, 1, (zone) => {
      view = zone;
    });
    return view!;
  }

  run(): void {
    while (this.host.loop.step());
  }

  /** Sends a bio without waiting. */
  send(device: string, op: BioOp, sector: number, sectors: number, seed = 1): Bio {
    const bio = this.block.newBio(this.device(device));
    bio.op = op;
    bio.sector = sector;
    bio.sectors = sectors;
    bio.flags |= Flag.sync | Flag.data;
    if (op === Op.write || op === Op.zoneAppend) bio.payload = data(seed, sectors);
    bio.onEnd = noteEnd;
    bio.context = null;
    bio.device!.submit(bio);
    return bio;
  }

  /** Sends a bio and lets everything run to its end. */
  io(device: string, op: BioOp, sector: number, sectors: number, seed = 1): Ended {
    const bio = this.send(device, op, sector, sectors, seed);
    this.run();
    return ended(bio);
  }

  /** The block events since record `from`, one line each: `bioRemap nullb0 1 4096+8`. */
  events(from: number, ...kinds: TraceKindName[]): string[] {
    const wanted = kinds.length === 0 ? BLOCK_EVENTS : kinds;
    const lines: string[] = [];
    for (const record of this.host.trace.records(from)) {
      if (!wanted.includes(record.kind)) continue;
      const { kind, device, op, sector, sectors } = record;
      lines.push(`${kind} ${device} ${op} ${sector}+${sectors}`);
    }
    return lines;
  }

  get now(): number {
    return this.host.trace.length;
  }

  /** Log lines since line `from`, without null_blk's. */
  log(from = 0): string[] {
    return this.host.log.since(from).filter((line) => !line.startsWith('null_blk'));
  }
}

const BLOCK_EVENTS: readonly TraceKindName[] = [
  'bioQueue',
  'bioRemap',
  'bioSplit',
  'rqIssue',
  'rqComplete',
  'bioComplete',
];

export function data(seed: number, sectors: number): Payload {
  return new PatternPayload(seed, 0, sectors * SECTOR_BYTES);
}

const DONE = { done: true };

function noteEnd(bio: Bio): void {
  bio.context = DONE;
}

/** How a bio ended; throws when it has not. */
export function ended(bio: Bio): Ended {
  if (bio.context !== DONE) throw new Error(`bio ${bio.id} expected to have ended, got none`);
  return { errno: statusToErrno(bio.status), sector: bio.sector, payload: bio.payload };
}
