/**
 * dm-zero (drivers/md/dm-zero.c, all eras): reads are zeroes, writes are dropped. It has no device, so it is a regular
 * device of any size.
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import type { QueueLimits } from '../../block/limits.ts';
import { FillPayload } from '../../block/payload.ts';
import { Status } from '../../block/status.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { MapResult, Target, TargetContext, TargetFlags, TargetType } from '../target.ts';
import { anyDiscard } from './error.ts';

class ZeroTarget implements Target {
  readonly begin: number;
  readonly length: number;
  readonly flags: TargetFlags;
  private readonly context: TargetContext;

  constructor(context: TargetContext, begin: number, length: number) {
    this.context = context;
    this.begin = begin;
    this.length = length;
    this.flags = { discards: true, discardsSupported: context.host.kernel.dm.hintsWithoutDevices };
  }

  map(bio: Bio): MapResult {
    if (bio.op === Op.read) {
      // Read-ahead of zeroes is not worth the memory (zero_map()).
      if ((bio.flags & Flag.readahead) !== 0) return 'kill';
      bio.payload = new FillPayload(0, bio.sectors * SECTOR_BYTES);
    } else if (bio.op !== Op.write && !(bio.op === Op.discard && this.flags.discardsSupported)) {
      return 'kill';
    }
    bio.end(Status.ok);
    return 'submitted';
  }

  ioHints(limits: QueueLimits): QueueLimits {
    if (!this.context.host.kernel.dm.hintsWithoutDevices) return limits;
    return anyDiscard(limits, this.context.deviceName, 'dm.zero.io-hints');
  }

  devices(): void {}

  status(): string {
    return '';
  }

  destroy(): void {}
}

export const zeroType: TargetType = {
  name: 'zero',
  features: [],
  create(context: TargetContext, begin: number, length: number, args: readonly string[]) {
    if (args.length !== 0) return { ok: false, errno: 'EINVAL', error: 'No arguments required' };
    return { ok: true, target: new ZeroTarget(context, begin, length) };
  },
};
