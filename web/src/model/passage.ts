/** The way of one bio through the floors, as far as it has come at a moment. */

import type { TraceRecord } from '../package.ts';
import { type Moment, recordAt } from './moments.ts';
import type { Run } from './run.ts';
import { opName, placeOf } from './say.ts';

export const FLOORS = ['fs', 'map', 'block', 'disk'] as const;
export type Floor = (typeof FLOORS)[number];

/** What a floor did with the bio on its way down and up; null: not yet. */
export interface Stop {
  readonly down: string | null;
  readonly up: string | null;
}

export interface Passage {
  readonly bio: number;
  readonly stops: Readonly<Record<Floor, Stop>>;
}

const DISK_KINDS = new Set(['rqIssue', 'rqComplete', 'rqError', 'zone', 'fault']);
const FS_KINDS = new Set(['step', 'syscall', 'syscallEnd', 'fscrypt']);

/** The floor a record happens on. */
export function floorOf(run: Run, step: number, record: TraceRecord): Floor {
  const { kind, device } = record;
  if (FS_KINDS.has(kind)) return 'fs';
  const machine = run.machines[run.steps[step]!.machine]!;
  if (kind === 'decision') {
    const rule = machine.decisions[record.a]?.rule ?? '';
    if (/^(?:btrfs|zonefs|vfs|fs)\b/.test(rule)) return 'fs';
    return /^(?:dm|crypt|table)\b/.test(rule) ? 'map' : 'block';
  }
  if (kind === 'log') {
    const text = machine.log.lines[record.a]?.text ?? '';
    if (/^(?:BTRFS|zonefs)/i.test(text)) return 'fs';
    return text.startsWith('device-mapper') ? 'map' : 'block';
  }
  if (device.startsWith('dm-')) return 'map';
  return DISK_KINDS.has(kind) ? 'disk' : 'block';
}

/** What bio `bio` has met up to `moment`. */
export function passageOf(run: Run, moment: Moment, bio: number): Passage {
  const { machine, traceStart } = run.steps[moment.step]!;
  const { trace } = run.machines[machine]!;
  const stops: Record<Floor, { down: string | null; up: string | null }> = {
    fs: { down: null, up: null },
    map: { down: null, up: null },
    block: { down: null, up: null },
    disk: { down: null, up: null },
  };
  for (const record of trace.records(traceStart, moment.record + 1)) {
    if (record.bio !== bio || record.kind === 'syscallEnd' || bio === 0) continue;
    const floor = floorOf(run, moment.step, record);
    if (record.kind === 'bioQueue' && stops.fs.down === null)
      stops.fs.down = sentBy(run, moment, record);
    const [way, text] = stopText(run, record);
    if (text === '') continue;
    const before = stops[floor][way];
    stops[floor][way] = before === null || way === 'up' ? text : `${before}; ${text}`;
    const top = stops.map.down === null ? 'block' : 'map';
    if (way === 'up' && floor === top && record.kind === 'bioComplete') {
      stops.fs.up =
        record.a < 0 ? 'is told that it failed' : `is told: sector ${placeOf(run, record.sector)}`;
    }
  }
  answerUp(stops);
  return { bio, stops };
}

/** Kernels have no event of a disk's bio where its request has one: the block layer says what the disk said. */
function answerUp(stops: Record<Floor, { down: string | null; up: string | null }>): void {
  const { block, disk, map } = stops;
  if (disk.up === null) return;
  const said = disk.up.replace(/^at /, '');
  block.up ??= said;
  if (map.up?.startsWith('sector') && map.up !== said)
    map.up = `✗ ${map.up}, not what the disk said`;
}

function sentBy(run: Run, { step }: Moment, record: TraceRecord): string {
  const { machine, traceStart } = run.steps[step]!;
  const { trace } = run.machines[machine]!;
  const what = `${opName(record.op)} of ${record.sectors} sectors`;
  if (record.a < traceStart || record.a >= trace.length) return what;
  const call = trace.at(record.a);
  if (call.kind !== 'syscall') return what;
  if (trace.text(call.a) === '') return call.device;
  if (call.sectors === 0) return `${trace.text(call.a)}: ${call.device}`;
  return `${trace.text(call.a)}: ${call.device} of ${call.sectors} bytes at ${call.sector}`;
}

function stopText(run: Run, record: TraceRecord): ['down' | 'up', string] {
  const { sector, sectors, a, b } = record;
  const place = placeOf(run, sector);
  switch (record.kind) {
    case 'bioQueue':
      return ['down', `${opName(record.op)} for sector ${place}`];
    case 'crypt':
      return b === 1
        ? ['down', `encrypted, IVs from sectors ${sector} to ${sector + (sectors - 1) * a}`]
        : ['up', `decrypted, IVs from sectors ${sector} to ${sector + (sectors - 1) * a}`];
    case 'appendEmulated':
      return ['down', `made a write at ${place}`];
    case 'plugAdd':
      return ['down', 'waits for its zone'];
    case 'rqIssue':
      return ['down', `${opName(record.op)} at ${place}`];
    case 'rqComplete':
    case 'rqError':
      return ['up', a < 0 ? 'failed' : `at sector ${place}`];
    case 'bioComplete':
      return ['up', a < 0 ? 'failed' : `sector ${place}`];
    default:
      return ['down', ''];
  }
}

/** Floor of the record at a moment. */
export function floorAt(run: Run, moment: Moment): Floor {
  return floorOf(run, moment.step, recordAt(run, moment));
}
