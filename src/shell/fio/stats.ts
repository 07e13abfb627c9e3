/**
 * What fio 3.33 counts about a job (stat.c, io_u.c): latencies with their mean, deviation and percentiles, how deep the
 * queue was, what was issued. All from simulated time, in ns.
 */

/** Of one kind of latency: add_stat_sample() and the histogram behind percentiles. */
export class Latency {
  samples = 0;
  min = Number.POSITIVE_INFINITY;
  max = 0;
  mean = 0;
  /** The sum of squared distances from the mean (Welford). */
  private squares = 0;
  private readonly buckets = new Map<number, number>();

  add(ns: number): void {
    this.min = Math.min(this.min, ns);
    this.max = Math.max(this.max, ns);
    const distance = ns - this.mean;
    this.mean += distance / (this.samples + 1);
    this.squares += distance * (ns - this.mean);
    this.samples += 1;
    const bucket = bucketOf(ns);
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + 1);
  }

  /** Adds what another job counted (Chan and others' sum of variances). */
  join(other: Latency): void {
    if (other.samples === 0) return;
    const all = this.samples + other.samples;
    const distance = other.mean - this.mean;
    this.squares += other.squares + (distance * distance * this.samples * other.samples) / all;
    this.mean = (this.mean * this.samples + other.mean * other.samples) / all;
    this.samples = all;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    for (const [bucket, count] of other.buckets) {
      this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + count);
    }
  }

  get deviation(): number {
    return this.samples > 1 ? Math.sqrt(this.squares / (this.samples - 1)) : 0;
  }

  /** The value of each of PERCENTILES. */
  percentiles(): number[] {
    const sorted = [...this.buckets].sort(([a], [b]) => a - b);
    let sum = 0;
    let at = 0;
    const values: number[] = [];
    for (const [bucket, count] of sorted) {
      sum += count;
      while (at < PERCENTILES.length && sum >= (PERCENTILES[at]! / 100) * this.samples) {
        values.push(middleOf(bucket));
        at += 1;
      }
    }
    return values;
  }
}

/** fio's default list. */
export const PERCENTILES: readonly number[] = [
  1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99,
];

/** FIO_IO_U_PLAT_BITS: a bucket is a 64th of its power of two, or a single ns. */
const GROUP = 64;
const GROUPS = 29;

function bucketOf(ns: number): number {
  let error = 0;
  let value = ns;
  while (value >= 2 * GROUP) {
    value = Math.floor(value / 2);
    error += 1;
  }
  return Math.min(error === 0 ? value : (error + 1) * GROUP + (value - GROUP), GROUPS * GROUP - 1);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * GROUP) return bucket;
  const error = Math.floor(bucket / GROUP) - 1;
  return Math.floor(2 ** (error + 6) + ((bucket % GROUP) + 0.5) * 2 ** error);
}

/** Bounds of "lat (nsec) : 2=..": each below its bound; above 1000 the next unit begins. */
const RANGES: readonly number[] = [2, 4, 10, 20, 50, 100, 250, 500, 750, 1000];

function rangeOf(value: number): number {
  return RANGES.findIndex((bound) => value < bound);
}

export const READ = 0;
export const WRITE = 1;
export type Direction = typeof READ | typeof WRITE;

/** Numbers by direction. */
type Pair = [number, number];

export class JobStats {
  readonly clat: readonly [Latency, Latency] = [new Latency(), new Latency()];
  readonly slat: readonly [Latency, Latency] = [new Latency(), new Latency()];
  readonly lat: readonly [Latency, Latency] = [new Latency(), new Latency()];
  readonly sync = new Latency();
  readonly bytes: Pair = [0, 0];
  /** Times from a loop's begin to its end, whole ms rounded up; of several jobs the longest. */
  readonly runtimeMs: Pair = [0, 0];
  /** Reads, writes, trims (none here), syncs. */
  readonly issued: [number, number, number, number] = [0, 0, 0, 0];
  readonly short: Pair = [0, 0];
  /** With `--zonemode=zbd`. */
  zoneResets = 0;
  readonly depths = new Array<number>(7).fill(0);
  readonly submits = new Array<number>(7).fill(0);
  readonly completes = new Array<number>(7).fill(0);
  readonly ranges = {
    nsec: new Array<number>(10).fill(0),
    usec: new Array<number>(10).fill(0),
    msec: new Array<number>(12).fill(0),
  };

  get total(): number {
    return this.issued[0] + this.issued[1];
  }

  /** An I/O was sent while so many were under way, itself included. */
  atDepth(depth: number): void {
    const bounds = [1, 3, 7, 15, 31, 63];
    const at = bounds.findIndex((bound) => depth <= bound);
    this.depths[at < 0 ? 6 : at]! += 1;
  }

  submitted(count: number): void {
    this.submits[batch(count)]! += 1;
  }

  completed(count: number): void {
    this.completes[batch(count)]! += 1;
  }

  latencies(direction: Direction, clatNs: number, latNs: number): void {
    this.clat[direction].add(clatNs);
    this.lat[direction].add(latNs);
    const us = Math.floor(clatNs / 1000);
    const ms = Math.floor(us / 1000);
    if (us === 0) this.ranges.nsec[rangeOf(clatNs)]! += 1;
    else if (ms === 0) this.ranges.usec[rangeOf(us)]! += 1;
    else this.ranges.msec[ms >= 2000 ? 11 : ms >= 1000 ? 10 : rangeOf(ms)]! += 1;
  }

  /** Adds what another job of the group counted. */
  join(other: JobStats): void {
    for (const direction of [READ, WRITE] as const) {
      this.clat[direction].join(other.clat[direction]);
      this.slat[direction].join(other.slat[direction]);
      this.lat[direction].join(other.lat[direction]);
      this.bytes[direction] += other.bytes[direction];
      this.short[direction] += other.short[direction];
      const { runtimeMs } = this;
      runtimeMs[direction] = Math.max(runtimeMs[direction], other.runtimeMs[direction]);
    }
    this.sync.join(other.sync);
    this.zoneResets += other.zoneResets;
    add(this.issued, other.issued);
    add(this.depths, other.depths);
    add(this.submits, other.submits);
    add(this.completes, other.completes);
    add(this.ranges.nsec, other.ranges.nsec);
    add(this.ranges.usec, other.ranges.usec);
    add(this.ranges.msec, other.ranges.msec);
  }
}

function add(to: number[], from: readonly number[]): void {
  from.forEach((count, i) => {
    to[i]! += count;
  });
}

/** io_u_mark_submit(): 0, 1 to 4, 5 to 8, ... */
function batch(count: number): number {
  if (count === 0) return 0;
  const bounds = [4, 8, 16, 32, 64];
  const at = bounds.findIndex((bound) => count <= bound);
  return at < 0 ? 6 : at + 1;
}

/** Shares in percent, at least `least` where there is any. */
export function shares(counts: readonly number[], total: number, least: number): number[] {
  return counts.map((count) =>
    total === 0 || count === 0 ? 0 : Math.max((count / total) * 100, least),
  );
}

/** The labels of JobStats.ranges. */
export const RANGE_LABELS = {
  nsec: RANGES.map(String),
  usec: RANGES.map(String),
  msec: [...RANGES.map(String), '2000', '>=2000'],
} as const;
