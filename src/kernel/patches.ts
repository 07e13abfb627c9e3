/**
 * The patches this project is about: the series of April 2021, its second version's wording, and what nobody merged
 * but people asked for. A patch is data; a fifth one is added here, and in the one place that asks the answer it
 * edits. What mainline did later stands in mainline/.
 */

import { insert, type Patch, set } from './edit.ts';

const POSTED = '20210416030528.757513';
const POSTED_V2 = '20210417023323.852530';
const LE_MOAL = 'Damien Le Moal';

/** The four patches as posted on 16 April 2021 (v1). `+series[1-2]` names them by their place here. */
export const seedPatches: readonly Patch[] = [
  {
    id: 'dm-zone-append-support-control',
    kind: 'series',
    subject: 'dm: Introduce zone append support control',
    author: LE_MOAL,
    messageId: `${POSTED}-2-damien.lemoal@wdc.com`,
    files: ['drivers/md/dm-table.c', 'include/linux/device-mapper.h'],
    requires: [],
    appliesTo: { from: 'v5.10', before: 'v5.14' },
    edits: [set('dm.zoneAppend', 'pass', 'support-control')],
    note: 'A target may say "no zone append": the limit of the mapped device becomes 0. No target says so yet.',
  },
  {
    id: 'dm-crypt-fix-zoned',
    kind: 'series',
    subject: 'dm crypt: Fix zoned block device support',
    author: LE_MOAL,
    messageId: `${POSTED}-3-damien.lemoal@wdc.com`,
    files: ['drivers/md/dm-crypt.c'],
    requires: ['dm-zone-append-support-control'],
    appliesTo: { from: 'v5.10', before: 'v5.14' },
    edits: [
      set('crypt.zoneAppendFlag', 'none', 'not-supported-for-sector-ivs'),
      set('crypt.appendFlagName', '', 'CRYPT_IV_NO_SECTORS'),
      set(
        'crypt.zoneAppendWarning',
        '',
        'Zone append is not supported with sector-based IV cyphers',
      ),
    ],
    note: 'dm-crypt says "no zone append" unless the IV is null, random or none.',
  },
  {
    id: 'btrfs-require-zone-append',
    kind: 'series',
    subject: 'btrfs: zoned: fail mount if the device does not support zone append',
    author: 'Johannes Thumshirn',
    messageId: `${POSTED}-4-damien.lemoal@wdc.com`,
    commit: '1d68128c107a',
    files: ['fs/btrfs/zoned.c'],
    requires: [],
    since: 'v5.13',
    merged: '5.13',
    appliesTo: { from: 'v5.12', before: 'v5.15' },
    edits: [
      insert('btrfs.mountRules', 'btrfs.mount.zone-append-limit', {
        after: 'btrfs.mount.zone-size',
      }),
    ],
    note: 'Mount fails with EINVAL where the limit is 0. The only one of the four that was merged.',
  },
  {
    id: 'zonefs-regular-write-fallback',
    kind: 'series',
    subject: 'zonefs: fix synchronous write to sequential zone files',
    author: LE_MOAL,
    messageId: `${POSTED}-5-damien.lemoal@wdc.com`,
    files: ['fs/zonefs/super.c', 'fs/zonefs/zonefs.h'],
    requires: [],
    appliesTo: { from: 'v5.10', before: 'v6.1' },
    edits: [set('zonefs.syncWrite', 'append', 'append-or-regular')],
    note: 'Where the limit is 0, synchronous writes are regular writes at the write pointer.',
  },
];

/** Alternatives: the wording of the second version, and roads not taken. */
export const whatIfPatches: readonly Patch[] = [
  {
    id: 'dm-crypt-fix-zoned-v2',
    kind: 'variant',
    subject: 'dm crypt: Fix zoned block device support (v2)',
    author: LE_MOAL,
    messageId: `${POSTED_V2}-3-damien.lemoal@wdc.com`,
    files: ['drivers/md/dm-crypt.c'],
    requires: ['dm-zone-append-support-control'],
    appliesTo: { from: 'v5.10', before: 'v5.14' },
    edits: [
      set('crypt.zoneAppendFlag', 'none', 'not-supported-for-sector-ivs'),
      set('crypt.appendFlagName', '', 'CRYPT_IV_ZONE_APPEND'),
      set('crypt.zoneAppendWarning', '', 'Zone append is not supported with the selected IV mode'),
    ],
    note: 'Patch 2 of the second version: the flag is named for what it allows, the warning is reworded.',
  },
  {
    id: 'crypt-returns-written-sector',
    kind: 'what-if',
    subject: 'dm-crypt hands the sector of its own bio back to device mapper',
    author: 'zonestack',
    files: ['drivers/md/dm-crypt.c'],
    requires: [],
    appliesTo: { from: 'v5.10', before: 'v5.14' },
    edits: [set('crypt.appendCompletion', 'status-only', 'sector')],
    note: 'The world as the cover letter describes it: an append through dm-crypt reports where it landed.',
  },
  {
    id: 'iv-per-zone',
    kind: 'what-if',
    subject: 'dm-crypt uses one IV sector for all of a zone',
    author: 'zonestack, after the cover letter',
    messageId: `${POSTED}-1-damien.lemoal@wdc.com`,
    files: ['drivers/md/dm-crypt.c'],
    requires: [],
    appliesTo: { from: 'v5.10', before: 'v5.14' },
    edits: [set('crypt.ivSector', 'bio-sector', 'zone-start')],
    note: 'Reads and writes agree, at the price of one IV for a whole zone.',
  },
  {
    id: 'fs-encryption',
    kind: 'what-if',
    subject: 'zonefs and btrfs encrypt file contents themselves, as fscrypt does',
    author: 'zonestack, after the cover letter',
    messageId: `${POSTED}-1-damien.lemoal@wdc.com`,
    files: ['fs/zonefs/super.c', 'fs/btrfs/inode.c', 'fs/crypto/'],
    requires: [],
    appliesTo: { from: 'v5.10' },
    edits: [
      set('zonefs.encryption', 'none', 'fscrypt-v2'),
      set('btrfs.encryption', 'none', 'fscrypt-v2'),
    ],
    note: 'mount -o fscrypt=KEY: the IV is the place in the file, so appends need no dm-crypt and may land anywhere. In no mainline kernel for these file systems; what was posted for btrfs has keys for extents, not files.',
  },
  {
    id: 'inlinecrypt-emulates-append',
    kind: 'what-if',
    subject: 'dm-inlinecrypt asks for zone append emulation',
    author: 'zonestack',
    files: ['drivers/md/dm-inlinecrypt.c'],
    requires: ['dm-inlinecrypt'],
    appliesTo: { from: 'v7.3' },
    edits: [set('dm.inlinecryptAppend', 'bio-sector', 'emulate')],
    note: 'What dm-crypt does since 5.14 (ti->emulate_zone_append), in the target that came after it.',
  },
  {
    id: 'crypt-not-zoned',
    kind: 'what-if',
    subject: 'dm-crypt no longer takes zoned devices',
    author: 'zonestack, after Christoph Hellwig',
    messageId: '20210419064529.GA19041@lst.de',
    files: ['drivers/md/dm-crypt.c'],
    requires: [],
    appliesTo: { from: 'v5.10', before: 'v5.14' },
    edits: [set('crypt.zonedTarget', true, false)],
    note: 'Append is mandatory for zoned devices; a target that cannot do it is not one. The table is refused.',
  },
  {
    id: 'crypt-write-workqueue',
    kind: 'what-if',
    subject: 'dm-crypt encrypts writes to zoned devices in its workqueue, as to any other',
    author:
      'zonestack, after the v5.9 pull request that made inline encryption a condition of zoned dm-crypt',
    files: ['drivers/md/dm-crypt.c'],
    requires: [],
    appliesTo: { from: 'v5.10' },
    edits: [set('crypt.writeWorkqueue', 'inline-on-zoned', 'always')],
    note: 'Writes may overtake each other while they are encrypted: why DM_CRYPT_NO_WRITE_WORKQUEUE is set on zoned disks.',
  },
  {
    id: 'no-append-but-linear',
    kind: 'what-if',
    subject: 'dm offers zone append for linear targets only',
    author: 'zonestack, after Mikulas Patocka',
    files: ['drivers/md/dm-table.c'],
    requires: [],
    appliesTo: { from: 'v5.10', before: 'v5.14' },
    edits: [set('dm.zoneAppend', 'pass', 'linear-only')],
    note: 'Every mapped device with another target has limit 0, whatever its IV is.',
  },
];
