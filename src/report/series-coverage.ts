/**
 * Which cells of the series table a real kernel has shown. The never-merged series was run on 5.12.9 with aes-xts-plain64
 * and aes-cbc-null; other ciphers there follow from the rule and are marked. 6.12 and 7.3 were recorded with all ciphers
 * but plain aes-ecb.
 */

const SERIES_KERNELS: ReadonlySet<string> = new Set([
  'v5.12',
  'v5.12+series[1]',
  'v5.12+series[1-2]',
  'v5.12+series[1-3]',
  'v5.12+series',
  'v5.13',
  'v5.14',
]);

const RUN_WITH_SERIES: ReadonlySet<string> = new Set(['aes-xts-plain64', 'aes-cbc-null']);
const RUN_LATER: ReadonlySet<string> = new Set([
  'aes-xts-plain64',
  'aes-cbc-null',
  'aes-cbc-essiv:sha256',
]);

/** Has a recording, or an observation of a real kernel, this cell? */
export function isCovered(boot: string, cipher: string, use: string): boolean {
  if (SERIES_KERNELS.has(boot)) {
    // The base was also seen to lose btrfs data with aes-ecb.
    const extra = boot === 'v5.12' && use === 'btrfs' && cipher === 'aes-ecb';
    return extra || RUN_WITH_SERIES.has(cipher);
  }
  return RUN_LATER.has(cipher);
}
