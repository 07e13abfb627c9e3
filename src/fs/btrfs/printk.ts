/**
 * How btrfs prints (fs/btrfs/messages.c, in 5.x super.c, btrfs_printk()): a prefix with level, device and state
 * letters, and a rate limit of 100 lines per level and five seconds (lib/ratelimit.c, ___ratelimit()). A burst of
 * mounts loses lines by it; the window's count is told only when the next window opens.
 */

import type { LogLevel } from '../../kernel/log.ts';
import type { Host } from '../../sim/host.ts';
import { btrfsModule } from './module.ts';

const LIMIT_BURST = 100;
const LIMIT_INTERVAL_NS = 5e9;

/** One level's `struct ratelimit_state`. */
export interface RateLimit {
  beginNs: number;
  printed: number;
  missed: number;
}

const WORDS: Record<LogLevel, string> = {
  emerg: 'emergency',
  alert: 'alert',
  crit: 'critical',
  err: 'error',
  warning: 'warning',
  notice: 'notice',
  info: 'info',
  debug: 'debug',
};

/** State letters in the order of fs_state_chars[]. */
const STATE_ORDER = ['E', 'M', 'R', 'A', 'D', 'X', 'C', 'S', 'L'] as const;
export type StateLetter = 'E' | 'A' | 'M' | 'R' | 'L' | 'C' | 'S';

function allowed(host: Host, level: LogLevel): boolean {
  const limits = btrfsModule(host).limits;
  const now = host.loop.nowNs;
  let limit = limits.get(level);
  if (limit === undefined) {
    limit = { beginNs: now, printed: 0, missed: 0 };
    limits.set(level, limit);
  }
  if (now > limit.beginNs + LIMIT_INTERVAL_NS) {
    if (limit.missed > 0) {
      const name = host.kernel.btrfs.printkName;
      host.printk('warning', `${name}: ${limit.missed} callbacks suppressed`);
    }
    limit.beginNs = now;
    limit.printed = 0;
    limit.missed = 0;
  }
  if (limit.printed < LIMIT_BURST) {
    limit.printed += 1;
    return true;
  }
  limit.missed += 1;
  return false;
}

/**
 * Prints `BTRFS info (device dm-0): TEXT`; with `deviceName` null `BTRFS info: TEXT`, for lines that no file system
 * stands behind yet. Silent when the level's limit is used up.
 */
export function btrfsPrintk(
  host: Host,
  level: LogLevel,
  deviceName: string | null,
  state: ReadonlySet<StateLetter>,
  text: string,
): void {
  if (!allowed(host, level)) return;
  const place = deviceName === null ? '' : ` (device ${deviceName}${stateText(host, state)})`;
  host.printk(level, `BTRFS ${WORDS[level]}${place}: ${text}`);
}

export function stateText(host: Host, state: ReadonlySet<StateLetter>): string {
  const style = host.kernel.btrfs.stateLetters;
  if (style === 'none' || state.size === 0) return '';
  const letters = STATE_ORDER.filter((letter) => (state as ReadonlySet<string>).has(letter));
  return `${style === 'colon' ? ':' : ''} state ${letters.join('')}`;
}
