/** What a kernel answers about device mapper; v5.10's answers. Bodies: src/dm/. */

export interface DmAnswers {
  /**
   * How a mapped device treats zone append: passed down as it is; the series' support control (limit 0 when a
   * target cannot); Patocka's alternative (limit 0 unless all targets are linear); emulated in dm-zone.c (5.14 to
   * 6.9); emulated by the block layer's write plugs (6.10+).
   */
  readonly zoneAppend:
    | 'pass'
    | 'support-control'
    | 'linear-only'
    | 'dm-emulation'
    | 'block-emulation';
  /** The target types there are, by name. Any other is an "unknown target type". */
  readonly targetTypes: readonly string[];
  /** Targets that work on host-managed devices (DM_TARGET_ZONED_HM); dm-crypt answers for itself (crypt.zonedTarget). */
  readonly zonedTargets: readonly string[];
  /** `NAME MAJOR.MINOR.PATCH` as `dmsetup targets` shows it, of the targets modelled. */
  readonly targetVersions: readonly string[];
  /** The interface version the driver prints when it starts and `dmsetup version` shows. */
  readonly ioctlVersion: string;

  /** Checks of one device area, in order (device_area_is_invalid()). */
  readonly areaRules: readonly string[];
  /** Checks of a table whose limits are zoned, in order (validate_hardware_zoned_model()). */
  readonly zonedRules: readonly string[];
  /** Checks of a table that replaces one whose device has zone write plugs. */
  readonly reloadRules: readonly string[];
  /** The level of the area checks' lines. */
  readonly areaErrorLevel: 'warning' | 'err';
  /** A constructor's error line ends with its errno: ` (-EINVAL)`. */
  readonly constructorErrno: boolean;
  /** What a constructor gets for a path that is no device. */
  readonly missingDeviceErrno: 'ENODEV' | 'ENOENT';
  /** A target line beyond LLONG_MAX bytes is refused by name. */
  readonly tableSizeCheck: boolean;
  /** The I/O hints of targets without devices count (zero, error): since then these take discards. */
  readonly hintsWithoutDevices: boolean;

  /** dm_submit_bio_remap() exists: a target's own bio is traced as a remap of its clone. */
  readonly submittedRemapTraced: boolean;
  /** A native append's location is added to the bio even when the append failed. */
  readonly appendSectorOnFailure: boolean;
  /** A bio is cut to the mapped device's limits before plugs and targets see it: which writes. */
  readonly writeSplit: 'never' | 'straddling-zones' | 'plugged-or-straddling';
  /** The sector in the trace event of a bio that core cuts: where the part just sent began, or where the rest does. */
  readonly splitTraceSector: 'part' | 'rest';
  /** Whether the mapped device has limits of open and active zones, counted from what its targets map. */
  readonly zoneResources: 'none' | 'counted';
  /** What a table without sequential zones is: a zoned device with conventional zones only, or a regular one. */
  readonly conventionalOnly: 'zoned' | 'regular';
  /** A bio that resets all zones: not understood, cut into resets per zone, or passed to targets that map all. */
  readonly resetAll: 'unsupported' | 'per-zone' | 'passed';

  /**
   * dm-inlinecrypt, where there is one: an append gets a data unit number made of its bio's sector, which is the start
   * of its zone; or appends are emulated above it.
   */
  readonly inlinecryptAppend: 'bio-sector' | 'emulate';
  /** dm-error takes a device and so can look zoned. */
  readonly errorTakesDevice: boolean;
  /** dm-flakey without features: reads and writes fail, and the table shows it only where `error_reads` exists. */
  readonly flakeyErrorReads: boolean;
}

export const dmV510: DmAnswers = {
  zoneAppend: 'pass',
  targetTypes: [
    'linear',
    'crypt',
    'flakey',
    'error',
    'zero',
    'delay',
    'striped',
    'snapshot',
    'snapshot-origin',
    'snapshot-merge',
    'mirror',
    'raid',
    'thin',
    'thin-pool',
    'cache',
    'writecache',
    'integrity',
    'verity',
    'multipath',
    'zoned',
    'era',
    'clone',
    'log-writes',
    'dust',
    'unstriped',
    'switch',
  ],
  zonedTargets: ['linear', 'flakey'],
  targetVersions: ['crypt 1.22.0', 'error 1.5.0', 'flakey 1.5.0', 'linear 1.4.0', 'zero 1.1.0'],
  ioctlVersion: '4.43.0',
  areaRules: [
    'dm.area.size',
    'dm.area.zone-start',
    'dm.area.zone-length',
    'dm.area.block-start',
    'dm.area.block-length',
  ],
  zonedRules: ['dm.zoned.model', 'dm.zoned.zone-size', 'dm.zoned.same-zone-size'],
  reloadRules: [],
  areaErrorLevel: 'warning',
  constructorErrno: false,
  missingDeviceErrno: 'ENODEV',
  tableSizeCheck: false,
  hintsWithoutDevices: false,
  submittedRemapTraced: false,
  appendSectorOnFailure: true,
  writeSplit: 'never',
  splitTraceSector: 'part',
  zoneResources: 'none',
  conventionalOnly: 'zoned',
  resetAll: 'unsupported',
  inlinecryptAppend: 'bio-sector',
  errorTakesDevice: false,
  flakeyErrorReads: false,
};
