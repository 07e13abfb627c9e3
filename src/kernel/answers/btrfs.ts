/** What a kernel answers about btrfs's mount side; v5.10's answers. Bodies: src/fs/btrfs/. */

import { type BtrfsDataAnswers, btrfsDataV510 } from './btrfs-data.ts';

export interface BtrfsAnswers extends BtrfsDataAnswers {
  /** The zoned rules of mount, in the order they are asked. v5.10 has no zoned mode. */
  readonly mountRules: readonly string[];
}

export const btrfsV510: BtrfsAnswers = {
  ...btrfsDataV510,
  mountRules: [],
};
