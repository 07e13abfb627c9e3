/** How the guests' set-up script worded a disk that null_blk would not make. */

import { nullBlkConfig } from '../src/block/null-blk-config.ts';
import { strerror } from '../src/kernel/errno.ts';
import { kernelByName } from '../src/kernel/releases.ts';
import type { DiskAttributes } from '../src/machine.ts';

export interface Refused {
  readonly text: string;
  readonly log: readonly string[];
}

/** Null when the kernel makes all the disks. */
export function nullBlkRefusal(
  kernel: string,
  disks: Readonly<Record<string, DiskAttributes>>,
): Refused | null {
  for (const attributes of Object.values(disks)) {
    const made = nullBlkConfig(kernelByName(kernel), attributes as Record<string, number>);
    if (made.ok) continue;
    const text =
      made.kind === 'no-attribute'
        ? `rc=2 no-attr:${made.attribute}`
        : `rc=4 sh: write error: ${strerror(made.errno ?? 0)}`;
    return { text, log: made.log };
  }
  return null;
}
