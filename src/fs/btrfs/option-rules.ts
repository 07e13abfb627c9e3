/**
 * What options may not do together, or on this file system (fs/btrfs/super.c, the end of btrfs_parse_options(), since
 * 6.8 btrfs_check_options(); fs/btrfs/zoned.c, btrfs_check_mountopts_zoned()). Older kernels stop asking at the first
 * zoned refusal and skip those rules when something before refused; newer ones ask all of them.
 */

import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import { errno } from '../../kernel/errno.ts';
import { type Asker, askRule, type Rule } from '../../sim/decision.ts';
import { CompatRo, hasCompatRo } from './features.ts';
import type { OptionFlag, OptionState } from './option-state.ts';
import type { Superblock } from './superblock.ts';

export interface OptionSubject {
  readonly state: OptionState;
  readonly superblock: Superblock;
  readonly answers: BtrfsAnswers;
  readonly readOnly: boolean;
}

type OptionRule = Rule<OptionSubject>;

const SUPER = { file: 'fs/btrfs/super.c', function: 'btrfs_check_options' };
const ZONED = { file: 'fs/btrfs/zoned.c', function: 'btrfs_check_mountopts_zoned' };

/** The first rescue word that a writable mount may not have. */
function needsReadOnly({ state, answers, readOnly }: OptionSubject): string | null {
  if (readOnly) return null;
  return answers.rescueReadOnly.find((flag) => state.flags.has(flag as OptionFlag)) ?? null;
}

/** Skipping the log, or damaged roots, is for reading only: the next commit would make the loss final. */
const rescueReadOnly: OptionRule = {
  id: 'btrfs.options.rescue-read-only',
  source: SUPER,
  sees: (subject) => ({ option: needsReadOnly(subject) ?? 'none', read_only: subject.readOnly }),
  passes: (_seen, subject) => needsReadOnly(subject) === null,
  refuses: (subject) => ({
    errno: 'EINVAL',
    log: `${needsReadOnly(subject)} must be used with ro mount option`,
  }),
};

/** The tree is on disk and must be kept up to date, unless it is being cleared. */
const freeSpaceTree: OptionRule = {
  id: 'btrfs.options.free-space-tree',
  source: SUPER,
  sees: ({ state, superblock }) => ({
    on_disk: hasCompatRo(superblock, CompatRo.freeSpaceTree),
    free_space_tree: state.flags.has('free_space_tree'),
    clear_cache: state.flags.has('clear_cache'),
  }),
  passes: (seen) =>
    seen.on_disk === false || seen.free_space_tree === true || seen.clear_cache === true,
  refuses: ({ answers }) => ({
    errno: 'EINVAL',
    log: `cannot disable ${answers.freeSpaceTreeName}`,
  }),
};

/** Version 1 keeps the cache in files that are overwritten in place. */
const zonedSpaceCache: OptionRule = {
  id: 'btrfs.options.zoned-space-cache',
  source: ZONED,
  sees: ({ state }) => ({ space_cache: state.flags.has('space_cache') }),
  passes: (seen) => seen.space_cache === false,
  refuses: () => ({ errno: 'EINVAL', log: 'zoned: space cache v1 is not supported' }),
};

/** Overwriting in place is what a sequential zone cannot do. */
const zonedNodatacow: OptionRule = {
  id: 'btrfs.options.zoned-nodatacow',
  source: ZONED,
  sees: ({ state }) => ({ nodatacow: state.flags.has('nodatacow') }),
  passes: (seen) => seen.nodatacow === false,
  refuses: () => ({ errno: 'EINVAL', log: 'zoned: NODATACOW not supported' }),
};

/**
 * Checks options against the superblock and each other; `zoned` once the file system is known to be so. `parsed` is
 * what the parser said: an older kernel prints the free-space-tree line even after a word it did not understand.
 */
export function checkOptions(
  subject: OptionSubject,
  zoned: boolean,
  parsed: number,
  asker: Asker,
): number {
  let result = parsed;
  const ask = (rule: OptionRule): void => {
    const answer = askRule(rule, subject, asker);
    if (answer < 0) result = answer;
  };
  if (parsed === 0) ask(rescueReadOnly);
  ask(freeSpaceTree);
  if (!zoned || (result < 0 && subject.answers.optionParser === 'at-mount')) return result;
  const refused = checkZonedOptions(subject, asker);
  return refused < 0 ? refused : result;
}

/** btrfs_check_mountopts_zoned(). A newer kernel drops discard=async here, with a line. 0 or -EINVAL. */
export function checkZonedOptions(subject: OptionSubject, asker: Asker): number {
  for (const rule of [zonedSpaceCache, zonedNodatacow]) {
    if (askRule(rule, subject, asker) < 0) return -errno.EINVAL;
  }
  if (subject.answers.zonedAsyncDiscard === 'dropped') {
    if (subject.state.flags.delete('discard_async')) {
      asker.log('info', 'zoned: async discard ignored and disabled for zoned mode');
    }
  }
  return 0;
}
