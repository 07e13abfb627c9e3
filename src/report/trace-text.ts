/**
 * The trace as text: blktrace-like lines, one floor a column, with what blktrace does not show: IVs, zone changes,
 * decisions and log lines in their place.
 */

import { ZONE_COND_NAMES } from '../block/device.ts';
import { rwbs } from '../block/rwbs.ts';
import { errnoName } from '../kernel/errno.ts';
import type { Machine } from '../machine.ts';
import type { TraceRecord } from '../sim/trace.ts';
import { COLUMNS, wrap } from './columns.ts';

/** blkparse's action letters. */
const ACTION: Readonly<Record<string, string>> = {
  bioQueue: 'Q',
  bioRemap: 'A',
  bioSplit: 'X',
  bioBackmerge: 'M',
  plugAdd: 'P',
  rqIssue: 'D',
  rqComplete: 'C',
  rqError: 'E',
  bioComplete: 'C',
};

/** Every text of a line begins with an action, or as much room. */
const ACTION_COLUMNS = 3;

/** Records `start` to `end` of a machine's trace, a line each. */
export function traceText(machine: Machine, start = 0, end: number = machine.trace.length): string {
  let text = '';
  for (const record of machine.trace.records(start, end)) text += traceLine(machine, record);
  return text;
}

/** All of a machine's trace for a terminal: lines that are longer than it is wide go on below. */
export function tellTrace(machine: Machine, out: (text: string) => void): void {
  for (const record of machine.trace.records()) out(traceLine(machine, record, true));
}

/** One record as a line, or more where it is `folded`; empty for those that have none. */
export function traceLine(machine: Machine, record: TraceRecord, folded = false): string {
  const body = lineBody(machine, record);
  if (body === '') return '';
  const line = `${time(record.timeNs)} ${record.device.padEnd(8)} ${body}`;
  if (!folded || line.length <= COLUMNS) return `${line}\n`;
  const front = line.slice(0, line.length - body.length + ACTION_COLUMNS);
  return front + wrap(body.slice(ACTION_COLUMNS), front.length, front.length, true).trimStart();
}

function time(ns: number): string {
  const whole = Math.floor(ns / 1e9);
  return `${whole}.${String(ns % 1e9).padStart(9, '0')}`;
}

function lineBody(machine: Machine, record: TraceRecord): string {
  const action = ACTION[record.kind];
  if (action !== undefined) return blockLine(machine, record, action);
  switch (record.kind) {
    case 'appendEmulated':
      return `W  append of zone ${record.a} becomes a write at ${record.sector}  bio ${record.bio}`;
    case 'crypt':
      return cryptLine(record);
    case 'fscrypt':
      return fscryptLine(record);
    case 'zone':
      return `Z  zone at ${record.sector}: ${ZONE_COND_NAMES[record.a]} -> ${ZONE_COND_NAMES[record.b]}, wp ${record.c} -> ${record.d}`;
    case 'syscall':
      return syscallLine(machine, record);
    case 'syscallEnd':
      return record.a < 0 ? `   = ${errnoName(record.a)}` : `   = ${record.a}`;
    case 'decision':
      return decisionLine(machine, record);
    case 'log':
      return `#  ${machine.log.lines[record.a]?.text ?? ''}`;
    case 'fault':
      return `!! fault: ${machine.trace.text(record.a)}  bio ${record.bio}`;
    case 'step':
      return `-- step ${record.a + 1}`;
    case 'choice':
      return `?  ${record.a} of ${record.b}`;
    default:
      return '';
  }
}

/** Calls that move no bytes have neither place nor length. */
function syscallLine(machine: Machine, record: TraceRecord): string {
  const what = `   ${record.comm}: ${machine.trace.text(record.a)}`;
  if (record.sector === 0 && record.sectors === 0) return what;
  return `${what} at ${record.sector}, ${record.sectors} bytes`;
}

function blockLine(machine: Machine, record: TraceRecord, action: string): string {
  const letters = rwbs(machine.kernel, record.op, record.flags).padEnd(5);
  const range = `${record.sector} + ${record.sectors}`;
  const bio = `bio ${record.bio}`;
  switch (record.kind) {
    case 'bioRemap':
      return `${action}  ${letters}${range} <- (${machine.trace.text(record.a)}) ${record.b}  ${bio}`;
    case 'bioSplit':
      return `${action}  ${letters}${record.sector} / ${record.a}  ${bio}`;
    case 'rqComplete':
    case 'rqError':
    case 'bioComplete':
      return `${action}  ${letters}${range} [${outcome(record)}]  ${bio}`;
    default:
      return `${action}  ${letters}${range} [${record.comm}]  ${bio}`;
  }
}

/** Completions hold 0 or a negative errno. */
function outcome(record: TraceRecord): string {
  return record.a === 0 ? 'ok' : errnoName(record.a);
}

function cryptLine(record: TraceRecord): string {
  const verb = record.b === 1 ? 'encrypt' : 'decrypt';
  const last = record.sector + (record.sectors - 1) * record.a;
  const units = record.sectors === 1 ? '1 unit' : `${record.sectors} units`;
  return `IV ${verb} ${units} with IV sectors ${record.sector} to ${last}  bio ${record.bio}`;
}

function fscryptLine(record: TraceRecord): string {
  const verb = record.b === 1 ? 'encrypt' : 'decrypt';
  const last = record.sector + record.sectors - 1;
  const units = record.sectors === 1 ? '1 unit' : `${record.sectors} units`;
  return `FE ${verb} ${units}, IVs are file blocks ${record.sector} to ${last}  bio ${record.bio}`;
}

function decisionLine(machine: Machine, record: TraceRecord): string {
  const decision = machine.decisions[record.a];
  if (decision === undefined) return '';
  const end = decision.verdict === 'refuses' ? ` ${decision.errno ?? ''}` : '';
  return `=> ${decision.subject}: ${decision.rule} ${decision.verdict}${end}`;
}
