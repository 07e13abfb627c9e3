/**
 * The target types of the model by name (the kernel's list of registered target types), and which of them a kernel
 * has and lets sit on host-managed devices.
 */

import type { Kernel } from '../kernel/kernel.ts';
import { cryptType } from './crypt/target.ts';
import type { TargetType } from './target.ts';
import { delayType } from './targets/delay.ts';
import { errorType } from './targets/error.ts';
import { flakeyType } from './targets/flakey.ts';
import { inlineCryptType } from './targets/inlinecrypt.ts';
import { linearType } from './targets/linear.ts';
import { snapshotOriginType, stripedType, unmodelledType } from './targets/unmodelled.ts';
import { zeroType } from './targets/zero.ts';

const TYPES: ReadonlyMap<string, TargetType> = new Map(
  [
    linearType,
    cryptType,
    flakeyType,
    errorType,
    zeroType,
    delayType,
    inlineCryptType,
    stripedType,
    snapshotOriginType,
    unmodelledType('snapshot'),
    unmodelledType('snapshot-merge'),
    unmodelledType('mirror'),
    unmodelledType('raid'),
    unmodelledType('thin', ['alwaysWriteable']),
    unmodelledType('thin-pool', ['singleton', 'alwaysWriteable', 'immutable']),
    unmodelledType('cache'),
    unmodelledType('writecache'),
    unmodelledType('integrity'),
    unmodelledType('verity'),
    unmodelledType('multipath', ['singleton', 'immutable']),
    unmodelledType('zoned', ['singleton', 'mixed']),
    unmodelledType('era'),
    unmodelledType('clone'),
    unmodelledType('log-writes'),
    unmodelledType('dust'),
    unmodelledType('unstriped'),
    unmodelledType('switch'),
  ].map((type) => [type.name, type]),
);

/** dm_get_target_type(): null when the kernel has no such type. */
export function targetType(kernel: Kernel, name: string): TargetType | null {
  if (!kernel.dm.targetTypes.includes(name)) return null;
  const type = TYPES.get(name);
  if (type === undefined) throw new Error(`target type "${name}" expected a body, got none`);
  return type;
}

/** DM_TARGET_ZONED_HM. dm-crypt answers for itself, so that a patch can take it away. */
export function worksOnZoned(kernel: Kernel, type: TargetType): boolean {
  if (type === cryptType) return kernel.crypt.zonedTarget;
  return kernel.dm.zonedTargets.includes(type.name);
}
