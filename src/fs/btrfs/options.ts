/**
 * Mount options of btrfs (fs/btrfs/super.c, btrfs_parse_options(), since 6.8 btrfs_parse_param()): the options text to
 * an OptionState. Two eras: parsed at mount, each option saying what it does as it is met; and parsed by the mount API
 * before the device is looked at, saying only what is wrong, with no device in the prefix. What options do is in
 * option-table.ts, what they may not do together in option-rules.ts.
 */

import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import { errno } from '../../kernel/errno.ts';
import type { LogLevel } from '../../kernel/log.ts';
import type { FeatureName, Option, OptionContext, OptionState } from './option-state.ts';
import { isRescueWord, OPTIONS } from './option-table.ts';

export interface Speaker {
  /** `BTRFS info (device ...)`, `BTRFS warning (device ...)`; the mount API's lines have no device. */
  log(level: LogLevel, text: string): void;
  /** `btrfs: ...`, the mount API's own lines. */
  api(level: LogLevel, text: string): void;
  /** A feature that an option needs goes into the open superblock, told when it is new; only where parsed at mount. */
  feature?(name: FeatureName): void;
}

/** The words of an options text; empty ones are skipped, as strsep() loops do. */
export function optionWords(data: string): string[] {
  return data.split(',').filter((word) => word !== '');
}

interface Word {
  readonly name: string;
  /** Null: no `=`. */
  readonly value: string | null;
}

function splitWord(word: string): Word {
  const at = word.indexOf('=');
  return at < 0
    ? { name: word, value: null }
    : { name: word.slice(0, at), value: word.slice(at + 1) };
}

function find(word: Word, answers: BtrfsAnswers): Option | undefined {
  if (answers.optionsGone.includes(word.name)) return undefined;
  return OPTIONS.get(word.name);
}

/**
 * Parses at mount: `data` changes `state`, every option tells what it does. 0, or a negative errno at the first word
 * that is not understood; words before it have taken effect.
 */
export function parseAtMount(
  data: string,
  state: OptionState,
  answers: BtrfsAnswers,
  speaker: Speaker,
): number {
  const context: OptionContext = {
    state,
    answers,
    api: false,
    say: (text) => speaker.log('info', text),
    complain: (level, text) => speaker.log(level, text),
    feature: (name) => speaker.feature?.(name),
  };
  for (const text of optionWords(data)) {
    const word = splitWord(text);
    const option = find(word, answers);
    const fits = option !== undefined && takes(option, word) && option.apiOnly !== true;
    if (!fits) {
      speaker.log('err', `unrecognized mount option '${text}'`);
      return -errno.EINVAL;
    }
    const result = option.apply(context, word.value, word.name);
    if (result < 0) return result;
  }
  return 0;
}

function takes(option: Option, word: Word): boolean {
  return word.value === null ? option.value !== 'required' : option.value !== 'none';
}

/** Parses as the mount API does, before any device is open: 0 or a negative errno. */
export function parseByApi(
  data: string,
  state: OptionState,
  answers: BtrfsAnswers,
  speaker: Speaker,
): number {
  const context: OptionContext = {
    state,
    answers,
    api: true,
    say: () => {},
    complain: (level, text) => speaker.log(level, text),
  };
  for (const text of optionWords(data)) {
    const word = splitWord(text);
    if (mountFlag(word, state)) continue;
    const result = applyByApi(context, word, speaker);
    if (result < 0) return result;
  }
  return 0;
}

/** vfs_parse_sb_flag(): words that every file system understands. */
function mountFlag(word: Word, state: OptionState): boolean {
  if (word.name === 'ro') state.readOnly = true;
  else if (word.name === 'rw') state.readOnly = false;
  else return ['sync', 'async', 'dirsync', 'lazytime', 'nolazytime', 'mand'].includes(word.name);
  return true;
}

/** The enumerations whose bad values the parser itself refuses. */
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  discard: ['sync', 'async'],
  fatal_errors: ['panic', 'bug'],
  space_cache: ['v1', 'v2'],
};

function applyByApi(context: OptionContext, word: Word, speaker: Speaker): number {
  const option = find(word, context.answers);
  if (option === undefined || option.atMountOnly === true) {
    speaker.api('err', `btrfs: Unknown parameter '${word.name}'`);
    return -errno.EINVAL;
  }
  if (context.answers.optionsDeprecated.includes(word.name)) {
    speaker.api('warning', `btrfs: Deprecated parameter '${word.name}'`);
  }
  if (word.value !== null && option.value === 'none') {
    speaker.api('err', `btrfs: Unexpected value for '${word.name}'`);
    return -errno.EINVAL;
  }
  const choices = ENUMS[word.name];
  const badChoice =
    word.value !== null &&
    ((choices !== undefined && !choices.includes(word.value)) ||
      (word.name === 'rescue' && !isRescueWord(word.value, context.answers)));
  const badNumber = option.number === true && !/^[0-9]+$/.test(word.value ?? '');
  if (badChoice || badNumber || (word.value === null && option.value === 'required')) {
    speaker.api('err', `btrfs: Bad value for '${word.name}'`);
    return -errno.EINVAL;
  }
  return option.apply(context, word.value, word.name);
}
