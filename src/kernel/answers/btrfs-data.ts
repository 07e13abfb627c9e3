/**
 * What a kernel answers about btrfs's data side (allocation, extents, reads, commits); v5.10's answers. Bodies:
 * src/fs/btrfs/. v5.10 has no zoned mode; what it says of one is what 5.12 brought, where nothing else is
 * noted.
 */

export interface BtrfsDataAnswers {
  /**
   * When data of a sequential block group goes out as zone append (btrfs_use_zone_append()): never; only when
   * the device had a limit at mount (a limit of 0 means plain writes at the planned place); always.
   */
  readonly dataAppend: 'never' | 'when-limit-not-zero' | 'always';
  /**
   * How an append's data learns its place: ordered extents are cut per bio before submission and moved to the
   * place the completion names, by a physical-to-logical map; or cut where completions are not neighbours, and
   * moved by their distance from the planned place.
   */
  readonly appendLocation: 'split-before-submit' | 'delta-at-completion';
  /** Each cut of an ordered extent re-adds what is left to the count of direct I/O bytes; umount says so. */
  readonly splitCountsDirectBytes: boolean;
  /** A bad block fails all that follows it in its read bio without a look, or itself alone. */
  readonly badReadBlock: 'fails-rest-of-bio' | 'fails-alone';
  /** How many pages a buffered read looks at together (PAGEVEC_SIZE, later PAGEVEC_SIZE of folios). */
  readonly readBatchPages: number;
  /** close_ctree() commits a transaction whether one is running or not; or only a running one. */
  readonly unmountCommit: 'always' | 'when-running';
  /** Neighbouring tree blocks go out as one bio; or each as its own. */
  readonly treeBlockBios: 'merged' | 'single';
  /**
   * The functions that hold back repeated lines of device errors, as their "callbacks suppressed" names them.
   */
  readonly devStatsPlace: string;
  /** The lines that abort messages name: in btrfs_run_delayed_refs() and in btrfs_commit_transaction(). */
  readonly delayedRefsLine: number;
  readonly commitLine: number;
  /** What the global reserve is reckoned from (btrfs_update_global_block_rsv()). */
  readonly globalReserve: 'three-trees' | 'global-roots';
  /** The page cache holds data in single pages, or in folios of up to 64 blocks that are written back as one. */
  readonly dataFolios: 'page' | 'large';
  /**
   * A bio of page-cache data ends when its vector of 256 pages is full; or once it holds what the device took at once when
   * the file system was mounted (btrfs_init_writeback_bio_size()).
   */
  readonly writebackBio: 'vector' | 'device-limit';
  /** A direct write on a zoned file system takes its space in one piece, or in pieces of an append. */
  readonly directExtents: 'whole' | 'as-appends';
  /** When starting a transaction also sets aside what its references may need. */
  readonly transactionRefs: 'when-others-wait' | 'always';
  /** Which group relocation of data uses: any; or the first empty one, taken at a writable mount. */
  readonly relocationGroup: 'shared' | 'reserved-at-mount';
  /** Which empty metadata group becomes the log trees' own: the first, or the one made last. */
  readonly treeLogGroup: 'first-empty' | 'newest-empty';
  /**
   * Who fills the place of a tree block that was freed before it was written, where zones are written in order: the
   * commit, or whoever writes back dirty blocks next.
   */
  readonly freedBlocks: 'in-commit' | 'left-dirty';
  /** Block errors other than I/O, target and medium errors leave no trace in btrfs's log, or a warning. */
  readonly otherBlockErrors: 'silent' | 'warned';
  /**
   * Metadata may be promised beyond what its groups hold while zones are free; or not on zoned disks, where a
   * promise that does not fit makes the kernel allocate and commit, and in the end fails.
   */
  readonly zonedMetadataOvercommit: boolean;
  /** `last unmount of filesystem UUID`. */
  readonly unmountLine: boolean;
  /** How a tree block that is not what it should be is called. */
  readonly treeBlockWords: 'plain' | 'logical-and-mirror';
}

export const btrfsDataV510: BtrfsDataAnswers = {
  dataAppend: 'never',
  appendLocation: 'split-before-submit',
  splitCountsDirectBytes: false,
  badReadBlock: 'fails-rest-of-bio',
  readBatchPages: 15,
  unmountCommit: 'always',
  treeBlockBios: 'merged',
  devStatsPlace: 'btrfs_dev_stat_print_on_error',
  delayedRefsLine: 2163,
  commitLine: 2279,
  globalReserve: 'three-trees',
  dataFolios: 'page',
  writebackBio: 'vector',
  directExtents: 'whole',
  transactionRefs: 'when-others-wait',
  relocationGroup: 'shared',
  treeLogGroup: 'first-empty',
  freedBlocks: 'in-commit',
  otherBlockErrors: 'silent',
  zonedMetadataOvercommit: true,
  unmountLine: false,
  treeBlockWords: 'plain',
};
