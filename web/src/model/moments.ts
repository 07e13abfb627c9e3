/** The moments of a run that the slider can stand at: records of its trace, and what the zones are there. */

import { Flag, TraceKind, type TraceRecord } from '../package.ts';
import type { Run } from './run.ts';
import type { StackView, Zone } from './stack.ts';

export interface Moment {
  readonly step: number;
  readonly record: number;
}

/** Kinds that are shown whatever bio they belong to. */
const ALWAYS = new Set<number>([
  TraceKind.step,
  TraceKind.appendEmulated,
  TraceKind.plugAdd,
  TraceKind.fault,
  TraceKind.log,
]);

/** All records, or those that tell of data, zones that change, refusals and the log. */
export function momentsOf(run: Run, every: boolean): Moment[] {
  const moments: Moment[] = [];
  for (const { index: step, machine, traceStart, traceEnd } of run.steps) {
    const { trace, decisions } = run.machines[machine]!;
    const data = new Set<number>();
    for (const record of trace.records(traceStart, traceEnd)) {
      const kind = TraceKind[record.kind];
      if (kind === TraceKind.bioQueue && isData(record)) data.add(record.bio);
      const told =
        every ||
        ALWAYS.has(kind) ||
        (record.bio !== 0 && kind !== TraceKind.syscallEnd && data.has(record.bio)) ||
        (kind === TraceKind.zone && (record.a !== record.b || record.c !== record.d)) ||
        (kind === TraceKind.decision && decisions[record.a]?.verdict === 'refuses');
      if (told) moments.push({ step, record: record.index });
    }
  }
  return moments;
}

function isData({ flags }: TraceRecord): boolean {
  return (flags & Flag.data) !== 0 && (flags & Flag.top) !== 0;
}

export function recordAt(run: Run, { step, record }: Moment): TraceRecord {
  return run.machines[run.steps[step]!.machine]!.trace.at(record);
}

/** The stack at a moment; `last`: the step is over. */
export function stackAt(run: Run, moment: Moment, last: boolean): StackView {
  const step = run.steps[moment.step]!;
  if (last) return step.after;
  const before = run.steps[moment.step - 1]?.after ?? run.before;
  const { trace } = run.machines[step.machine]!;
  const zones = new Map(before.disks.map((disk) => [disk.name, [...disk.zones]]));
  for (const record of trace.records(step.traceStart, moment.record + 1)) {
    if (record.kind === 'zone') applyZone(zones.get(record.device) ?? [], record);
  }
  const disks = before.disks.map((disk) => ({ ...disk, zones: zones.get(disk.name)! }));
  return { ...before, disks };
}

function applyZone(zones: Zone[], { sector, b, d }: TraceRecord): void {
  const at = zones.findIndex(({ start }) => start === sector);
  if (at >= 0) zones[at] = { ...zones[at]!, cond: b, wp: d };
}

/** The bio a moment is about: its own, or the last one before it in the step; 0 for none. */
export function bioAt(run: Run, { step, record }: Moment): number {
  const { machine, traceStart } = run.steps[step]!;
  const { trace } = run.machines[machine]!;
  for (let at = record; at >= traceStart; at -= 1) {
    const one = trace.at(at);
    if (one.bio !== 0 && one.kind !== 'syscallEnd') return one.bio;
  }
  return 0;
}
