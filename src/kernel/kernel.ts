/**
 * The kernel record: what one kernel answers, as plain data. Shared code asks it and never compares versions.
 * Each floor owns the bodies behind its answers: a strategy name or a rule id stands here, the function there.
 */

import { type BlockAnswers, blockV510 } from './answers/block.ts';
import { type BtrfsAnswers, btrfsV510 } from './answers/btrfs.ts';
import { type CryptAnswers, cryptV510 } from './answers/crypt.ts';
import { type DmAnswers, dmV510 } from './answers/dm.ts';
import { type ZonefsAnswers, zonefsV510 } from './answers/zonefs.ts';
import type { PatchId } from './edit.ts';

export interface Kernel {
  /** As the user wrote it: `v5.12+series[1-2]`. */
  readonly name: string;
  /** The release or recorded build below the patches: `v5.12`, `6.12.117`. */
  readonly base: string;
  /** What `uname -r` prints. */
  readonly release: string;
  readonly patches: readonly PatchId[];
  readonly block: BlockAnswers;
  readonly dm: DmAnswers;
  readonly crypt: CryptAnswers;
  readonly zonefs: ZonefsAnswers;
  readonly btrfs: BtrfsAnswers;
}

/** Linux v5.10, the oldest release of the model; every other kernel is this record plus patches. */
export const v510: Kernel = {
  name: 'v5.10',
  base: 'v5.10',
  release: '5.10.0',
  patches: [],
  block: blockV510,
  dm: dmV510,
  crypt: cryptV510,
  zonefs: zonefsV510,
  btrfs: btrfsV510,
};
