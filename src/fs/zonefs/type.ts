/** zonefs as the kernel registers it (fs/zonefs/super.c, zonefs_type). */

import { errno } from '../../kernel/errno.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Host } from '../../sim/host.ts';
import type { FileSystemType } from '../inode.ts';
import { mountZonefs } from './mount.ts';
import { defaultOptions, parseParameters, refuseOption } from './options.ts';

export const zonefsType: FileSystemType = {
  name: 'zonefs',

  /** Since 6.9 the options are parsed before the device is opened, so a bad one is heard of first. */
  checkOptions(host: Host, data: string): number {
    if (host.kernel.zonefs.options !== 'parameters') return 0;
    const problem = parseParameters(data, defaultOptions());
    if (problem === null) return 0;
    refuseOption(host, problem, true);
    return -errno.EINVAL;
  },

  mountsByContext(kernel: Kernel): boolean {
    return kernel.zonefs.options === 'parameters';
  },

  encrypts(kernel: Kernel): boolean {
    return kernel.zonefs.encryption === 'fscrypt-v2';
  },

  mount: mountZonefs,
};
