/** Programs on a block device: what is drawn, and how a step is done. Steps name zones and places loosely; they always fit. */

import fc from 'fast-check';
import { Flag, Op } from '../../src/block/bio.ts';
import { type BlockDevice, ZoneType, type ZoneView } from '../../src/block/device.ts';
import { BIO_MAX_BYTES } from '../../src/block/direct.ts';
import { PatternPayload, type Payload } from '../../src/block/payload.ts';
import { statusToErrno } from '../../src/block/status.ts';
import { O } from '../../src/fs/inode.ts';
import type { ProcessContext } from '../../src/fs/syscalls.ts';
import type { Machine } from '../../src/machine.ts';
import { payloadHash } from './hash.ts';
import { boot, build, deviceAt, diskName, type Layer, type MachineSpec } from './machines.ts';
import { pick } from './support.ts';

export const DEVICE_STEPS = [
  'write-wp',
  'write-wp',
  'write-wp',
  'append',
  'append',
  'aio',
  'read',
  'read',
  'write-at',
  'write-dsync',
  'write-buffered',
  'read-buffered',
  'reset',
  'open',
  'close',
  'finish',
  'reset-all',
  'discard',
  'zero-out',
  'sync',
  'condition',
  'reboot',
  'power-cut',
] as const;

export type StepKind = (typeof DEVICE_STEPS)[number];

export interface DeviceStep {
  readonly kind: StepKind;
  readonly zone: number;
  readonly at: number;
  readonly sectors: number;
}

export function deviceSteps(
  kinds: readonly StepKind[] = DEVICE_STEPS,
  maxLength = 14,
): fc.Arbitrary<readonly DeviceStep[]> {
  return fc.array(
    fc.record({
      kind: pick(kinds),
      zone: fc.oneof(fc.nat(3), fc.nat(9)),
      at: fc.oneof(fc.nat(64), fc.nat(8192)),
      sectors: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 1, max: 64 }) },
        { weight: 2, arbitrary: fc.integer({ min: 1, max: 600 }) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: 5000 }) },
      ),
    }),
    { minLength: 1, maxLength },
  );
}

export interface Outcome {
  /** The call's value: bytes, 0, a negative errno; of several calls, each. */
  readonly values: readonly number[];
  /** A read's data. */
  readonly data: Payload | null;
}

/** What a write put where, as the program meant it. */
export interface Sent {
  readonly id: number;
  /** Sector of the device on top; an append's zone start. */
  readonly sector: number;
  readonly sectors: number;
  readonly append: boolean;
  readonly buffered: boolean;
}

/** A device program under way: the machine changes with each reboot. */
export class DeviceRun {
  machine: Machine;
  path: string;
  device: BlockDevice;
  process: ProcessContext;
  /** What the last step wrote and read, in sectors of the device on top. */
  sent: Sent[] = [];
  read: { sector: number; sectors: number } | null = null;
  /** What it made zeroes or nothing of. */
  wiped: { sector: number; sectors: number } | null = null;
  private readonly layers: readonly Layer[];
  private writes = 0;
  private fd = -1;
  private direct = -1;

  constructor(machine: Machine, layers: readonly Layer[]) {
    this.layers = layers;
    this.machine = machine;
    this.path = build(machine, layers);
    this.device = deviceAt(machine, this.path);
    this.process = machine.vfs.newProcess('program');
  }

  static start(spec: MachineSpec, options = {}): DeviceRun | null {
    const machine = boot(spec, options);
    return machine === null ? null : new DeviceRun(machine, spec.layers);
  }

  get blockSectors(): number {
    const { logical_block_size, physical_block_size } = this.device.limits;
    return Math.max(logical_block_size.value, physical_block_size.value) / 512;
  }

  zones(): ZoneView[] {
    const out: ZoneView[] = [];
    if (this.device.nrZones > 0) {
      this.device.reportZones(0, this.device.nrZones, (zone) => out.push({ ...zone }));
    }
    return out;
  }

  step(step: DeviceStep): Outcome {
    this.sent = [];
    this.read = null;
    this.wiped = null;
    const { machine, process, device } = this;
    const { vfs } = machine;
    const { kind } = step;
    switch (kind) {
      case 'reboot':
      case 'power-cut':
        return this.reboot(kind === 'reboot' ? 'clean' : 'power-cut');
      case 'sync':
        return values(machine.call(vfs.sync(process)));
      case 'condition':
        return this.condition(step);
      case 'reset-all':
        this.wiped = { sector: 0, sectors: this.conventionalSectors() };
        return values(
          machine.call(vfs.manageZones(process, this.open(false), 'reset', 0, device.sizeSectors)),
        );
      case 'reset':
      case 'open':
      case 'close':
      case 'finish': {
        const { start, len, conventional } = this.place(step);
        // It fails, but what the cache held of it is gone.
        if (kind === 'reset' && conventional) this.wiped = { sector: start, sectors: len };
        return values(machine.call(vfs.manageZones(process, this.open(false), kind, start, len)));
      }
      case 'append':
        return this.append(step);
      default:
        return this.transfer(step);
    }
  }

  /** Reads `sectors` at `sector` past the cache. */
  readAt(sector: number, sectors: number): Payload | number {
    const { vfs } = this.machine;
    return this.machine.call(vfs.pread(this.process, this.open(true), sectors * 512, sector * 512));
  }

  private transfer(step: DeviceStep): Outcome {
    const { machine, process, device } = this;
    const { vfs } = machine;
    const block = this.blockSectors;
    const { start, len, wp, conventional } = this.place(step);
    // Reads mostly where something was written.
    const written = step.kind.startsWith('read') && !conventional ? Math.min(wp - start, len) : 0;
    const inside = Math.floor((step.at % (written > 0 ? written : len)) / block) * block;
    const atWp = step.kind === 'write-wp' || step.kind === 'write-dsync' || step.kind === 'aio';
    const sector = atWp && !conventional && wp < start + len ? wp : start + inside;
    // A buffered write stays in its zone: what comes after it may not take any place.
    const most = (step.kind === 'write-buffered' ? start + len : device.sizeSectors) - sector;
    const sectors = Math.min(Math.ceil(step.sectors / block) * block, most - (most % block));
    if (sectors <= 0) return values();
    const at = sector * 512;
    switch (step.kind) {
      case 'read':
      case 'read-buffered': {
        const fd = this.open(step.kind === 'read');
        const result = machine.call(vfs.pread(process, fd, sectors * 512, at));
        this.read = { sector, sectors };
        if (typeof result === 'number') return values(result);
        return { values: [result.lengthBytes], data: result };
      }
      case 'discard':
        this.wiped = { sector, sectors };
        return values(machine.call(vfs.discard(process, this.open(false), at, sectors * 512)));
      case 'zero-out':
        this.wiped = { sector, sectors };
        return values(machine.call(vfs.zeroOut(process, this.open(false), at, sectors * 512)));
      case 'aio': {
        const parts = [sectors, sectors, block].map((length, i) => ({ i, length }));
        let from = sector;
        const writes = parts.map(({ length }) => {
          const fitting = Math.max(0, Math.min(length, device.sizeSectors - from));
          const one = { offset: from * 512, data: this.data(from, fitting, false) };
          from += fitting;
          return one;
        });
        const all = machine.call(
          vfs.aioWrite(
            process,
            this.open(true),
            writes.filter(({ data }) => data.lengthBytes > 0),
          ),
        );
        return { values: [...all], data: null };
      }
      default: {
        const buffered = step.kind === 'write-buffered';
        // What the cache of a zoned device writes later may fail later: only where any place can be written.
        if (buffered && !conventional) return values();
        const data = this.data(sector, sectors, buffered);
        const flags = { dsync: step.kind === 'write-dsync' };
        const fd = this.open(!buffered);
        return values(machine.call(vfs.pwrite(process, fd, data, at, flags)));
      }
    }
  }

  private append(step: DeviceStep): Outcome {
    const { machine, device } = this;
    const { start, len, conventional } = this.place(step);
    const block = this.blockSectors;
    const limit = device.limits.max_zone_append_sectors.value;
    // No sender makes a longer bio: 256 pages.
    const wanted = Math.min(Math.ceil(step.sectors / block) * block, BIO_MAX_BYTES / 512);
    const sectors = limit === 0 ? wanted : Math.min(wanted, limit - (limit % block));
    if (sectors === 0) return values();
    // No program appends past the cache of a device it reads through, so nobody forgets what that holds.
    if (!conventional) machine.block.caches.get(device)?.invalidate(start * 512, len * 512);
    const bio = machine.block.newBio(device);
    bio.op = Op.zoneAppend;
    bio.flags |= Flag.sync;
    bio.sector = start;
    bio.sectors = sectors;
    bio.payload = this.data(start, sectors, false, true);
    const { id } = bio;
    const status = machine.call(machine.block.submitAndWait(bio), 'appender');
    const { sector } = bio;
    machine.block.bios.give(bio);
    return { values: [statusToErrno(status), sector, id], data: null };
  }

  private data(sector: number, sectors: number, buffered: boolean, append = false): Payload {
    this.writes += 1;
    const id = this.writes;
    this.sent.push({ id, sector, sectors, append, buffered });
    return new PatternPayload(id, 0, sectors * 512);
  }

  private conventionalSectors(): number {
    const sequential = this.zones().find(({ type }) => type !== ZoneType.conventional);
    return sequential?.start ?? 0;
  }

  private condition(step: DeviceStep): Outcome {
    const name = diskName(this.machine);
    const { start } = this.place(step);
    const file = step.at % 2 === 0 ? 'zone_readonly' : 'zone_offline';
    const item = `/sys/kernel/config/nullb/${name}/${file}`;
    return values(this.machine.run(`echo ${start} > ${item}`).exit);
  }

  private reboot(how: 'clean' | 'power-cut'): Outcome {
    this.fd = -1;
    this.direct = -1;
    this.machine = this.machine.reboot({ how });
    this.path = build(this.machine, this.layers);
    this.device = deviceAt(this.machine, this.path);
    this.process = this.machine.vfs.newProcess('program');
    return values();
  }

  private open(direct: boolean): number {
    const known = direct ? this.direct : this.fd;
    if (known >= 0) return known;
    const flags = O.RDWR | (direct ? O.DIRECT : 0);
    const fd = this.machine.call(this.machine.vfs.open(this.process, this.path, flags));
    if (direct) this.direct = fd;
    else this.fd = fd;
    return fd;
  }

  /** The zone a step is about; a regular device is one zone. */
  private place(step: DeviceStep): {
    start: number;
    len: number;
    wp: number;
    conventional: boolean;
  } {
    const zones = this.zones();
    if (zones.length === 0) {
      return { start: 0, len: this.device.sizeSectors, wp: 0, conventional: true };
    }
    const zone = zones[step.zone % zones.length]!;
    const { start, len, wp, type } = zone;
    return { start, len, wp: wp < 0 ? start : wp, conventional: type === ZoneType.conventional };
  }
}

function values(...all: number[]): Outcome {
  return { values: all, data: null };
}

/** A digest of all of the disk, as a raw read of it finds it; '' when it cannot be read. */
export function image(machine: Machine): string {
  const [name, media] = [...machine.disks][0]!;
  const file = machine.open(`/dev/${name}`, O.RDONLY | O.DIRECT);
  const step = 1 << 20;
  const digests: string[] = [];
  for (let at = 0; at < media.sizeSectors * 512; at += step) {
    try {
      digests.push(
        payloadHash(file.preadPayload(Math.min(step, media.sizeSectors * 512 - at), at)),
      );
    } catch {
      digests.push('unreadable');
    }
  }
  file.close();
  const shape = [[...media.wp], [...media.cond]];
  return `${digests.join(' ')} ${JSON.stringify(shape)}`;
}
