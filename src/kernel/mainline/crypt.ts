/** What mainline and the stable trees changed in crypt after v5.10, oldest first; what recorded builds add. */

import type { Patch } from '../edit.ts';

export const cryptPatches: readonly Patch[] = [];
