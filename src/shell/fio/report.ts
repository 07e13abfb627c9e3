/**
 * fio's report for people (stat.c of 3.33: show_thread_status_normal(), show_group_stats()). Without the lines that only a
 * real host has: CPU use, samples of bandwidth by wall time, utilisation of disks.
 */

import type { JobError } from './job-file.ts';
import { bytesText, shortNumber, twoDecimals } from './numbers.ts';
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

/** One block of the report: a job, or a group of them with group_reporting. */
export interface Reported {
  readonly name: string;
  readonly description: string;
  readonly group: number;
  readonly members: number;
  readonly error: JobError | null;
  readonly pid: number;
  readonly stats: JobStats;
  /** When it was reported, by the machine's clock. */
  readonly nowNs: number;
  readonly depth: number;
  readonly totalNs: number;
  readonly given: readonly (readonly [string, string])[];
}

/** `groups`: of all jobs, also of those that could not begin. */
export function normalReport(all: readonly Reported[], groups: ReadonlySet<number>): string {
  return `\n${all.map(jobText).join('')}${[...groups].map((group) => groupText(group, all)).join('')}`;
}

/** What ctime(3) says of a machine whose clock starts in 1970. */
export function timeText(nowNs: number): string {
  const seconds = Math.floor(nowNs / 1e9);
  const two = (value: number): string => String(value).padStart(2, '0');
  const days = Math.floor(seconds / 86_400);
  const time = [seconds / 3600, seconds / 60, seconds].map((value, i) =>
    two(Math.floor(value) % (i === 0 ? 24 : 60)),
  );
  // A run of more than a month would take longer than anybody waits.
  const weekday = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'][days % 7];
  return `${weekday} Jan ${String((days % 31) + 1).padStart(2)} ${time.join(':')} 1970`;
}

function jobText(job: Reported): string {
  const { stats, error } = job;
  if (stats.bytes[READ] + stats.bytes[WRITE] === 0 && stats.total === 0) return '';
  const code = String(error?.number ?? 0).padStart(2);
  const why = error === null ? '' : ` (${error.text})`;
  const head = `${job.name}: (groupid=${job.group}, jobs=${job.members}): err=${code}${why}: pid=${job.pid}: ${timeText(job.nowNs)}\n`;
  return [
    head,
    job.description === '' ? '' : `  Description  : [${job.description}]\n`,
    directionText(stats, READ),
    directionText(stats, WRITE),
    rangesText(stats),
    syncText(stats),
    depthsText(stats),
    issuedText(stats),
    `     latency   : target=0, window=0, percentile=100.00%, depth=${job.depth}\n`,
  ].join('');
}

/** bytes a second, 0 where no time passed. */
export function bandwidth(bytes: number, ms: number): number {
  return ms === 0 ? 0 : Math.floor((1000 * bytes) / ms);
}

function directionText(stats: JobStats, direction: Direction): string {
  const ms = stats.runtimeMs[direction];
  const bytes = stats.bytes[direction];
  if (bytes === 0 || ms === 0) return '';
  const iops = shortNumber(Math.floor((1000 * stats.issued[direction]) / ms), 4, false);
  const bw = bandwidth(bytes, ms);
  const resets = direction === WRITE ? `; ${stats.zoneResets} zone resets` : '';
  const name = direction === READ ? 'read' : 'write';
  return [
    `  ${name}: IOPS=${iops}, BW=${bytesText(bw, true)}/s (${bytesText(bw, false)}/s)(${bytesText(bytes, true)}/${ms}msec)${resets}\n`,
    latencyText('slat', stats.slat[direction]),
    latencyText('clat', stats.clat[direction]),
    latencyText(' lat', stats.lat[direction]),
    percentilesText('clat', stats.clat[direction]),
  ].join('');
}

function latencyText(name: string, latency: Latency): string {
  if (latency.samples === 0) return '';
  const { min, max, mean, deviation } = latency;
  let divisor = 1;
  let unit = 'nsec';
  if (min > 2_000_000 && max > 99_999_999 && deviation > 1_000_000) {
    divisor = 1_000_000;
    unit = 'msec';
  } else if (min > 2000 && max > 99_999 && deviation > 1000) {
    divisor = 1000;
    unit = 'usec';
  }
  const whole = (value: number): string => shortNumber(Math.floor(value / divisor), 6, false);
  return `    ${name} (${unit}): min=${whole(min)}, max=${whole(max)}, avg=${twoDecimals(mean / divisor)}, stdev=${twoDecimals(deviation / divisor)}\n`;
}

function percentilesText(name: string, latency: Latency): string {
  if (latency.samples === 0) return '';
  const values = latency.percentiles();
  const least = Math.min(...values);
  const most = Math.max(...values);
  let divisor = 1;
  let unit = 'nsec';
  if (least > 2_000_000 && most > 99_999_999) {
    divisor = 1_000_000;
    unit = 'msec';
  } else if (least > 2000 && most > 99_999) {
    divisor = 1000;
    unit = 'usec';
  }
  const width = Math.max(5, String(Math.floor(most / divisor)).length);
  const perLine = Math.floor((80 - 7) / (2 + 10 + width));
  let text = `    ${name} percentiles (${unit}):\n     |`;
  values.forEach((value, i) => {
    if (i !== 0 && i % perLine === 0) text += '     |';
    const shown = String(roundedUp(value, divisor)).padStart(width);
    const last = i === values.length - 1;
    text += ` ${PERCENTILES[i]!.toFixed(2).padStart(5)}th=[${shown}]${last ? '\n' : ','}`;
    if (!last && i % perLine === perLine - 1) text += '\n';
  });
  return text;
}

/** By 1000, once or twice, each time up. */
function roundedUp(value: number, divisor: number): number {
  let left = value;
  for (let by = divisor; by > 1; by /= 1000) left = Math.floor((left + 999) / 1000);
  return left;
}

function rangesText(stats: JobStats): string {
  let text = '';
  for (const unit of ['nsec', 'usec', 'msec'] as const) {
    const parts = shares(stats.ranges[unit], stats.total, 0.01).flatMap((share, i) =>
      share > 0 ? [`${RANGE_LABELS[unit][i]}=${share.toFixed(2)}%`] : [],
    );
    for (let at = 0; at < parts.length; at += 5) {
      text += `  lat (${unit})   : ${parts.slice(at, at + 5).join(', ')}\n`;
    }
  }
  return text;
}

function syncText({ sync }: JobStats): string {
  if (sync.samples === 0) return '';
  const parts = [latencyText('sync', sync), percentilesText('sync', sync)];
  return `  fsync/fdatasync/sync_file_range:\n${parts.join('')}`;
}

export const DEPTHS = ['1', '2', '4', '8', '16', '32', '>=64'] as const;
export const BATCHES = ['0', '4', '8', '16', '32', '64', '>=64'] as const;

function depthsText(stats: JobStats): string {
  const line = (labels: readonly string[], counts: readonly number[], total: number): string =>
    shares(counts, total, 0.1)
      .map((share, i) => `${labels[i]}=${share.toFixed(1)}%`)
      .join(', ');
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  return [
    `  IO depths    : ${line(DEPTHS, stats.depths, stats.total)}\n`,
    `     submit    : ${line(BATCHES, stats.submits, sum(stats.submits))}\n`,
    `     complete  : ${line(BATCHES, stats.completes, sum(stats.completes))}\n`,
  ].join('');
}

function issuedText({ issued, short }: JobStats): string {
  return `     issued rwts: total=${issued.join(',')} short=${short.join(',')},0,0 dropped=0,0,0,0\n`;
}

function groupText(group: number, all: readonly Reported[]): string {
  const members = all.filter((job) => job.group === group);
  const head = `\nRun status group ${group} (all jobs):\n`;
  return head + [READ, WRITE].map((one) => groupLine(members, one as Direction)).join('');
}

function groupLine(members: readonly Reported[], direction: Direction): string {
  const ran = members.filter(({ stats }) => stats.runtimeMs[direction] > 0);
  if (ran.length === 0) return '';
  const times = ran.map(({ stats }) => stats.runtimeMs[direction]);
  const rates = ran.map(({ stats }) =>
    bandwidth(stats.bytes[direction], stats.runtimeMs[direction]),
  );
  const bytes = members.reduce((sum, { stats }) => sum + stats.bytes[direction], 0);
  const most = Math.max(...times);
  const all = bandwidth(bytes, most);
  const pair = (value: number, binary: boolean): string => `${bytesText(value, binary)}/s`;
  const [low, high] = [Math.min(...rates), Math.max(...rates)];
  const range = (binary: boolean): string => `${pair(low, binary)}-${pair(high, binary)}`;
  const name = direction === READ ? '   READ' : '  WRITE';
  return `${name}: bw=${pair(all, true)} (${pair(all, false)}), ${range(true)} (${range(false)}), io=${bytesText(bytes, true)} (${bytesText(bytes, false)}), run=${Math.min(...times)}-${most}msec\n`;
}
