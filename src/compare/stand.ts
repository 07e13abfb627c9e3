/** The machine of one cell, made ready: disk, dm-crypt, file system, and where each job writes. */

import { ZoneType } from '../block/device.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import { Machine, SystemCallError } from '../machine.ts';
import type { Decision, SeenValue } from '../sim/decision.ts';
import type { CellPlace, Comparison, Point } from './point.ts';
import { sizeText } from './point.ts';
import type { Refusal } from './result.ts';

const MOUNT_POINT = '/mnt';

const FORMAT = {
  zonefs: 'mkzonefs -f',
  btrfs: 'mkfs.btrfs -f -q -O zoned -d single -m single',
  raw: '',
} as const;

/** The base of the series: device mapper passes append on, so mkfs.btrfs finds nothing amiss. */
const FORMATS_ANYTHING = 'v5.12';

/** What one job writes to. */
export interface JobPlace {
  readonly path: string;
  /** Where its data begins there. */
  readonly fromBytes: number;
  /** The file has to be made. */
  readonly create: boolean;
}

export interface Stand {
  readonly machine: Machine;
  /** Names of the device the file system (or program) writes to, and of the disk. */
  readonly top: string;
  readonly disk: string;
  readonly jobs: readonly JobPlace[];
  /** Takes the file system down and up again, so that nothing is cached. Null when that went well. */
  remount(): Refusal | null;
}

/** A cell could not be made ready. */
export class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.why);
    this.name = 'Refused';
    this.refusal = refusal;
  }
}

/** Throws Refused where the kernel or a tool says no. */
export function makeStand(comparison: Comparison, cell: CellPlace): Stand {
  const disk = cell.disk.attributes.driver === 'scsi_debug' ? 'sda' : 'nullb0';
  const mapped = cell.cipher.cipher !== null;
  const path = mapped ? '/dev/mapper/c0' : `/dev/${disk}`;
  const { costs, seed } = comparison;
  const disks = { [disk]: cell.disk.attributes };
  const { kernel } = cell.kernel;
  let machine = new Machine({ kernel, disks, costs, seed });
  const map = (): void => {
    if (mapped) mapCrypt(machine, disk, cell);
  };
  map();
  const { point } = cell;
  const jobs = placesOf(machine, disk, path, point);
  const mount = (): Refusal | null => mountIt(machine, path, point);
  if (point.target !== 'raw') {
    let refused = format(machine, path, point);
    if (refused !== null) {
      // Where the tool itself refuses, what the kernel says of a disk that was formatted before it is worth knowing.
      machine = machine.reboot({ kernel: FORMATS_ANYTHING });
      map();
      if (format(machine, path, point) !== null) throw new Refused(refused);
      machine = machine.reboot({ kernel });
      map();
    }
    refused = mount();
    if (refused !== null) throw new Refused(refused);
  }
  const remount = (): Refusal | null => {
    if (point.target === 'raw') return null;
    machine.umount(MOUNT_POINT);
    return mount();
  };
  return { machine, top: mapped ? 'dm-0' : disk, disk, jobs, remount };
}

/** The key is of no interest: its bytes are 0, 1, 2, ... */
function mapCrypt(machine: Machine, disk: string, { cipher }: CellPlace): void {
  const key = Array.from({ length: cipher.keyBytes }, (_, i) =>
    (i % 256).toString(16).padStart(2, '0'),
  ).join('');
  const sectors = machine.block.devices.get(disk)!.sizeSectors;
  const { options } = cipher;
  const more = options.length === 0 ? '' : ` ${options.length} ${options.join(' ')}`;
  const since = now(machine);
  try {
    const spec = cipher.cipher!;
    machine.createMapping('c0', `0 ${sectors} crypt ${spec} ${key || '-'} 0 /dev/${disk} 0${more}`);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw new Refused(refusalOf(machine, since, 'dmsetup', error.code, error.message));
  }
}

function format(machine: Machine, path: string, { target }: Point): Refusal | null {
  const since = now(machine);
  const { exit, stderr } = machine.run(`${FORMAT[target]} ${path}`);
  if (exit === 0) return null;
  const said = stderr.split('\n').findLast((line) => line !== '') ?? `exit ${exit}`;
  return refusalOf(machine, since, FORMAT[target].split(' ', 1)[0]!, null, said);
}

function mountIt(machine: Machine, path: string, { target }: Point): Refusal | null {
  const since = now(machine);
  const { ok, errno = null } = machine.mount(path, MOUNT_POINT, target);
  return ok ? null : refusalOf(machine, since, 'mount', errno, `mount says ${errno}`);
}

function placesOf(machine: Machine, disk: string, path: string, point: Point): JobPlace[] {
  const { jobs, target, sizeBytes } = point;
  const each = Array.from({ length: jobs }, (_, job) => job);
  if (target === 'btrfs') {
    return each.map((job) => ({ path: `${MOUNT_POINT}/file${job}`, fromBytes: 0, create: true }));
  }
  const zones = sequentialZones(machine, disk, jobs);
  const small = zones.find(({ capacityBytes }) => capacityBytes < sizeBytes);
  if (zones.length < jobs || small !== undefined) {
    const why =
      small === undefined
        ? `the disk has ${zones.length} sequential zones, one job each`
        : `a job writes ${sizeText(sizeBytes)}, a zone takes ${sizeText(small.capacityBytes)}`;
    throw new Refused({ running: false, step: 'size', errno: null, rule: null, why });
  }
  return each.map((job) =>
    target === 'zonefs'
      ? { path: `${MOUNT_POINT}/seq/${job}`, fromBytes: 0, create: false }
      : { path, fromBytes: zones[job]!.startBytes, create: false },
  );
}

function sequentialZones(machine: Machine, disk: string, most: number) {
  const device = machine.block.devices.get(disk)!;
  const zones: { readonly startBytes: number; readonly capacityBytes: number }[] = [];
  device.reportZones(0, Number.MAX_SAFE_INTEGER, ({ start, capacity, type }) => {
    if (zones.length === most || type === ZoneType.conventional) return;
    zones.push({ startBytes: start * SECTOR_BYTES, capacityBytes: capacity * SECTOR_BYTES });
  });
  return zones;
}

/** How far decisions and log have come. */
export interface Since {
  readonly decisions: number;
  readonly log: number;
}

export function now(machine: Machine): Since {
  return { decisions: machine.decisions.length, log: machine.dmesg().length };
}

/** What refused `since`: the last rule that did, else what the tool said, with the first line of the log. */
export function refusalOf(
  machine: Machine,
  since: Since,
  step: string,
  errno: string | null,
  said: string,
): Refusal {
  const asked = machine.decisions.slice(since.decisions);
  const decision = asked.findLast((one) => one.verdict === 'refuses');
  if (decision === undefined) {
    const line = machine.dmesg()[since.log];
    const why = line === undefined ? said : `${said}; log: ${line}`;
    return { running: false, step, errno, rule: null, why };
  }
  const { rule } = decision;
  const known = errno ?? decision.errno ?? null;
  return { running: false, step, errno: known, rule, why: inWords(decision) };
}

/** What a rule saw, with who had set it: `max_zone_append_sectors = 0, set by dm-0 (dm.crypt...)`. */
function inWords({ seen, log }: Decision): string {
  const values = Object.entries(seen).map(([name, value]) => `${name} = ${valueText(value)}`);
  return values.length === 0 ? (log ?? '') : values.join(', ');
}

function valueText(value: SeenValue): string {
  if (typeof value !== 'object') return String(value);
  const { floor, rule } = value.origin;
  return `${value.value}, set by ${floor} (${rule})`;
}
