/**
 * Mount options of zonefs (fs/zonefs/super.c, zonefs_parse_options() to 6.8; zonefs_parse_param() from 6.9 on).
 */

import { NotModelled } from '../../kernel/not-modelled.ts';
import type { Host } from '../../sim/host.ts';

export const ERROR_MODES = ['remount-ro', 'zone-ro', 'zone-offline', 'repair'] as const;
export type ErrorMode = (typeof ERROR_MODES)[number];

export interface ZonefsOptions {
  errors: ErrorMode;
  explicitOpen: boolean;
}

export function defaultOptions(): ZonefsOptions {
  return { errors: 'remount-ro', explicitOpen: false };
}

/**
 * Words the new mount API takes for every file system (fs/fs_context.c, common_set_sb_flag[] and _clear_): those that
 * leave things as they are, `ro` and `rw` being the VFS's (vfs-mount.ts), and those that would not.
 */
const COMMON = new Set(['ro', 'rw', 'async', 'nolazytime', 'nomand']);
const COMMON_NOT_MODELLED = new Set(['sync', 'dirsync', 'lazytime', 'mand']);

/** A word that was not understood; `log` is the line that the newer mount API prints about it. */
export interface OptionError {
  readonly word: string;
  readonly log: string;
}

/**
 * Puts the words of `data` on `options`, one after the other: those before a bad one count, as in the kernel, which
 * writes to the super block's options while it parses. Returns the bad word or null.
 */
export function parseOptions(data: string, options: ZonefsOptions): OptionError | null {
  for (const word of data.split(',')) {
    if (word === '') continue;
    const problem = parseWord(word, options);
    if (problem !== null) return problem;
  }
  return null;
}

function parseWord(word: string, options: ZonefsOptions): OptionError | null {
  const equals = word.indexOf('=');
  const key = equals < 0 ? word : word.slice(0, equals);
  if (key === 'errors') {
    const mode = ERROR_MODES.find((known) => word === `errors=${known}`);
    if (mode === undefined) return { word, log: "zonefs: Bad value for 'errors'" };
    options.errors = mode;
    return null;
  }
  if (word === 'explicit-open') {
    // With a hyphen: the log of the same file system spells it explicit_open, which is no option.
    options.explicitOpen = true;
    return null;
  }
  if (key === 'explicit-open') return { word, log: "zonefs: Unexpected value for 'explicit-open'" };
  return { word, log: `zonefs: Unknown parameter '${key}'` };
}

/** `parseOptions` as the mount API of 6.9 does it: common words pass, a bad one is named in the log. */
export function parseParameters(
  data: string,
  options: ZonefsOptions,
  remount = false,
): OptionError | null {
  for (const word of data.split(',')) {
    if (COMMON_NOT_MODELLED.has(word)) throw new NotModelled(`the mount flag ${word}`);
    if (word === '' || COMMON.has(word)) continue;
    const problem = word.startsWith('source=')
      ? sourceAgain(word, remount)
      : parseWord(word, options);
    if (problem !== null) return problem;
  }
  return null;
}

/** mount(2) has named the source already; a remount has none yet, and nobody looks at it (vfs_parse_fs_param_source()). */
function sourceAgain(word: string, remount: boolean): OptionError | null {
  return remount ? null : { word, log: 'Multiple sources' };
}

/** Records that a word was refused and, where the kernel does, logs it. The line has no device: none is open yet. */
export function refuseOption(host: Host, problem: OptionError, logs: boolean): void {
  const { log } = problem;
  host.decide({
    rule: 'zonefs.mount.options',
    subject: 'zonefs',
    seen: { option: problem.word },
    verdict: 'refuses',
    errno: 'EINVAL',
    ...(logs ? { log } : {}),
    source: logs
      ? { file: 'fs/zonefs/super.c', function: 'zonefs_parse_param' }
      : { file: 'fs/zonefs/super.c', function: 'zonefs_parse_options' },
  });
  if (logs) host.printk('err', log);
}
