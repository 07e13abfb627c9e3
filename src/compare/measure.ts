/** Measures one cell: makes its machine ready, runs its jobs, reads back, and takes everything apart. */

import { NotModelled } from '../kernel/not-modelled.ts';
import { writePath } from '../scenario/outcome.ts';
import { type AccountingSnapshot, CPU_FLOORS } from '../sim/accounting.ts';
import { BudgetExceeded } from '../sim/budget.ts';
import { NeverWoken } from '../sim/task.ts';
import { becauseOf } from './because.ts';
import type { CellPlace, Comparison } from './point.ts';
import type { CellOutcome, Floor, Measured, Refusal } from './result.ts';
import { FLOORS } from './result.ts';
import { makeStand, now, Refused, refusalOf, type Stand } from './stand.ts';
import { readBack } from './verify.ts';
import { runWriters, type Written } from './writers.ts';

/** Nothing of a user's file makes this throw: what cannot run is an outcome. */
export function measureCell(comparison: Comparison, cell: CellPlace): CellOutcome {
  try {
    return measured(makeStand(comparison, cell), cell);
  } catch (error) {
    if (error instanceof Refused) return refusedBy(error.refusal);
    const step = stopped(error);
    if (step === null) throw error;
    const why = (error as Error).message;
    return refusedBy({ running: false, step, errno: null, rule: null, why });
  }
}

function refusedBy(refusal: Refusal, because: string | null = null): CellOutcome {
  return { kind: 'refused', refusal, because };
}

/** What stopped the simulator, where that is no fault of its own. */
function stopped(error: unknown): string | null {
  if (error instanceof NotModelled) return 'not modelled';
  if (error instanceof BudgetExceeded) return 'over a bound';
  return error instanceof NeverWoken ? 'never ends' : null;
}

function measured(stand: Stand, { point }: CellPlace): CellOutcome {
  const { machine, jobs } = stand;
  const waits = machine.waits!;
  let before = { spent: waits.snapshot(), busyNs: 0, since: now(machine) };
  let after = before;
  let records = 0;
  const written = runWriters(machine, point, jobs, {
    begin: () => {
      machine.trace.clear();
      before = { spent: waits.snapshot(), busyNs: busyOf(stand), since: now(machine) };
    },
    end: () => {
      after = { ...before, spent: waits.after(before.spent), busyNs: busyOf(stand) };
      records = machine.trace.length;
    },
  });
  const { failed } = written;
  const writing = { start: 0, end: records };
  if (failed !== null) {
    const refusal = refusalOf(machine, before.since, failed.call, failed.errno, failed.said);
    return refusedBy({ ...refusal, running: true }, becauseOf(machine, writing, null));
  }
  const { spent } = after;
  const times = timesOf(written, point.jobs * point.sizeBytes);
  const found = {
    ...times,
    shareNs: sharesOf(spent, after.busyNs - before.busyNs, times.elapsedNs),
    cpuNs: spent.cpuNs,
    waitNs: spent.waitNs,
    path: writePath(machine.trace, 0, records),
    bios: biosOf(stand, records),
    copiedBytes: spent.copiedBytes,
    cryptBytes: spent.cryptBytes,
  };
  const { data, read } = readBack(stand, point);
  const because = data.verdict === 'right' ? null : becauseOf(machine, writing, read);
  return { kind: 'measured', measured: found, data, because };
}

function timesOf({ startNs, endNs, latenciesNs, calls }: Written, bytes: number) {
  const sorted = [...latenciesNs].sort((a, b) => a - b);
  const sum = latenciesNs.reduce((all, ns) => all + ns, 0);
  const elapsedNs = Math.max(1, endNs - startNs);
  return {
    writes: sorted.length,
    calls,
    bytes,
    elapsedNs,
    bytesPerSecond: (bytes * 1e9) / elapsedNs,
    p50Ns: rank(sorted, 50),
    p99Ns: rank(sorted, 99),
    meanNs: sum / sorted.length,
  };
}

/** The nearest rank: the smallest value that `percent` of all do not exceed. */
export function rank(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0;
}

function busyOf({ machine, disk }: Stand): number {
  return machine.diskUse(disk)!.busyNs;
}

/** Gives all of `elapsedNs` to somebody: see Measured.shareNs. */
function sharesOf(
  { cpuNs }: AccountingSnapshot,
  deviceNs: number,
  elapsedNs: number,
): Measured['shareNs'] {
  const shares = Object.fromEntries(FLOORS.map((floor) => [floor, 0])) as Record<Floor, number>;
  shares.device = Math.min(deviceNs, elapsedNs);
  const idleNs = elapsedNs - shares.device;
  const worked = CPU_FLOORS.reduce((sum, floor) => sum + cpuNs[floor], 0);
  let left = idleNs;
  for (const floor of CPU_FLOORS) {
    if (worked > 0) shares[floor] = Math.floor((idleNs * cpuNs[floor]) / worked);
    left -= shares[floor];
  }
  // What rounding left is the call's, whose program waits for it all.
  if (worked > 0) shares.call += left;
  else shares.other = left;
  return shares;
}

function biosOf({ machine, top, disk }: Stand, records: number): Measured['bios'] {
  const { trace } = machine;
  const bios = { top: 0, disk: 0, requests: 0 };
  for (let index = 0; index < records; index += 1) {
    const { kind, device } = trace.at(index);
    if (kind === 'bioQueue') {
      if (device === top) bios.top += 1;
      if (device === disk) bios.disk += 1;
    } else if (kind === 'rqIssue') bios.requests += 1;
  }
  return bios;
}
