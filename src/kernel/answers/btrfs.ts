/** What a kernel answers about btrfs; v5.10's answers. Bodies: src/fs/btrfs/. */

export interface BtrfsAnswers {
  /** The zoned rules of mount, in the order they are asked. v5.10 has no zoned mode. */
  readonly mountRules: readonly string[];
}

export const btrfsV510: BtrfsAnswers = {
  mountRules: [],
};
