/** What block tests share: a machine's block floor with one null_blk, and small ways to write, read and run. */

import { type Bio, type BioOp, Flag, Op } from '../../src/block/bio.ts';
import type { BlockDevice, ZoneView } from '../../src/block/device.ts';
import { createNullBlk, type NullBlk } from '../../src/block/null-blk.ts';
import { nullBlkConfig } from '../../src/block/null-blk-config.ts';
import { PatternPayload, type Payload } from '../../src/block/payload.ts';
import { statusToErrno } from '../../src/block/status.ts';
import { BlockSystem } from '../../src/block/system.ts';
import { kernelByName } from '../../src/kernel/releases.ts';
import { Host } from '../../src/sim/host.ts';
import { FirstCome } from '../../src/sim/schedule.ts';
import type { Task } from '../../src/sim/task.ts';

/** The four recorded builds, which most laws are told apart by. */
export const BUILDS = ['5.10.262', '6.1.192', '6.12.117', '7.3.4'] as const;

export class Bench {
  readonly host: Host;
  readonly block: BlockSystem;

  constructor(kernel: string) {
    this.host = new Host(kernelByName(kernel), new FirstCome());
    this.block = new BlockSystem(this.host);
  }

  /** A memory backed zoned disk of 64 MiB with 4 MiB zones, the first one conventional, unless said otherwise. */
  disk(attributes: Record<string, number> = {}, name = 'nullb0'): NullBlk {
    const shape = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 1, memory_backed: 1 };
    const config = nullBlkConfig(this.host.kernel, { ...shape, ...attributes });
    if (!config.ok) throw new Error(`"config" expected ok, got ${JSON.stringify(config)}`);
    const index = this.block.devices.size;
    const place = { name, index, major: 254, minor: index, media: config.media };
    return createNullBlk(this.block, place);
  }

  run<T>(task: Task<T>): T {
    return this.host.tasks.runToEnd('test', task);
  }

  settle(): void {
    while (this.host.loop.step()) {
      // Everything under way ends.
    }
  }

  /** Sends one bio and runs until it has ended; the bio is the caller's to look at. */
  send(device: BlockDevice, op: BioOp, sector: number, payload: Payload | number = 0): Bio {
    const bio = this.block.newBio(device);
    bio.op = op;
    bio.sector = sector;
    if (typeof payload === 'number') bio.sectors = payload;
    else {
      bio.payload = payload;
      bio.sectors = payload.lengthBytes / 512;
      bio.flags |= Flag.sync | Flag.idle;
    }
    this.run(this.block.submitAndWait(bio));
    return bio;
  }

  /** 0 or the negative errno of a write of `sectors` at `sector`. */
  write(device: BlockDevice, sector: number, sectors = 8): number {
    const data = new PatternPayload(1, sector * 512, sectors * 512);
    return statusToErrno(this.send(device, Op.write, sector, data).status);
  }

  manage(device: BlockDevice, op: BioOp, sector: number): number {
    return statusToErrno(this.send(device, op, sector).status);
  }

  /** The bytes of a read; null when it failed. */
  read(device: BlockDevice, sector: number, sectors: number): Uint8Array | null {
    const bio = this.send(device, Op.read, sector, sectors);
    return bio.status === 0 ? bio.payload!.bytes() : null;
  }

  zone(device: BlockDevice, start: number): ZoneView {
    let found: ZoneView | null = null;
    device.reportZones(start, 1, (zone) => {
      found = { ...zone };
    });
    if (found === null) throw new Error(`"zone" expected one at ${start}, got none`);
    return found;
  }

  /** Kind, sector and length of the trace records from `start` on that have one of these kinds. */
  events(start: number, kinds: readonly string[]): string[] {
    return [...this.host.trace.records(start)]
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ kind, sector, sectors }) => `${kind} ${sector}+${sectors}`);
  }
}
