/**
 * From a data write that failed to what stood in its way on the disk: a planned fault, the condition of its zone, or a
 * write pointer that somebody else had moved. Made from the trace alone.
 */

import { Op } from '../block/bio.ts';
import { ZoneCond } from '../block/device.ts';
import { errnoName } from '../kernel/errno.ts';
import type { Machine } from '../machine.ts';
import type { TraceRecord } from '../sim/trace.ts';
import { isFailure, type WriteEvidence } from './write-evidence.ts';

/** Links for `write`, which failed, from records `start` to `end`; at least one. */
export function failureLinks(
  machine: Machine,
  write: WriteEvidence,
  start: number,
  end: number,
): string[] {
  const records = [...machine.trace.records(start, end)].filter(({ bio }) => bio === write.bio);
  const failed = records.find(isFailure);
  const how = write.append ? 'zone append' : 'regular write';
  const said = failed === undefined ? '' : `: ${errnoName(failed.a)}`;
  const { bio, device, sentSector } = write;
  const links = [`bio ${bio}, a ${how} to ${device} sector ${sentSector}, failed${said}`];
  const fault = records.find(({ kind }) => kind === 'fault');
  if (fault !== undefined) return [...links, `a fault was planned: ${machine.trace.text(fault.a)}`];
  // A write plug fails what is not at the pointer before it becomes a request.
  const sent = records.findLast(({ kind }) => kind === 'rqIssue' || kind === 'bioQueue');
  const zone = sent === undefined ? null : lastChange(machine, sent);
  return zone === null ? links : [...links, ...zoneLinks(machine, sent!, zone)];
}

function zoneLinks(machine: Machine, sent: TraceRecord, zone: TraceRecord): string[] {
  const place = `the zone at ${zone.device} sector ${zone.sector}`;
  if (zone.b === ZoneCond.readonly) return [`${place} had become read-only`];
  if (zone.b === ZoneCond.offline) return [`${place} had gone offline`];
  const pointer = zone.sector + zone.d;
  // An append goes wherever the pointer stands.
  if (sent.op === Op.zoneAppend || pointer === sent.sector) return [];
  const by = before(
    machine,
    zone.index,
    (one) => one.kind === 'rqIssue' && one.device === zone.device,
  );
  const asked = `it was for ${zone.device} sector ${sent.sector}, but the write pointer of that zone stood at ${pointer}`;
  return by === null ? [asked] : [asked, `bio ${by.bio}, sent by ${by.comm}, had moved it there`];
}

/** What the zone of a request last came to before it; null when nothing did since the machine was booted. */
function lastChange(machine: Machine, { index, device, sector }: TraceRecord): TraceRecord | null {
  return before(
    machine,
    index,
    (one) =>
      one.kind === 'zone' &&
      one.device === device &&
      one.sector <= sector &&
      sector < one.sector + one.sectors,
  );
}

function before(
  machine: Machine,
  index: number,
  fits: (record: TraceRecord) => boolean,
): TraceRecord | null {
  for (let at = index - 1; at >= 0; at -= 1) {
    const record = machine.trace.at(at);
    if (fits(record)) return record;
  }
  return null;
}
