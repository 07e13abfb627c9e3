/**
 * Mounting btrfs: fs/btrfs/super.c up to the superblock, then disk-io.c open_ctree() in its order. What fails ends the
 * mount with `open_ctree failed`; what the device scan refuses before that leaves no line at all. Eras differ in when
 * options are parsed, in the info lines, and in the rule lists of the kernel record.
 */

import { BaseBlockDevice } from '../../block/base-device.ts';
import { errno } from '../../kernel/errno.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { askRule, askRules } from '../../sim/decision.ts';
import type { Host } from '../../sim/host.ts';
import type { Task } from '../../sim/task.ts';
import type { FileSystemType, Inode, MountContext, MountedFs, MountResult } from '../inode.ts';
import { CSUM_KINDS } from './csum.ts';
import {
  CompatRo,
  FEATURE_RULES,
  hasCompatRo,
  hasIncompat,
  Incompat,
  needsBigMetadata,
} from './features.ts';
import { MOUNT_RULES, ZONED_MODE_RULES } from './mount-rules.ts';
import { checkOptions, checkZonedOptions, type OptionSubject } from './option-rules.ts';
import { clearOneShot, emittedLines } from './option-show.ts';
import { defaultOptions, type OptionState, setAndSay } from './option-state.ts';
import { optionWords, parseAtMount, parseByApi, type Speaker } from './options.ts';
import { btrfsPrintk } from './printk.ts';
import { closeScanned, forgetDevice, scanDevice } from './scan.ts';
import type { DataSide } from './seam.ts';
import { MountSession } from './session.ts';
import { readSuperBytes } from './super-io.ts';
import type { LogPair } from './super-log.ts';
import { SUPER_RULES } from './super-rules.ts';
import { superCsumMatches } from './superblock.ts';
import { uuidText } from './uuid.ts';
import { probeZones, zoneInfo } from './zone-info.ts';

const SILENT: Speaker = { log: () => {}, api: () => {} };

/** The key of `host.beside` that says mkfs left entries of removed block groups in the free space tree. */
export function orphanFreeSpaceKey(fsid: string): string {
  return `btrfs/${fsid}/orphan-free-space`;
}

/** FileSystemType.checkOptions: where the mount API parses, before the device is open. */
export function checkOptionText(host: Host, data: string): number {
  const answers = host.kernel.btrfs;
  if (answers.optionParser === 'at-mount') return 0;
  return parseByApi(data, defaultOptions(), answers, {
    log: (level, text) => btrfsPrintk(host, level, null, new Set(), text),
    api: (level, text) => host.printk(level, text),
  });
}

/** FileSystemType.mount. */
export function* mountBtrfs(data: DataSide, context: MountContext): Task<MountResult> {
  const { host, block, device } = context;
  const answers = host.kernel.btrfs;
  const early = defaultOptions();
  if (answers.optionParser === 'mount-api') parseByApi(context.data, early, answers, SILENT);
  else readEarly(context.data, early);
  const missing = lookUpDevices(context, early);
  if (missing < 0) return { ok: false, errno: missing };
  const scanned = yield* scanDevice(context, true);
  if (typeof scanned === 'number') return { ok: false, errno: scanned };
  const { entry } = scanned;
  if (entry === null) throw new Error('"entry" expected a registered device, got none');
  if (scanned.superblock.numDevices > 1) {
    throw new NotModelled('btrfs on more than one device');
  }
  entry.open = true;
  // Opened for the mount, the device is read anew, and once more by open_ctree(): each drops what was cached before.
  for (let again = 0; again < 2; again += 1) yield* readSuperBytes(block, device, scanned.sector);
  const parsed = answers.optionParser === 'mount-api' ? early : defaultOptions();
  const readOnly = parsed.readOnly ?? context.flags.readOnly;
  const session = new MountSession(block, device, { ...scanned, entry }, parsed, readOnly);
  session.masterKey = context.masterKey ?? null;
  const result = yield* openCtree(session, context.data, data);
  if (typeof result === 'number') {
    const reason = answers.openFailureErrno ? `: ${session.errnoText(result)}` : '';
    session.log('err', `open_ctree failed${reason}`);
    closeScanned(host, entry);
    return { ok: false, errno: result };
  }
  const found = findSubvolume(result, early);
  if (found === 0) return { ok: true, mount: result };
  yield* result.sync();
  yield* result.unmount();
  return { ok: false, errno: found };
}

/** The options that are needed before the superblock: btrfs_parse_device_options(), btrfs_parse_subvol_options(). */
function readEarly(data: string, state: OptionState): void {
  for (const word of optionWords(data)) {
    const [name = '', value] = word.split(/=(.*)/s);
    if (name === 'device' && value !== undefined) state.devices.push(value);
    if (name === 'subvol' && value !== undefined) state.subvol = value;
    if (name === 'subvolid' && /^[0-9]+$/.test(value ?? '')) state.subvolid = Number(value) || 5;
  }
}

/** `device=`: further devices are scanned first. Another one than the source means several devices. */
function lookUpDevices(context: MountContext, state: OptionState): number {
  for (const path of state.devices) {
    if (path === context.source) continue;
    const name = path.replace(/^\/dev\//, '');
    if (!context.block.devices.has(name)) return -errno.ENOENT;
    throw new NotModelled(`mount option device=${path}`, 'one device per btrfs');
  }
  return 0;
}

/** open_ctree(). A mounted file system, or a negative errno after the lines that say why. */
function* openCtree(session: MountSession, text: string, data: DataSide): Task<MountedFs | number> {
  const checks = [checkSuperblock, takeOptions(text), checkFeatures, checkZones, checkZonedMode];
  for (const check of checks) {
    const result = check(session);
    if (result < 0) return result;
  }
  planStartup(session);
  const opened = yield* data.openFilesystem(session);
  if (!opened.ok) return opened.errno;
  finishOpen(session);
  return opened.mount;
}

function checkSuperblock(session: MountSession): number {
  const { superblock, answers } = session;
  if (session.parsed.flags.has('ignoremetacsums')) session.state.add('S');
  if (answers.mountLine) {
    session.log('info', `first mount of filesystem ${uuidText(superblock.fsid)}`);
  }
  const kind = CSUM_KINDS[superblock.csumType];
  if (kind === undefined) {
    session.log('err', `unsupported checksum algorithm: ${superblock.csumType}`);
    return -errno.EINVAL;
  }
  if (answers.csumLine !== 'none') {
    const driver = answers.csumLine === 'driver' ? ` (${kind.driver})` : '';
    session.log('info', `using ${kind.name}${driver} checksum algorithm`);
  }
  const csum = askRule(
    {
      id: 'btrfs.super.checksum',
      source: { file: 'fs/btrfs/disk-io.c', function: 'btrfs_check_super_csum' },
      sees: () => ({ csum_type: kind.name }),
      // No other slot and no other copy is tried: a torn newest superblock is fatal.
      passes: () => superCsumMatches(session.found.bytes),
      refuses: () => ({ errno: 'EINVAL' as const, log: 'superblock checksum mismatch' }),
    },
    session,
    session.asker,
  );
  return csum < 0 ? csum : validateSuper(session);
}

function validateSuper(session: MountSession): number {
  const { superblock, answers, asker } = session;
  let result = 0;
  for (const id of answers.superRules) {
    const refused = askRules([id], SUPER_RULES, { superblock, answers }, asker);
    if (refused < 0) result = refused;
  }
  if (result < 0) session.log('err', 'superblock contains fatal errors');
  else if (answers.bigMetadataLine === 'before-options') flagBigMetadata(session);
  return result;
}

function flagBigMetadata(session: MountSession): void {
  const { superblock, answers } = session;
  const set = hasIncompat(superblock, Incompat.bigMetadata);
  if (!needsBigMetadata(superblock)) return;
  // Where it is said before the options, it is said at every mount: the bits are not looked at yet.
  if (
    answers.bigMetadataLine === 'before-options' ||
    (answers.bigMetadataLine !== 'none' && !set)
  ) {
    session.log('info', 'flagging fs with big metadata feature');
  }
  superblock.incompatFlags |= Incompat.bigMetadata;
}

function takeOptions(text: string): (session: MountSession) => number {
  return (session) => {
    const { answers, parsed, superblock, readOnly } = session;
    const subject: OptionSubject = { state: parsed, superblock, answers, readOnly };
    let result = 0;
    if (answers.optionParser === 'at-mount') {
      defaultCache(session);
      result = parseAtMount(text, parsed, answers, session.speaker);
    } else {
      const said = ['free_space_tree', 'space_cache', 'no_space_cache'] as const;
      if (!said.some((flag) => parsed.flags.has(flag))) defaultCache(session);
    }
    // Whether it is zoned is known only later here; then the zoned checks are made.
    result = checkOptions(subject, false, result, session.asker);
    if (answers.spaceCacheV1 === 'deprecated' && parsed.flags.has('space_cache')) {
      session.log(
        'warning',
        'space cache v1 is being deprecated and will be removed in a future release, please use -o space_cache=v2',
      );
    }
    if (result < 0) return result;
    if (answers.optionParser === 'at-mount') {
      if (parsed.flags.has('space_cache')) session.log('info', 'disk space caching is enabled');
      if (parsed.flags.has('free_space_tree')) session.log('info', 'using free space tree');
    }
    session.settleOptions();
    return 0;
  };
}

/** What the superblock says of the space cache, unless an option does. */
function defaultCache(session: MountSession): void {
  const { superblock, parsed } = session;
  if (hasCompatRo(superblock, CompatRo.freeSpaceTree)) {
    parsed.flags.add('free_space_tree');
  } else if (superblock.cacheGeneration !== 0n) {
    if (hasIncompat(superblock, Incompat.zoned)) {
      session.log('info', 'zoned: clearing existing space cache');
      superblock.cacheGeneration = 0n;
    } else if (session.answers.spaceCacheV1 !== 'removed') {
      parsed.flags.add('space_cache');
    }
  }
}

function checkFeatures(session: MountSession): number {
  const { superblock, answers, readOnly, asker } = session;
  for (const rule of FEATURE_RULES) {
    const result = askRule(rule, { superblock, answers, readOnly }, asker);
    if (result < 0) return result;
  }
  superblock.incompatFlags |= Incompat.mixedBackref;
  if (answers.skinnyLine && hasIncompat(superblock, Incompat.skinnyMetadata)) {
    session.log('info', 'has skinny extents');
  }
  if (answers.bigMetadataLine !== 'before-options') flagBigMetadata(session);
  if (session.parsed.flags.has('ignoredatacsums')) session.state.add('C');
  if (answers.fullReadOnlyIsError && isFullyReadOnly(session)) session.state.add('E');
  return 0;
}

/** fs_is_full_ro(): read-only, and with an option after which nothing could be committed. */
function isFullyReadOnly({ readOnly, parsed }: MountSession): boolean {
  const forbidding = [
    'nologreplay',
    'ignorebadroots',
    'ignoredatacsums',
    'ignoremetacsums',
    'ignoresuperflags',
  ];
  return readOnly && forbidding.some((flag) => (parsed.flags as ReadonlySet<string>).has(flag));
}

/** btrfs_get_dev_zone_info_all_devices(): only a file system with the feature looks. */
function checkZones(session: MountSession): number {
  const { superblock, answers, device, source, asker } = session;
  if (!hasIncompat(superblock, Incompat.zoned)) return 0;
  const probe = probeZones(device, source, superblock, answers);
  const result = askRules(answers.mountRules, MOUNT_RULES, probe, asker);
  if (result < 0) {
    session.log('err', `zoned: failed to read device zone info: ${session.errnoText(result)}`);
    return result;
  }
  session.zones = zoneInfo(probe, superblock.sectorsize);
  session.attachLogs(
    probe.logs.map((log): LogPair | null => (typeof log === 'number' ? null : log)),
  );
  const [model, kind] = probe.zoned
    ? [`${device.limits.zoned.value} zoned`, '']
    : ['regular', 'emulated '];
  session.log(
    'info',
    `${model} block device ${source}, ${probe.nrZones} ${kind}zones of ${probe.zoneSizeBytes} bytes`,
  );
  return 0;
}

/** btrfs_check_zoned_mode(): asked of every file system, so that a zoned disk needs the feature. */
function checkZonedMode(session: MountSession): number {
  const { superblock, answers, device, parsed, readOnly, asker, zones } = session;
  if (!answers.zonedMode) return 0;
  const subject = {
    deviceName: device.name,
    deviceModel: device.limits.zoned.value,
    zonedFeature: hasIncompat(superblock, Incompat.zoned),
    mixedGroups: hasIncompat(superblock, Incompat.mixedGroups),
    zoneSizeBytes: zones?.zoneSizeBytes ?? null,
    named: answers.zonedDeviceNamed,
  };
  let result = askRules(answers.zonedModeRules, ZONED_MODE_RULES, subject, asker);
  if (result === 0 && zones !== null) {
    result = checkZonedOptions({ state: parsed, superblock, answers, readOnly }, asker);
  }
  if (result < 0) {
    session.log('err', `failed to initialize zoned mode: ${session.errnoText(result)}`);
    return result;
  }
  if (zones !== null) {
    session.log('info', `zoned mode enabled with zone size ${zones.zoneSizeBytes}`);
    session.settleOptions();
  }
  return 0;
}

/** What the open file system has to do on a writable mount, known from the superblock and options alone. */
function planStartup(session: MountSession): void {
  const { superblock, parsed, readOnly, answers, host } = session;
  const writable = !readOnly;
  const orphans = host.beside.has(orphanFreeSpaceKey(uuidText(superblock.fsid)));
  const stale = superblock.uuidTreeGeneration !== superblock.generation;
  const rescan = parsed.flags.has('rescan_uuid_tree');
  session.startup = {
    checkUuidTree: writable && (stale || rescan),
    rebuildFreeSpaceTree:
      writable && parsed.flags.has('clear_cache') && parsed.flags.has('free_space_tree'),
    deleteOrphanFreeSpace: writable && orphans && answers.orphanFreeSpace === 'deleted',
  };
}

/** The end of open_ctree(), and in newer kernels btrfs_emit_options(). */
function finishOpen(session: MountSession): void {
  const { parsed, answers, device, startup } = session;
  const rotational = device instanceof BaseBlockDevice && device.queue.rotational;
  const ssd = !rotational && !parsed.flags.has('nossd');
  const atMount = answers.optionParser === 'at-mount';
  if (ssd && atMount) {
    const say = (line: string): void => session.log('info', line);
    const context = { state: parsed, answers, api: false, say, complain: say };
    setAndSay(context, 'ssd', 'enabling ssd optimizations');
  }
  if (startup.deleteOrphanFreeSpace) {
    session.log('info', 'deleted orphan free space tree entries');
    session.host.beside.delete(orphanFreeSpaceKey(uuidText(session.superblock.fsid)));
  }
  if (startup.rebuildFreeSpaceTree) session.log('info', 'rebuilding free space tree');
  if (startup.checkUuidTree) session.log('info', 'checking UUID tree');
  if (!atMount) {
    if (ssd) parsed.flags.add('ssd');
    for (const line of emittedLines(parsed, null)) session.log('info', line);
  }
  clearOneShot(parsed, answers);
}

/** mount_subvol(): the top level is the only subvolume here. 0 when it was asked for. */
function findSubvolume(mount: MountedFs, state: OptionState): number {
  if (state.subvolid !== null && state.subvolid !== 5) return -errno.ENOENT;
  let place: Inode | number = mount.root;
  for (const name of (state.subvol ?? '').split('/').filter((part) => part !== '')) {
    if (typeof place === 'number') return place;
    place = place.lookup?.(name) ?? -errno.ENOTDIR;
  }
  if (typeof place === 'number') return place;
  // A directory that is no subvolume's root.
  return place === mount.root ? 0 : -errno.EINVAL;
}

/** The type over a given data side: tests put a small one below the mount rules. */
export function makeBtrfsType(data: DataSide): FileSystemType {
  return {
    name: 'btrfs',
    checkOptions: checkOptionText,
    encrypts: (kernel) => kernel.btrfs.encryption === 'fscrypt-v2',
    mount: (context) => mountBtrfs(data, context),
    *scanDevice(context) {
      const scanned = yield* scanDevice(context, false);
      return typeof scanned === 'number' ? scanned : 0;
    },
    forgetDevice,
  };
}
