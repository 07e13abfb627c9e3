/** What comparing shows: one result per cell, all times in simulated ns. */

import type { WritePath } from '../scenario/outcome.ts';
import type { CpuFloor, WaitPlace } from '../sim/accounting.ts';
import type { CellPlace, Comparison } from './point.ts';

/** Who the time is given to: a CPU's floors, the device, or nobody where no cost is known. */
export const FLOORS = ['call', 'block', 'dm', 'crypt', 'device', 'other'] as const;
export type Floor = (typeof FLOORS)[number];

/** Waiting for one's turn in a zone, at whatever floor. */
const ZONE_WAITS = ['dm-lock', 'plug', 'zone-lock'] as const;

export interface Measured {
  readonly writes: number;
  /** System calls that took: a write that is cut short is gone on with. */
  readonly calls: number;
  readonly bytes: number;
  /** From the start of the first job to the end of the last, its fsync included; at least 1. */
  readonly elapsedNs: number;
  readonly bytesPerSecond: number;
  /** Of single writes, as their program sees them. */
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly meanNs: number;
  /**
   * Whom the time went to, ns; adds up to `elapsedNs`. While the device has a command it is the device's; while it has
   * none some CPU keeps it waiting, and that time is shared out as the CPUs' work is.
   */
  readonly shareNs: Readonly<Record<Floor, number>>;
  /** What CPUs did, all together: with several jobs more than has elapsed. */
  readonly cpuNs: Readonly<Record<CpuFloor, number>>;
  /** How long bios waited, each counted for itself. */
  readonly waitNs: Readonly<Record<WaitPlace, number>>;
  /** How data left the file system. */
  readonly path: WritePath;
  readonly bios: {
    /** As the file system (or program) sends them. */
    readonly top: number;
    /** As dm-crypt sends them on; as `top` without it. */
    readonly disk: number;
    readonly requests: number;
  };
  /** Between program and page cache, and by dm-crypt into pages of its own. */
  readonly copiedBytes: number;
  readonly cryptBytes: number;
}

/** Why a cell could not run, or was stopped while it did. */
export interface Refusal {
  /** It ran, and a call failed. */
  readonly running: boolean;
  /** `mount`, `mkzonefs`, `pwrite`, ... */
  readonly step: string;
  readonly errno: string | null;
  /** The rule that refused; null when none was asked. */
  readonly rule: string | null;
  /** In a few words. */
  readonly why: string;
}

/** What reading back showed. */
export type Data =
  | { readonly verdict: 'right' }
  /** Other bytes than were written: the first at `offset` of the file or zone of job `job`. */
  | { readonly verdict: 'garbage'; readonly job: number; readonly offset: number }
  /** Reading fails. */
  | {
      readonly verdict: 'lost';
      readonly job: number;
      readonly offset: number;
      readonly errno: string;
    };

export type CellOutcome =
  | {
      readonly kind: 'measured';
      readonly measured: Measured;
      readonly data: Data;
      /** Why the data is not right, as the trace has it; null where it is, or where nothing there explains it. */
      readonly because: string | null;
    }
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      /** Of a call that failed, the same. */
      readonly because: string | null;
    };

/** How a cell ended, in a word. */
export type Verdict = 'right' | 'garbage' | 'lost' | 'failed' | 'refused';

export interface ComparedCell {
  readonly place: CellPlace;
  readonly outcome: CellOutcome;
}

export interface ComparisonResult {
  readonly comparison: Comparison;
  readonly cells: readonly ComparedCell[];
}

/** What a cell measured, if it ran and its data was read back right: only then does its speed count. */
export function rightly({ outcome }: ComparedCell): Measured | null {
  return outcome.kind === 'measured' && outcome.data.verdict === 'right' ? outcome.measured : null;
}

export function verdictOf({ outcome }: ComparedCell): Verdict {
  if (outcome.kind === 'measured') return outcome.data.verdict;
  return outcome.refusal.running ? 'failed' : 'refused';
}

/** Time spent waiting for one's turn in a zone, at whatever floor; every bio counts for itself. */
export function zoneWaitNs({ waitNs }: Pick<Measured, 'waitNs'>): number {
  return ZONE_WAITS.reduce((sum, place) => sum + waitNs[place], 0);
}
