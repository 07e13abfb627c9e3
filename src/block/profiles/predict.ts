/**
 * A disk alone under a closed loop: so many commands under way, each ended one followed by the next. The smallest thing
 * that tells what a profile means in numbers, and what profiles are fitted and judged with. The way of a request is that
 * of the real queue in short: one CPU that submits, a lock or plug per zone, merging of what waits.
 */

import { type Costs, DEFAULT_COSTS } from '../../sim/cpu.ts';
import { Loop } from '../../sim/loop.ts';
import { Random } from '../../sim/random.ts';
import { type BioOp, Op } from '../bio.ts';
import { Command, type DiskClock } from '../clock.ts';
import { ZoneCond } from '../device.ts';
import type { DiskProfile } from './profile.ts';

/** How requests come to the device. */
export type Path =
  /** A program drives it itself (SPDK). */
  | 'user-space'
  | 'none'
  /** mq-deadline with its zone locks (to 6.9). */
  | 'mq-deadline-lock'
  /** Zone write plugs (6.10 and later), without and with mq-deadline. */
  | 'plug'
  | 'plug-mq-deadline';

export interface Workload {
  readonly op: 'write' | 'append' | 'read' | 'close' | 'finish' | 'reset';
  readonly bytes: number;
  /** Commands under way. */
  readonly queueDepth: number;
  /** Zones they are spread over, in turn. 1 unless given. */
  readonly zones?: number;
  /** Each command goes to a zone of `zones` by chance; reads to any place. */
  readonly random?: boolean;
  readonly path: Path;
  /** 4096 unless given. */
  readonly blockBytes?: number;
  /** Longest request; longer ones are cut. 512 KiB unless given. */
  readonly maxRequestBytes?: number;
  /** The zone as it is met: `empty` or `closed` before each command, else open. For finish and reset see `occupancy`. */
  readonly cond?: 'empty' | 'closed';
  /** 0 to 1, for finish and reset. */
  readonly occupancy?: number;
  /** The zone had been finished at that occupancy. */
  readonly finished?: boolean;
}

export interface Prediction {
  readonly iops: number;
  readonly bytesPerSecond: number;
  readonly meanNs: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
}

const KIB = 1024;
/** What a user-space driver and its program spend on one command: 85 kIOPS at a mean of 11.4 us (NVMeBenchmarks). */
const USER_SPACE_NS = 360;
const ZONE_SECTORS = 4 * KIB * KIB;
const ZONE_BYTES = ZONE_SECTORS * 512;
const PAGE_BYTES = 4096;
/** Of what a run measures, the first part is only to fill buffers. */
const WARM_UP = 0.25;
const MOVED_BYTES = 192 * KIB * KIB;
const MOST_COMMANDS = 20_000;
const LEAST_COMMANDS = 600;

const OPS: Readonly<Record<Workload['op'], BioOp>> = {
  write: Op.write,
  append: Op.zoneAppend,
  read: Op.read,
  close: Op.zoneClose,
  finish: Op.zoneFinish,
  reset: Op.zoneReset,
};

interface Io {
  startNs: number;
  zone: number;
  left: number;
}

/** A request with the I/Os whose next part it is. */
interface Part {
  readonly ios: Io[];
  bytes: number;
  readonly zone: number;
}

class ClosedLoop {
  private readonly workload: Workload;
  private readonly costs: Costs;
  private readonly clock: DiskClock;
  private readonly loop = new Loop();
  private readonly random = new Random(1);
  private readonly command = new Command();
  private readonly zones: number;
  private readonly most: number;
  private readonly nextSector: number[];
  private readonly busy: boolean[];
  private readonly waiting: Part[][];
  private readonly forDevice: Part[] = [];
  private readonly latencies: number[] = [];
  private cpuFreeNs = 0;
  private inDevice = 0;
  private sent = 0;
  private done = 0;
  private readonly total: number;
  private warmNs = 0;

  constructor(profile: DiskProfile, workload: Workload, costs: Costs) {
    this.workload = workload;
    this.costs = costs;
    this.clock = profile.clock({ blockBytes: workload.blockBytes ?? PAGE_BYTES, seed: 1 });
    this.zones = workload.zones ?? 1;
    this.most = workload.maxRequestBytes ?? 512 * KIB;
    this.nextSector = Array.from({ length: this.zones }, (_, zone) => zone * ZONE_SECTORS);
    this.busy = this.nextSector.map(() => false);
    this.waiting = this.nextSector.map(() => []);
    const wanted = Math.round(MOVED_BYTES / workload.bytes);
    this.total = Math.max(LEAST_COMMANDS, Math.min(MOST_COMMANDS, wanted));
  }

  run(): Prediction {
    for (let i = 0; i < this.workload.queueDepth; i += 1) this.loop.post(submit, this);
    while (this.loop.step()) {
      // Until all commands have ended.
    }
    const measured = this.latencies;
    const seconds = (this.loop.nowNs - this.warmNs) / 1e9;
    const iops = measured.length / seconds;
    const meanNs = measured.reduce((sum, ns) => sum + ns, 0) / measured.length;
    measured.sort((a, b) => a - b);
    const at = (share: number): number => measured[Math.floor(measured.length * share)]!;
    return {
      iops,
      bytesPerSecond: iops * this.workload.bytes,
      meanNs,
      p50Ns: at(0.5),
      p99Ns: at(0.99),
    };
  }

  submit(): void {
    if (this.sent === this.total) return;
    const { random, bytes } = this.workload;
    const zone = random === true ? this.random.below(this.zones) : this.sent % this.zones;
    this.sent += 1;
    const io: Io = { startNs: this.loop.nowNs, zone, left: bytes };
    const { callNs, pageNs } = this.costs;
    this.work(this.kernel ? callNs + pageNs * Math.ceil(bytes / PAGE_BYTES) : USER_SPACE_NS);
    this.loop.post(submitted, { loop: this, io }, this.cpuFreeNs - this.loop.nowNs);
  }

  arrive(part: Part): void {
    if (this.inDevice === this.clock.queueDepth) {
      this.forDevice.push(part);
      return;
    }
    this.inDevice += 1;
    const { command, workload } = this;
    const now = this.loop.nowNs;
    const { op } = workload;
    command.op = OPS[op];
    command.bytes = part.bytes;
    command.zone = part.zone;
    command.cond = this.condition();
    command.capacityBytes = ZONE_BYTES;
    command.writtenBytes = Math.round((workload.occupancy ?? 0) * ZONE_BYTES);
    if (op === 'read') command.sector = this.random.below(2 ** 28) * 8;
    else {
      command.sector = this.nextSector[part.zone]!;
      this.nextSector[part.zone]! += part.bytes / 512;
    }
    if (workload.finished === true) this.finishFirst(command, now);
    const after = this.clock.start(command, now) - now;
    const end = this.kernel ? this.costs.completionNs : 0;
    this.loop.post(completed, { loop: this, part }, after + end);
  }

  complete(part: Part): void {
    this.inDevice -= 1;
    const next = this.forDevice.shift();
    if (next !== undefined) this.arrive(next);
    if (this.ordered) this.release(part.zone);
    const now = this.loop.nowNs;
    for (const io of part.ios) {
      if (io.left > 0) {
        this.sendPart(io);
        continue;
      }
      this.done += 1;
      if (this.done <= this.total * WARM_UP) this.warmNs = now;
      else this.latencies.push(now - io.startNs);
      this.submit();
    }
  }

  private get kernel(): boolean {
    return this.workload.path !== 'user-space';
  }

  private get ordered(): boolean {
    const { op, path } = this.workload;
    return op === 'write' && path !== 'user-space' && path !== 'none';
  }

  private condition(): number {
    const { cond, occupancy, finished } = this.workload;
    if (finished === true) return ZoneCond.full;
    if (cond === 'empty' || occupancy === 0) return ZoneCond.empty;
    return cond === 'closed' ? ZoneCond.closed : ZoneCond.impOpen;
  }

  private finishFirst(command: Command, nowNs: number): void {
    command.op = Op.zoneFinish;
    command.cond = ZoneCond.impOpen;
    this.clock.start(command, nowNs);
    command.op = Op.zoneReset;
    command.cond = ZoneCond.full;
    command.writtenBytes = ZONE_BYTES;
  }

  private work(ns: number): void {
    this.cpuFreeNs = Math.max(this.cpuFreeNs, this.loop.nowNs) + ns;
  }

  sendPart(io: Io): void {
    const bytes = Math.min(this.most, io.left);
    io.left -= bytes;
    const part: Part = { ios: [io], bytes, zone: io.zone };
    if (this.ordered && this.busy[io.zone]!) {
      this.park(part);
      return;
    }
    this.busy[io.zone] = true;
    this.dispatch(part, false);
  }

  /** Writes of one zone that wait are neighbours: they are joined as far as a request may go. */
  private park(part: Part): void {
    const queue = this.waiting[part.zone]!;
    const last = queue.at(-1);
    if (last !== undefined && last.bytes + part.bytes <= this.most) {
      last.bytes += part.bytes;
      last.ios.push(...part.ios);
    } else queue.push(part);
  }

  private release(zone: number): void {
    const next = this.waiting[zone]!.shift();
    if (next === undefined) this.busy[zone] = false;
    else this.dispatch(next, true);
  }

  private dispatch(part: Part, waited: boolean): void {
    if (this.kernel) {
      const { bioNs, requestNs, schedulerNs, joinNs, plugWorkerNs } = this.costs;
      const { path } = this.workload;
      const scheduled = path === 'mq-deadline-lock' || path === 'plug-mq-deadline';
      const worked = waited && path !== 'mq-deadline-lock';
      const each = bioNs + (scheduled ? joinNs : 0) + (worked ? plugWorkerNs : 0);
      this.work(requestNs + each * part.ios.length + (scheduled ? schedulerNs - joinNs : 0));
    }
    this.loop.post(arrived, { loop: this, part }, Math.max(0, this.cpuFreeNs - this.loop.nowNs));
  }
}

interface Step {
  readonly loop: ClosedLoop;
  readonly part: Part;
}

function submit(loop: ClosedLoop): void {
  loop.submit();
}

function submitted({ loop, io }: { readonly loop: ClosedLoop; readonly io: Io }): void {
  loop.sendPart(io);
}

function arrived({ loop, part }: Step): void {
  loop.arrive(part);
}

function completed({ loop, part }: Step): void {
  loop.complete(part);
}

/** What `profile` gives under `workload`, with buffers full; the same numbers at each call. */
export function predict(
  profile: DiskProfile,
  workload: Workload,
  costs: Costs = DEFAULT_COSTS,
): Prediction {
  return new ClosedLoop(profile, workload, costs).run();
}
