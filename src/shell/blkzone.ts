/** blkzone of util-linux 2.38.1 (sys-utils/blkzone.c). Sectors of 512 bytes; commands that change zones open the device exclusively. */

import { WP_INVALID, type ZoneView } from '../block/device.ts';
import { O, S } from '../fs/inode.ts';
import type { ZoneCommand } from '../fs/syscalls.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { getopt, type OptionSpec } from './getopt.ts';
import { diagnose, tryHelp } from './messages.ts';
import { isType, readText } from './paths.ts';
import type { Process } from './program.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'o', long: 'offset', argument: 'required' },
  { short: 'c', long: 'count', argument: 'required' },
  { short: 'l', long: 'length', argument: 'required' },
  { short: 'f', long: 'force' },
  { short: 'v', long: 'verbose' },
];

const REPORTS = new Set(['report', 'capacity']);
const ACTIONS: ReadonlyMap<string, { command: ZoneCommand; ioctl: string }> = new Map([
  ['reset', { command: 'reset', ioctl: 'BLKRESETZONE' }],
  ['open', { command: 'open', ioctl: 'BLKOPENZONE' }],
  ['close', { command: 'close', ioctl: 'BLKCLOSEZONE' }],
  ['finish', { command: 'finish', ioctl: 'BLKFINISHZONE' }],
]);

const TYPES: Readonly<Record<number, string>> = {
  1: 'CONVENTIONAL',
  2: 'SEQ_WRITE_REQUIRED',
  3: 'SEQ_WRITE_PREFERRED',
};
const CONDITIONS: Readonly<Record<number, string>> = {
  0: 'nw',
  1: 'em',
  2: 'oi',
  3: 'oe',
  4: 'cl',
  13: 'ro',
  14: 'fu',
  15: 'of',
};

/** How many zones one ioctl of the tool asks for. */
const DEFAULT_REPORT_LENGTH = 4096;

interface Request {
  readonly name: string;
  readonly device: string;
  readonly offset: number;
  /** Zones; 0 when not given. */
  readonly count: number;
  /** Sectors; 0 when not given. */
  readonly length: number;
  readonly force: boolean;
  readonly verbose: boolean;
}

/** A device as the tool looks at it before it acts. */
interface Target {
  readonly fd: number;
  readonly totalSectors: number;
}

export function* blkzone(process: Process): Task<number> {
  const name = process.argv[1];
  if (name === undefined) return complain(process, 'no command specified');
  const known = REPORTS.has(name) || ACTIONS.has(name);
  if (name === '-h' || name === '--help' || name === '-V' || name === '--version') {
    return complain(process, `${name} is left out`);
  }
  if (!known) return complain(process, `${name} is not valid command name`);
  // getopt sees the command as its argv[0], so that is the name it complains with.
  const parsed = getopt(process.argv.slice(1), OPTIONS);
  if (!parsed.ok) {
    process.stderr.write(`${name}: ${parsed.message}\n`);
    return tryHelp(process);
  }
  const given = new Map(parsed.options.map((option) => [option.name, option.value ?? '']));
  if (given.has('count') && given.has('length')) {
    return complain(process, 'mutually exclusive arguments: --count --length');
  }
  const numbers: Record<string, number> = { offset: 0, count: 0, length: 0 };
  for (const option of ['offset', 'count', 'length']) {
    const text = given.get(option);
    if (text === undefined) continue;
    const value = parseNumber(text, option);
    if (typeof value === 'string') return complain(process, value);
    numbers[option] = value;
  }
  if (parsed.operands.length === 0) return complain(process, 'no device specified');
  if (parsed.operands.length > 1) return complain(process, 'unexpected number of arguments');
  const request: Request = {
    name,
    device: parsed.operands[0]!,
    offset: numbers.offset!,
    count: numbers.count!,
    length: numbers.length!,
    force: given.has('force'),
    verbose: given.has('verbose'),
  };
  return REPORTS.has(name) ? yield* report(process, request) : yield* act(process, request);
}

/** Numbers may be hexadecimal; offsets and lengths may have a suffix. A string is the complaint. */
function parseNumber(text: string, option: string): number | string {
  const what = { offset: 'zone offset', count: 'number of zones', length: 'length of zones' }[
    option
  ]!;
  const suffixes = 'KMGTPE';
  const match = /^(0[xX][0-9a-fA-F]+|\d+)(?:([kKMGTPE])(?:iB)?)?$/.exec(text);
  const number = match === null ? Number.NaN : Number(match[1]);
  if (match !== null && option === 'count' && match[2] === undefined) return number;
  if (match !== null && option !== 'count') {
    const exponent = match[2] === undefined ? 0 : suffixes.indexOf(match[2].toUpperCase()) + 1;
    return number * 1024 ** exponent;
  }
  // strtosize() sets an errno, strtou32_or_err() does not.
  return `failed to parse ${what}: '${text}'${option === 'count' ? '' : ': Invalid argument'}`;
}

function complain(process: Process, text: string, error = 0): number {
  diagnose(process, text, error);
  return 1;
}

/** Opens and measures the device. A number is the exit code. */
function* openDevice(process: Process, request: Request, flags: number): Task<Target | number> {
  const { sys } = process.system;
  const { device } = request;
  const fd = yield* sys.open(process, device, flags);
  if (fd < 0) return complain(process, `cannot open ${device}`, fd);
  const stat = yield* sys.fstat(process, fd);
  if (typeof stat === 'number' || !isType(stat, S.IFBLK)) {
    return complain(process, `${device}: not a block device`);
  }
  const end = yield* sys.lseek(process, fd, 0, 'end');
  if (end < 0) return complain(process, `${device}: blkdev_get_sectors ioctl failed`, end);
  return { fd, totalSectors: Math.floor(end / SECTOR_BYTES) };
}

/** sysfs, queue/chunk_sectors: what a regular device has 0 in. */
function* zoneSize(process: Process, request: Request): Task<number> {
  const { sys } = process.system;
  const stat = yield* sys.stat(process, request.device);
  if (typeof stat === 'number' || stat.rdev === undefined) return 0;
  const { major, minor } = stat.rdev;
  const text = yield* readText(process, `/sys/dev/block/${major}:${minor}/queue/chunk_sectors`);
  return text === null ? 0 : Number(text.trim());
}

function* report(process: Process, request: Request): Task<number> {
  const target = yield* openDevice(process, request, O.RDONLY);
  if (typeof target === 'number') return target;
  const { device } = request;
  if (request.offset >= target.totalSectors) {
    return complain(process, `${device}: offset is greater than or equal to device size`);
  }
  const size = yield* zoneSize(process, request);
  if (size === 0) return complain(process, `${device}: unable to determine zone size`);
  let wanted = request.count;
  if (request.length > 0) wanted = Math.ceil(request.length / size);
  if (wanted === 0) wanted = 1 + Math.floor((target.totalSectors - request.offset) / size);

  let sector = request.offset;
  let capacity = 0;
  while (wanted > 0 && sector < target.totalSectors) {
    const ask = Math.min(wanted, DEFAULT_REPORT_LENGTH);
    const zones = yield* process.system.sys.reportZones(process, target.fd, sector, ask);
    if (typeof zones === 'number') {
      return complain(process, `${device}: BLKREPORTZONE ioctl failed`, zones);
    }
    if (request.verbose) {
      process.stdout.write(`Found ${zones.length} zones from 0x${sector.toString(16)}\n`);
    }
    if (zones.length === 0) break;
    for (const zone of zones) {
      capacity += zone.capacity;
      if (request.name === 'report') process.stdout.write(zoneLine(zone));
      sector = zone.start + zone.len;
    }
    wanted -= zones.length;
  }
  if (request.name === 'capacity') process.stdout.write(`0x${hex(capacity, 9)}\n`);
  yield* process.system.sys.close(process, target.fd);
  return 0;
}

/** The write pointer is shown from the zone's start; a conventional zone has none, whatever the driver reports. */
function zoneLine(zone: ZoneView): string {
  const condition = CONDITIONS[zone.cond] ?? 'no';
  const type = TYPES[zone.type] ?? 'UNKNOWN';
  const pointer = zone.type === 1 ? hex(0, 6) : pointerText(zone);
  return (
    `  start: 0x${hex(zone.start, 9)}, len 0x${hex(zone.len, 6)}, cap 0x${hex(zone.capacity, 6)}, ` +
    `wptr 0x${pointer} reset:0 non-seq:0, ` +
    `zcond:${String(zone.cond).padStart(2)}(${condition}) [type: ${zone.type}(${type})]\n`
  );
}

/** All ones minus the start, in 64 bits, for a zone without a pointer: the tool subtracts without asking. */
function pointerText(zone: ZoneView): string {
  if (zone.wp !== WP_INVALID) return hex(zone.wp - zone.start, 6);
  return BigInt.asUintN(64, -1n - BigInt(zone.start)).toString(16);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function* act(process: Process, request: Request): Task<number> {
  const { sys } = process.system;
  const { command, ioctl } = ACTIONS.get(request.name)!;
  const { device, offset } = request;
  const size = yield* zoneSize(process, request);
  if (size === 0) return complain(process, `${device}: unable to determine zone size`);
  // With -f the device may be in use.
  const flags = O.WRONLY | (request.force ? 0 : O.EXCL);
  const target = yield* openDevice(process, request, flags);
  if (typeof target === 'number') return target;
  if (offset % size !== 0) {
    return complain(process, `${device}: offset ${offset} is not aligned to zone size ${size}`);
  }
  let sectors = target.totalSectors;
  if (request.count > 0) sectors = request.count * size;
  else if (request.length > 0) sectors = request.length;
  if (sectors > target.totalSectors - offset) sectors = target.totalSectors - offset;
  if (sectors % size !== 0 && offset + sectors !== target.totalSectors) {
    const text = `number of sectors ${sectors} is not aligned to zone size ${size}`;
    return complain(process, `${device}: ${text}`);
  }
  const result = yield* sys.manageZones(process, target.fd, command, offset, sectors);
  if (result < 0) return complain(process, `${device}: ${ioctl} ioctl failed`, result);
  if (request.verbose) {
    // The tool prints no newline here.
    const range = `zones in range from ${offset}, to ${offset + sectors}`;
    process.stdout.write(`${device}: successful ${request.name} of ${range}`);
  }
  yield* sys.close(process, target.fd);
  return 0;
}
