/** What mainline and the stable trees changed in block after v5.10, oldest first; what recorded builds add. */

import type { Patch } from '../edit.ts';

export const blockPatches: readonly Patch[] = [];
