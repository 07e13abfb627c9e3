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
 * Events floor by floor, each kind in its order. How completions of one bio fall between submissions of the next, when
 * several are in flight, is a matter of timing and differs between runs of one kernel.
 */
export function byFloor(events: unknown, wanted: (op: string) => boolean): string {
  const floors = new Map<string, unknown[]>();
  for (const event of (events ?? []) as BlockEvent[]) {
    if (!wanted(String(event.op))) continue;
    const key = `${event.dev} ${event.ev}`;
    floors.set(key, [...(floors.get(key) ?? []), event]);
  }
  return JSON.stringify([...floors].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Not of metadata, nor a flush. */
export function isData(op: string): boolean {
  return !op.includes('M') && !op.startsWith('F');
}
