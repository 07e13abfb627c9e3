/** A session: cells that shared a guest's disks, in the order the guest ran them. */

import type { DiskAttributes } from '../src/machine.ts';
import type { Op, Recording } from './facts.ts';
import type { Room } from './machine-room.ts';
import type { Parameters } from './parameters.ts';
import type { Outcome } from './zio-words.ts';

/** A cell, or the operations `from` up to `to` of one that the guest did not run in one go. */
export type Cell = string | { readonly id: string; readonly from: number; readonly to: number };

export interface Session {
  /** The kernel the disks are made under, when not the recording's own. */
  readonly formattedUnder?: string;
  readonly disks: Readonly<Record<string, DiskAttributes>>;
  readonly cells: readonly Cell[];
  /** What the script did, unrecorded, before this cell, or before operation `at` of it. */
  readonly hidden?: (room: Room, id: string, at: number) => void;
  /** Brings a fresh machine to where the set-up cell left the first one. */
  readonly resume?: (room: Room) => void;
  /** Operations that are not the driver's: their outcome, why they cannot be compared, or null for those that are. */
  readonly perform?: (room: Room, op: Op) => Outcome | string | null;
}

export function cellId(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.id;
}

/** 5.10 numbers its disks; later kernels call them by the name they were configured under. */
export type DiskNames = (configured: string, index: number) => string;

export function diskNames(recording: Recording): DiskNames {
  const numbered = JSON.stringify(recording.facts).includes('/dev/nullb0');
  return (configured, index) => (numbered ? `nullb${index}` : configured);
}

export const zonedBase = (p: Parameters): DiskAttributes => ({
  zoned: 1,
  zone_size: p.zoneSizeMib,
  size: p.sizeMib,
  memory_backed: 1,
});

export const base = (p: Parameters): DiskAttributes => ({
  ...zonedBase(p),
  zone_nr_conv: p.conventional,
});
