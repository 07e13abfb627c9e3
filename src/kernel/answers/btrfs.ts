/** What a kernel answers about btrfs's mount side; v5.10's answers. Bodies: src/fs/btrfs/. */

import { type BtrfsDataAnswers, btrfsDataV510 } from './btrfs-data.ts';

export interface BtrfsAnswers extends BtrfsDataAnswers {
  /** Is there a zoned mode: a superblock log on zoned disks, the feature bit, the mount rules? */
  readonly zonedMode: boolean;
  /** The rules of btrfs_get_dev_zone_info(), in the order they are asked of a zoned file system's device. */
  readonly mountRules: readonly string[];
  /** The rules of btrfs_check_zoned_mode(), asked at every mount after those. */
  readonly zonedModeRules: readonly string[];
  /** The rules of btrfs_validate_super(); all are asked, each prints its line. */
  readonly superRules: readonly string[];
  /** When a log zone of the superblock counts as full, and where a zone ends: by condition, or by its capacity. */
  readonly zoneEnd: 'length' | 'capacity';
  /** A full log zone is finished by command when its write pointer stands below its end. */
  readonly finishesLogZone: boolean;
  /**
   * The largest zone append: the queue's limit; not tracked; that limit and the segment count of each device; or
   * limits stacked over all devices.
   */
  readonly appendLimit: 'queue' | 'untracked' | 'segments' | 'stacked';
  /** Where a limit of active zones comes from: none is honoured, the device's, or a default where it has none. */
  readonly activeZones: 'ignored' | 'device' | 'device-or-default';

  /** Bits of incompat_flags this build knows, and of compat_ro_flags. */
  readonly incompatSupported: number;
  readonly compatRoSupported: number;
  /** How an unknown feature bit is called in the log. */
  readonly featureWords: 'unsupported optional' | 'unknown';

  /** Options are parsed by the file system at mount, or by the mount API before the device is looked at. */
  readonly optionParser: 'at-mount' | 'mount-api';
  /** Options that once were and are no more. */
  readonly optionsGone: readonly string[];
  /** Options that the mount API calls deprecated. */
  readonly optionsDeprecated: readonly string[];
  /** Words of `rescue=` that may be used only with `ro`, in the order they are checked. */
  readonly rescueReadOnly: readonly string[];
  /** What `rescue=` understands beside `all`. */
  readonly rescueWords: readonly string[];
  /** What `rescue=all` stands for, in the order it is told; none where it is no value. */
  readonly rescueAll: readonly string[];
  /** Is a backup root asked for only at mount time and then forgotten, or kept and shown? */
  readonly usesBackupRootOnce: boolean;
  readonly spaceCacheV1: 'supported' | 'deprecated' | 'removed';
  /** discard=async on a zoned file system is accepted, or dropped with a line. */
  readonly zonedAsyncDiscard: 'accepted' | 'dropped';
  /** A disk that can discard gets discard=async unless told otherwise. */
  readonly defaultAsyncDiscard: boolean;

  /** What a disk with too few zones for a superblock log answers to the scan. */
  readonly scanTooFewZones: 'ENOENT' | 'EINVAL';
  /** The device scan keeps single-device file systems that nobody mounts. */
  readonly scanRegistersSingle: boolean;
  /** A device seen again under another path keeps the one it was registered with. */
  readonly scanKeepsSamePath: boolean;
  /** A single-device file system is forgotten when it is closed. */
  readonly closeForgets: boolean;
  /** `/dev/base (253:0) scanned by ...`. */
  readonly scanShowsNumbers: boolean;

  /** `first mount of filesystem` is printed (the data side has an answer of its own for the last unmount). */
  readonly mountLine: boolean;
  /** `using crc32c ... checksum algorithm`: not printed, with the driver's name, or without. */
  readonly csumLine: 'none' | 'driver' | 'name';
  /** `flagging fs with big metadata feature`: before the options, after them, or never. */
  readonly bigMetadataLine: 'before-options' | 'after-options' | 'none';
  readonly skinnyLine: boolean;
  /** The name of the feature in `cannot disable ...`. */
  readonly freeSpaceTreeName: 'free space tree' | 'free-space-tree';
  /** The errno in log lines: a number, or its name. */
  readonly errnoStyle: 'number' | 'name';
  /** `open_ctree failed: -22`, or without the number. */
  readonly openFailureErrno: boolean;
  /** State letters in the prefix of a line: `(device dm-0: state M)`, `(device dm-0 state M)`, or none. */
  readonly stateLetters: 'none' | 'colon' | 'space';
  /** A mount that no option lets write (rescue options, ro) counts as one with an error, and shows state E. */
  readonly fullReadOnlyIsError: boolean;
  /** The function name before `N callbacks suppressed`. */
  readonly printkName: string;
  /** `zoned: mode not enabled but zoned device found`, with the device's name after it. */
  readonly zonedDeviceNamed: boolean;
  /** What `btrfs filesystem df` shows of the global reserve after a metadata group was made at mount. */
  readonly reserveAfterGrowth: 'one-block-used' | 'full';
  /** Entries of block groups that are gone are removed from the free space tree at the first writable mount. */
  readonly orphanFreeSpace: 'kept' | 'deleted';
  /** Does it encrypt file contents itself, given a key at mount? No mainline kernel does (the what-if `fs-encryption`). */
  readonly encryption: 'none' | 'fscrypt-v2';
}

export const btrfsV510: BtrfsAnswers = {
  ...btrfsDataV510,
  zonedMode: false,
  mountRules: [],
  zonedModeRules: [],
  superRules: [
    'btrfs.super.magic',
    'btrfs.super.flags',
    'btrfs.super.levels',
    'btrfs.super.sectorsize',
    'btrfs.super.sectorsize-supported',
    'btrfs.super.nodesize',
    'btrfs.super.leafsize',
    'btrfs.super.root-alignment',
    'btrfs.super.fsid',
    'btrfs.super.bytes-used',
    'btrfs.super.stripesize',
    'btrfs.super.num-devices',
    'btrfs.super.bytenr',
    'btrfs.super.system-array',
  ],
  zoneEnd: 'length',
  finishesLogZone: false,
  appendLimit: 'queue',
  activeZones: 'ignored',
  incompatSupported: 0xfff,
  compatRoSupported: 0x3,
  featureWords: 'unsupported optional',
  optionParser: 'at-mount',
  optionsGone: [],
  optionsDeprecated: [],
  rescueReadOnly: ['nologreplay'],
  rescueWords: ['usebackuproot', 'nologreplay'],
  rescueAll: [],
  usesBackupRootOnce: true,
  spaceCacheV1: 'supported',
  zonedAsyncDiscard: 'accepted',
  defaultAsyncDiscard: false,
  scanTooFewZones: 'ENOENT',
  scanRegistersSingle: true,
  scanKeepsSamePath: false,
  closeForgets: false,
  scanShowsNumbers: false,
  mountLine: false,
  csumLine: 'none',
  bigMetadataLine: 'after-options',
  skinnyLine: true,
  freeSpaceTreeName: 'free space tree',
  errnoStyle: 'number',
  openFailureErrno: false,
  stateLetters: 'none',
  fullReadOnlyIsError: false,
  printkName: 'btrfs_printk',
  zonedDeviceNamed: false,
  reserveAfterGrowth: 'one-block-used',
  orphanFreeSpace: 'kept',
  encryption: 'none',
};
