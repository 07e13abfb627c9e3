/**
 * dm-delay (drivers/md/dm-delay.c): a device whose reads, writes and flushes come later. The same in all eras except
 * that only 7.3's works on zoned devices (dm.zonedTargets).
 */

import { type Bio, Flag } from '../../block/bio.ts';
import type { BlockDevice } from '../../block/device.ts';
import { UINT_MAX } from '../../kernel/units.ts';
import { parseSector, readNumber } from '../args.ts';
import type {
  DeviceVisitor,
  MapResult,
  Target,
  TargetContext,
  TargetFlags,
  TargetResult,
  TargetType,
} from '../target.ts';
import { lookupFailed, shiftBio } from './linear.ts';

const FLAGS: TargetFlags = { discards: true, flushes: true };
const NS_PER_MS = 1_000_000;

interface DelayClass {
  readonly device: BlockDevice;
  readonly start: number;
  readonly delayMs: number;
  ops: number;
}

class DelayTarget implements Target {
  readonly begin: number;
  readonly length: number;
  readonly flags = FLAGS;
  private readonly context: TargetContext;
  /** Read, write, flush; as many as the line names. */
  private readonly classes: readonly DelayClass[];
  private readonly send: (bio: Bio) => void;

  constructor(
    context: TargetContext,
    begin: number,
    length: number,
    classes: readonly DelayClass[],
  ) {
    this.context = context;
    this.begin = begin;
    this.length = length;
    this.classes = classes;
    this.send = (bio) => {
      this.classOf(bio).ops -= 1;
      context.submitRemapped(bio, bio);
    };
  }

  map(bio: Bio): MapResult {
    const delay = this.classOf(bio);
    shiftBio(bio, delay.device, this.begin, delay.start);
    if (delay.delayMs === 0) return 'remapped';
    delay.ops += 1;
    this.context.host.loop.post(this.send, bio, delay.delayMs * NS_PER_MS);
    return 'submitted';
  }

  devices(visit: DeviceVisitor): void {
    for (const { device, start } of this.classes) visit(device, start, this.length);
  }

  status(kind: 'info' | 'table'): string {
    if (kind === 'info') {
      return [0, 1, 2].map((i) => (this.classes[i] ?? this.classes.at(-1)!).ops).join(' ');
    }
    return this.classes
      .map(({ device, start, delayMs }) => `${device.major}:${device.minor} ${start} ${delayMs}`)
      .join(' ');
  }

  destroy(): void {}

  private classOf(bio: Bio): DelayClass {
    const wanted = !bio.isWrite ? 0 : (bio.flags & Flag.preflush) === 0 ? 1 : 2;
    return this.classes[Math.min(wanted, this.classes.length - 1)]!;
  }
}

function delayClass(context: TargetContext, args: readonly string[]): DelayClass | TargetResult {
  const start = parseSector(args[1]);
  if (start === null) return { ok: false, errno: 'EINVAL', error: 'Invalid device sector' };
  const delayMs = readNumber(args[2], 0, UINT_MAX);
  if (delayMs === null) return { ok: false, errno: 'EINVAL', error: 'Invalid delay' };
  const device = context.openDevice(args[0]!);
  if (typeof device === 'number') return lookupFailed(device);
  return { device, start, delayMs, ops: 0 };
}

export const delayType: TargetType = {
  name: 'delay',
  features: [],
  create(
    context: TargetContext,
    begin: number,
    length: number,
    args: readonly string[],
  ): TargetResult {
    if (args.length !== 3 && args.length !== 6 && args.length !== 9) {
      return { ok: false, errno: 'EINVAL', error: 'Requires exactly 3, 6 or 9 arguments' };
    }
    const classes: DelayClass[] = [];
    for (let at = 0; at < args.length; at += 3) {
      const made = delayClass(context, args.slice(at, at + 3));
      if ('ok' in made) return made;
      classes.push(made);
    }
    return { ok: true, target: new DelayTarget(context, begin, length, classes) };
  },
};
