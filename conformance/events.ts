/** Block events as the recordings hold them, made from the machine's trace. */

import { rwbs } from '../src/block/rwbs.ts';
import { SECTOR_BYTES } from '../src/kernel/units.ts';
import type { TraceRecord } from '../src/sim/trace.ts';
import type { Room } from './machine-room.ts';

export type BlockEvent = Readonly<Record<string, string | number>>;

/** The events since trace record `from`; where mounts and opens stood outside the recording's windows, without theirs. */
export function recordedEvents(room: Room, from: number): BlockEvent[] {
  const { trace, kernel } = room.machine;
  const events: BlockEvent[] = [];
  let outside = 0;
  for (const record of trace.records(from)) {
    if (record.kind === 'syscall' && !room.tracesMounts)
      outside = OUTSIDE.has(record.device) ? 1 : 0;
    if (outside === 1) continue;
    const event = blockEvent(record, rwbs(kernel, record.op, record.flags), room);
    if (event !== null) events.push(event);
  }
  return events;
}

const OUTSIDE: ReadonlySet<string> = new Set(['mount', 'open', 'stat', 'fstat', 'readdir']);

function blockEvent(record: TraceRecord, op: string, room: Room): BlockEvent | null {
  const { device: dev, sector, sectors: nr, comm } = record;
  // Completions hold 0 or a negative errno.
  const error = record.a;
  switch (record.kind) {
    case 'bioQueue':
      return { ev: 'bio_queue', dev, op, sector, nr, comm };
    case 'bioRemap':
      return { ev: 'bio_remap', dev, op, sector, nr, ...remapped(record, room) };
    case 'bioSplit':
      return { ev: 'split', dev, op, sector, newSector: record.a, comm };
    case 'rqIssue':
      return { ev: 'rq_issue', dev, op, bytes: nr * SECTOR_BYTES, sector, nr };
    case 'rqComplete':
      return { ev: 'rq_complete', dev, op, sector, nr, error };
    case 'bioComplete':
      return { ev: 'bio_complete', dev, op, sector, nr, error };
    default:
      return null;
  }
}

/** The device a bio came from stands in the record by its interned name. */
function remapped(record: TraceRecord, room: Room): BlockEvent {
  const from = room.machine.block.devices.get(room.machine.trace.text(record.a));
  return {
    fromDev: from === undefined ? '?' : `${from.major},${from.minor}`,
    fromSector: record.b,
  };
}

/**
 * Are the events the same floor by floor, each kind in its order? How completions of one bio fall between submissions of
 * the next, when several are in flight, is a matter of timing and differs between runs of one kernel; so is whether the
 * sender or a worker goes on with a bio that may have to wait.
 */
export function sameByFloor(
  recorded: unknown,
  got: unknown,
  wanted: (event: BlockEvent) => boolean = () => true,
): boolean {
  return byFloor(recorded, wanted) === byFloor(got, wanted);
}

function byFloor(events: unknown, wanted: (event: BlockEvent) => boolean): string {
  const floors = new Map<string, unknown[]>();
  for (const { comm: _, ...event } of eventsOf(events)) {
    if (!wanted(event)) continue;
    const key = `${event.dev} ${event.ev}`;
    const floor = floors.get(key);
    if (floor === undefined) floors.set(key, [event]);
    else floor.push(event);
  }
  return JSON.stringify([...floors].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Were several bios, or parts of one, sent to a device before it had completed any of them? */
export function severalInFlight(events: unknown): boolean {
  const open = new Map<unknown, number>();
  for (const { ev, dev } of eventsOf(events)) {
    if (ev === 'rq_complete' || ev === 'bio_complete') open.set(dev, 0);
    if (ev !== 'bio_queue' && ev !== 'split') continue;
    const before = open.get(dev) ?? 0;
    if (before > 0) return true;
    open.set(dev, before + 1);
  }
  return false;
}

/** The same bios, and the same sectors at the disks, in requests that were merged differently. */
export function sameButMerged(recorded: unknown, got: unknown): boolean {
  const isBio = ({ ev }: BlockEvent): boolean => ev !== 'rq_issue' && ev !== 'rq_complete';
  return sameByFloor(recorded, got, isBio) && transfers(recorded) === transfers(got);
}

/**
 * The same data by another share of worker and writer: a worker started write-out (nobody waits for it yet: no REQ_SYNC)
 * while the writer still wrote, and the sectors that reached the disks are the same.
 */
export function sameButFlushedApart(recorded: unknown, got: unknown): boolean {
  const data = eventsOf(recorded).filter(isData);
  const byWorker = data.some((event) => event['comm'] === 'kworker' && !isSync(event));
  const asSent = (events: unknown): unknown =>
    eventsOf(events)
      .filter(isData)
      .map((event) => ({ ...event, op: String(event['op']).replace('S', '') }));
  return byWorker && transfers(asSent(recorded)) === transfers(asSent(got));
}

function isSync({ op }: BlockEvent): boolean {
  return String(op).includes('S');
}

/** Sectors issued, by disk and operation. */
function transfers(events: unknown): string {
  const sums: Record<string, number> = {};
  for (const { ev, dev, op, nr } of eventsOf(events)) {
    if (ev === 'rq_issue') sums[`${dev} ${op}`] = (sums[`${dev} ${op}`] ?? 0) + Number(nr);
  }
  return JSON.stringify(Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function eventsOf(events: unknown): readonly BlockEvent[] {
  return Array.isArray(events) ? (events as BlockEvent[]) : [];
}

/** Do zone reports differ only in zones where none of `events` moved data? */
export function sameDataZones(recorded: unknown, got: unknown, events: unknown): boolean {
  const want = eventsOf(recorded);
  const have = eventsOf(got);
  const moved = eventsOf(events).filter((event) => isData(event) && event['ev'] === 'rq_complete');
  return (
    want.length === have.length &&
    want.every((zone, at) => {
      if (JSON.stringify(zone) === JSON.stringify(have[at])) return true;
      const start = Number(zone['start']);
      const end = start + Number(zone['len']);
      return !moved.some(({ sector }) => Number(sector) >= start && Number(sector) < end);
    })
  );
}

/** Not of metadata, nor a flush. */
export function isData({ op }: BlockEvent): boolean {
  return !String(op).includes('M') && !String(op).startsWith('F');
}
