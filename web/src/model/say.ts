/** Records of the trace as sentences. */

import { errnoName, Flag, Op, type TraceRecord, ZoneCond } from '../package.ts';
import type { Run } from './run.ts';

export const CONDITIONS: Readonly<Record<number, string>> = {
  [ZoneCond.notWp]: 'conventional',
  [ZoneCond.empty]: 'empty',
  [ZoneCond.impOpen]: 'open',
  [ZoneCond.expOpen]: 'opened explicitly',
  [ZoneCond.closed]: 'closed',
  [ZoneCond.readonly]: 'read-only',
  [ZoneCond.full]: 'full',
  [ZoneCond.offline]: 'offline',
};

const OPS: Readonly<Record<number, string>> = {
  [Op.read]: 'read',
  [Op.write]: 'write',
  [Op.flush]: 'flush',
  [Op.zoneAppend]: 'zone append',
  [Op.zoneReset]: 'zone reset',
  [Op.zoneResetAll]: 'reset of all zones',
  [Op.zoneFinish]: 'zone finish',
  [Op.zoneOpen]: 'zone open',
  [Op.zoneClose]: 'zone close',
};

export function opName(op: number): string {
  return OPS[op] ?? `operation ${op}`;
}

/** `4096 (zone 2, start)`, `4224 (zone 2 + 128)`; the plain number on a disk without zones. */
export function placeOf(run: Run, sector: number): string {
  const size = run.before.disks.find(({ zones }) => zones.length > 0)?.zones[0]?.sectors ?? 0;
  if (size === 0) return `${sector}`;
  const zone = Math.floor(sector / size);
  const into = sector - zone * size;
  return into === 0 ? `${sector} (zone ${zone}, start)` : `${sector} (zone ${zone} + ${into})`;
}

function result(a: number): string {
  return a < 0 ? `fails with ${errnoName(a)}` : 'is done';
}

/** One record as a sentence without a full stop. */
export function say(run: Run, step: number, record: TraceRecord): string {
  const { machine: number, text } = run.steps[step]!;
  const machine = run.machines[number]!;
  const { device, sector, sectors, a, b, bio, op } = record;
  const place = placeOf(run, sector);
  switch (record.kind) {
    case 'step':
      return `$ ${shortened(text)}`;
    case 'syscall':
      if (machine.trace.text(a) === '') return `${record.comm} calls ${device}`;
      if (sectors === 0) return `${record.comm} calls ${device} on ${machine.trace.text(a)}`;
      return `${record.comm} calls ${device} on ${machine.trace.text(a)}: ${sectors} bytes at ${sector}`;
    case 'syscallEnd':
      return a < 0 ? `${device} fails with ${errnoName(a)}` : `${device} returns ${a}`;
    case 'decision': {
      const decision = machine.decisions[a]!;
      return `rule ${decision.rule} ${decision.verdict} ${decision.subject}${decision.errno === undefined ? '' : `: ${decision.errno}`}`;
    }
    case 'log':
      return `kernel log: ${machine.log.lines[a]?.text ?? ''}`;
    case 'bioQueue':
      return `${carrier(record)} ${bio} reaches ${device}: ${opName(op)} of ${sectors} sectors, for sector ${place}`;
    case 'bioRemap':
      return `bio ${bio} goes on to ${device}, sector ${place}`;
    case 'bioSplit':
      return `bio ${bio} is split on ${device}`;
    case 'bioBackmerge':
      return `bio ${bio} joins the request before it`;
    case 'plugAdd':
      return `bio ${bio} waits on ${device}: another write of its zone is under way`;
    case 'appendEmulated':
      return `${device} makes a write at sector ${place} of the append to zone start ${a}`;
    case 'crypt':
      return `dm-crypt ${b === 1 ? 'encrypts' : 'decrypts'} ${sectors} units; the IVs are made from sectors ${sector} to ${sector + (sectors - 1) * a}`;
    case 'fscrypt':
      return `the file system ${b === 1 ? 'encrypts' : 'decrypts'} ${sectors} blocks of ${device}; the IVs are file blocks from ${sector} on`;
    case 'rqIssue':
      return `the request goes to the disk: ${opName(op)}, ${sectors} sectors at ${place}`;
    case 'rqComplete':
    case 'rqError':
      return `the disk ${result(a)}: sector ${place}`;
    case 'bioComplete':
      return `${device} tells its sender that bio ${bio} ${result(a)}, at sector ${place}`;
    case 'zone':
      return `zone at ${sector}: ${CONDITIONS[a]} to ${CONDITIONS[b]}, write pointer ${record.c} to ${record.d}`;
    case 'fault':
      return `planned fault: ${machine.trace.text(a)}`;
    default:
      return record.kind;
  }
}

function carrier({ flags }: TraceRecord): string {
  if ((flags & Flag.data) !== 0) return 'data bio';
  if ((flags & Flag.superblock) !== 0) return 'superblock bio';
  return (flags & Flag.metadata) !== 0 ? 'metadata bio' : 'bio';
}

/** A command line without the key of a table. */
export function shortened(text: string): string {
  return text.replace(/\b([0-9a-f]{4})[0-9a-f]{24,}\b/g, '$1…');
}
