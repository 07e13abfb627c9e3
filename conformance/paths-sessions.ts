/** Sessions of paths.json: block events while writing to the device itself, through zonefs and through btrfs. */

import type { Recording } from './facts.ts';
import type { Room } from './machine-room.ts';
import { inOrder, PATHS, PATHS_STACKS } from './order.ts';
import type { Parameters } from './parameters.ts';
import { base, type Cell, type DiskNames, type Session } from './session.ts';
import { tableOf, unrecorded } from './unrecorded.ts';

export function pathsSessions(recording: Recording, p: Parameters, name: DiskNames): Session[] {
  const ids = Object.keys(recording.facts);
  const stacks = new Set(ids.map((id) => id.split('/').slice(0, 3).join('/')));
  const ordered = inOrder(
    [...stacks].map((stack) => stack.split('/').slice(1).join('/')),
    '',
    DEVICES.flatMap((device) => PATHS_STACKS.map((stack) => `${device}/${stack}`)),
  );
  return ordered.map((stack) => {
    const prefix = `paths/${stack}/`;
    const [device = '', mapping = ''] = stack.split('/');
    const disk = name(device, 0);
    const path = mapping === 'raw' ? `/dev/${disk}` : '/dev/mapper/t';
    const setUp = `${prefix}setup`;
    return {
      disks: { [disk]: { ...base(p), ...attributes(device, p) } },
      cells: cellsOf(recording, prefix, setUp),
      resume: (room) => unrecorded.map(room, tableOf(recording.facts[setUp])),
      hidden: (room, id, at) => {
        const before = recording.facts[id]?.[at]?.op === 'sysq' ? 'sysq' : id.slice(prefix.length);
        if (at === 0 || before === 'sysq') prepare(room, before, path, p);
      },
    };
  });
}

const DEVICES = ['base', 'append0', 'appendsmall'];

function attributes(device: string, p: Parameters): Record<string, number> {
  switch (device) {
    case 'append0':
      return { zone_append_max_sectors: 0 };
    case 'appendsmall':
      return { zone_append_max_sectors: p.appendMaxSectors };
    default:
      return {};
  }
}

/** The queue attributes in the set-up's cell were read after the writes to the device itself. */
function cellsOf(recording: Recording, prefix: string, setUp: string): Cell[] {
  const ids = Object.keys(recording.facts).filter((id) => id.startsWith(prefix) && id !== setUp);
  const ordered = inOrder(ids, prefix, PATHS);
  const ops = recording.facts[setUp] ?? [];
  const mapped = ops.filter((op) => op.op === 'dm').length;
  const device = ordered.filter((id) => id.startsWith(`${prefix}dev-`));
  return [
    { id: setUp, from: 0, to: mapped },
    ...device,
    { id: setUp, from: mapped, to: ops.length },
    ...ordered.filter((id) => !device.includes(id)),
  ].filter((cell) => typeof cell === 'string' || cell.from < cell.to);
}

function prepare(room: Room, before: string, path: string, p: Parameters): void {
  if (before === 'sysq') {
    unrecorded.resetZones(room, path, p);
    unrecorded.umount(room, '/mnt/z');
    unrecorded.run(room, `mkzonefs -f ${path}`);
  } else if (before === 'dev-direct64K') {
    room.flushLog();
    unrecorded.resetZones(room, path, p);
  } else if (before === 'dev-direct-across-zone') {
    unrecorded.finishZone(room, path, p.conventional + 1, p);
  } else if (/^zonefs-(?!cnv|read)/.test(before)) {
    unrecorded.resetZones(room, path, p);
  }
}
