/**
 * What the trace tells of one data write, floor by floor: the sector it was sent to, the IV used, where the disk put
 * it, and what the file system was told. Made from records alone, so it holds for any stack.
 */

import { Flag, Op } from '../block/bio.ts';
import { directRead } from '../block/direct.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Machine } from '../machine.ts';
import { isDataWrite } from '../scenario/outcome.ts';
import type { TraceRecord } from '../sim/trace.ts';

export interface IvUse {
  /** The mapped device that used it. */
  readonly device: string;
  readonly firstSector: number;
  readonly units: number;
  /** Sectors from one unit's IV to the next. */
  readonly step: number;
}

/** The units of a file that the file system encrypted itself (the what-if `fs-encryption`). */
export interface FileUnits {
  readonly file: string;
  readonly first: number;
  readonly units: number;
}

export interface WriteEvidence {
  readonly bio: number;
  /** The device the file system (or program) wrote to. */
  readonly device: string;
  readonly append: boolean;
  readonly emulated: boolean;
  readonly sentSector: number;
  readonly sectors: number;
  readonly iv: IvUse | null;
  readonly fileUnits: FileUnits | null;
  /** The disk, and the sector its request completed at. */
  readonly disk: string | null;
  readonly landedSector: number | null;
  /** `landedSector` as the top device numbers it. */
  readonly landedTopSector: number | null;
  /** Where each part begins that reached the disk, as the top device numbers it. */
  readonly partSectors: readonly number[];
  /** The sector an append's completion on the top device told its sender; null for a regular write, which knows its own. */
  readonly reportedSector: number | null;
  readonly failed: boolean;
  /** File position and call that caused it, from its cause. */
  readonly cause: TraceRecord | null;
}

/** The evidence of every data write in records `start` to `end`, in order. */
export function writeEvidence(machine: Machine, start: number, end: number): WriteEvidence[] {
  const records = [...machine.trace.records(start, end)];
  const byBio = new Map<number, TraceRecord[]>();
  for (const record of records) {
    if (record.bio === 0 || record.kind === 'syscallEnd') continue;
    const list = byBio.get(record.bio);
    if (list === undefined) byBio.set(record.bio, [record]);
    else list.push(record);
  }
  return records.filter(isDataWrite).map((top) => evidenceOf(machine, top, byBio.get(top.bio)!));
}

function evidenceOf(
  machine: Machine,
  top: TraceRecord,
  records: readonly TraceRecord[],
): WriteEvidence {
  const crypt = records.find((one) => one.kind === 'crypt' && one.b === 1);
  const sealed = records.find((one) => one.kind === 'fscrypt' && one.b === 1);
  const done = records.find((one) => one.kind === 'rqComplete' && (one.op & 1) === 1);
  const ended = records.findLast((one) => one.kind === 'bioComplete' && one.device === top.device);
  const landed = done?.sector ?? null;
  const append = top.op === Op.zoneAppend;
  const parts = records.filter((one) => one.kind === 'bioQueue' && one.device === done?.device);
  const shift = parts.length === 0 ? 0 : shiftBetween(top, parts[0]!, records);
  const told = ended?.sector ?? (done?.device === top.device ? landed : null);
  return {
    bio: top.bio,
    device: top.device,
    append,
    emulated: records.some((one) => one.kind === 'appendEmulated'),
    sentSector: top.sector,
    sectors: top.sectors,
    iv: crypt === undefined ? null : ivUse(crypt),
    fileUnits: sealed === undefined ? null : fileUnits(sealed),
    disk: done?.device ?? null,
    landedSector: landed,
    landedTopSector: landed === null ? null : landed - shift,
    partSectors:
      parts.length === 1 && landed !== null
        ? [landed - shift]
        : parts.map(({ sector }) => sector - shift),
    reportedSector: append ? told : null,
    failed: records.some(isFailure),
    cause: top.a >= 0 && top.a < machine.trace.length ? machine.trace.at(top.a) : null,
  };
}

/**
 * How far the sectors of the disk that `lowest` was sent to lie from the top device's. Followed from floor to floor, since
 * an append names the start of its zone until a floor makes a regular write of it.
 */
function shiftBetween(
  top: TraceRecord,
  lowest: TraceRecord,
  records: readonly TraceRecord[],
): number {
  let shift = 0;
  let at = top;
  for (const record of records) {
    if (record.kind === 'appendEmulated' && record.device === at.device) at = record;
    else if (record.kind === 'bioQueue' && record.device !== at.device) {
      if (record.op === at.op) shift += record.sector - at.sector;
      at = record;
    }
    if (record === lowest) break;
  }
  return shift;
}

function ivUse(record: TraceRecord): IvUse {
  const { device, sector, sectors, a } = record;
  return { device, firstSector: sector, units: sectors, step: a };
}

function fileUnits({ device, sector, sectors }: TraceRecord): FileUnits {
  return { file: device, first: sector, units: sectors };
}

/** Kinds that tell the end of a bio or of its request; older kernels know no rqError. */
const ENDS: ReadonlySet<string> = new Set(['rqComplete', 'rqError', 'bioComplete']);

export function isFailure({ kind, a }: TraceRecord): boolean {
  return ENDS.has(kind) && a < 0;
}

/** The IV a read used, in records `start` to `end`; null when nothing was decrypted. */
export function readIv(machine: Machine, start: number, end: number): IvUse | null {
  for (const record of machine.trace.records(start, end)) {
    if (record.kind === 'crypt' && record.b === 0) return ivUse(record);
  }
  return null;
}

/** The first read of data in records `start` to `end`, as it was sent. */
export function readSent(machine: Machine, start: number, end: number): TraceRecord | null {
  for (const record of machine.trace.records(start, end)) {
    if (record.kind === 'bioQueue' && record.op === Op.read && (record.flags & Flag.top) !== 0) {
      return record;
    }
  }
  return null;
}

/** The first `lengthBytes` of a write as they stand on the disk of `machine`; null when there is nothing to read. */
export function landedBytes(
  machine: Machine,
  { disk, landedSector }: WriteEvidence,
  lengthBytes: number,
): Uint8Array | null {
  const device = disk === null ? undefined : machine.block.devices.get(disk);
  if (device === undefined || landedSector === null) return null;
  const from = landedSector * SECTOR_BYTES;
  const read = machine.call(directRead(machine.block, device, from, lengthBytes), 'report');
  return typeof read === 'number' ? null : read.bytes();
}
