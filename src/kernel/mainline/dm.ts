/** What mainline and the stable trees changed in dm after v5.10, oldest first; what recorded builds add. */

import type { Patch } from '../edit.ts';

export const dmPatches: readonly Patch[] = [];

/** Ids of the patches a recorded build has beyond its release, in order. */
export const dmBuilds: Partial<
  Record<'5.10.262' | '6.1.192' | '6.12.117' | '7.3.4', readonly string[]>
> = {};
