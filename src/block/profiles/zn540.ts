/**
 * WD Ultrastar DC ZN540, a ZNS drive of 1 TB, as NVMeBenchmarks measured it (commit 01f40f1, the data behind arXiv
 * 2310.19094; the table stands in published.ts). The model: a controller all zones share, a write buffer that is
 * emptied at the rate of the flash, 32 dies that reads wait for, and costs of zone commands by how full the zone is.
 *
 * A command's own latency is nearly fixed, but the controller is kept busy for a time that varies from nothing to twice
 * its mean. With a fixed time two writers would never meet (they would do 166 k writes/s, the drive does 142 k); with
 * an exponential one a lone writer would see a tail it does not have.
 */

import { Random } from '../../sim/random.ts';
import { type BioOp, Op } from '../bio.ts';
import type { Command, DiskClock } from '../clock.ts';
import { ZoneCond } from '../device.ts';
import { type ClockShape, type DiskProfile, interpolate, parameter, wholeNs } from './profile.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const ROWS = 'NVMeBenchmarks 01f40f1';

const PARAMETERS = {
  writeFloor: parameter(10_500, 'ns', `${ROWS}: p50 of writes of 4 and 8 KiB, QD1`),
  writeBase: parameter(8_100, 'ns', `${ROWS}: line through the p50 of writes of 16 and 64 KiB`),
  writePerKib: parameter(440, 'ns/KiB', `${ROWS}: the same line`),
  appendExtra: parameter(
    3_500,
    'ns',
    `${ROWS}: appends beside writes of 4 KiB (3.4 us) and of 8 to 32 KiB (p50 2.8 to 4.3 us)`,
  ),
  scatterMiddle: parameter(
    1_800,
    'ns',
    `${ROWS}: 11 of 32 commands; mean 11.4 of a write with p50 10.7`,
  ),
  scatterMost: parameter(2_900, 'ns', `${ROWS}: 2 of 32 commands; p99 13.5 of the same write`),
  writeOccupies: parameter(5_400, 'ns', `${ROWS}: writes of 4 KiB in 8 zones, 186 kIOPS`),
  appendOccupies: parameter(
    7_600,
    'ns',
    `${ROWS}: appends of 4 KiB to one zone at QD4 and more, 132 kIOPS`,
  ),
  longAppendOccupies: parameter(
    6_200,
    'ns',
    `${ROWS}: appends of 8 KiB reach 146 kIOPS at QD4, where flash is the limit: no more than 6.8 us; the rest assumed`,
  ),
  drainPerMib: parameter(
    1e9 / 1150,
    'ns',
    `${ROWS}: 1146 MiB/s by writes of 64 and 128 KiB in one zone, 1155 over several`,
  ),
  drainUnit: parameter(
    1 * MIB,
    'bytes',
    `${ROWS}: p99 of writes of 64 KiB, 297 us: room comes in large pieces`,
  ),
  buffer: parameter(
    4 * MIB,
    'bytes',
    'assumed: a few drain units; only how long a burst outruns the flash depends on it',
  ),
  block512Write: parameter(8_400, 'ns', `${ROWS}: 4 KiB writes on the 512 B format, 19.8 us`),
  block512Append: parameter(9_500, 'ns', `${ROWS}: 4 KiB appends on the 512 B format, 24.3 us`),
  partBlockWrite: parameter(5_000, 'ns', `${ROWS}: 512 B writes, 24.8 us`),
  partBlockAppend: parameter(1_200, 'ns', `${ROWS}: 512 B appends, 25.5 us`),
  dies: parameter(32, 'dies', 'NVMeVirt (commit 61c90f7), its ZN540: 8 channels of 4 dies'),
  dieRead: parameter(47_200, 'ns', `${ROWS}: random reads of 4 KiB at QD256, 437 kIOPS`),
  dieReadPerKib: parameter(2_600, 'ns/KiB', `${ROWS}: random reads of 8 and 16 KiB at QD1`),
  readFixed: parameter(15_000, 'ns', `${ROWS}: random read of 4 KiB at QD1, 72.6 us`),
  diePage: parameter(
    32 * KIB,
    'bytes',
    'NVMeVirt: flash page of 32 KiB; longer reads use several dies',
  ),
  linkPerKib: parameter(1024 / 3.05, 'ns/KiB', 'NVMeVirt: PCIe at 3050 MB/s'),
  openWrite: parameter(1_800, 'ns', `${ROWS}: first write of a zone 13.3 us, later ones 11.5`),
  openAppend: parameter(3_100, 'ns', `${ROWS}: first append of a zone 17.6 us, later ones 14.45`),
  reopen: parameter(3_400, 'ns', `${ROWS}: first write to a closed zone 14.9 us`),
  zoneCommand: parameter(
    10_700,
    'ns',
    `${ROWS}: close; an explicit open is assumed to take as long`,
  ),
  finishEmpty: parameter(13_500, 'ns', `${ROWS}: finish of an empty zone`),
  finishLeast: parameter(2_600_000, 'ns', `${ROWS}: finish of a zone that misses one block`),
  finishWhole: parameter(
    905_400_000,
    'ns/zone',
    `${ROWS}: finish of a zone with one block, 908 ms, without the least`,
  ),
  resetEmpty: parameter(1_600_000, 'ns', `${ROWS}: reset of an empty zone`),
  resetStarted: parameter(1_700_000, 'ns', `${ROWS}: reset of a zone with one block`),
  resetSixteenth: parameter(5_100_000, 'ns', `${ROWS}: reset at an occupancy of 6.25 %`),
  resetFull: parameter(15_500_000, 'ns', `${ROWS}: reset of a full zone`),
  resetFinished: parameter(
    13_700_000,
    'ns/zone',
    `${ROWS}: reset after finish, 1 block and 100 %: 1.6 and 15.3 ms`,
  ),
  flush: parameter(
    10_700,
    'ns',
    'assumed: as a zone command; the write buffer survives a power cut',
  ),
  queueDepth: parameter(1_024, 'commands', 'assumed: more than any published run uses'),
} as const;

type Name = keyof typeof PARAMETERS;

function of(name: Name): number {
  return PARAMETERS[name].value;
}

/** How much later than usual a command ends, for each of 32 equally frequent cases. */
const SCATTER: readonly number[] = Array.from({ length: 32 }, (_, i) => {
  if (i < 19) return 0;
  return i < 30 ? of('scatterMiddle') : of('scatterMost');
});

const RESET: readonly (readonly [number, number])[] = [
  [0, of('resetStarted')],
  [1 / 16, of('resetSixteenth')],
  [1, of('resetFull')],
];

/** Data of up to this size is slower on the 512 B format. */
const SMALL_BYTES = 4 * KIB;

class Zn540Clock implements DiskClock {
  readonly queueDepth = of('queueDepth');
  private readonly small512: boolean;
  private readonly random: Random;
  private controllerFreeNs = 0;
  private linkFreeNs = 0;
  private readonly dieFreeNs = new Float64Array(of('dies'));
  /** Bytes the buffer holds, and since when the oldest unit of them is being written to flash. */
  private filled = 0;
  private drainSinceNs = 0;
  private acceptedNs = 0;
  /** How full zones were when they were finished: their reset takes as long as if they had not been. */
  private readonly finished = new Map<number, number>();

  constructor(shape: ClockShape) {
    this.small512 = shape.blockBytes < SMALL_BYTES;
    this.random = new Random(shape.seed);
  }

  start(command: Command, nowNs: number): number {
    switch (command.op) {
      case Op.read:
        return wholeNs(this.read(command, nowNs));
      case Op.write:
      case Op.zoneAppend:
      case Op.writeZeroes:
        return wholeNs(this.write(command, nowNs));
      default:
        return wholeNs(nowNs + this.manage(command));
    }
  }

  private write(command: Command, nowNs: number): number {
    const append = command.op === Op.zoneAppend;
    const begin = Math.max(nowNs, this.controllerFreeNs);
    this.controllerFreeNs = begin + this.occupies(append, command.bytes) * this.uniform() * 2;
    const accepted = this.intoBuffer(command.bytes, begin);
    return accepted + this.latency(command, append) + SCATTER[this.random.next32() & 31]!;
  }

  private occupies(append: boolean, bytes: number): number {
    if (!append) return of('writeOccupies');
    return bytes > SMALL_BYTES ? of('longAppendOccupies') : of('appendOccupies');
  }

  private uniform(): number {
    return this.random.next32() / 0x1_0000_0000;
  }

  private latency({ bytes, cond }: Command, append: boolean): number {
    let ns = Math.max(of('writeFloor'), of('writeBase') + (of('writePerKib') * bytes) / KIB);
    if (append) ns += of('appendExtra');
    if (this.small512 && bytes <= SMALL_BYTES) {
      ns += append ? of('block512Append') : of('block512Write');
      if (bytes < SMALL_BYTES) ns += append ? of('partBlockAppend') : of('partBlockWrite');
    }
    if (cond === ZoneCond.empty) ns += append ? of('openAppend') : of('openWrite');
    else if (cond === ZoneCond.closed) ns += of('reopen');
    return ns;
  }

  /** Takes room in the buffer, which is freed a unit at a time; returns when there was enough. */
  private intoBuffer(bytes: number, fromNs: number): number {
    const unit = of('drainUnit');
    const unitNs = (of('drainPerMib') * unit) / MIB;
    let at = Math.max(fromNs, this.acceptedNs);
    while (this.filled >= unit && this.drainSinceNs + unitNs <= at) this.drainOne(unit, unitNs);
    while (this.filled >= unit && this.filled + bytes > of('buffer')) {
      at = Math.max(at, this.drainSinceNs + unitNs);
      this.drainOne(unit, unitNs);
    }
    if (this.filled < unit && this.filled + bytes >= unit) this.drainSinceNs = at;
    this.filled += bytes;
    this.acceptedNs = at;
    return at;
  }

  private drainOne(unit: number, unitNs: number): void {
    this.filled -= unit;
    this.drainSinceNs += unitNs;
  }

  private read({ sector, bytes }: Command, nowNs: number): number {
    const page = of('diePage');
    let done = nowNs;
    for (let at = 0; at < bytes; at += page) {
      const part = Math.min(page, bytes - at);
      const die = dieOf(Math.floor((sector * 512 + at) / page));
      const begin = Math.max(nowNs, this.dieFreeNs[die]!);
      const free = begin + of('dieRead') + (of('dieReadPerKib') * part) / KIB;
      this.dieFreeNs[die] = free;
      done = Math.max(done, free);
    }
    const transferNs = (of('linkPerKib') * bytes) / KIB;
    this.linkFreeNs = Math.max(done - transferNs, this.linkFreeNs) + transferNs;
    return Math.max(done, this.linkFreeNs) + of('readFixed');
  }

  private manage({ op, zone, cond, writtenBytes, capacityBytes }: Command): number {
    const occupancy = capacityBytes === 0 ? 0 : Math.min(1, writtenBytes / capacityBytes);
    switch (op as BioOp) {
      case Op.zoneFinish:
        if (cond === ZoneCond.full) return of('zoneCommand');
        this.finished.set(zone, occupancy);
        if (writtenBytes === 0) return of('finishEmpty');
        return of('finishLeast') + of('finishWhole') * (1 - occupancy);
      case Op.zoneReset: {
        const before = this.finished.get(zone);
        this.finished.delete(zone);
        if (before !== undefined && cond === ZoneCond.full) {
          return of('resetEmpty') + of('resetFinished') * before;
        }
        return writtenBytes === 0 ? of('resetEmpty') : interpolate(RESET, occupancy);
      }
      case Op.zoneResetAll:
        this.finished.clear();
        return of('resetFull');
      case Op.flush:
        return of('flush');
      default:
        return of('zoneCommand');
    }
  }
}

/** Pages lie on dies as if at random: neighbours of a random read are not its neighbours in flash. */
function dieOf(page: number): number {
  const mixed = Math.imul((page ^ (page >>> 15)) >>> 0, 0x2c1b3c6d) >>> 0;
  return ((mixed ^ (mixed >>> 13)) >>> 0) % of('dies');
}

export const zn540Profile: DiskProfile = {
  name: 'zn540',
  title: 'WD Ultrastar DC ZN540, NVMe ZNS, 1 TB',
  parameters: PARAMETERS,
  clock: (shape) => new Zn540Clock(shape),
};
