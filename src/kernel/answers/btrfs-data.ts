/** What a kernel answers about btrfs's data side (allocation, extents, reads, commits); v5.10's answers. Bodies: src/fs/btrfs/. */

// biome-ignore lint/suspicious/noEmptyInterface: the data side fills it.
export interface BtrfsDataAnswers {}

export const btrfsDataV510: BtrfsDataAnswers = {};
