/**
 * Cuts a recording into sessions: cells that shared a guest's disks, in the order the guest ran them, with what the
 * guest's scripts did between recorded operations.
 */

import type { DiskAttributes } from '../src/machine.ts';
import { bugSessions } from './bug-sessions.ts';
import type { Recording } from './facts.ts';
import type { Room } from './machine-room.ts';
import {
  BTRFS_MKFS,
  BTRFS_OPTIONS,
  inOrder,
  LIMIT_DEVICES,
  LIMIT_STACKS,
  MOUNT_STACKS,
  ZONEFS_MKFS,
  ZONEFS_OPTIONS,
  ZONEFS_SB,
} from './order.ts';
import { type Parameters, parametersOf, recordedAttributes } from './parameters.ts';
import { pathsSessions } from './paths-sessions.ts';
import { seriesSessions } from './series-sessions.ts';
import { base, type DiskNames, diskNames, type Session, zonedBase } from './session.ts';
import { vectorSessions } from './vectors-sessions.ts';
import { zonefsIoSessions } from './zonefs-io-sessions.ts';

/** The sessions of one recording; `all` holds what was recorded beside it. */
export function sessionsOf(recording: Recording, all: readonly Recording[]): Session[] {
  const limits = all.find((one) => one.kernel === recording.kernel && one.file === 'limits');
  const parameters = parametersOf(recording, all);
  const names = diskNames(recording);
  switch (recording.kind) {
    case 'limits':
      return limitsSessions(recording, parameters, names);
    case 'mount':
      return mountSessions(recording, limits, parameters, names);
    case 'series':
      return seriesSessions(recording, parameters);
    case 'zonefs-io':
      return zonefsIoSessions(recording, parameters, names);
    case 'paths':
      return pathsSessions(recording, parameters, names);
    case 'bug':
      return bugSessions(recording, parameters, names);
    case 'dmcrypt-vectors':
      return vectorSessions(recording, all);
    default:
      return [];
  }
}

function limitsSessions(recording: Recording, p: Parameters, name: DiskNames): Session[] {
  const ids = Object.keys(recording.facts);
  const sessions: Session[] = [];
  const named = ids.filter((id) => id.startsWith('limits/dev/')).map((id) => id.split('/')[2]!);
  const devices = inOrder([...new Set(named)], '', LIMIT_DEVICES);
  for (const device of devices) {
    const attributes = recordedAttributes(recording, device) ?? { size: p.sizeMib };
    const cells = ids.filter((id) => id.startsWith(`limits/dev/${device}/`));
    const disk = { memory_backed: 1, ...attributes };
    sessions.push({
      disks:
        device === 'regular'
          ? { [name('base', 0)]: base(p), [name('reg', 1)]: disk }
          : { [name(device, 0)]: disk },
      cells: inOrder(cells, `limits/dev/${device}/`, LIMIT_STACKS),
    });
  }
  for (const id of ids.filter((one) => !one.startsWith('limits/dev/'))) {
    sessions.push({ disks: { [name('base', 0)]: base(p), ...second(id, p, name) }, cells: [id] });
  }
  return sessions;
}

/** The second disk of a table case that has one. */
function second(id: string, p: Parameters, name: DiskNames): Record<string, DiskAttributes> {
  const plain = { ...zonedBase(p), zone_nr_conv: 0 };
  if (/mixed-(?:regular\+zoned|zoned\+regular)$/.test(id)) {
    return { [name('reg', 1)]: { size: p.sizeMib, memory_backed: 1 } };
  }
  if (id.endsWith('/mixed-zone-sizes')) {
    return { [name('oz', 1)]: { ...plain, zone_size: p.zoneSizeMib * 2 } };
  }
  return id.includes('/concat-') ? { [name('oz', 1)]: plain } : {};
}

function mountSessions(
  recording: Recording,
  limits: Recording | undefined,
  p: Parameters,
  name: DiskNames,
): Session[] {
  const ids = Object.keys(recording.facts);
  const under = (prefix: string): string[] => ids.filter((id) => id.startsWith(prefix));
  const one = (attributes: DiskAttributes, configured = 'base') => ({
    [name(configured, 0)]: { memory_backed: 1, ...attributes },
  });
  const sessions: Session[] = [];
  const devices = new Set(
    ids
      .map((id) => id.split('/')[1]!)
      .filter(
        (device) =>
          ids.some((id) => id.startsWith(`mount/${device}/raw`)) || refused(recording, device),
      ),
  );
  for (const device of devices) {
    const known = mountDevice(device, p) ?? recordedAttributes(limits, device) ?? base(p);
    const cells = under(`mount/${device}/`);
    const ordered = orderedStacks(cells, device);
    sessions.push({
      disks: one(known, device),
      cells: refused(recording, device) ? [`mount/${device}`] : ordered,
    });
  }
  const doubled = { ...base(p), size: p.sizeMib * 2 };
  sessions.push(
    {
      disks: one(base(p)),
      cells: [
        ...inOrder(under('mount/btrfs-opts/'), 'mount/btrfs-opts/', BTRFS_OPTIONS),
        ...under('mount/btrfs-attr/'),
      ],
      hidden: flushEarly,
    },
    {
      disks: one(doubled),
      cells: inOrder(under('mount/btrfs-mkfs/'), 'mount/btrfs-mkfs/', BTRFS_MKFS),
      hidden: wipeStart(p),
    },
    { disks: imageDisks(p, name), cells: present(ids, IMAGE_CELLS), hidden: flushEarly },
    { disks: addDisks(p, name), cells: present(ids, ADD_CELLS), hidden: flushEarly },
    {
      disks: one(base(p)),
      cells: [
        ...inOrder(under('mount/zonefs-opts/'), 'mount/zonefs-opts/', ZONEFS_OPTIONS),
        ...inOrder(under('mount/zonefs-mkfs/'), 'mount/zonefs-mkfs/', ZONEFS_MKFS),
        ...inOrder(under('mount/zonefs-sb/'), 'mount/zonefs-sb/', ZONEFS_SB),
        ...present(ids, ['mount/btrfs-on-zonefs', 'mount/other-fs/ext4-type']),
      ],
      hidden: zonefsSetUp,
    },
    {
      disks: one({ ...zonedBase(p), zone_nr_conv: 0 }, 'noconv'),
      cells: present(ids, ['mount/zonefs-noconv', 'mount/zonefs-noconv/aggr']),
    },
    {
      disks: one(base(p), 'pre'),
      cells: present(ids, PREWRITTEN_CELLS),
      hidden: prewritten,
    },
  );
  return sessions.filter((session) => session.cells.length > 0);
}

const IMAGE_CELLS = [
  'mount/nonzoned-btrfs-on-zoned-device',
  'mount/zoned-btrfs-image-on-regular-device',
];
const ADD_CELLS = ['mount/btrfs-device-add', 'mount/btrfs-two-devices-mkfs'];
const PREWRITTEN_CELLS = [
  'mount/zonefs-prewritten',
  'mount/zonefs-zone-readonly',
  'mount/btrfs-zone-readonly',
  'mount/zonefs-zone-offline',
  'mount/btrfs-zone-offline',
];

function present(ids: readonly string[], wanted: readonly string[]): string[] {
  return wanted.filter((id) => ids.includes(id));
}

function refused(recording: Recording, device: string): boolean {
  const first = recording.facts[`mount/${device}`]?.[0];
  return first?.op === 'sh' && (first.args ?? '').includes('echo refused');
}

/** A device's stacks in script order; of each, the mapping, then zonefs, then btrfs. */
function orderedStacks(cells: readonly string[], device: string): string[] {
  const prefix = `mount/${device}/`;
  const stackOf = (id: string): string => id.slice(prefix.length).split('/')[0]!;
  const stacks = inOrder(
    [...new Set(cells.map((id) => prefix + stackOf(id)))],
    prefix,
    MOUNT_STACKS,
  );
  return stacks.flatMap((stack) =>
    [stack, `${stack}/zonefs`, `${stack}/btrfs`].filter((id) => cells.includes(id)),
  );
}

/** The disks of the mount script that differ from the base, by the name it gave them. */
function mountDevice(device: string, p: Parameters): DiskAttributes | null {
  const counted = /^(maxactive|maxopen|zs|nz|append|conv)(\d+)$/.exec(device);
  if (counted !== null) return countedDevice(counted[1]!, Number(counted[2]), p);
  switch (device) {
    case 'noconv':
      return { ...zonedBase(p), zone_nr_conv: 0 };
    case 'bs4k':
      return { ...base(p), blocksize: 4096 };
    case 'cap':
      return { ...base(p), zone_capacity: p.capacityMib };
    case 'appendsmall':
      return { ...base(p), zone_append_max_sectors: p.appendMaxSectors };
    case 'runt':
      return { ...base(p), size: p.sizeMib + 1 };
    case 'mostlyconv':
      return { ...base(p), zone_nr_conv: p.sizeMib / p.zoneSizeMib - 1 };
    case 'regular':
      return { size: 2048 };
    default:
      return null;
  }
}

function countedDevice(kind: string, n: number, p: Parameters): DiskAttributes {
  switch (kind) {
    case 'maxactive':
      return { ...base(p), zone_max_active: n, zone_max_open: n };
    case 'maxopen':
      return { ...base(p), zone_max_open: n };
    case 'append':
      return { ...base(p), zone_append_max_sectors: n };
    case 'conv':
      return { ...base(p), zone_nr_conv: n };
    case 'nz':
      return { ...zonedBase(p), size: n * p.zoneSizeMib, zone_nr_conv: 0 };
    default:
      return zoneSized(n);
  }
}

/** The devices of other zone sizes: their sizes and conventional zones are fixed in the script. */
function zoneSized(zoneSizeMib: number): DiskAttributes {
  const size = zoneSizeMib <= 2 ? 64 : zoneSizeMib === 16 ? 256 : 512;
  const conventional = zoneSizeMib <= 2 ? 4 : zoneSizeMib === 16 ? 0 : 3;
  return { zoned: 1, zone_size: zoneSizeMib, size, zone_nr_conv: conventional };
}

function imageDisks(p: Parameters, name: DiskNames): Record<string, DiskAttributes> {
  const zones = (p.sizeMib * 2) / p.zoneSizeMib;
  return {
    [name('reg', 0)]: { size: p.sizeMib, memory_backed: 1 },
    [name('mc', 1)]: { ...zonedBase(p), size: p.sizeMib * 2, zone_nr_conv: zones - 1 },
  };
}

function addDisks(p: Parameters, name: DiskNames): Record<string, DiskAttributes> {
  return {
    [name('a', 0)]: base(p),
    [name('b', 1)]: { ...zonedBase(p), zone_size: p.zoneSizeMib * 2, zone_nr_conv: 0 },
    [name('c', 2)]: { size: p.sizeMib, memory_backed: 1 },
    [name('e', 3)]: { ...zonedBase(p), zone_nr_conv: 0 },
  };
}

/** Where the scripts forgot the log before the first recorded `dmesg` of a case. */
function flushEarly(room: Room, id: string, at: number): void {
  const flushAt: Readonly<Record<string, readonly number[]>> = {
    'mount/btrfs-opts/remount': [1],
    'mount/btrfs-device-add': [2],
    'mount/nonzoned-btrfs-on-zoned-device': [2, 5],
    'mount/zoned-btrfs-image-on-regular-device': [3, 6],
  };
  if (at === 0 ? id !== 'mount/btrfs-two-devices-mkfs' : flushAt[id]?.includes(at)) room.flushLog();
}

function wipeStart(p: Parameters) {
  let started = false;
  return (room: Room, _id: string, at: number): void => {
    if (at !== 0) return;
    const disk = [...room.machine.disks.keys()][0]!;
    const mib = p.conventional * p.zoneSizeMib;
    if (started)
      room.machine.run(`dd if=/dev/zero of=/dev/${disk} bs=1M count=${mib} oflag=direct`);
    started = true;
    room.flushLog();
  };
}

function zonefsSetUp(room: Room, id: string, at: number): void {
  const disk = [...room.machine.disks.keys()][0]!;
  const damage = /^mount\/zonefs-sb\/(?!no-superblock|btrfs)/.test(id);
  if (damage && at === 0) room.machine.run(`mkzonefs -f /dev/${disk}`);
  const flushAt = id === 'mount/zonefs-opts/remount' || id.startsWith('mount/zonefs-sb/') ? 1 : 0;
  if (at === 0 || at === flushAt) room.flushLog();
}

function prewritten(room: Room, id: string, at: number): void {
  const first = id === 'mount/zonefs-prewritten';
  if (first && at === 0) room.machine.run(`mkzonefs -f /dev/${[...room.machine.disks.keys()][0]}`);
  if (at === 0 || (first && at === 5)) room.flushLog();
}
