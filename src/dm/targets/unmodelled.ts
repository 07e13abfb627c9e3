/**
 * Targets of which the model has the checks and no data path. None of them works on host-managed devices (they lack
 * DM_TARGET_ZONED_HM), so on a zoned disk the answer is the kernel's own refusal (dm-table.c); on other devices it is
 * "not modelled". dm-striped's and dm-snapshot-origin's constructors are modelled; of the others only which devices
 * they name.
 */

import type { BlockDevice } from '../../block/device.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { UINT_MAX } from '../../kernel/units.ts';
import { parseSector, readNumber } from '../args.ts';
import type {
  DeviceVisitor,
  MapResult,
  Target,
  TargetContext,
  TargetFeature,
  TargetFlags,
  TargetResult,
  TargetType,
} from '../target.ts';
import { lookupFailed } from './linear.ts';

interface Area {
  readonly device: BlockDevice;
  readonly start: number;
  readonly sectors: number;
}

const NO_FLAGS: TargetFlags = {};

class UnmodelledTarget implements Target {
  readonly begin: number;
  readonly length: number;
  readonly flags = NO_FLAGS;
  readonly notModelled: string;
  private readonly areas: readonly Area[];

  constructor(name: string, begin: number, length: number, areas: readonly Area[]) {
    this.notModelled = name;
    this.begin = begin;
    this.length = length;
    this.areas = areas;
  }

  map(): MapResult {
    throw new NotModelled(`dm target "${this.notModelled}"`);
  }

  devices(visit: DeviceVisitor): void {
    for (const { device, start, sectors } of this.areas) visit(device, start, sectors);
  }

  status(): string {
    return '';
  }

  destroy(): void {}
}

function refused(error: string): TargetResult {
  return { ok: false, errno: 'EINVAL', error };
}

/** stripe_ctr(): `COUNT CHUNK [DEVICE START]...`. */
function createStriped(
  context: TargetContext,
  begin: number,
  length: number,
  args: readonly string[],
): TargetResult {
  if (args.length < 2) return refused('Not enough arguments');
  const stripes = readNumber(args[0], 1, UINT_MAX);
  if (stripes === null) return refused('Invalid stripe count');
  const chunk = readNumber(args[1], 1, UINT_MAX);
  if (chunk === null) return refused('Invalid chunk_size');
  if (length % stripes !== 0) return refused('Target length not divisible by number of stripes');
  const width = length / stripes;
  if (width % chunk !== 0) return refused('Target length not divisible by chunk size');
  if (args.length !== 2 + 2 * stripes) return refused('Not enough destinations specified');
  const areas: Area[] = [];
  for (let i = 0; i < stripes; i += 1) {
    const start = parseSector(args[3 + 2 * i]);
    const device = start === null ? null : context.openDevice(args[2 + 2 * i]!);
    if (start === null || device === null || typeof device === 'number') {
      return refused("Couldn't parse stripe destination");
    }
    areas.push({ device, start, sectors: width });
  }
  return { ok: true, target: new UnmodelledTarget('striped', begin, length, areas) };
}

/** origin_ctr(): `DEVICE`. */
function createSnapshotOrigin(
  context: TargetContext,
  begin: number,
  length: number,
  args: readonly string[],
): TargetResult {
  if (args.length !== 1) return refused('origin: incorrect number of arguments');
  const device = context.openDevice(args[0]!);
  if (typeof device === 'number') {
    const failed = lookupFailed(device);
    return failed.ok ? failed : { ...failed, error: 'Cannot get target device' };
  }
  const areas = [{ device, start: 0, sectors: length }];
  return { ok: true, target: new UnmodelledTarget('snapshot-origin', begin, length, areas) };
}

/** Any other: the devices its words name, so that a zoned one among them is refused as the kernel refuses it. */
function createByDevices(
  name: string,
  context: TargetContext,
  begin: number,
  length: number,
  args: readonly string[],
): TargetResult {
  const areas: Area[] = [];
  for (const word of args) {
    if (!word.startsWith('/') && !/^\d+:\d+$/.test(word)) continue;
    const device = context.openDevice(word);
    // The constructor's own text for a missing device is not modelled.
    if (typeof device === 'number') throw new NotModelled(`dm target "${name}"`);
    areas.push({ device, start: 0, sectors: 0 });
  }
  return { ok: true, target: new UnmodelledTarget(name, begin, length, areas) };
}

export const stripedType: TargetType = { name: 'striped', features: [], create: createStriped };

export const snapshotOriginType: TargetType = {
  name: 'snapshot-origin',
  features: [],
  create: createSnapshotOrigin,
};

/** A type that is known by name and features only. */
export function unmodelledType(name: string, features: readonly TargetFeature[] = []): TargetType {
  return {
    name,
    features,
    create: (context, begin, length, args) => createByDevices(name, context, begin, length, args),
  };
}
