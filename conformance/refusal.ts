/** How the guests' set-up script worded a disk that null_blk would not make. */

import { nullBlkConfig } from '../src/block/null-blk-config.ts';
import { errno, strerror } from '../src/kernel/errno.ts';
import { kernelByName } from '../src/kernel/releases.ts';
import type { DiskAttributes } from '../src/machine.ts';

/** Null when the kernel makes all the disks. */
export function nullBlkRefusal(
  kernel: string,
  disks: Readonly<Record<string, DiskAttributes>>,
): string | null {
  for (const attributes of Object.values(disks)) {
    const made = nullBlkConfig(kernelByName(kernel), attributes as Record<string, number>);
    if (made.ok) continue;
    const text =
      made.kind === 'no-attribute'
        ? `rc=2 no-attr:${made.attribute}`
        : `rc=4 sh: write error: ${strerror(errno[made.errno])}`;
    return text;
  }
  return null;
}
