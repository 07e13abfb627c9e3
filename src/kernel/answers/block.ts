/** What a kernel answers about the block layer and null_blk; v5.10's answers. Bodies: src/block/. */

export interface BlockAnswers {
  /** How writes to one zone are kept in order: mq-deadline's zone lock (to 6.9) or zone write plugs (6.10+). */
  readonly zoneWriteOrder: 'zone-lock' | 'zone-write-plug';
  /** Is the queue frozen while one of its attributes in sysfs is written? */
  readonly attributeStoreFreezes: boolean;
  /** The checks a zone append meets before its driver, in order (src/block/rules.ts). */
  readonly appendRules: readonly string[];
  /** The checks a zone management bio meets on submission, in order. */
  readonly zoneManagementRules: readonly string[];
  /**
   * Reset of a whole device as one bio: only if the queue says so, else zone by zone (5.10); else by a report that
   * spares zones which need none (to 6.9); always (6.10+).
   */
  readonly wholeReset: 'if-flagged' | 'else-report' | 'always';
  /**
   * The append limit: the driver's word, cut to other limits (to 6.9); a value of which 0 means emulation and users
   * see an effective one (6.10 to 6.12); derived from what the device can do (6.13+).
   */
  readonly appendLimit: 'driver' | 'effective' | 'derived';
  /** Limits take effect as drivers set them, or are checked and completed as a whole (6.9+). */
  readonly limitsCommit: 'as-set' | 'validated';
  /** BLK_DEF_MAX_SECTORS(_CAP): the soft limit nobody asked for, in sectors. */
  readonly defaultMaxSectors: number;
  /** Setting a logical block size cuts the sector limits to whole blocks (blk_queue_logical_block_size()). */
  readonly blockSizeRoundsLimits: boolean;
  /** What follows a failed write to a plugged zone: a report by itself, or errors until somebody reports. */
  readonly plugRecovery: 'automatic-report' | 'until-report';
  /** Which devices get plugs for partly written zones when they appear: those that emulate append, or all. */
  readonly plugPrecreate: 'emulating' | 'all';
  /** When a reset or finish takes effect on the plugs. */
  readonly plugResetAt: 'submission' | 'completion';

  /** null_blk's attributes in configfs that shape a disk, in the order of its source. */
  readonly nullBlkAttributes: readonly string[];
  /** What writing 1 to `power` returns when the disk cannot be made: always ENOMEM, or the reason. */
  readonly nullBlkPowerErrno: 'ENOMEM' | 'reason';
  /** The disk is called after its index, or after its configfs directory. */
  readonly nullBlkName: 'index' | 'item';
  /** Order of the checks of a write (src/block/zones.ts). */
  readonly nullBlkWriteChecks: 'resources-first' | 'position-first' | 'wp-only';
  /** Which implicitly open zone is closed to make room. */
  readonly nullBlkImplicitClose: 'lowest' | 'round-robin';
  /** A reset of a zone forgets the data of a memory backed disk. */
  readonly nullBlkResetDiscards: boolean;
  /** queue_mode 0 still makes a disk without requests. */
  readonly nullBlkBioMode: boolean;
  /** A short last zone is refused when zones have a capacity below their size. */
  readonly nullBlkRuntNeedsFullCapacity: boolean;
  /** The words for a zone size that is no power of two. */
  readonly nullBlkZoneSizeLine: string;
  /** The zoned queue says at which granularity it is written. */
  readonly nullBlkWriteGranularity: boolean;
  /** Logs how it does zone append, and that the disk was created. */
  readonly nullBlkSaysAppend: boolean;
  readonly nullBlkSaysCreated: boolean;
  /** The DMA alignment its queue asks for, in bytes less one. */
  readonly nullBlkDmaAlignment: number;

  /** `write back` in the write_cache of a queue whose device has no cache: taken, refused (EINVAL), or without effect. */
  readonly writeCacheStore: 'taken' | 'refused' | 'ignored';
  /** A device can say that it is gone (BLK_STS_OFFLINE); before, that was an I/O error like others. */
  readonly offlineStatus: boolean;

  /** Pages of a device's node are read from the cache in batches (filemap_get_pages()); before, one after another. */
  readonly readsInBatches: boolean;

  /** The scheduler a regular disk with one hardware queue gets. */
  readonly regularScheduler: 'mq-deadline' | 'none';

  /** Where the list of schedulers has "none" while another runs: behind that one, or first. */
  readonly schedulerList: 'current-first' | 'none-first';
  /** Queues know WRITE SAME (REQ_OP_WRITE_SAME), if only to show its limit. */
  readonly writeSame: boolean;
  /** The driver byte in what sd logs of a command that failed with sense data. */
  readonly scsiDriverByte: 'DRIVER_SENSE' | 'DRIVER_OK';

  /** The files of a queue's directory in sysfs, sorted. */
  readonly queueAttributes: readonly string[];
  /** Those that only zoned devices have. */
  readonly zonedQueueAttributes: readonly string[];
  /** Those that a queue without requests (a mapped device) does not have. */
  readonly requestQueueAttributes: readonly string[];
  /** `io_poll`: never; on disks, and on mapped devices over at least one; on all that have nothing against it below. */
  readonly ioPoll: 'never' | 'disks-and-above' | 'all';
  /** What io_poll_delay, iostats and rq_affinity say of a queue without requests: 0, or what they say of disks. */
  readonly bioQueueShows: 'zeroes' | 'as-disks';

  /** What stands before the log line of a failed request. */
  readonly ioErrorPrefix: string;
  /** The priority class in that line for a task that never set one: none (0) or best effort (2). */
  readonly ioErrorPrioClass: number;
  /** The same for requests of bios that dm-crypt makes itself. */
  readonly ownBioPrioClass: number;
  /** The number of REQ_OP_ZONE_APPEND, which that line shows. */
  readonly appendOpNumber: number;
  /** Failed requests have a trace event of their own (5.18+). */
  readonly rqErrorEvent: boolean;
  /** Each of several bios that were chained for one call has a completion in the trace; before, only the last. */
  readonly chainedBiosTraced: boolean;
  /** The log's flags show that a bio came from a per-CPU cache (REQ_ALLOC_CACHE), as those of bio_alloc() then do. */
  readonly allocCacheShown: boolean;
  /** Trace events print letters of their own for zone operations (`ZA`, `ZR`); before, all are `N`. */
  readonly zoneTraceLetters: boolean;
  /** `want=` on a line without the task's name, or `sector=` with it (handle_bad_sector()). */
  readonly beyondEndLine: 'want' | 'sector';
}

export const blockV510: BlockAnswers = {
  zoneWriteOrder: 'zone-lock',
  attributeStoreFreezes: false,
  appendRules: [
    'block.append.zoned',
    'block.append.zone-start',
    'block.append.sequential',
    'block.append.zone-size',
    'block.append.limit',
  ],
  zoneManagementRules: ['block.zone-management.zoned', 'block.zone-management.reset-all'],
  wholeReset: 'if-flagged',
  appendLimit: 'driver',
  limitsCommit: 'as-set',
  defaultMaxSectors: 2560,
  blockSizeRoundsLimits: false,
  plugRecovery: 'automatic-report',
  plugPrecreate: 'emulating',
  plugResetAt: 'submission',
  nullBlkAttributes: [
    'size',
    'queue_mode',
    'blocksize',
    'memory_backed',
    'discard',
    'cache_size',
    'zoned',
    'zone_size',
    'zone_capacity',
    'zone_nr_conv',
    'zone_max_open',
    'zone_max_active',
  ],
  nullBlkPowerErrno: 'ENOMEM',
  nullBlkName: 'index',
  nullBlkWriteChecks: 'resources-first',
  nullBlkImplicitClose: 'lowest',
  nullBlkResetDiscards: false,
  nullBlkBioMode: true,
  nullBlkRuntNeedsFullCapacity: false,
  nullBlkZoneSizeLine: 'zone_size must be power-of-two',
  nullBlkWriteGranularity: false,
  nullBlkSaysAppend: false,
  nullBlkSaysCreated: false,
  nullBlkDmaAlignment: 511,
  writeCacheStore: 'taken',
  offlineStatus: false,
  readsInBatches: false,
  regularScheduler: 'mq-deadline',
  schedulerList: 'current-first',
  writeSame: true,
  scsiDriverByte: 'DRIVER_SENSE',
  queueAttributes: [
    'add_random',
    'chunk_sectors',
    'dax',
    'discard_granularity',
    'discard_max_bytes',
    'discard_max_hw_bytes',
    'discard_zeroes_data',
    'fua',
    'hw_sector_size',
    'io_poll',
    'io_poll_delay',
    'io_timeout',
    'iostats',
    'logical_block_size',
    'max_active_zones',
    'max_discard_segments',
    'max_hw_sectors_kb',
    'max_integrity_segments',
    'max_open_zones',
    'max_sectors_kb',
    'max_segment_size',
    'max_segments',
    'minimum_io_size',
    'nomerges',
    'nr_requests',
    'nr_zones',
    'optimal_io_size',
    'physical_block_size',
    'read_ahead_kb',
    'rotational',
    'rq_affinity',
    'scheduler',
    'stable_writes',
    'write_cache',
    'write_same_max_bytes',
    'write_zeroes_max_bytes',
    'zone_append_max_bytes',
    'zoned',
  ],
  zonedQueueAttributes: ['max_active_zones', 'max_open_zones'],
  requestQueueAttributes: ['io_timeout', 'wbt_lat_usec'],
  ioPoll: 'never',
  bioQueueShows: 'zeroes',
  ioErrorPrefix: 'blk_update_request: ',
  ioErrorPrioClass: 0,
  ownBioPrioClass: 0,
  appendOpNumber: 21,
  rqErrorEvent: false,
  chainedBiosTraced: false,
  allocCacheShown: false,
  zoneTraceLetters: false,
  beyondEndLine: 'want',
};
