/**
 * The superblocks of a disk image: what `zonestack image superblock FILE` shows. A zone report beside the image tells
 * where the log stands, as it tells the kernel; without one both zones are searched for the newest superblock, as a
 * rescue tool would. Pure: bytes come through a function.
 */

import { ZoneCond, ZoneType } from '../../block/device.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import {
  isInPlace,
  LOG_ZONES,
  type LogPair,
  type LogZone,
  lastSlots,
  readPosition,
  writePosition,
} from './super-log.ts';
import {
  decodeSuperblock,
  SUPER_INFO_BYTES,
  SUPER_INFO_OFFSET,
  SUPER_MAGIC,
  type Superblock,
  superCsumMatches,
} from './superblock.ts';

/** Reads `length` bytes at `offset`; fewer at the end of the image. */
export type ReadAt = (offset: number, length: number) => Uint8Array;

export interface ImageSlot {
  readonly offsetBytes: number;
  readonly superblock: Superblock;
  readonly checksumValid: boolean;
}

export interface ImageSuperblocks {
  /** In order of place: every slot with the magic. */
  readonly slots: readonly ImageSlot[];
  /** The slot a mount would read; null when there is none, or when it is in no state a mount accepts. */
  readonly newest: ImageSlot | null;
  /** How the newest was found: by the zone report, by generation, or at a regular place. */
  readonly foundBy: 'zone-report' | 'generation' | 'regular-place';
}

/** Thrown for a report that is not one: with the line at fault, counted from 1. */
export class ReportError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.name = 'ReportError';
    this.line = line;
  }
}

const REPORT_LINE =
  /^\s*start: 0x([0-9a-f]+), len 0x([0-9a-f]+), cap 0x([0-9a-f]+), wptr 0x([0-9a-f]+) .*zcond:\s*(\d+)\(.{2}\) \[type: (\d)\(/;
/** `_BHRfS_M` begins with an underscore, at this byte. */
const SUPER_MAGIC_OFFSET = 64;
/** A log is two zones: more of a report than those needs no reading. */
const MAX_REPORT_LINES = 1_000_000;
/** Zone sizes that a search without a report tries: 4 MiB to 8 GiB. */
const SEARCH_SLOTS = 65536;

/** The largest zone btrfs takes (BTRFS_MAX_ZONE_SIZE, 8 GiB): a log in a larger one cannot be. */
const MAX_ZONE_SECTORS = 8 * 2 ** 21;

/** What a superblock stands in, on any disk. */
export const SUPER_BLOCK_BYTES = SUPER_INFO_BYTES;

/** Has a block of SUPER_BLOCK_BYTES the magic of a superblock? */
export function looksLikeSuperblock(block: Uint8Array): boolean {
  return block[SUPER_MAGIC_OFFSET] === 0x5f && decodeSuperblock(block).magic === SUPER_MAGIC;
}

/** Zones of a report in the format of `blkzone report`; write pointers there are relative to the zone. */
export function parseZoneReport(text: string): LogZone[] {
  const zones: LogZone[] = [];
  const lines = text.split('\n', MAX_REPORT_LINES);
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const match = REPORT_LINE.exec(line);
    if (match === null) {
      throw new ReportError(at + 1, `line ${at + 1} is no line of a zone report: "${line.trim()}"`);
    }
    const [start, len, capacity, wp] = match.slice(1, 5).map((hex) => Number.parseInt(hex, 16));
    if (len! > MAX_ZONE_SECTORS || capacity! > len!) {
      throw new ReportError(at + 1, `line ${at + 1}: no zone has such a length and capacity`);
    }
    zones.push({
      start: start!,
      len: len!,
      capacity: capacity!,
      wp: start! + wp!,
      cond: Number(match[5]),
      type: Number(match[6]),
    });
  }
  return zones;
}

/** The superblocks of an image; with the text of its zone report where there is one. Throws ReportError. */
export function readImageSuperblock(readAt: ReadAt, zoneReport: string | null): ImageSuperblocks {
  const regular = slotAt(readAt, SUPER_INFO_OFFSET);
  if (zoneReport === null) {
    if (regular !== null && slotAt(readAt, 0) === null) {
      return { slots: [regular], newest: regular, foundBy: 'regular-place' };
    }
    return searched(readAt);
  }
  const zones = parseZoneReport(zoneReport);
  const [first, second] = zones;
  if (first === undefined || second === undefined) {
    throw new ReportError(zones.length + 1, `a log needs ${LOG_ZONES} zones, got ${zones.length}`);
  }
  const pair: LogPair = [first, second];
  if (isInPlace(pair)) {
    const slot = slotAt(readAt, first.start * SECTOR_BYTES);
    return { slots: slot === null ? [] : [slot], newest: slot, foundBy: 'zone-report' };
  }
  const slots = pair.flatMap((zone) => slotsOf(readAt, zone));
  return { slots, newest: newestByReport(readAt, pair), foundBy: 'zone-report' };
}

function slotAt(readAt: ReadAt, offsetBytes: number): ImageSlot | null {
  const bytes = readAt(offsetBytes, SUPER_INFO_BYTES);
  if (bytes.length < SUPER_INFO_BYTES) return null;
  const superblock = decodeSuperblock(bytes);
  if (superblock.magic !== SUPER_MAGIC) return null;
  return { offsetBytes, superblock, checksumValid: superCsumMatches(bytes) };
}

/** The written slots of a log zone, up to its write pointer. */
function slotsOf(readAt: ReadAt, zone: LogZone): ImageSlot[] {
  if (zone.type === ZoneType.conventional || zone.cond === ZoneCond.empty) return [];
  const written = zone.cond === ZoneCond.full ? zone.capacity : zone.wp - zone.start;
  const end = zone.start + Math.min(written, zone.len);
  const slots: ImageSlot[] = [];
  const last = end * SECTOR_BYTES - SUPER_INFO_BYTES;
  for (let at = zone.start * SECTOR_BYTES; at <= last; at += SUPER_INFO_BYTES) {
    const slot = slotAt(readAt, at);
    if (slot !== null) slots.push(slot);
  }
  return slots;
}

function newestByReport(readAt: ReadAt, pair: LogPair): ImageSlot | null {
  const position = writePosition(pair, 'capacity');
  if (position.kind === 'nothing' || position.kind === 'impossible') return null;
  if (position.kind === 'at') {
    return slotAt(readAt, readPosition(pair, 'capacity', position.sector) * SECTOR_BYTES);
  }
  const last = lastSlots(pair, 'capacity').map((sector) => slotAt(readAt, sector * SECTOR_BYTES));
  const generation = (slot: ImageSlot | null | undefined): number =>
    slot?.superblock.generation ?? -1;
  // The older zone is written next, so the newest slot is the last one of the other.
  return (generation(last[0]) > generation(last[1]) ? last[0] : last[1]) ?? null;
}

/**
 * Without a report nothing says how large a zone is. A log zone's slots stand one behind the other, so each zone is
 * read until the first hole; the second zone starts at a power of two, as every zone does.
 */
function searched(readAt: ReadAt): ImageSuperblocks {
  const slots = run(readAt, 0);
  for (let zone = 4 * 2 ** 20; zone <= 8 * 2 ** 30; zone *= 2) {
    // Where the first zone ended, the second begins; anywhere else a superblock is data that looks like one.
    const found = slotAt(readAt, zone);
    if (found === null || found.superblock.bytenr !== SUPER_INFO_OFFSET) continue;
    if (slots.some(({ offsetBytes }) => offsetBytes === zone)) continue;
    slots.push(...run(readAt, zone));
    break;
  }
  let newest: ImageSlot | null = null;
  for (const slot of slots) {
    const { checksumValid, superblock } = slot;
    // Of two slots of one generation the later one holds the log root.
    if (checksumValid && superblock.generation >= (newest?.superblock.generation ?? 0))
      newest = slot;
  }
  return { slots, newest, foundBy: 'generation' };
}

function run(readAt: ReadAt, start: number): ImageSlot[] {
  const slots: ImageSlot[] = [];
  for (let i = 0; i < SEARCH_SLOTS; i += 1) {
    const slot = slotAt(readAt, start + i * SUPER_INFO_BYTES);
    if (slot === null) break;
    slots.push(slot);
  }
  return slots;
}
