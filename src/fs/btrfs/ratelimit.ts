/**
 * Rate-limited log lines (lib/ratelimit.c, ___ratelimit(); btrfs_printk_ratelimited()): each place in the code
 * that prints such a line lets ten of them through in five seconds and counts the rest. All eras are alike
 * here.
 */

import type { Host } from '../../sim/host.ts';
import { btrfsModule } from './module.ts';

const INTERVAL_NS = 5e9;
const BURST = 10;

/**
 * May `place` (the kernel function that prints) log a line now? Logs how many it held back when it may again.
 */
export function rateLimit(host: Host, place: string): boolean {
  const { limits } = btrfsModule(host);
  const key = `place ${place}`;
  const now = host.loop.nowNs;
  let limit = limits.get(key);
  if (limit === undefined) {
    limit = { beginNs: now, printed: 0, missed: 0 };
    limits.set(key, limit);
  }
  if (now > limit.beginNs + INTERVAL_NS) {
    if (limit.missed > 0) host.printk('warning', `${place}: ${limit.missed} callbacks suppressed`);
    limit.beginNs = now;
    limit.printed = 0;
    limit.missed = 0;
  }
  if (limit.printed < BURST) {
    limit.printed += 1;
    return true;
  }
  limit.missed += 1;
  return false;
}
