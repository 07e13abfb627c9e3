/**
 * From a report of all zones to the two groups of files (fs/zonefs/super.c, zonefs_get_zone_info(), zonefs_create_zgroup()
 * and zonefs_init_file_inode() to 6.2; zonefs_init_zgroup(), zonefs_init_zgroups() later).
 */

import { ZoneCond, ZoneType, type ZoneView } from '../../block/device.ts';
import { errno } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { askRule, type Seen } from '../../sim/decision.ts';
import type { Task } from '../../sim/task.ts';
import type { Zonefs } from './fs.ts';
import { markOffline, markReadOnly } from './recovery.ts';
import { GroupDirectory, RootDirectory } from './tree.ts';
import { FileZone, FileZones } from './zone.ts';
import { manageZone } from './zone-ops.ts';
import { type ZoneUnderTest, zoneRules } from './zone-rules.ts';

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** Runs of conventional zones are one file each. */
  readonly aggregated: boolean;
}

/** A file's zones as reported: the conditions of all of them in one. */
interface Reported {
  readonly zone: FileZone;
  cond: number;
  readonly wp: number;
}

/**
 * A group as reported. Zones like the first that is as mkzonefs leaves it are counted and kept by their start: there can
 * be half a million of them.
 */
class ReportedGroup {
  readonly starts: number[] = [];
  plain: Reported | null = null;
  readonly others = new Map<number, Reported>();

  add(view: ZoneView, sequential: boolean): void {
    const { start, len, capacity, cond, wp } = view;
    const untouched = sequential
      ? cond === ZoneCond.empty && wp === start
      : cond === ZoneCond.notWp;
    const { plain } = this;
    if (untouched && plain === null) this.plain = single(view, sequential);
    else if (!untouched || !alike(plain!.zone, len, capacity)) {
      this.others.set(this.starts.length, single(view, sequential));
    }
    this.starts.push(start);
  }

  get plainCount(): number {
    return this.starts.length - this.others.size;
  }

  get zones(): FileZones {
    const kept = new Map([...this.others].map(([number, { zone }]) => [number, zone]));
    return new FileZones(this.starts, this.plain?.zone ?? null, kept);
  }
}

function alike(zone: FileZone, length: number, capacity: number): boolean {
  return zone.lengthSectors === length && zone.capacityBytes === capacity * SECTOR_BYTES;
}

const GROUPS = ['cnv', 'seq'] as const;

/** Hangs the tree on `fs.root`. Ends with 0 or a negative errno. */
export function* buildTree(fs: Zonefs, owner: Ownership): Task<number> {
  const { answers } = fs;
  if (answers.mountingLine === 'before-report') announce(fs);
  const reported = report(fs, owner);
  if (typeof reported === 'number') return groupFailure(fs, 'cnv', reported);
  if (answers.mountingLine === 'after-report') announce(fs);
  const directories: GroupDirectory[] = [];
  for (const [index, name] of GROUPS.entries()) {
    const group = reported[index]!;
    const count = group.starts.length;
    if (count === 0) continue;
    const result = yield* initGroup(fs, group, owner);
    if (result < 0) return groupFailure(fs, name, result);
    fs.fileCount += count + 1;
    fs.info(`Zone group "${name}" has ${count} file${count > 1 ? 's' : ''}`);
    directories.push(new GroupDirectory(fs, fs.device.nrZones + 1 + index, name, group.zones));
  }
  fs.root = new RootDirectory(fs, fs.device.nrZones, directories);
  return 0;
}

function* initGroup(fs: Zonefs, group: ReportedGroup, owner: Ownership): Task<number> {
  const { plain, others } = group;
  const files = plain === null ? [...others.values()] : [plain, ...others.values()];
  const test: ZoneUnderTest = {
    zone: files[0]!.zone,
    deviceZoneSectors: fs.zoneSectors,
    aggregated: owner.aggregated,
  };
  for (const file of files) {
    test.zone = file.zone;
    const refused = checkZone(fs, test);
    if (refused < 0) return refused;
    adopt(fs, file, owner, file === plain ? group.plainCount : 1);
    const isOpen = file.cond === ZoneCond.impOpen || file.cond === ZoneCond.expOpen;
    // Zones left open would take places from files, and nobody would close them. Done for read-only mounts as well.
    if (!isOpen || !fs.answers.closesZonesAtMount) continue;
    const closed = yield* manageZone(fs, file.zone, 'ZONE_CLOSE');
    if (closed < 0) return closed;
  }
  return 0;
}

function groupFailure(fs: Zonefs, name: string, result: number): number {
  if (fs.answers.groupFailureLine) fs.info(`Zone group "${name}" initialization failed`);
  return result;
}

/** How many zones there are, and whether explicit-open makes sense on this device. */
function announce(fs: Zonefs): void {
  fs.info(`Mounting ${fs.device.nrZones} zones`, true);
  const check = fs.answers.explicitOpenCheck;
  // Asked before the options are read, the check meets the default and never drops anything.
  if (check === 'before-options' || !fs.options.explicitOpen) return;
  const { max_open_zones, max_active_zones } = fs.device.limits;
  const limited =
    max_open_zones.value !== 0 ||
    (check === 'open-and-active-limits' && max_active_zones.value !== 0);
  if (limited) return;
  const what = check === 'open-limit' ? 'open zones limit' : 'open and active zone limits';
  fs.info(`No ${what}. Ignoring explicit_open mount option`);
  fs.options.explicitOpen = false;
}

/** The files of both groups, or a negative errno. Zone 0 holds the super block and is never a file. */
function report(fs: Zonefs, owner: Ownership): readonly [ReportedGroup, ReportedGroup] | number {
  const groups = [new ReportedGroup(), new ReportedGroup()] as const;
  let badType = 0;
  const visit = (view: ZoneView): void => {
    if (view.start === 0 || badType !== 0) return;
    const { type } = view;
    if (type === ZoneType.conventional) addConventional(groups[0], view, owner.aggregated);
    else if (type === ZoneType.seqWriteRequired || type === ZoneType.seqWritePreferred) {
      groups[1].add(view, true);
    } else badType = type;
  };
  const { nrZones } = fs.device;
  const count = fs.device.reportZones(0, nrZones, visit);
  if (badType !== 0) {
    fs.error(`Unsupported zone type 0x${badType.toString(16)}`);
    fs.error(`Zone report failed ${-errno.EIO}`);
    return -errno.EIO;
  }
  if (count < 0) {
    fs.error(`Zone report failed ${count}`);
    return count;
  }
  if (count === nrZones) return groups;
  fs.error(`Invalid zone report (${count}/${nrZones} zones)`);
  return -errno.EIO;
}

function single(view: ZoneView, sequential: boolean): Reported {
  const capacity = view.capacity * SECTOR_BYTES;
  const zone = new FileZone(sequential, view.start, view.len, capacity);
  return { zone, cond: view.cond, wp: view.wp };
}

function addConventional(group: ReportedGroup, view: ZoneView, aggregated: boolean): void {
  if (!aggregated) {
    group.add(view, false);
    return;
  }
  const number = group.starts.length - 1;
  const last = group.others.get(number);
  if (last === undefined || last.zone.startSector + last.zone.lengthSectors !== view.start) {
    group.others.set(number + 1, single(view, false));
    group.starts.push(view.start);
    return;
  }
  last.zone.lengthSectors += view.len;
  last.zone.capacityBytes += view.capacity * SECTOR_BYTES;
  // One offline zone takes the file offline; one read-only zone makes it read-only.
  if (view.cond === ZoneCond.offline) last.cond = ZoneCond.offline;
  else if (view.cond === ZoneCond.readonly && last.cond !== ZoneCond.offline) {
    last.cond = ZoneCond.readonly;
  }
}

const NOTHING_SEEN: Seen = {};

/** Asks the rules of this kernel about one zone; 0 or a negative errno. Passing costs no object. */
function checkZone(fs: Zonefs, test: ZoneUnderTest): number {
  for (const id of fs.answers.zoneRules) {
    const rule = zoneRules.get(id);
    if (rule === undefined) throw new Error(`rule "${id}" expected a body, got none`);
    if (!rule.passes(NOTHING_SEEN, test)) return askRule(rule, test, fs.asker);
  }
  return 0;
}

/** Makes a file of what was reported: its size, its owner, its flags. `count`: how many there are like it. */
function adopt(fs: Zonefs, reported: Reported, owner: Ownership, count: number): void {
  const { zone } = reported;
  zone.mode = owner.mode;
  zone.uid = owner.uid;
  zone.gid = owner.gid;
  zone.pointerBytes = sizeAtMount(fs, reported);
  zone.sizeBytes = zone.pointerBytes;
  fs.maxFileBytes = Math.max(fs.maxFileBytes, zone.capacityBytes);
  fs.totalBlocks += Math.floor(zone.capacityBytes / fs.blockBytes) * count;
  fs.usedBlocks += Math.floor(zone.sizeBytes / fs.blockBytes) * count;
  fs.accountActive(zone);
}

/**
 * Bytes in the zone. A read-only zone's pointer cannot be told, so its file is treated as offline whatever errors=
 * says; since 6.3 a conventional one keeps its size, which needs no pointer.
 */
function sizeAtMount(fs: Zonefs, { zone, cond, wp }: Reported): number {
  const byZone = fs.answers.zoneState === 'zone';
  if (cond === ZoneCond.offline || cond === ZoneCond.readonly) {
    const offline = cond === ZoneCond.offline;
    if (byZone) {
      fs.warn(`Zone ${zone.startSector}: ${offline ? 'offline' : 'read-only'} zone`);
    }
    if (!offline) markReadOnly(zone);
    markOffline(zone);
    if (offline || zone.sequential || !byZone) return 0;
    return zone.capacityBytes;
  }
  if (!zone.sequential || cond === ZoneCond.full) return zone.capacityBytes;
  return (wp - zone.startSector) * SECTOR_BYTES;
}
