/**
 * The options of one mount (fs_info->mount_opt and the values beside it), and what an option may do to them. Defaults
 * are the kernel's before any option and before the superblock has its say.
 */

import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import type { LogLevel } from '../../kernel/log.ts';

export type OptionFlag =
  | 'nodatasum'
  | 'nodatacow'
  | 'degraded'
  | 'ssd'
  | 'ssd_spread'
  | 'nossd'
  | 'nobarrier'
  | 'notreelog'
  | 'nologreplay'
  | 'flushoncommit'
  | 'discard'
  | 'discard_async'
  | 'nodiscard'
  | 'free_space_tree'
  | 'space_cache'
  | 'no_space_cache'
  | 'clear_cache'
  | 'autodefrag'
  | 'compress'
  | 'force_compress'
  | 'usebackuproot'
  | 'ignorebadroots'
  | 'ignoredatacsums'
  | 'ignoremetacsums'
  | 'ignoresuperflags'
  | 'rescan_uuid_tree'
  | 'user_subvol_rm_allowed'
  | 'enospc_debug'
  | 'skip_balance'
  | 'panic_on_fatal'
  | 'noacl';

export type CompressType = 'zlib' | 'lzo' | 'zstd';

export interface OptionState {
  readonly flags: Set<OptionFlag>;
  compressType: CompressType | null;
  compressLevel: number;
  maxInlineBytes: number;
  threadPool: number;
  commitSeconds: number;
  metadataRatio: number;
  subvol: string | null;
  subvolid: number | null;
  devices: string[];
  /** `ro` or `rw` among the options, which the mount API understands anywhere. */
  readOnly: boolean | null;
}

export const DEFAULT_MAX_INLINE = 2048;
export const DEFAULT_COMMIT_SECONDS = 30;
/** min(CPUs + 2, 8) on the two CPUs of the modelled host. */
export const DEFAULT_THREAD_POOL = 4;

export function defaultOptions(): OptionState {
  return {
    flags: new Set(),
    compressType: null,
    compressLevel: 0,
    maxInlineBytes: DEFAULT_MAX_INLINE,
    threadPool: DEFAULT_THREAD_POOL,
    commitSeconds: DEFAULT_COMMIT_SECONDS,
    metadataRatio: 0,
    subvol: null,
    subvolid: null,
    devices: [],
    readOnly: null,
  };
}

export function copyOptions(state: OptionState): OptionState {
  return { ...state, flags: new Set(state.flags), devices: [...state.devices] };
}

/** Where an option's words go. `say` is for what it does, `complain` for what is wrong with it. */
export interface OptionContext {
  readonly state: OptionState;
  readonly answers: BtrfsAnswers;
  /** Parsed by the mount API. */
  readonly api: boolean;
  say(text: string): void;
  complain(level: LogLevel, text: string): void;
  /** A feature that the option needs (btrfs_set_fs_incompat()). */
  feature?(name: FeatureName): void;
}

/** Features that options bring, by their names in the log. */
export type FeatureName = 'COMPRESS_LZO' | 'COMPRESS_ZSTD';

/** Sets a flag, telling of it only when that changes something (btrfs_set_and_info()). */
export function setAndSay(context: OptionContext, flag: OptionFlag, text: string): void {
  if (context.state.flags.has(flag)) return;
  context.state.flags.add(flag);
  context.say(text);
}

export function clearAndSay(context: OptionContext, flag: OptionFlag, text: string): void {
  if (context.state.flags.delete(flag)) context.say(text);
}

export interface Option {
  /** Does it take `=VALUE`? */
  readonly value: 'none' | 'optional' | 'required';
  /** The value is a decimal number. */
  readonly number?: true;
  /** Unknown to the mount API, or to the parser at mount. */
  readonly atMountOnly?: true;
  readonly apiOnly?: true;
  /** 0 or a negative errno. */
  apply(context: OptionContext, value: string | null, name: string): number;
}
