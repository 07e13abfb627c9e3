/**
 * Options shown again: in /proc/mounts (fs/btrfs/super.c, btrfs_show_options(), the same order in every era), and, in
 * kernels with the mount API, as lines at the end of a mount (btrfs_emit_options()).
 */

import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import {
  DEFAULT_COMMIT_SECONDS,
  DEFAULT_MAX_INLINE,
  DEFAULT_THREAD_POOL,
  type OptionFlag,
  type OptionState,
} from './option-state.ts';

const RESCUE_ORDER: readonly OptionFlag[] = [
  'nologreplay',
  'usebackuproot',
  'ignorebadroots',
  'ignoredatacsums',
  'ignoremetacsums',
  'ignoresuperflags',
];

function compressText(state: OptionState): string {
  const name = state.flags.has('force_compress') ? 'compress-force' : 'compress';
  const level = state.compressLevel === 0 ? '' : `:${state.compressLevel}`;
  return `${name}=${state.compressType}${level}`;
}

function cacheText(flags: ReadonlySet<OptionFlag>): string {
  if (flags.has('space_cache')) return 'space_cache';
  return flags.has('free_space_tree') ? 'space_cache=v2' : 'nospace_cache';
}

function ssdText(flags: ReadonlySet<OptionFlag>): string[] {
  const out = flags.has('nossd') ? ['nossd'] : [];
  if (flags.has('ssd_spread')) out.push('ssd_spread');
  else if (flags.has('ssd')) out.push('ssd');
  return out;
}

/** What stands after `rw,relatime` in /proc/mounts. */
export function shownOptions(state: OptionState): string {
  const { flags } = state;
  const out: string[] = [];
  const show = (condition: boolean, text: string): void => {
    if (condition) out.push(text);
  };
  show(flags.has('degraded'), 'degraded');
  show(flags.has('nodatasum'), 'nodatasum');
  show(flags.has('nodatacow'), 'nodatacow');
  show(flags.has('nobarrier'), 'nobarrier');
  show(state.maxInlineBytes !== DEFAULT_MAX_INLINE, `max_inline=${state.maxInlineBytes}`);
  show(state.threadPool !== DEFAULT_THREAD_POOL, `thread_pool=${state.threadPool}`);
  show(flags.has('compress'), compressText(state));
  out.push(...ssdText(flags));
  show(flags.has('notreelog'), 'notreelog');
  const rescue = RESCUE_ORDER.filter((flag) => flags.has(flag));
  show(rescue.length > 0, `rescue=${rescue.join(':')}`);
  show(flags.has('flushoncommit'), 'flushoncommit');
  show(flags.has('discard'), 'discard');
  show(flags.has('discard_async'), 'discard=async');
  show(flags.has('noacl'), 'noacl');
  out.push(cacheText(flags));
  show(flags.has('rescan_uuid_tree'), 'rescan_uuid_tree');
  show(flags.has('autodefrag'), 'autodefrag');
  show(flags.has('user_subvol_rm_allowed'), 'user_subvol_rm_allowed');
  show(flags.has('enospc_debug'), 'enospc_debug');
  show(flags.has('skip_balance'), 'skip_balance');
  show(state.metadataRatio !== 0, `metadata_ratio=${state.metadataRatio}`);
  show(flags.has('panic_on_fatal'), 'fatal_errors=panic');
  show(state.commitSeconds !== DEFAULT_COMMIT_SECONDS, `commit=${state.commitSeconds}`);
  out.push('subvolid=5', 'subvol=/');
  return out.join(',');
}

/** Flags that a mount uses once (btrfs_clear_oneshot_options()). */
export function clearOneShot(state: OptionState, answers: BtrfsAnswers): void {
  state.flags.delete('clear_cache');
  state.flags.delete('no_space_cache');
  if (answers.usesBackupRootOnce) state.flags.delete('usebackuproot');
}

/** In the order of btrfs_emit_options(). */
const WHEN_SET: readonly (readonly [OptionFlag, string])[] = [
  ['nodatasum', 'setting nodatasum'],
  ['degraded', 'allowing degraded mounts'],
  ['nodatacow', 'setting nodatacow'],
  ['ssd', 'enabling ssd optimizations'],
  ['ssd_spread', 'using spread ssd allocation scheme'],
  ['nobarrier', 'turning off barriers'],
  ['notreelog', 'disabling tree log'],
  ['nologreplay', 'disabling log replay at mount time'],
  ['flushoncommit', 'turning on flush-on-commit'],
  ['discard', 'turning on sync discard'],
  ['discard_async', 'turning on async discard'],
  ['free_space_tree', 'enabling free space tree'],
  ['space_cache', 'enabling disk space caching'],
  ['clear_cache', 'force clearing of disk cache'],
  ['autodefrag', 'enabling auto defrag'],
  ['usebackuproot', 'trying to use backup root at mount time'],
  ['ignorebadroots', 'ignoring bad roots'],
  ['ignoredatacsums', 'ignoring data csums'],
  ['ignoremetacsums', 'ignoring meta csums'],
  ['ignoresuperflags', 'ignoring unknown super block flags'],
];

const WHEN_CLEARED: readonly (readonly [OptionFlag, string])[] = [
  ['nodatasum', 'setting datasum'],
  ['nodatacow', 'setting datacow'],
  ['ssd', 'not using ssd optimizations'],
  ['ssd_spread', 'not using spread ssd allocation scheme'],
  ['nobarrier', 'turning off barriers'],
  ['notreelog', 'enabling tree log'],
  ['space_cache', 'disabling disk space caching'],
  ['free_space_tree', 'disabling free space tree'],
  ['autodefrag', 'disabling auto defrag'],
  ['compress', 'use no compression'],
];

/** The lines a mount (`before` null) or remount ends with. */
export function emittedLines(state: OptionState, before: OptionState | null): string[] {
  const out: string[] = [];
  for (const [flag, text] of WHEN_SET) {
    if (state.flags.has(flag) && before?.flags.has(flag) !== true) out.push(text);
  }
  for (const [flag, text] of WHEN_CLEARED) {
    if (before?.flags.has(flag) === true && !state.flags.has(flag)) out.push(text);
  }
  const compressed = state.flags.has('compress') ? compressText(state) : null;
  const was = before?.flags.has('compress') === true ? compressText(before) : null;
  if (compressed !== null && compressed !== was) {
    const how = state.flags.has('force_compress') ? 'force' : 'use';
    out.push(`${how} ${state.compressType} compression, level ${state.compressLevel}`);
  }
  if (state.maxInlineBytes !== DEFAULT_MAX_INLINE) {
    out.push(`max_inline set to ${state.maxInlineBytes}`);
  }
  return out;
}
