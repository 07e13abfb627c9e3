/**
 * What mainline and the stable trees changed in the block layer and null_blk after v5.10, oldest first; what recorded
 * builds add. A change whose release no recording pins down stands in the first of our releases that was seen with it.
 */

import { insert, type Patch, set } from '../edit.ts';

const mainline = (
  patch: Omit<Patch, 'kind' | 'requires' | 'author'> & { readonly author?: string },
): Patch => ({ author: 'Damien Le Moal', ...patch, kind: 'mainline', requires: [] });

const NULL_BLK = ['drivers/block/null_blk/main.c', 'drivers/block/null_blk/zoned.c'];

const v512: readonly Patch[] = [
  mainline({
    id: 'null-blk-max-sectors',
    subject: 'null_blk: Allow controlling max_hw_sectors limit',
    files: NULL_BLK,
    since: 'v5.12',
    merged: '5.11',
    edits: [insert('block.nullBlkAttributes', 'max_sectors', { after: 'blocksize' })],
  }),
  mainline({
    id: 'zone-write-granularity',
    subject: 'block: introduce zone_write_granularity limit',
    commit: 'a805a4fa4fa3',
    files: ['block/blk-settings.c', 'block/blk-sysfs.c', 'drivers/block/null_blk/zoned.c'],
    since: 'v5.12',
    merged: '5.12',
    edits: [set('block.nullBlkWriteGranularity', false, true)],
  }),
  mainline({
    id: 'block-size-rounds-limits',
    subject: 'blk-settings: align max_sectors on "logical_block_size" boundary',
    author: 'Mikulas Patocka',
    commit: '97f433c3601a',
    files: ['block/blk-settings.c'],
    since: 'v5.12',
    merged: '5.12',
    edits: [set('block.blockSizeRoundsLimits', false, true)],
    note: 'The recorded 5.10 build rounds when limits are stacked, but not when a disk sets its block size.',
  }),
];

export const blockPatches: readonly Patch[] = [...v512];

export const blockBuilds: Partial<
  Record<'5.10.262' | '6.1.192' | '6.12.117' | '7.3.4', readonly string[]>
> = {};
