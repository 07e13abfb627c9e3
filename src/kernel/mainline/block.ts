/**
 * What mainline and the stable trees changed in the block layer and null_blk after v5.10, oldest first; what recorded
 * builds add. A change whose release no recording pins down stands in the first of our releases that was seen with it.
 */

import { insert, type Patch, type PatchId, remove, set } from '../edit.ts';

type Given = Omit<Patch, 'kind' | 'requires' | 'author'> & { readonly author?: string };

/** A mainline change; what has no author here came in several commits, or is known from its effect only. */
const mainline = (patch: Given): Patch => ({
  author: 'block layer developers',
  requires: [],
  ...patch,
  kind: 'mainline',
});

const backport = (patch: Given): Patch => ({ ...mainline(patch), kind: 'backport' });

const DAMIEN = 'Damien Le Moal';
const NULL_BLK = ['drivers/block/null_blk/main.c', 'drivers/block/null_blk/zoned.c'];
const ZONED = ['block/blk-zoned.c'];
const SETTINGS = ['block/blk-settings.c'];
const SYSFS = ['block/blk-sysfs.c'];

/** Files that appear in a queue's sysfs directory; `before` is what they stand before in the sorted list. */
function attributes(...pairs: readonly (readonly [name: string, before: string])[]) {
  return pairs.map(([name, before]) => insert('block.queueAttributes', name, { before }));
}

const to514: readonly Patch[] = [
  mainline({
    id: 'null-blk-max-sectors',
    subject: 'null_blk: Allow controlling max_hw_sectors limit',
    author: DAMIEN,
    files: NULL_BLK,
    since: 'v5.12',
    merged: '5.11',
    edits: [insert('block.nullBlkAttributes', 'max_sectors', { after: 'blocksize' })],
  }),
  mainline({
    id: 'buffered-reads-in-batches',
    subject: 'fs: generic_file_buffered_read() now uses find_get_pages_contig',
    author: 'Kent Overstreet',
    files: ['mm/filemap.c'],
    since: 'v5.12',
    merged: '5.11',
    edits: [set('block.readsInBatches', false, true)],
  }),
  mainline({
    id: 'null-blk-zone-rework',
    subject: 'null_blk: improve zone locking, implicit close, discard on reset',
    author: DAMIEN,
    files: NULL_BLK,
    since: 'v5.12',
    merged: '5.11',
    edits: [
      set('block.nullBlkImplicitClose', 'lowest', 'round-robin'),
      set('block.nullBlkResetDiscards', false, true),
    ],
  }),
  mainline({
    id: 'zone-write-granularity',
    subject: 'block: introduce zone_write_granularity limit',
    author: DAMIEN,
    commit: 'a805a4fa4fa3',
    files: [...SETTINGS, ...SYSFS, ...NULL_BLK],
    since: 'v5.12',
    merged: '5.12',
    edits: [
      ...attributes(['zone_write_granularity', 'zoned']),
      set('block.nullBlkWriteGranularity', false, true),
    ],
  }),
  mainline({
    id: 'block-size-rounds-limits',
    subject: 'blk-settings: align max_sectors on "logical_block_size" boundary',
    author: 'Mikulas Patocka',
    commit: '97f433c3601a',
    files: SETTINGS,
    since: 'v5.12',
    merged: '5.12',
    edits: [set('block.blockSizeRoundsLimits', false, true)],
    note: 'The recorded 5.10 build rounds when limits are stacked, but not when a disk sets its block size.',
  }),
  mainline({
    id: 'queue-virt-boundary',
    subject: 'block: add queue attribute virt_boundary_mask',
    files: SYSFS,
    // Merged for 5.13; our v5.13 stands for 5.12.y, which took patch 3 alone.
    since: 'v5.14',
    merged: '5.13',
    edits: attributes(['virt_boundary_mask', 'write_cache']),
  }),
  mainline({
    id: 'reset-all-emulation',
    subject: 'block: improve handling of all zones reset operation',
    author: DAMIEN,
    files: ZONED,
    since: 'v5.14',
    merged: '5.14',
    edits: [set('block.wholeReset', 'if-flagged', 'else-report')],
  }),
];

const to69: readonly Patch[] = [
  mainline({
    id: 'chained-completions-traced',
    subject: 'block: fix trace completion for chained bio',
    author: 'Edward Hsieh',
    files: ['block/bio.c'],
    since: 'v5.15',
    merged: '5.15',
    edits: [set('block.chainedBiosTraced', false, true)],
  }),
  mainline({
    id: 'io-error-line-without-function',
    subject: 'block: print the I/O error line without the name of its function',
    files: ['block/blk-mq.c'],
    since: 'v6.1',
    merged: '5.16',
    edits: [set('block.ioErrorPrefix', 'blk_update_request: ', '')],
  }),
  mainline({
    id: 'poll-without-hybrid',
    subject: 'block: polling of bios, through mapped devices too',
    files: ['block/blk-core.c', 'drivers/md/dm.c'],
    since: 'v6.1',
    merged: '5.18',
    edits: [set('block.ioPoll', 'never', 'disks-and-above')],
  }),
  mainline({
    id: 'rq-error-event',
    subject: 'block: introduce block_rq_error tracepoint',
    files: ['block/blk-mq.c'],
    since: 'v6.1',
    merged: '5.18',
    edits: [set('block.rqErrorEvent', false, true)],
  }),
  mainline({
    id: 'offline-status',
    subject: 'block: introduce BLK_STS_OFFLINE, which is ENODEV',
    author: 'Song Liu',
    files: ['block/blk-core.c', 'drivers/scsi/scsi_lib.c'],
    since: 'v6.1',
    merged: '5.18',
    edits: [set('block.offlineStatus', false, true)],
  }),
  mainline({
    id: 'beyond-end-line',
    subject: 'block: name the task and the sector of an access beyond the end',
    files: ['block/blk-core.c'],
    since: 'v6.1',
    merged: '5.19',
    edits: [set('block.beyondEndLine', 'want', 'sector')],
  }),
  mainline({
    id: 'queue-dma-alignment',
    subject: 'block: export dma_alignment attribute',
    files: SYSFS,
    since: 'v6.1',
    merged: '6.0',
    edits: attributes(['dma_alignment', 'fua']),
  }),
  mainline({
    id: 'default-io-priority',
    subject: 'block: fix default IO priority handling',
    author: 'Jan Kara',
    files: ['block/blk-mq.c', 'block/ioprio.c'],
    since: 'v6.1',
    merged: '6.0',
    edits: [set('block.ioErrorPrioClass', 0, 2), set('block.ownBioPrioClass', 0, 2)],
  }),
  mainline({
    id: 'renumbered-zone-append',
    subject: 'block: give zone append another number',
    files: ['include/linux/blk_types.h'],
    since: 'v6.1',
    merged: '6.1',
    edits: [set('block.appendOpNumber', 21, 7)],
    note: 'Seen only as `op 0x7:(ZONE_APPEND)` in the log of a failed append.',
  }),
  mainline({
    id: 'null-blk-by-name',
    subject:
      'null_blk: name disks after their configfs items, say why they cannot be, say when they are there',
    files: NULL_BLK,
    since: 'v6.1',
    merged: '5.19',
    edits: [
      set('block.nullBlkName', 'index', 'item'),
      set('block.nullBlkPowerErrno', 'ENOMEM', 'reason'),
      set('block.nullBlkSaysCreated', false, true),
      set(
        'block.nullBlkZoneSizeLine',
        'zone_size must be power-of-two',
        'zone_size must be non-zero power-of-two',
      ),
      set('block.nullBlkRuntNeedsFullCapacity', false, true),
      set('block.nullBlkWriteChecks', 'resources-first', 'position-first'),
      set('block.regularScheduler', 'mq-deadline', 'none'),
    ],
  }),
  mainline({
    id: 'null-blk-dead-zones',
    subject: 'null_blk: support read-only and offline zones',
    author: "Shin'ichiro Kawasaki",
    files: NULL_BLK,
    since: 'v6.2',
    merged: '6.2',
    edits: [
      insert('block.nullBlkAttributes', 'zone_readonly'),
      insert('block.nullBlkAttributes', 'zone_offline'),
    ],
  }),
];

/** The release has it with 6.6, the recorded 6.1 build as a stable backport. */
const NO_CACHE_NO_WRITE_BACK: Given = {
  id: 'no-cache-no-write-back',
  subject: "block: don't allow enabling a cache on devices that don't support it",
  author: 'Christoph Hellwig',
  files: SYSFS,
  edits: [set('block.writeCacheStore', 'taken', 'refused')],
};

const to612: readonly Patch[] = [
  mainline({
    id: 'zone-write-plugging',
    subject: 'block: Introduce zone write plugging',
    author: DAMIEN,
    commit: 'dd291d77cc90',
    files: [...ZONED, 'block/blk-mq.c', 'block/mq-deadline.c', 'block/blk-core.c'],
    since: 'v6.10',
    merged: '6.10',
    edits: [
      set('block.zoneWriteOrder', 'zone-lock', 'zone-write-plug'),
      set('block.appendLimit', 'driver', 'effective'),
      remove('block.appendRules', 'block.append.sequential'),
    ],
  }),
  mainline({
    id: 'queue-limits-as-one',
    subject: 'block: queue limits are validated and committed as a whole',
    author: 'Christoph Hellwig',
    files: SETTINGS,
    since: 'v6.10',
    merged: '6.9',
    edits: [set('block.limitsCommit', 'as-set', 'validated')],
  }),
  mainline({
    id: 'reset-all-always',
    subject: 'block: Remove zone_reset_all queue flag; emulate where a device cannot',
    author: DAMIEN,
    files: ZONED,
    since: 'v6.10',
    merged: '6.10',
    edits: [
      set('block.wholeReset', 'else-report', 'always'),
      remove('block.zoneManagementRules', 'block.zone-management.reset-all'),
    ],
  }),
  mainline({
    id: 'null-blk-append-limit',
    subject: 'null_blk: Introduce zone_append_max_sectors attribute',
    author: DAMIEN,
    files: NULL_BLK,
    since: 'v6.10',
    merged: '6.10',
    edits: [
      insert('block.nullBlkAttributes', 'zone_append_max_sectors', { after: 'zone_max_active' }),
      set('block.nullBlkWriteChecks', 'position-first', 'wp-only'),
      set('block.nullBlkSaysAppend', false, true),
    ],
  }),
  mainline({
    id: 'null-blk-no-bio-mode',
    subject: 'null_blk: Remove the bio-based mode',
    files: NULL_BLK,
    since: 'v6.10',
    merged: '6.10',
    edits: [set('block.nullBlkBioMode', true, false)],
  }),
  mainline({
    id: 'queue-attributes-of-requests',
    subject: 'blk-sysfs: add a new attr_group for blk_mq',
    files: SYSFS,
    since: 'v6.10',
    merged: '6.6',
    edits: [
      insert('block.requestQueueAttributes', 'nr_requests'),
      insert('block.requestQueueAttributes', 'rq_affinity'),
      insert('block.requestQueueAttributes', 'scheduler'),
    ],
  }),
  mainline({
    ...NO_CACHE_NO_WRITE_BACK,
    since: 'v6.10',
    merged: '6.6',
  }),
  mainline({
    id: 'queue-store-freezes',
    subject: 'block: freeze the queue in queue_attr_store',
    author: 'Christoph Hellwig',
    files: SYSFS,
    since: 'v6.11',
    merged: '6.11',
    edits: [set('block.attributeStoreFreezes', false, true)],
  }),
  mainline({
    id: 'queue-features',
    subject: 'block: queue flags become features of the limits and are inherited',
    author: 'Christoph Hellwig',
    files: [...SETTINGS, ...SYSFS],
    since: 'v6.11',
    merged: '6.11',
    edits: [
      set('block.ioPoll', 'disks-and-above', 'all'),
      set('block.bioQueueShows', 'zeroes', 'as-disks'),
    ],
  }),
  mainline({
    id: 'write-cache-only-disabled',
    subject: 'block: move cache control settings out of queue->flags',
    author: 'Christoph Hellwig',
    files: [...SETTINGS, ...SYSFS],
    since: 'v6.11',
    merged: '6.11',
    edits: [set('block.writeCacheStore', 'refused', 'ignored')],
    note: 'The attribute keeps only whether a cache the device has is switched off.',
  }),
  mainline({
    id: 'atomic-writes',
    subject: 'block: Add core atomic write support',
    author: 'John Garry',
    files: [...SETTINGS, ...SYSFS],
    since: 'v6.11',
    merged: '6.11',
    edits: attributes(
      ['atomic_write_boundary_bytes', 'chunk_sectors'],
      ['atomic_write_max_bytes', 'chunk_sectors'],
      ['atomic_write_unit_max_bytes', 'chunk_sectors'],
      ['atomic_write_unit_min_bytes', 'chunk_sectors'],
    ),
  }),
];

/** The Dec-2024 recovery fix: the release has it with 6.13, the recorded 6.12 build as a stable backport. */
const PLUG_FIX: Given = {
  id: 'plug-errors-until-report',
  subject: 'block: Prevent potential deadlocks in zone write plug error recovery',
  author: DAMIEN,
  commit: 'fe0418eb9bd6',
  files: ZONED,
  edits: [
    set('block.plugRecovery', 'automatic-report', 'until-report'),
    set('block.plugResetAt', 'submission', 'completion'),
  ],
  note: 'A write that fails makes the zone refuse writes until somebody reports, resets or finishes it.',
};

const to73: readonly Patch[] = [
  mainline({ ...PLUG_FIX, since: 'v6.17', merged: '6.13' }),
  mainline({
    id: 'hw-zone-append-limit',
    subject: 'block: add a max_hw_zone_append_sectors limit',
    author: 'Christoph Hellwig',
    files: SETTINGS,
    since: 'v6.17',
    merged: '6.13',
    edits: [set('block.appendLimit', 'effective', 'derived')],
  }),
  mainline({
    id: 'queue-attributes-of-2025',
    subject: 'block: pass-through statistics, write streams, unmapping zeroes, a larger default',
    files: [...SETTINGS, ...SYSFS],
    since: 'v6.17',
    merged: '6.17',
    edits: [
      ...attributes(
        ['iostats_passthrough', 'logical_block_size'],
        ['max_write_streams', 'minimum_io_size'],
        ['write_stream_granularity', 'write_zeroes_max_bytes'],
        ['write_zeroes_unmap_max_bytes', 'zone_append_max_bytes'],
        ['write_zeroes_unmap_max_hw_bytes', 'zone_append_max_bytes'],
      ),
      set('block.defaultMaxSectors', 2560, 8192),
    ],
  }),
  mainline({
    id: 'zone-trace-letters',
    subject: 'blktrace: add zone operations to the letters of an operation',
    files: ['kernel/trace/blktrace.c'],
    since: 'v7.3',
    merged: '6.19',
    edits: [set('block.zoneTraceLetters', false, true)],
  }),
  mainline({
    id: 'cached-zone-reports',
    subject: 'block: track zone conditions and report them from memory',
    author: DAMIEN,
    files: ZONED,
    since: 'v7.3',
    merged: '6.19',
    edits: [
      set('block.plugPrecreate', 'emulating', 'all'),
      insert('block.zoneManagementRules', 'block.zone-management.sequential'),
    ],
  }),
  mainline({
    id: 'queue-attributes-of-7x',
    subject: 'block: async_depth for all schedulers; one zone write at a time',
    files: [...SYSFS, ...ZONED],
    since: 'v7.3',
    merged: '7.0',
    edits: [
      ...attributes(['async_depth', 'atomic_write_boundary_bytes']),
      insert('block.requestQueueAttributes', 'async_depth'),
      insert('block.queueAttributes', 'zoned_qd1_writes', { after: 'zoned' }),
      insert('block.zonedQueueAttributes', 'zoned_qd1_writes'),
    ],
  }),
  mainline({
    id: 'bio-cache-everywhere',
    subject: 'block: allocate all bios through the per-CPU cache',
    files: ['block/bio.c'],
    since: 'v7.3',
    merged: '7.0',
    edits: [set('block.allocCacheShown', false, true)],
  }),
  mainline({
    id: 'null-blk-dma-alignment',
    subject: 'null_blk: set the DMA alignment to one byte',
    files: NULL_BLK,
    since: 'v7.3',
    merged: '7.0',
    edits: [set('block.nullBlkDmaAlignment', 511, 1)],
  }),
];

const inBuilds: readonly Patch[] = [
  backport({
    id: 'config-blk-wbt',
    subject: 'Debian: CONFIG_BLK_WBT=y',
    author: 'Debian kernel team',
    files: ['debian/config/config'],
    edits: attributes(['wbt_lat_usec', 'write_cache']),
  }),
  backport({
    id: 'zone-write-granularity-limit-5.10.y',
    subject: 'block: introduce zone_write_granularity limit',
    author: DAMIEN,
    files: [...SETTINGS, ...SYSFS],
    edits: attributes(['zone_write_granularity', 'zoned']),
    note: 'The limit without its users: null_blk leaves it 0.',
  }),
  backport({
    id: 'null-blk-dead-zones-6.1.y',
    subject: 'null_blk: support read-only and offline zones',
    author: "Shin'ichiro Kawasaki",
    files: NULL_BLK,
    edits: [
      insert('block.nullBlkAttributes', 'zone_readonly'),
      insert('block.nullBlkAttributes', 'zone_offline'),
    ],
  }),
  backport({
    id: 'own-bios-without-priority-6.1.y',
    subject: 'block: bios that dm-crypt makes keep no priority class',
    files: ['block/blk-mq.c'],
    edits: [set('block.ownBioPrioClass', 2, 0)],
    note: 'Seen in the log of failed requests only; which change of 6.1.y brought it is not known.',
  }),
  backport({ ...NO_CACHE_NO_WRITE_BACK, id: 'no-cache-no-write-back-6.1.y' }),
  backport({ ...PLUG_FIX, id: 'plug-errors-until-report-6.12.y' }),
];

export const blockPatches: readonly Patch[] = [...to514, ...to69, ...to612, ...to73, ...inBuilds];

export const blockBuilds: Partial<
  Record<'5.10.262' | '6.1.192' | '6.12.117' | '7.3.4', readonly PatchId[]>
> = {
  '5.10.262': ['config-blk-wbt', 'zone-write-granularity-limit-5.10.y'],
  '6.1.192': [
    'config-blk-wbt',
    'null-blk-dead-zones-6.1.y',
    'no-cache-no-write-back-6.1.y',
    'own-bios-without-priority-6.1.y',
  ],
  '6.12.117': ['config-blk-wbt', 'plug-errors-until-report-6.12.y'],
  '7.3.4': ['config-blk-wbt'],
};
