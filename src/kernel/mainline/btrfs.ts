/** What mainline and the stable trees changed in btrfs after v5.10, oldest first; what recorded builds add. */

import type { Patch } from '../edit.ts';
import { btrfsDataBuilds, btrfsDataPatches } from './btrfs-data.ts';

const mountPatches: readonly Patch[] = [];

export const btrfsPatches: readonly Patch[] = [...mountPatches, ...btrfsDataPatches];

type Build = '5.10.262' | '6.1.192' | '6.12.117' | '7.3.4';

const mountBuilds: Partial<Record<Build, readonly string[]>> = {};

export const btrfsBuilds: Partial<Record<Build, readonly string[]>> = Object.fromEntries(
  (['5.10.262', '6.1.192', '6.12.117', '7.3.4'] as const).map((build) => [
    build,
    [...(mountBuilds[build] ?? []), ...(btrfsDataBuilds[build] ?? [])],
  ]),
);
