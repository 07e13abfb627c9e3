/** Compares what was recorded with what our machine did, op by op. */

import type { Op } from './facts.ts';
import { maskText } from './masks.ts';
import type { Outcome } from './zio-words.ts';

export interface Difference {
  readonly id: string;
  readonly op: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** btrfs prints at most this many lines of a level in a burst (fs/btrfs/super.c, printk_limits). */
const BTRFS_BURST_LINES = 100;

/** How often the rate limit struck is a matter of time. */
const SUPPRESSED = /callbacks suppressed$/;

/** Null when they agree; else the fields that do not. */
export function difference(
  id: string,
  recorded: Op,
  got: Outcome,
  btrfsLinesBefore: number,
): Difference | null {
  const expected: Record<string, unknown> = {};
  const actual: Record<string, unknown> = {};
  const keys = new Set([...Object.keys(recorded), ...Object.keys(got)]);
  for (const key of keys) {
    if (key === 'op' || key === 'args') continue;
    // Where the recording dropped a pipe's status there is nothing to compare it with.
    if (key === 'rc' && !('rc' in recorded)) continue;
    const want = normal(key, recorded[key]);
    const have = normal(key, got[key]);
    if (JSON.stringify(want) === JSON.stringify(have)) continue;
    if (key === 'lines' && sameButAdjacent(want as string[], have as string[])) continue;
    if (key === 'lines' && onlyRateLimited(want as string[], have as string[], btrfsLinesBefore)) {
      continue;
    }
    expected[key] = recorded[key];
    actual[key] = got[key];
  }
  if (Object.keys(expected).length === 0) return null;
  const op = `${recorded.op}${recorded.args === undefined ? '' : ` ${recorded.args}`}`;
  return { id, op, expected, got: actual };
}

function normal(key: string, value: unknown): unknown {
  if (key === 'out' && typeof value === 'string') return maskText(value);
  if (key === 'lines' && Array.isArray(value)) {
    return value.map((line) => maskText(String(line))).filter((line) => !SUPPRESSED.test(line));
  }
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  if (Array.isArray(value)) return value.map((item) => normal('', item));
  return value;
}

/** Lines of a read that failed its checksum have a limit of their own: ten in 5 s (btrfs_warn_rl()). */
const CHECKSUM_LINE = /^BTRFS \w+ \(device \S+\): (?:csum failed root|bdev \S+ errs:)/;
/** Some of the ten had been printed by reads that were not recorded. */
const CHECKSUM_BURST_LINES = 8;

const SEGMENTS = /(?<=phys_seg )\d+/g;

/**
 * Do the lines differ only in segments, of which the kernel had no more than we? In the model no page lies next to
 * another; in a real memory those that dm-crypt takes for its ciphertext sometimes do.
 */
function sameButAdjacent(want: string[], have: string[]): boolean {
  if (!Array.isArray(want) || !Array.isArray(have) || want.length !== have.length) return false;
  return want.every((line, at) => {
    const other = have[at]!;
    const fewer = [...line.matchAll(SEGMENTS)].map(Number);
    const more = [...other.matchAll(SEGMENTS)].map(Number);
    return (
      line.replace(SEGMENTS, '') === other.replace(SEGMENTS, '') &&
      fewer.every((count, i) => count <= more[i]!)
    );
  });
}

/** Are the lines that only we have btrfs lines which a real kernel's rate limit swallows after a burst? */
function onlyRateLimited(want: string[], have: string[], before: number): boolean {
  if (!Array.isArray(want) || !Array.isArray(have)) return false;
  let at = 0;
  let checksums = 0;
  for (const line of have) {
    if (line === want[at]) {
      at += 1;
      if (CHECKSUM_LINE.test(line)) checksums += 1;
      continue;
    }
    const late = CHECKSUM_LINE.test(line) && checksums >= CHECKSUM_BURST_LINES;
    if (!late && (before < BTRFS_BURST_LINES || !line.startsWith('BTRFS'))) return false;
  }
  return at === want.length;
}
