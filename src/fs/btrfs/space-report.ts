/**
 * What `btrfs filesystem df` asks for (fs/btrfs/ioctl.c, btrfs_ioctl_space_info()): data, system and metadata by profile,
 * each kind only when a block group of it exists, and the global reserve. The same in every era.
 */

import type { SpaceUse } from '../inode.ts';
import { globalReserveBytes } from './metadata-space.ts';
import type { ChunkKind } from './seam.ts';
import type { FsState } from './state.ts';

const KINDS: readonly (readonly [ChunkKind, SpaceUse['kind']])[] = [
  ['data', 'Data'],
  ['system', 'System'],
  ['metadata', 'Metadata'],
];

export function spaceReport(fs: FsState): SpaceUse[] {
  const zoned = fs.env.zones !== null;
  const lines: SpaceUse[] = [];
  for (const [kind, shown] of KINDS) {
    for (const profile of ['dup', 'single'] as const) {
      // A group that is set aside for relocation is counted elsewhere (7.x), and shown nowhere.
      const groups = fs.groups.filter(
        (group) =>
          group.kind === kind && group.profile === profile && group.dedicated !== 'relocation',
      );
      if (groups.length === 0) continue;
      const sum = (of: (group: (typeof groups)[number]) => number): number =>
        groups.reduce((total, group) => total + of(group), 0);
      lines.push({
        kind: shown,
        profile: profile === 'dup' ? 'DUP' : 'single',
        totalBytes: sum((group) => group.length),
        usedBytes: sum((group) => group.used),
        zoneUnusableBytes: zoned ? sum((group) => group.zoneUnusable) : null,
      });
    }
  }
  lines.push({
    kind: 'GlobalReserve',
    profile: 'single',
    totalBytes: globalReserveBytes(fs),
    usedBytes: reserveUsedBytes(fs),
    zoneUnusableBytes: null,
  });
  return lines;
}

/**
 * What the running transaction took from the reserve: a block for a group made in it. As seen of one group made at mount;
 * what several take was seen to differ from build to build.
 */
function reserveUsedBytes(fs: FsState): number {
  const grew = fs.transaction?.logNeedsFullCommit === true;
  return grew && fs.answers.reserveAfterGrowth === 'one-block-used' ? fs.nodeBytes : 0;
}
