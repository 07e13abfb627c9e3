/** What the guest scripts did between the operations they recorded. */

import { O } from '../src/fs/inode.ts';
import type { ZoneCommand } from '../src/fs/syscalls.ts';
import type { Op } from './facts.ts';
import type { Room } from './machine-room.ts';
import type { Parameters } from './parameters.ts';

const SECTORS_PER_MIB = 2048;

/** The table of the first mapping these operations create. */
export function tableOf(ops: readonly Op[] | undefined): string | null {
  const args = ops?.find((op) => op.op === 'dm')?.args;
  return args === undefined ? null : args.slice(args.indexOf(' ') + 1).trim();
}

export function zoneSectors(p: Parameters): number {
  return p.zoneSizeMib * SECTORS_PER_MIB;
}

function manage(room: Room, path: string, command: ZoneCommand, start: number, sectors: number) {
  const { vfs } = room.machine;
  const fd = room.call(vfs.open(room.process, path, O.RDWR));
  if (fd < 0) return;
  room.call(vfs.manageZones(room.process, fd, command, start, sectors));
  room.call(vfs.close(room.process, fd));
}

export const unrecorded = {
  run(room: Room, line: string): void {
    room.run(line);
  },

  /** The mapping under test, `t`. */
  map(room: Room, table: string | null): void {
    if (table !== null) room.run(`dmsetup create t --table "${table}"`);
  },

  umount(room: Room, target: string): void {
    room.closeAll();
    room.call(room.machine.vfs.umount(room.process, target));
  },

  /** Resets all sequential zones. */
  resetZones(room: Room, path: string, p: Parameters): void {
    const start = p.conventional * zoneSectors(p);
    manage(room, path, 'reset', start, p.sizeMib * SECTORS_PER_MIB - start);
  },

  finishZone(room: Room, path: string, zone: number, p: Parameters): void {
    manage(room, path, 'finish', zone * zoneSectors(p), zoneSectors(p));
  },
};
