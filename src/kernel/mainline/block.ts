/** What mainline and the stable trees changed in block after v5.10, oldest first; what recorded builds add. */

import type { Patch } from '../edit.ts';

export const blockPatches: readonly Patch[] = [];

export const blockBuilds: Partial<
  Record<'5.10.262' | '6.1.192' | '6.12.117' | '7.3.4', readonly string[]>
> = {};
