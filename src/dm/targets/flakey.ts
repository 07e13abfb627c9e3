/**
 * dm-flakey (drivers/md/dm-flakey.c): a linear device that is unreliable for DOWN seconds after every UP seconds,
 * counted in whole seconds from its creation. Zone management always passes. `drop_writes` says OK without writing, so
 * on a zoned device the write pointer stays and the next write is unaligned.
 */

import { type Bio, Op } from '../../block/bio.ts';
import type { BlockDevice } from '../../block/device.ts';
import { concat, FillPayload, type Payload } from '../../block/payload.ts';
import { type BlockStatus, Status } from '../../block/status.ts';
import type {
  DeviceVisitor,
  MapResult,
  Target,
  TargetContext,
  TargetFlags,
  TargetResult,
  TargetType,
} from '../target.ts';
import { type FlakeyOptions, parseFlakey } from './flakey-args.ts';
import { lookupFailed, shiftBio } from './linear.ts';

const FLAGS: TargetFlags = { discards: true, flushes: true };
const NS_PER_SECOND = 1_000_000_000;

class FlakeyTarget implements Target {
  readonly begin: number;
  readonly length: number;
  readonly flags = FLAGS;
  private readonly context: TargetContext;
  private readonly device: BlockDevice;
  private readonly options: FlakeyOptions;
  private readonly startNs: number;
  /** Reads that were sent in a down interval and are still under way. */
  private readonly downReads = new Set<Bio>();

  constructor(
    context: TargetContext,
    begin: number,
    length: number,
    device: BlockDevice,
    options: FlakeyOptions,
  ) {
    this.context = context;
    this.begin = begin;
    this.length = length;
    this.device = device;
    this.options = options;
    this.startNs = context.host.loop.nowNs;
  }

  map(bio: Bio): MapResult {
    if (!isZoneManagement(bio) && this.isDown()) {
      const result = bio.isWrite ? this.mapDownWrite(bio) : this.mapDownRead(bio);
      if (result !== null) return result;
    }
    shiftBio(bio, this.device, this.begin, this.options.start);
    return 'remapped';
  }

  endIo(bio: Bio, status: BlockStatus): BlockStatus {
    if (!this.downReads.delete(bio) || status !== Status.ok) return status;
    const { corruptByte, corruptDirection } = this.options;
    if (corruptByte > 0) {
      // Corrupting one direction leaves the other alone: the logic of 6.3, which 5.10.y and 6.1.y have too.
      if (corruptDirection === 'r' && bio.payload !== null) {
        bio.payload = this.corrupted(bio.payload);
      }
    } else if (!this.options.dropWrites && !this.options.errorWrites && !this.knowsErrorReads) {
      return Status.ioError;
    }
    return status;
  }

  devices(visit: DeviceVisitor): void {
    visit(this.device, this.options.start, this.length);
  }

  status(kind: 'info' | 'table'): string {
    if (kind === 'info') return '';
    const { start, upSeconds, downSeconds, corruptByte } = this.options;
    const words = [`${this.device.major}:${this.device.minor}`, start, upSeconds, downSeconds];
    const features: (string | number)[] = [];
    if (this.options.errorReads) features.push('error_reads');
    if (this.options.dropWrites) features.push('drop_writes');
    else if (this.options.errorWrites) features.push('error_writes');
    if (corruptByte > 0) {
      const { corruptDirection, corruptValue } = this.options;
      features.push('corrupt_bio_byte', corruptByte, corruptDirection, corruptValue, 0);
    }
    const text = [...words, features.length, ...features].join(' ');
    // Before error_reads every word, the last too, was printed with a blank behind it (flakey_status()).
    return this.knowsErrorReads ? text : `${text} `;
  }

  destroy(): void {}

  private get knowsErrorReads(): boolean {
    return this.context.host.kernel.dm.flakeyErrorReads;
  }

  private isDown(): boolean {
    const seconds = Math.floor((this.context.host.loop.nowNs - this.startNs) / NS_PER_SECOND);
    const { upSeconds, downSeconds } = this.options;
    return seconds % (upSeconds + downSeconds) >= upSeconds;
  }

  /** Null: it goes on to the device. */
  private mapDownRead(bio: Bio): MapResult | null {
    const { errorReads, corruptByte, dropWrites, errorWrites } = this.options;
    const fails = this.knowsErrorReads
      ? errorReads
      : corruptByte === 0 && !dropWrites && !errorWrites;
    if (fails) return 'kill';
    this.downReads.add(bio);
    return null;
  }

  private mapDownWrite(bio: Bio): MapResult | null {
    const { dropWrites, errorWrites, corruptByte, corruptDirection } = this.options;
    if (dropWrites) {
      bio.end(Status.ok);
      return 'submitted';
    }
    if (errorWrites) {
      bio.end(Status.ioError);
      return 'submitted';
    }
    if (corruptByte > 0) {
      if (corruptDirection === 'w' && bio.payload !== null) {
        bio.payload = this.corrupted(bio.payload);
      }
      return null;
    }
    return this.knowsErrorReads ? null : 'kill';
  }

  private corrupted(payload: Payload): Payload {
    const at = this.options.corruptByte - 1;
    const length = payload.lengthBytes;
    if (at >= length) return payload;
    const rest = payload.slice(at + 1, length - at - 1);
    return concat([payload.slice(0, at), new FillPayload(this.options.corruptValue, 1), rest]);
  }
}

/** op_is_zone_mgmt(). */
function isZoneManagement(bio: Bio): boolean {
  return bio.op >= Op.zoneOpen;
}

export const flakeyType: TargetType = {
  name: 'flakey',
  features: [],
  create(
    context: TargetContext,
    begin: number,
    length: number,
    args: readonly string[],
  ): TargetResult {
    const options = parseFlakey(args, context.host.kernel.dm.flakeyErrorReads);
    if (typeof options === 'string') return { ok: false, errno: 'EINVAL', error: options };
    const device = context.openDevice(args[0]!);
    if (typeof device === 'number') return lookupFailed(device);
    return { ok: true, target: new FlakeyTarget(context, begin, length, device, options) };
  },
};
