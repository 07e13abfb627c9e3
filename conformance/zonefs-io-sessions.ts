/**
 * Sessions of zonefs-io.json: on each device and stack, every case with fresh zones and a mount of its own. Each stack
 * gets a machine of its own: the cases reset what the one before left.
 */

import type { Recording } from './facts.ts';
import type { Room } from './machine-room.ts';
import { inOrder, ZONEFS_IO, ZONEFS_IO_STACKS } from './order.ts';
import type { Parameters } from './parameters.ts';
import { base, type DiskNames, type Session } from './session.ts';
import { tableOf, unrecorded } from './unrecorded.ts';

/** The script took its mappings down in runs of the driver that had no label: the nth is the nth such stack's. */
const UNLABELLED = '';

export function zonefsIoSessions(recording: Recording, p: Parameters, name: DiskNames): Session[] {
  const ids = Object.keys(recording.facts).filter((id) => id !== UNLABELLED);
  const found = [...new Set(ids.map((id) => id.split('/')[1] ?? ''))];
  const stacks = inOrder(found, '', ZONEFS_IO_STACKS);
  const removals = recording.facts[UNLABELLED]?.length ?? 0;
  let removed = 0;
  return stacks.map((stack) => {
    const prefix = `zonefs-io/${stack}/`;
    const setUp = `${prefix}setup`;
    const mapped = ids.includes(setUp);
    const cases = ids.filter((id) => id.startsWith(prefix) && id !== setUp);
    const [configured, extra] = device(stack, p);
    const disk = name(configured, 0);
    const path = mapped ? '/dev/mapper/t' : `/dev/${disk}`;
    const last = mapped && removed < removals ? removed++ : -1;
    return {
      disks: { [disk]: { ...base(p), ...extra } },
      cells: [
        ...(mapped ? [setUp] : []),
        ...inOrder(cases, prefix, ZONEFS_IO),
        ...(last < 0 ? [] : [{ id: UNLABELLED, from: last, to: last + 1 }]),
      ],
      resume: (room) => {
        if (mapped) unrecorded.map(room, tableOf(recording.facts[setUp]));
      },
      hidden: freshMount(path, p),
    };
  });
}

/** What the script did before each case. */
function freshMount(path: string, p: Parameters) {
  const formatted = new WeakSet<Room>();
  return (room: Room, id: string, at: number): void => {
    if (at !== 0 || id.endsWith('/setup') || id === UNLABELLED) return;
    if (!formatted.has(room)) unrecorded.run(room, `mkzonefs -f ${path}`);
    formatted.add(room);
    unrecorded.umount(room, '/mnt/z');
    unrecorded.resetZones(room, path, p);
    room.flushLog();
  };
}

/** The name a stack's device was configured under, and what it has beside the base attributes. */
function device(stack: string, p: Parameters): readonly [string, Record<string, number>] {
  switch (stack) {
    case 'bs4k':
      return ['bs4k', { blocksize: 4096 }];
    case 'cap':
      return ['cap', { zone_capacity: p.capacityMib }];
    case 'append0':
      return ['append0', { zone_append_max_sectors: 0 }];
    case 'limits':
    case 'limits-crypt':
      return ['lim', { zone_max_open: p.maxOpen, zone_max_active: p.maxActive }];
    case 'openonly':
      return ['mo', { zone_max_open: p.maxOpen }];
    case 'actonly':
      return ['ma', { zone_max_active: p.maxActive }];
    default:
      return ['base', {}];
  }
}
