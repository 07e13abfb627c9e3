/**
 * Measuring: cases run interleaved in rotated order, several rounds, and a ratio is the median of each round's quotient.
 * Machines are noisy; only ratios inside one run mean something. Time is what the main thread computed, where the system
 * tells: on a machine that others use too, the clock on the wall mostly measures them.
 */

import { readFileSync } from 'node:fs';

export interface Case {
  readonly name: string;
  /** Makes what `run` works on; it is not timed. */
  readonly prepare?: () => void;
  /** Does the work of one round and returns how many units it did. */
  readonly run: () => number;
  /** Units per second by another program that measures itself; instead of `run`, and never to warm up. */
  readonly rate?: () => number;
}

export interface Measured {
  readonly name: string;
  /** Units per second, one a round. */
  readonly rates: readonly number[];
}

export interface Options {
  readonly rounds: number;
  readonly warmUps: number;
}

/** A line of the bench. */
export interface Result {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** What it is compared with. */
  readonly reference: string;
  readonly ratio: number;
  /** What `ratio`, or for counts `value`, must not fall below. */
  readonly floor: number | null;
}

/** Units per second of every case, round by round. */
export function measure(cases: readonly Case[], options: Options): Map<string, Measured> {
  const rates = new Map<string, number[]>(cases.map((one) => [one.name, []]));
  for (let round = -options.warmUps; round < options.rounds; round += 1) {
    for (let i = 0; i < cases.length; i += 1) {
      const one = cases[(i + Math.abs(round)) % cases.length]!;
      if (one.rate !== undefined) {
        if (round >= 0) rates.get(one.name)!.push(one.rate());
        continue;
      }
      one.prepare?.();
      globalThis.gc?.();
      const start = nowNs();
      const units = one.run();
      const seconds = (nowNs() - start) / 1e9;
      if (round >= 0) rates.get(one.name)!.push(units / seconds);
    }
  }
  return new Map([...rates].map(([name, list]) => [name, { name, rates: list }]));
}

const CELL = new Int32Array(new SharedArrayBuffer(4));
/** What the main thread has computed so far, on Linux; elsewhere the clock on the wall. */
const SCHEDSTAT = '/proc/thread-self/schedstat';
const nowNs = process.platform === 'linux' ? threadNs : wallNs;

function threadNs(): number {
  // The kernel adds up at ticks of some milliseconds, and whenever a thread goes to sleep.
  Atomics.wait(CELL, 0, 0, 0.01);
  return Number(readFileSync(SCHEDSTAT, 'utf8').split(' ')[0]);
}

function wallNs(): number {
  return Number(process.hrtime.bigint());
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median over rounds of `a` by `b`. */
export function ratio(a: Measured, b: Measured): number {
  return median(a.rates.map((rate, round) => rate / b.rates[round]!));
}

/** The line of a bench whose first case is compared with its second. */
export function compared(
  name: string,
  unit: string,
  rates: ReadonlyMap<string, Measured>,
  { reference, floor = null }: { reference: string; floor?: number | null },
): Result {
  const [own, other] = [...rates.values()] as [Measured, Measured];
  return { name, unit, value: median(own.rates), reference, ratio: ratio(own, other), floor };
}
