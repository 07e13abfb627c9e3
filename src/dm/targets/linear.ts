/**
 * dm-linear (drivers/md/dm-linear.c, all eras): an area of a device, moved. Zone appends pass: the shift is a multiple
 * of the zone size, so a zone start stays one.
 */

import type { Bio } from '../../block/bio.ts';
import type { BlockDevice } from '../../block/device.ts';
import { errnoName } from '../../kernel/errno.ts';
import { parseSector } from '../args.ts';
import type {
  DeviceVisitor,
  MapResult,
  Target,
  TargetContext,
  TargetFlags,
  TargetResult,
  TargetType,
} from '../target.ts';

const FLAGS: TargetFlags = { discards: true, writeZeroes: true, flushes: true };

/** The bio's place on the device below: what linear_map() and its like do. */
export function shiftBio(bio: Bio, device: BlockDevice, begin: number, start: number): void {
  bio.device = device;
  bio.sector = start + (bio.sector - begin);
}

/** A constructor's answer when `openDevice` gave a negative errno. */
export function lookupFailed(error: number): TargetResult {
  return { ok: false, errno: errnoName(error), error: 'Device lookup failed' };
}

class LinearTarget implements Target {
  readonly begin: number;
  readonly length: number;
  readonly flags = FLAGS;
  private readonly device: BlockDevice;
  private readonly start: number;

  constructor(begin: number, length: number, device: BlockDevice, start: number) {
    this.begin = begin;
    this.length = length;
    this.device = device;
    this.start = start;
  }

  map(bio: Bio): MapResult {
    shiftBio(bio, this.device, this.begin, this.start);
    return 'remapped';
  }

  devices(visit: DeviceVisitor): void {
    visit(this.device, this.start, this.length);
  }

  status(kind: 'info' | 'table'): string {
    return kind === 'info' ? '' : `${this.device.major}:${this.device.minor} ${this.start}`;
  }

  destroy(): void {}
}

export const linearType: TargetType = {
  name: 'linear',
  features: [],
  create(
    context: TargetContext,
    begin: number,
    length: number,
    args: readonly string[],
  ): TargetResult {
    if (args.length !== 2) return { ok: false, errno: 'EINVAL', error: 'Invalid argument count' };
    const start = parseSector(args[1]);
    if (start === null) return { ok: false, errno: 'EINVAL', error: 'Invalid device sector' };
    const device = context.openDevice(args[0]!);
    if (typeof device === 'number') return lookupFailed(device);
    return { ok: true, target: new LinearTarget(begin, length, device, start) };
  },
};
