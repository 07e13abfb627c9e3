/** What the first picture does without, and comes right after it: btrfs with its commands, and fio. */

import { btrfsType } from '../../src/fs/btrfs/type.ts';
import { fileSystemTypes } from '../../src/fs/types.ts';
import { btrfs } from '../../src/shell/btrfs.ts';
import { fio } from '../../src/shell/fio.ts';
import { mkfsBtrfs } from '../../src/shell/mkfs-btrfs.ts';
import type { Program } from '../../src/shell/program.ts';
import { programs } from '../../src/shell/programs.ts';

/** Makes the machines of this page whole; those that are there already stay as they are. */
export function complete(): void {
  if (fileSystemTypes.includes(btrfsType)) return;
  (fileSystemTypes as (typeof btrfsType)[]).unshift(btrfsType);
  const known = programs as Map<string, Program>;
  known.set('btrfs', btrfs);
  known.set('mkfs.btrfs', mkfsBtrfs);
  known.set('fio', fio);
}
