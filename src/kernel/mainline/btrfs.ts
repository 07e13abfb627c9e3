/** What mainline and the stable trees changed in btrfs after v5.10, oldest first; what recorded builds add. */

import type { Patch } from '../edit.ts';

export const btrfsPatches: readonly Patch[] = [];
