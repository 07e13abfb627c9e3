/** What recorded builds have of btrfs beyond their releases: backports of the patches in btrfs.ts and btrfs-data.ts. */

import { btrfsDataBuilds } from './btrfs-data.ts';

type Build = '5.10.262' | '6.1.192' | '6.12.117' | '7.3.4';

const mountBuilds: Partial<Record<Build, readonly string[]>> = {
  '5.10.262': [
    'btrfs-print-csum',
    'btrfs-5.10.262-big-metadata-first',
    'btrfs-close-forgets-single',
    'btrfs-open-failure-errno',
  ],
  '6.1.192': [
    'btrfs-close-forgets-single',
    'btrfs-mount-line',
    'btrfs-open-failure-errno',
    'btrfs-scan-keeps-path',
  ],
  '6.12.117': ['btrfs-open-failure-errno', 'btrfs-fully-read-only'],
};

/** By recorded build: the ids of the patches it has beyond its release. */
export const btrfsBuilds: Partial<Record<Build, readonly string[]>> = Object.fromEntries(
  (['5.10.262', '6.1.192', '6.12.117', '7.3.4'] as const).map((build) => [
    build,
    [...(mountBuilds[build] ?? []), ...(btrfsDataBuilds[build] ?? [])],
  ]),
);
