/**
 * fio's report for programs (stat.c of 3.33: show_thread_status_json()), in its layout, without what only a real host has
 * (CPU use, samples by wall time, disk utilisation). The clock starts in 1970.
 */

import { BATCHES, bandwidth, DEPTHS, type Reported, timeText } from './report.ts';
import {
  type Direction,
  type JobStats,
  type Latency,
  PERCENTILES,
  RANGE_LABELS,
  READ,
  shares,
  WRITE,
} from './stats.ts';

/** A number with six decimals, as C prints a double. */
class Real {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

type Value = string | number | Real | { readonly [key: string]: Value } | readonly Value[];

export function jsonReport(
  all: readonly Reported[],
  global: readonly (readonly [string, string])[],
  nowNs: number,
): string {
  const seconds = Math.floor(nowNs / 1e9);
  const document: Value = {
    'fio version': 'fio-3.33',
    timestamp: seconds,
    timestamp_ms: Math.floor(nowNs / 1e6),
    time: timeText(nowNs),
    ...(global.length === 0 ? {} : { 'global options': Object.fromEntries(global) }),
    jobs: all.map(jobValue),
  };
  return `${text(document, '')}\n`;
}

function jobValue(job: Reported): Value {
  const { stats } = job;
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  return {
    jobname: job.name,
    groupid: job.group,
    error: job.error?.number ?? 0,
    elapsed: Math.floor(job.totalNs / 1e9) + 1,
    'job options': Object.fromEntries(job.given),
    read: directionValue(stats, READ),
    write: directionValue(stats, WRITE),
    trim: directionValue(stats, null),
    sync: { total_ios: stats.issued[3], lat_ns: latencyValue(stats.sync, true) },
    job_runtime: Math.floor(job.totalNs / 1e6),
    iodepth_level: shareValues(DEPTHS, shares(stats.depths, stats.total, 0.1)),
    iodepth_submit: shareValues(BATCHES, shares(stats.submits, sum(stats.submits), 0.1)),
    iodepth_complete: shareValues(BATCHES, shares(stats.completes, sum(stats.completes), 0.1)),
    latency_ns: shareValues(RANGE_LABELS.nsec, shares(stats.ranges.nsec, stats.total, 0.01)),
    latency_us: shareValues(RANGE_LABELS.usec, shares(stats.ranges.usec, stats.total, 0.01)),
    latency_ms: shareValues(RANGE_LABELS.msec, shares(stats.ranges.msec, stats.total, 0.01)),
    latency_depth: job.depth,
    latency_target: 0,
    latency_percentile: new Real(100),
    latency_window: 0,
  };
}

/** `null`: trims, of which there are none. */
function directionValue(stats: JobStats, direction: Direction | null): Value {
  const bytes = direction === null ? 0 : stats.bytes[direction];
  const ms = direction === null ? 0 : stats.runtimeMs[direction];
  const ios = direction === null ? 0 : stats.issued[direction];
  const bw = bandwidth(bytes, ms);
  return {
    io_bytes: bytes,
    io_kbytes: Math.floor(bytes / 1024),
    bw_bytes: bw,
    bw: Math.floor(bw / 1024),
    iops: new Real(ms === 0 ? 0 : (1000 * ios) / ms),
    runtime: ms,
    total_ios: ios,
    short_ios: direction === null ? 0 : stats.short[direction],
    drop_ios: 0,
    slat_ns: latencyValue(direction === null ? null : stats.slat[direction], false),
    clat_ns: latencyValue(direction === null ? null : stats.clat[direction], true),
    lat_ns: latencyValue(direction === null ? null : stats.lat[direction], false),
  };
}

function latencyValue(latency: Latency | null, detailed: boolean): Value {
  const known = latency !== null && latency.samples > 0;
  const values = known && detailed ? latency.percentiles() : [];
  return {
    min: known ? latency.min : 0,
    max: known ? latency.max : 0,
    mean: new Real(known ? latency.mean : 0),
    stddev: new Real(known ? latency.deviation : 0),
    N: known ? latency.samples : 0,
    ...(values.length === 0
      ? {}
      : {
          percentile: Object.fromEntries(
            values.map((value, i) => [PERCENTILES[i]!.toFixed(6), value]),
          ),
        }),
  };
}

function shareValues(labels: readonly string[], values: readonly number[]): Value {
  // Entries in a list, since names that are numbers would come first in an object.
  return { [ORDERED]: labels.map((label, i) => [label, new Real(values[i]!)]) } as unknown as Value;
}

const ORDERED = '\0ordered';

/** json_print_object(): two spaces an indent, a space on both sides of the colon. */
function text(value: Value, indent: string): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return String(value);
  if (value instanceof Real) return value.value.toFixed(6);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const list = value as readonly Value[];
    return `[\n${list.map((one) => inner + text(one, inner)).join(',\n')}\n${indent}]`;
  }
  const own = value as { readonly [key: string]: Value };
  const entries = (own[ORDERED] as unknown as [string, Value][] | undefined) ?? Object.entries(own);
  const lines = entries.map(([key, one]) => `${inner}${JSON.stringify(key)} : ${text(one, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
