/**
 * The superblock log of zoned disks (fs/btrfs/zoned.c, sb_write_pointer(), sb_log_location(), btrfs_advance_sb_log();
 * 5.12+): per copy two neighbouring zones used as a ring of 4 KiB slots. The next slot is read off the two zones'
 * conditions and write pointers alone; nothing is searched. A conventional first zone has no log: its first slot is
 * overwritten in place. On a disk without zones the copies stand at their regular places.
 */

import { ZoneCond, ZoneType, type ZoneView } from '../../block/device.ts';
import { errno } from '../../kernel/errno.ts';
import { log2, SECTOR_BYTES } from '../../kernel/units.ts';
import { SUPER_INFO_BYTES } from './superblock.ts';

export const SUPER_SECTORS = SUPER_INFO_BYTES / SECTOR_BYTES;
/** Zones per copy (BTRFS_NR_SB_LOG_ZONES). */
export const LOG_ZONES = 2;
/** First byte of each copy's log: 0, 512 GiB, 4 TiB (BTRFS_SB_LOG_FIRST_OFFSET, BTRFS_SB_LOG_SECOND_OFFSET). */
const LOG_SHIFTS = [null, 39, 42] as const;

/** Number of the first log zone of copy `mirror` (sb_zone_number()). */
export function superLogZone(zoneSizeBytes: number, mirror: number): number {
  const shift = LOG_SHIFTS[mirror];
  return shift === null || shift === undefined ? 0 : 2 ** (shift - log2(zoneSizeBytes));
}

/** Both zones of a copy, changed as slots are written: the kernel's copy of their report. */
export type LogPair = readonly [LogZone, LogZone];

export interface LogZone {
  readonly start: number;
  readonly len: number;
  readonly capacity: number;
  readonly type: number;
  wp: number;
  cond: number;
}

export function logZone(view: ZoneView): LogZone {
  const { start, len, capacity, type, wp, cond } = view;
  return { start, len, capacity, type, wp, cond };
}

/** `length`: 5.12 to 5.15 knew no capacity. */
export type ZoneEnd = 'length' | 'capacity';

function endSector(zone: LogZone, rule: ZoneEnd): number {
  return zone.start + (rule === 'capacity' ? zone.capacity : zone.len);
}

function isFull(zone: LogZone, rule: ZoneEnd): boolean {
  if (zone.cond === ZoneCond.full) return true;
  return rule === 'capacity' && zone.wp + SUPER_SECTORS > endSector(zone, rule);
}

/** Sector of the last whole slot of a zone. */
function lastSlot(zone: LogZone, rule: ZoneEnd): number {
  const end = endSector(zone, rule);
  return end - (end % SUPER_SECTORS) - SUPER_SECTORS;
}

/** The last slots of both zones, whose generations decide when both zones are full. */
export function lastSlots(pair: LogPair, rule: ZoneEnd): readonly [number, number] {
  return [lastSlot(pair[0], rule), lastSlot(pair[1], rule)];
}

export type LogPosition =
  | { readonly kind: 'at'; readonly sector: number }
  /** Both empty: nothing was ever written. */
  | { readonly kind: 'nothing'; readonly sector: number }
  /** Both full: the older one, by the generations in their last slots, is next. */
  | { readonly kind: 'compare' }
  | { readonly kind: 'impossible' };

/** Where the next superblock goes (sb_write_pointer()). */
export function writePosition(pair: LogPair, rule: ZoneEnd): LogPosition {
  const [first, second] = pair;
  const empty0 = first.cond === ZoneCond.empty;
  const empty1 = second.cond === ZoneCond.empty;
  const full0 = isFull(first, rule);
  const full1 = isFull(second, rule);
  if (empty0 && empty1) return { kind: 'nothing', sector: first.start };
  if (full0 && full1) return { kind: 'compare' };
  if (!full0 && (empty1 || full1)) return { kind: 'at', sector: first.wp };
  if (full0) return { kind: 'at', sector: second.wp };
  return { kind: 'impossible' };
}

/** The slot written last, given the next one: one slot back, over the ring's seam if need be. */
export function readPosition(pair: LogPair, rule: ZoneEnd, nextSector: number): number {
  if (nextSector === pair[0].start) return lastSlot(pair[1], rule);
  if (nextSector === pair[1].start) return lastSlot(pair[0], rule);
  return nextSector - SUPER_SECTORS;
}

/** The zone to reset before writing at `sector`, or null: a ring zone is entered at its head only, and empty. */
export function zoneToReset(pair: LogPair, sector: number): LogZone | null {
  const zone = pair.find((candidate) => candidate.start === sector);
  return zone === undefined || zone.cond === ZoneCond.empty ? null : zone;
}

/**
 * A slot was written (btrfs_advance_sb_log()). Returns the zone that is now out of room and must be finished by
 * command, or null.
 */
export function advance(pair: LogPair, rule: ZoneEnd, finishes: boolean): LogZone | null {
  for (const zone of pair) {
    if (zone.cond === ZoneCond.full) continue;
    if (zone.cond === ZoneCond.empty) zone.cond = ZoneCond.impOpen;
    zone.wp += SUPER_SECTORS;
    if (rule === 'length' ? zone.wp !== zone.start + zone.len : !isFull(zone, rule)) return null;
    const short = zone.wp !== endSector(zone, rule);
    zone.wp = zone.start + zone.len;
    zone.cond = ZoneCond.full;
    return finishes && short ? zone : null;
  }
  throw new Error('"superblock log" expected a zone with room, got two full ones');
}

/** Is there no log because the first zone takes writes anywhere? */
export function isInPlace(pair: LogPair): boolean {
  return pair[0].type === ZoneType.conventional;
}

/** EUCLEAN: the pair is in a state no writer leaves behind. */
export const IMPOSSIBLE = -errno.EUCLEAN;
