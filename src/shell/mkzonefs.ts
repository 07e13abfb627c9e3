/**
 * mkzonefs of zonefs-tools 1.6.0: checks a device, resets its zones and writes the 4096 bytes of a super block. A
 * sequential zone 0 is finished afterwards, so nobody can write behind the super block.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js';
import { ZoneCond, ZoneType, type ZoneView } from '../block/device.ts';
import { BytesPayload } from '../block/payload.ts';
import { O, S } from '../fs/inode.ts';
import { DEFAULT_PERMISSIONS, encodeSuper, Feature, LABEL_BYTES } from '../fs/zonefs/superblock.ts';
import { strerror } from '../kernel/errno.ts';
import { SECTOR_BYTES, SECTORS_PER_MIB } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { zoneLine } from './mkzonefs-zones.ts';
import { baseName, isType, mountLines, readText, realPath } from './paths.ts';
import { probeType } from './probe.ts';
import type { Process } from './program.ts';

const SECTORS_PER_GIB = 1024 * SECTORS_PER_MIB;

/** Zones per ioctl: a buffer of 512 KiB of 64-byte descriptors. */
const ZONES_PER_REPORT = 8191;

export function* mkzonefs(process: Process): Task<number> {
  const request = parse(process);
  if (typeof request === 'number') return request;
  const path = yield* realPath(process, request.device);
  if (path === null) return complain(process, 'Failed to get device real path');
  const device = yield* openDevice(process, path, request);
  if (device === null) return 1;
  const result = yield* format(process, device, request);
  yield* process.system.sys.close(process, device.fd);
  return result;
}

interface Request {
  device: string;
  force: boolean;
  verbose: boolean;
  label: string;
  features: number;
  uid: number;
  gid: number;
  permissions: number;
}

function complain(process: Process, text: string): 1 {
  process.stderr.write(`${text}\n`);
  return 1;
}

/** The command line, or the exit code it ends with. Options stand before the device, each a word of its own. */
function parse(process: Process): Request | number {
  const request: Request = {
    device: '',
    force: false,
    verbose: false,
    label: '',
    features: 0,
    uid: 0,
    gid: 0,
    permissions: DEFAULT_PERMISSIONS,
  };
  const words = process.argv.slice(1);
  let at = 0;
  for (; at < words.length && words[at]!.startsWith('-'); at += 1) {
    const word = words[at]!;
    if (word === '-f') request.force = true;
    else if (word === '-L' || word === '-o') {
      at += 1;
      if (at >= words.length - 1) return complain(process, 'Invalid command line');
      const problem =
        word === '-L' ? setLabel(request, words[at]!) : setFeatures(request, words[at]!);
      if (problem !== null) return complain(process, problem);
    } else if (word === '--version') return printVersion(process);
    else if (word === '-h' || word === '--help') return printHelp(process);
    else if (word === '-v') request.verbose = true;
    else return complain(process, `Invalid option '${word}'`);
  }
  if (at !== words.length - 1) return complain(process, 'No device specified');
  request.device = words[at]!;
  return request;
}

function printVersion(process: Process): 0 {
  process.stdout.write('mkzonefs, version 1.6.0\n');
  process.stdout.write('Copyright (C) 2019, Western Digital Corporation or its affiliates.\n');
  return 0;
}

function printHelp(process: Process): 0 {
  process.stdout.write('Usage: mkzonefs [options] <device path>\nOptions:\n');
  for (const [option, what] of HELP) process.stdout.write(`  ${option}: ${what}\n`);
  process.stdout.write('See "man mkzonefs" for more information\n');
  return 0;
}

/** As the tool lays it out: the last has a tab before its colon, and -L is not there. */
const HELP = [
  ['--version     ', 'Print version number and exit'],
  ['--help | -h   ', 'General help message'],
  ['-v            ', 'Verbose output'],
  ['-f            ', 'Force overwrite of existing content'],
  ['-o <features>\t', 'Optional features'],
] as const;

/** What a shell makes of a program that died of SIGABRT. */
const EXIT_ABORTED = 128 + 6;

/** The manual says 32 characters; the program takes what fits, even without a NUL behind it. */
function setLabel(request: Request, label: string): string | null {
  if (utf8ToBytes(label).length > LABEL_BYTES) {
    return `Label too long (${LABEL_BYTES} chars allowed)`;
  }
  request.label = label;
  return null;
}

/** A list of words; commas may stand before, after and between them in any number. */
function setFeatures(request: Request, text: string): string | null {
  let rest = text;
  while (rest !== '') {
    const word = /^(?:aggr_cnv|(uid|gid)=\s*([+-]?\d*)|perm=\s*([+-]?[0-7]*))/.exec(rest);
    if (word !== null) {
      rest = rest.slice(word[0].length);
      const decimal = Number(word[2] || 0) >>> 0;
      if (word[1] === 'uid') {
        request.features |= Feature.uid;
        request.uid = decimal;
      } else if (word[1] === 'gid') {
        request.features |= Feature.gid;
        request.gid = decimal;
      } else if (word[3] !== undefined) {
        request.features |= Feature.permissions;
        request.permissions = (Number.parseInt(word[3], 8) || 0) >>> 0;
      } else request.features |= Feature.aggregateConventional;
    }
    if (rest === '') return null;
    if (!rest.startsWith(',')) return 'Invalid feature string';
    rest = rest.slice(1);
  }
  return null;
}

interface Device {
  readonly path: string;
  readonly name: string;
  readonly fd: number;
  readonly model: string;
  readonly sizeSectors: number;
  readonly zoneSectors: number;
  readonly zones: readonly ZoneView[];
}

/** The device, opened and looked at; null when it was refused, the reason printed. */
function* openDevice(process: Process, path: string, request: Request): Task<Device | null> {
  const { sys } = process.system;
  const name = baseName(path);
  const refuse = (text: string): null => {
    complain(process, text);
    return null;
  };
  const stat = yield* sys.stat(process, path);
  if (typeof stat === 'number') return refuse(`Get ${path} stat failed ${why(stat)}`);
  if (!isType(stat, S.IFBLK)) return refuse(`${path} is not a block device`);
  const mounts = yield* mountLines(process);
  if (mounts.some(({ source }) => source === path)) return refuse(`${path} is mounted`);
  const holders = yield* sys.readdir(process, `/sys/block/${name}/holders`);
  if (typeof holders !== 'number' && holders.length > 2) return refuse(`${path} is in use`);
  const fd = yield* sys.open(process, path, O.RDWR | O.EXCL);
  if (fd < 0) return refuse(`Open ${path} failed ${why(fd)}`);
  const device = yield* inspect(process, path, fd, request);
  if (device === null) yield* sys.close(process, fd);
  return device;
}

function* inspect(
  process: Process,
  path: string,
  fd: number,
  request: Request,
): Task<Device | null> {
  const { sys } = process.system;
  const name = baseName(path);
  const refuse = (text: string): null => {
    complain(process, text);
    return null;
  };
  if (!request.force) {
    const type = yield* probeType(process, path);
    if (type !== null) {
      complain(process, `${path} appears to contain an existing filesystem (${type})`);
      return refuse("Use the option '-f' to overwrite");
    }
  }
  process.files.get(fd)!.flags |= O.DIRECT;
  const queue = `/sys/block/${name}/queue`;
  const model = ((yield* readText(process, `${queue}/zoned`)) ?? '').trim();
  if (model !== 'host-managed' && model !== 'host-aware') {
    return refuse(`${name}: Not a zoned block device`);
  }
  const sizeBytes = yield* sys.lseek(process, fd, 0, 'end');
  const sizeSectors = sizeBytes / SECTOR_BYTES;
  const zoneSectors = Number((yield* readText(process, `${queue}/chunk_sectors`)) ?? 0);
  if (zoneSectors === 0) return refuse(`${path}: Invalid zone size`);
  const zones: ZoneView[] = [];
  for (let sector = 0; sector < sizeSectors; ) {
    const report = yield* sys.reportZones(process, fd, sector, ZONES_PER_REPORT);
    if (typeof report === 'number') {
      return refuse(`${name}: Get zone information failed ${why(report)}`);
    }
    if (report.length === 0) break;
    for (const zone of report) {
      if (request.verbose) process.stdout.write(zoneLine(zone, zoneSectors));
      if (zone.len !== zoneSectors && zone.start + zone.len !== sizeSectors) {
        return refuse(`${name}: Invalid zone ${zone.start / zoneSectors} size`);
      }
      zones.push(zone);
      sector = zone.start + zone.len;
    }
  }
  return { path, name, fd, model, sizeSectors, zoneSectors, zones };
}

/** Prints what there is and what will be made of it, and makes it. Ends with the exit code. */
function* format(process: Process, device: Device, request: Request): Task<number> {
  const { stdout } = process;
  const { zones, zoneSectors, sizeSectors } = device;
  const count = (test: (zone: ZoneView) => boolean): number => zones.filter(test).length;
  const conventional = count((zone) => zone.type === ZoneType.conventional);
  const readOnly = count((zone) => zone.cond === ZoneCond.readonly);
  const offline = count((zone) => zone.cond === ZoneCond.offline);
  const whole = Math.floor(sizeSectors / zoneSectors);
  stdout.write(`${device.path}: ${sizeSectors} 512-byte sectors (${gib(sizeSectors)} GiB)\n`);
  stdout.write(`  Host-${device.model === 'host-managed' ? 'managed' : 'aware'} device\n`);
  stdout.write(`  ${whole} zones of ${sectorsText(zoneSectors)}\n`);
  if (whole < zones.length) {
    stdout.write(`  1 runt zone of ${sectorsText(sizeSectors % zoneSectors)}\n`);
  }
  stdout.write(
    `  ${conventional} conventional zones, ${zones.length - conventional} sequential zones\n`,
  );
  stdout.write(`  ${readOnly} read-only zones, ${offline} offline zones\n`);
  if (offline >= zones.length - 1) return complain(process, 'No useable zones');
  const uuid = process.system.host.schedule.random.uuid();
  const aggregated = (request.features & Feature.aggregateConventional) !== 0;
  stdout.write(`Format:\n  ${zones.length - offline - 1} usable zones\n`);
  stdout.write(`  Aggregate conventional zones: ${aggregated ? 'enabled' : 'disabled'}\n`);
  stdout.write(`  File UID: ${request.uid}\n  File GID: ${request.gid}\n`);
  stdout.write(`  File access permissions: ${request.permissions.toString(8)}\n`);
  if (request.label !== '') stdout.write(`  FS label: ${request.label}\n`);
  stdout.write(`  FS UUID: ${uuid}\n`);
  stdout.write('Resetting sequential zones\n');
  if (!(yield* resetZones(process, device))) return 1;
  stdout.write('Writing super block\n');
  if (utf8ToBytes(request.label).length === LABEL_BYTES) return overflow(process);
  return (yield* writeSuper(process, device, request, uuid)) ? 0 : 1;
}

/**
 * A label of 64 bytes passes the check and is then copied with its NUL into 64: the checked strcpy() of the packaged
 * mkzonefs 1.6.0 aborts, with the zones reset and nothing written.
 */
function overflow(process: Process): number {
  process.stderr.write('*** buffer overflow detected ***: terminated\n');
  return EXIT_ABORTED;
}

function gib(sectors: number): number {
  return Math.floor(sectors / SECTORS_PER_GIB);
}

function sectorsText(sectors: number): string {
  return `${sectors} 512-byte sectors (${Math.floor(sectors / SECTORS_PER_MIB)} MiB)`;
}

/** All at once where the device takes that, zone by zone where it does not; device mapper is not even asked. */
function* resetZones(
  process: Process,
  { fd, name, sizeSectors, zones, zoneSectors }: Device,
): Task<boolean> {
  const { sys } = process.system;
  if (!name.startsWith('dm-')) {
    const all = yield* sys.manageZones(process, fd, 'reset', 0, sizeSectors);
    if (all >= 0) return true;
  }
  for (const zone of zones) {
    if (zone.type === ZoneType.conventional) continue;
    const result = yield* sys.manageZones(process, fd, 'reset', zone.start, zone.len);
    if (result >= 0) continue;
    complain(process, `${name}: Reset zone ${zone.start / zoneSectors} failed ${why(result)}`);
    return false;
  }
  return true;
}

function* writeSuper(
  process: Process,
  { fd, name, zones }: Device,
  request: Request,
  uuid: string,
): Task<boolean> {
  const { sys } = process.system;
  const pairs = uuid.replaceAll('-', '').match(/../g)!;
  const bytes = encodeSuper({
    ...request,
    uuid: Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)),
  });
  const written = yield* sys.pwrite(process, fd, new BytesPayload(bytes), 0);
  if (written < 0) {
    complain(process, `${name}: Write super block failed ${why(written)}`);
    return false;
  }
  const first = zones[0]!;
  if (first.type !== ZoneType.conventional) {
    const finished = yield* sys.manageZones(process, fd, 'finish', first.start, first.len);
    if (finished < 0) {
      complain(process, `${name}: Finish zone 0 failed ${why(finished)}`);
      return false;
    }
  }
  const synced = yield* sys.fsync(process, fd);
  if (synced < 0) complain(process, `${name}: fsync failed ${why(synced)}`);
  return synced >= 0;
}

/** `16 (Device or resource busy)`: errno as the tool prints it. */
function why(result: number): string {
  return `${-result} (${strerror(result)})`;
}
