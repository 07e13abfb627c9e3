/** What mainline and the stable trees changed in btrfs after v5.10, oldest first; what recorded builds add. */

import { insert, type Patch, remove, set } from '../edit.ts';
import { btrfsDataPatches } from './btrfs-data.ts';

const AOTA = 'Naohiro Aota';
/** The change was seen in sources or recordings; who made it was not looked up, and its subject is in our words. */
const SEEN = 'not looked up (subject in our words)';
const ZONED = 'fs/btrfs/zoned.c';
const SUPER = 'fs/btrfs/super.c';
const DISK_IO = 'fs/btrfs/disk-io.c';
const VOLUMES = 'fs/btrfs/volumes.c';

type Fields = Pick<Patch, 'id' | 'subject' | 'author' | 'files' | 'edits'> &
  Partial<Pick<Patch, 'commit' | 'since' | 'merged' | 'requires' | 'note' | 'kind'>>;

function patch(fields: Fields): Patch {
  return { kind: 'mainline', requires: [], ...fields };
}

/** 5.11 to 5.15: zoned mode, and the end of its append check. */
const zonedPatches: readonly Patch[] = [
  patch({
    id: 'btrfs-zone-information',
    subject: 'btrfs: get zone information of zoned block devices',
    author: AOTA,
    commit: '5b316468983d',
    files: [ZONED],
    since: 'v5.12',
    merged: '5.11',
    edits: [
      insert('btrfs.mountRules', 'btrfs.mount.zone-size'),
      insert('btrfs.mountRules', 'btrfs.mount.zone-report'),
    ],
  }),
  patch({
    id: 'btrfs-check-zoned-mode',
    subject: 'btrfs: check and enable ZONED mode',
    author: AOTA,
    commit: 'b70f509774ad',
    files: [ZONED, DISK_IO],
    since: 'v5.12',
    merged: '5.11',
    requires: ['btrfs-zone-information'],
    edits: [
      insert('btrfs.zonedModeRules', 'btrfs.zoned-mode.zoned-device'),
      insert('btrfs.zonedModeRules', 'btrfs.zoned-mode.stripe-alignment'),
      insert('btrfs.zonedModeRules', 'btrfs.zoned-mode.mixed-groups'),
    ],
  }),
  patch({
    id: 'btrfs-superblock-log',
    subject: 'btrfs: implement log-structured superblock for ZONED mode',
    author: AOTA,
    commit: '12659251ca5d',
    files: [ZONED, DISK_IO, VOLUMES],
    since: 'v5.12',
    merged: '5.11',
    requires: ['btrfs-zone-information'],
    edits: [
      set('btrfs.zonedMode', false, true),
      insert('btrfs.mountRules', 'btrfs.mount.super-log', { after: 'btrfs.mount.zone-report' }),
    ],
  }),
  patch({
    id: 'btrfs-rescue-options',
    subject: 'btrfs: introduce mount option rescue=ignorebadroots',
    author: 'Josef Bacik',
    commit: '42437a6386ff',
    files: [SUPER],
    since: 'v5.12',
    merged: '5.11',
    edits: [
      insert('btrfs.rescueReadOnly', 'ignorebadroots'),
      insert('btrfs.rescueReadOnly', 'ignoredatacsums'),
      insert('btrfs.rescueWords', 'ignorebadroots'),
      insert('btrfs.rescueWords', 'ignoredatacsums'),
      insert('btrfs.rescueAll', 'ignoredatacsums'),
      insert('btrfs.rescueAll', 'ignorebadroots'),
      insert('btrfs.rescueAll', 'nologreplay'),
    ],
    note: 'With rescue=ignoredatacsums and rescue=all, its neighbours; all leaves out usebackuproot.',
  }),
  patch({
    id: 'btrfs-mount-zoned',
    subject: 'btrfs: zoned: enable to mount ZONED incompat flag',
    author: AOTA,
    files: ['fs/btrfs/ctree.h'],
    since: 'v5.12',
    merged: '5.12',
    requires: ['btrfs-superblock-log', 'btrfs-check-zoned-mode'],
    edits: [set('btrfs.incompatSupported', 0xfff, 0x1fff)],
    note: 'File systems with the ZONED feature can be mounted.',
  }),
  patch({
    id: 'btrfs-drop-zone-append-check',
    subject: 'btrfs: zoned: remove max_zone_append_size logic',
    author: 'Johannes Thumshirn',
    commit: '5a80d1c6a270',
    files: [ZONED, 'fs/btrfs/extent_io.c', 'fs/btrfs/ctree.h'],
    since: 'v5.15',
    merged: '5.15',
    requires: ['btrfs-require-zone-append'],
    edits: [
      remove('btrfs.mountRules', 'btrfs.mount.zone-append-limit'),
      set('btrfs.appendLimit', 'queue', 'untracked'),
    ],
    note: 'Device mapper emulates append by now: the check goes, and the limit is no longer looked at.',
  }),
  patch({
    id: 'btrfs-verity',
    subject: 'btrfs: initial fsverity support',
    author: 'Boris Burkov',
    files: ['fs/btrfs/verity.c'],
    since: 'v5.15',
    merged: '5.15',
    edits: [set('btrfs.compatRoSupported', 0x3, 0x7)],
  }),
];

/** 5.16 to 6.2. */
const limitPatches: readonly Patch[] = [
  patch({
    id: 'btrfs-zone-capacity',
    subject: 'btrfs: zoned: load zone capacity information from devices',
    author: AOTA,
    commit: '8eae532be753',
    files: [ZONED],
    since: 'v6.1',
    merged: '5.16',
    edits: [set('btrfs.zoneEnd', 'length', 'capacity')],
  }),
  patch({
    id: 'btrfs-finish-superblock-zone',
    subject: 'btrfs: zoned: finish superblock zone once no space left for new SB',
    author: AOTA,
    commit: '8376d9e1ed8f',
    files: [ZONED],
    since: 'v6.1',
    merged: '5.16',
    requires: ['btrfs-superblock-log'],
    edits: [set('btrfs.finishesLogZone', false, true)],
  }),
  patch({
    id: 'btrfs-active-zones',
    subject: 'btrfs: zoned: implement active zone tracking',
    author: AOTA,
    commit: 'afba2bc036b0',
    files: [ZONED],
    since: 'v6.1',
    merged: '5.16',
    requires: ['btrfs-zone-information'],
    edits: [
      insert('btrfs.mountRules', 'btrfs.mount.active-zones-minimum', {
        before: 'btrfs.mount.zone-report',
      }),
      insert('btrfs.mountRules', 'btrfs.mount.active-zones-count', {
        after: 'btrfs.mount.zone-report',
      }),
      set('btrfs.activeZones', 'ignored', 'device'),
    ],
  }),
  patch({
    id: 'btrfs-minimum-zone-size',
    subject: 'btrfs: zoned: introduce a minimal zone size 4M and reject mount',
    author: 'Johannes Thumshirn',
    files: [ZONED],
    since: 'v6.1',
    merged: '5.19',
    requires: ['btrfs-zone-information'],
    edits: [
      insert('btrfs.mountRules', 'btrfs.mount.zone-size-minimum', {
        after: 'btrfs.mount.zone-size',
      }),
    ],
  }),
  patch({
    id: 'btrfs-name-zoned-device',
    subject: 'btrfs: zoned: name the zoned device that a file system without the feature found',
    author: SEEN,
    files: [ZONED],
    since: 'v6.1',
    edits: [set('btrfs.zonedDeviceNamed', false, true)],
  }),
  patch({
    id: 'btrfs-revive-append-limit',
    subject: 'btrfs: zoned: revive max_zone_append_bytes',
    author: AOTA,
    commit: 'c2ae7b772ef4',
    files: [ZONED, 'fs/btrfs/fs.h'],
    since: 'v6.1',
    merged: '6.0',
    edits: [set('btrfs.appendLimit', 'untracked', 'segments')],
    note: 'Data extents are no longer than one append.',
  }),
  patch({
    id: 'btrfs-print-csum',
    subject: 'btrfs: print checksum type and implementation at mount time',
    author: 'David Sterba',
    commit: 'c8a5f8ca9a9c',
    files: [DISK_IO],
    since: 'v6.1',
    merged: '6.0',
    edits: [set('btrfs.csumLine', 'none', 'driver')],
  }),
  patch({
    id: 'btrfs-state-letters',
    subject: 'btrfs: add filesystems state details to error messages',
    author: 'Sweet Tea Dorminy',
    files: [SUPER],
    since: 'v6.1',
    edits: [
      set('btrfs.stateLetters', 'none', 'colon'),
      set('btrfs.printkName', 'btrfs_printk', '_btrfs_printk'),
    ],
  }),
  patch({
    id: 'btrfs-fewer-feature-lines',
    subject: 'btrfs: big metadata and skinny extents are no news at mount',
    author: SEEN,
    files: [DISK_IO],
    since: 'v6.1',
    edits: [
      set('btrfs.bigMetadataLine', 'after-options', 'none'),
      set('btrfs.skinnyLine', true, false),
    ],
  }),
  patch({
    id: 'btrfs-check-features',
    subject: 'btrfs: unknown feature bits are called unknown',
    author: SEEN,
    files: [DISK_IO],
    since: 'v6.1',
    edits: [
      set('btrfs.featureWords', 'unsupported optional', 'unknown'),
      set('btrfs.compatRoSupported', 0x7, 0xf),
    ],
    note: 'Block group trees arrive in the same release.',
  }),
  patch({
    id: 'btrfs-close-forgets-single',
    subject: 'btrfs: free device in btrfs_close_devices for a single device filesystem',
    author: 'Anand Jain',
    commit: '5f58d783fd78',
    files: [VOLUMES],
    since: 'v6.2',
    merged: '6.2',
    edits: [set('btrfs.closeForgets', false, true)],
    note: 'Every mount is preceded by a scan line.',
  }),
  patch({
    id: 'btrfs-auto-async-discard',
    subject: 'btrfs: auto enable discard=async when possible',
    author: 'David Sterba',
    commit: '63a7cb130718',
    files: [DISK_IO],
    since: 'v6.2',
    merged: '6.2',
    edits: [set('btrfs.defaultAsyncDiscard', false, true)],
  }),
];

/** 6.5 to 7.3. */
const mountApiPatches: readonly Patch[] = [
  patch({
    id: 'btrfs-zoned-no-async-discard',
    subject: 'btrfs: zoned: async discard is ignored',
    author: SEEN,
    files: [ZONED, 'fs/btrfs/discard.c'],
    since: 'v6.5',
    edits: [set('btrfs.zonedAsyncDiscard', 'accepted', 'dropped')],
  }),
  patch({
    id: 'btrfs-mount-line',
    subject: 'btrfs: log when a file system is first mounted and last unmounted',
    author: SEEN,
    files: [DISK_IO],
    since: 'v6.10',
    edits: [set('btrfs.mountLine', false, true)],
  }),
  patch({
    id: 'btrfs-new-mount-api',
    subject: 'btrfs: switch to the new mount API',
    author: 'Josef Bacik',
    commit: 'ad21f15b0f79',
    files: [SUPER],
    since: 'v6.10',
    merged: '6.8',
    edits: [
      set('btrfs.optionParser', 'at-mount', 'mount-api'),
      insert('btrfs.optionsGone', 'recovery'),
      insert('btrfs.optionsGone', 'inode_cache'),
      insert('btrfs.optionsGone', 'noinode_cache'),
      insert('btrfs.optionsDeprecated', 'nologreplay'),
      insert('btrfs.optionsDeprecated', 'usebackuproot'),
    ],
    note: 'Options are checked before the device is looked at; what they did is told at the end.',
  }),
  patch({
    id: 'btrfs-log-words',
    subject:
      'btrfs: the free-space-tree is hyphenated, states follow the device, the v1 space cache is deprecated',
    author: SEEN,
    files: [SUPER, 'fs/btrfs/messages.c'],
    since: 'v6.10',
    edits: [
      set('btrfs.freeSpaceTreeName', 'free space tree', 'free-space-tree'),
      set('btrfs.stateLetters', 'colon', 'space'),
      set('btrfs.spaceCacheV1', 'supported', 'deprecated'),
    ],
  }),
  patch({
    id: 'btrfs-scan-not-register',
    subject: "btrfs: scan but don't register device on single device filesystem",
    author: 'Anand Jain',
    commit: 'bc27d6f0aa0e',
    files: [VOLUMES],
    since: 'v6.10',
    merged: '6.8',
    edits: [set('btrfs.scanRegistersSingle', true, false)],
  }),
  patch({
    id: 'btrfs-scan-keeps-path',
    subject: 'btrfs: avoid unnecessary device path update for the same device',
    author: 'Qu Wenruo',
    files: [VOLUMES],
    since: 'v6.17',
    merged: '6.13',
    edits: [set('btrfs.scanKeepsSamePath', false, true)],
    note: 'Recorded on 6.1.192, which has it too: a device made as /dev/dm-0 keeps that name in the log.',
  }),
  patch({
    id: 'btrfs-scan-numbers',
    subject: 'btrfs: include device major and minor numbers in the device scan notice',
    author: 'Anand Jain',
    files: [VOLUMES],
    since: 'v6.10',
    merged: '6.9',
    edits: [set('btrfs.scanShowsNumbers', false, true)],
  }),
  patch({
    id: 'btrfs-simple-quota',
    subject: 'btrfs: know the simple quota feature',
    author: SEEN,
    files: ['fs/btrfs/fs.h'],
    since: 'v6.10',
    merged: '6.7',
    edits: [set('btrfs.incompatSupported', 0x1fff, 0x11fff)],
  }),
  patch({
    id: 'btrfs-stacked-append-limit',
    subject: 'btrfs: zoned: append limits are stacked over all devices',
    author: SEEN,
    files: [ZONED],
    since: 'v6.11',
    edits: [set('btrfs.appendLimit', 'segments', 'stacked')],
  }),
  patch({
    id: 'btrfs-rescue-metadata',
    subject: 'btrfs: introduce new "rescue=ignoremetacsums" mount option',
    author: 'Qu Wenruo',
    files: [SUPER, DISK_IO],
    since: 'v6.11',
    merged: '6.11',
    requires: ['btrfs-rescue-options'],
    edits: [
      insert('btrfs.rescueReadOnly', 'ignoremetacsums'),
      insert('btrfs.rescueReadOnly', 'ignoresuperflags'),
      insert('btrfs.rescueWords', 'ignoremetacsums'),
      insert('btrfs.rescueWords', 'ignoresuperflags'),
      insert('btrfs.rescueAll', 'ignoremetacsums'),
      insert('btrfs.rescueAll', 'ignoresuperflags'),
    ],
  }),
  patch({
    id: 'btrfs-fully-read-only',
    subject: 'btrfs: reject new transactions if the fs is fully read-only',
    author: 'Qu Wenruo',
    files: [DISK_IO],
    since: 'v7.3',
    edits: [set('btrfs.fullReadOnlyIsError', false, true)],
    note: 'With ro and a rescue option that forbids transactions, log lines show state E. 6.12.117 has it too.',
  }),
  patch({
    id: 'btrfs-open-failure-errno',
    subject: 'btrfs: output the reason for open_ctree() failure',
    author: 'Qu Wenruo',
    files: [SUPER],
    since: 'v6.17',
    edits: [set('btrfs.openFailureErrno', false, true)],
  }),
];

const latePatches: readonly Patch[] = [
  patch({
    id: 'btrfs-options-gone',
    subject: 'btrfs: remove deprecated mount options and the v1 space cache',
    author: SEEN,
    files: [SUPER],
    since: 'v7.3',
    edits: [
      insert('btrfs.optionsGone', 'nologreplay'),
      insert('btrfs.optionsGone', 'usebackuproot'),
      remove('btrfs.optionsDeprecated', 'nologreplay'),
      remove('btrfs.optionsDeprecated', 'usebackuproot'),
      insert('btrfs.rescueReadOnly', 'usebackuproot', { before: 'nologreplay' }),
      insert('btrfs.rescueAll', 'usebackuproot'),
      set('btrfs.usesBackupRootOnce', true, false),
      set('btrfs.spaceCacheV1', 'deprecated', 'removed'),
    ],
  }),
  patch({
    id: 'btrfs-errno-names',
    subject: 'btrfs: errno names in log lines, checksums by name only',
    author: SEEN,
    files: [DISK_IO, ZONED, SUPER],
    since: 'v7.3',
    edits: [set('btrfs.errnoStyle', 'number', 'name'), set('btrfs.csumLine', 'driver', 'name')],
  }),
  patch({
    id: 'btrfs-default-active-zones',
    subject: 'btrfs: zoned: a default limit of active zones, and eight zones at least',
    author: SEEN,
    files: [ZONED],
    since: 'v7.3',
    requires: ['btrfs-active-zones'],
    edits: [
      insert('btrfs.mountRules', 'btrfs.mount.zones-minimum', {
        after: 'btrfs.mount.active-zones-minimum',
      }),
      remove('btrfs.mountRules', 'btrfs.mount.active-zones-minimum'),
      set('btrfs.activeZones', 'device', 'device-or-default'),
    ],
    note: 'A disk that allows seven active zones mounts again.',
  }),
  patch({
    id: 'btrfs-scan-no-zones',
    subject: 'btrfs: a disk too small for a superblock log is no btrfs',
    author: SEEN,
    files: [VOLUMES],
    since: 'v7.3',
    edits: [set('btrfs.scanTooFewZones', 'ENOENT', 'EINVAL')],
  }),
  patch({
    id: 'btrfs-reserve-refilled',
    subject: 'btrfs: the global reserve is full again after a metadata group was made',
    author: SEEN,
    files: ['fs/btrfs/block-rsv.c'],
    since: 'v7.3',
    edits: [set('btrfs.reserveAfterGrowth', 'one-block-used', 'full')],
  }),
  patch({
    id: 'btrfs-delete-orphan-free-space',
    subject: 'btrfs: delete orphan free space tree entries at the first writable mount',
    author: SEEN,
    files: ['fs/btrfs/free-space-tree.c', DISK_IO],
    since: 'v7.3',
    edits: [set('btrfs.orphanFreeSpace', 'kept', 'deleted')],
  }),
];

/** Quirks of one recorded build. */
const backports: readonly Patch[] = [
  patch({
    id: 'btrfs-5.10.262-big-metadata-first',
    kind: 'backport',
    subject: 'btrfs: the big metadata feature is set before options are parsed',
    author: SEEN,
    files: [DISK_IO],
    edits: [set('btrfs.bigMetadataLine', 'after-options', 'before-options')],
    note: 'As recorded on 5.10.262.',
  }),
];

export const btrfsPatches: readonly Patch[] = [
  ...zonedPatches,
  ...limitPatches,
  ...mountApiPatches,
  ...latePatches,
  ...backports,
  ...btrfsDataPatches,
];
