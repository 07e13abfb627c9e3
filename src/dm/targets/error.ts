/**
 * dm-error (drivers/md/dm-target.c, io_err_*): fails every bio. Since 6.8 it takes a device and a start, as dm-linear
 * does, so that its limits and zones are that device's. The one wildcard: it may replace any table.
 */

import type { BlockDevice } from '../../block/device.ts';
import { type QueueLimits, withLimits } from '../../block/limits.ts';
import { UINT_MAX } from '../../kernel/units.ts';
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
import { lookupFailed } from './linear.ts';

/**
 * Discards are taken without a limit (io_err_io_hints(), zero_io_hints()): an error for a discard must come from the
 * target and not as EOPNOTSUPP from the block layer.
 */
export function anyDiscard(limits: QueueLimits, floor: string, rule: string): QueueLimits {
  return withLimits(
    limits,
    { max_hw_discard_sectors: UINT_MAX, max_discard_sectors: UINT_MAX, discard_granularity: 512 },
    { floor, rule },
  );
}

class ErrorTarget implements Target {
  readonly begin: number;
  readonly length: number;
  readonly flags: TargetFlags;
  private readonly context: TargetContext;
  private readonly device: BlockDevice | null;
  private readonly start: number;

  constructor(
    context: TargetContext,
    begin: number,
    length: number,
    device: BlockDevice | null,
    start: number,
  ) {
    this.context = context;
    this.begin = begin;
    this.length = length;
    this.device = device;
    this.start = start;
    this.flags = { discards: true, discardsSupported: context.host.kernel.dm.hintsWithoutDevices };
  }

  map(): MapResult {
    return 'kill';
  }

  ioHints(limits: QueueLimits): QueueLimits {
    if (!this.context.host.kernel.dm.hintsWithoutDevices) return limits;
    return anyDiscard(limits, this.context.deviceName, 'dm.error.io-hints');
  }

  devices(visit: DeviceVisitor): void {
    if (this.device !== null) visit(this.device, this.start, this.length);
  }

  status(kind: 'info' | 'table'): string {
    if (kind === 'info' || this.device === null) return '';
    return `${this.device.major}:${this.device.minor} ${this.start}`;
  }

  destroy(): void {}
}

export const errorType: TargetType = {
  name: 'error',
  features: ['wildcard'],
  create(
    context: TargetContext,
    begin: number,
    length: number,
    args: readonly string[],
  ): TargetResult {
    if (!context.host.kernel.dm.errorTakesDevice || args.length !== 2) {
      // Words of any other number are ignored, as the kernel does.
      return { ok: true, target: new ErrorTarget(context, begin, length, null, 0) };
    }
    const start = parseSector(args[1]);
    if (start === null) return { ok: false, errno: 'EINVAL', error: 'Invalid device sector' };
    const device = context.openDevice(args[0]!);
    if (typeof device === 'number') return lookupFailed(device);
    return { ok: true, target: new ErrorTarget(context, begin, length, device, start) };
  },
};
