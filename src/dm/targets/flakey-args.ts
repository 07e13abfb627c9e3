/**
 * The words of a dm-flakey line (drivers/md/dm-flakey.c, flakey_ctr(), parse_features()): `DEVICE START UP DOWN [COUNT
 * FEATURE...]`. Since error_reads exists (6.6), a line without features means both error_reads and error_writes.
 */

import { NotModelled } from '../../kernel/not-modelled.ts';
import { UINT_MAX } from '../../kernel/units.ts';
import { parseSector, readNumber } from '../args.ts';

export interface FlakeyOptions {
  readonly start: number;
  readonly upSeconds: number;
  readonly downSeconds: number;
  dropWrites: boolean;
  errorWrites: boolean;
  errorReads: boolean;
  /** 1 is the first byte of a bio; 0: none is corrupted. */
  corruptByte: number;
  corruptDirection: 'r' | 'w';
  corruptValue: number;
}

/** `COUNT` counts words, not features. */
const MOST_FEATURE_WORDS = 6;
const MOST_FEATURE_WORDS_WITH_ERROR_READS = 11;

/** The options of a line, or the text of ti->error. */
export function parseFlakey(
  args: readonly string[],
  hasErrorReads: boolean,
): FlakeyOptions | string {
  if (args.length < 4) return 'Invalid argument count';
  const start = parseSector(args[1]);
  if (start === null) return 'Invalid device sector';
  const up = readNumber(args[2], 0, UINT_MAX);
  const down = readNumber(args[3], 0, UINT_MAX);
  // Both intervals are read with the first one's text (flakey_ctr()).
  if (up === null || down === null) return 'Invalid up interval';
  if (up + down === 0) return 'Total (up + down) interval is zero';
  if (up + down > UINT_MAX) return 'Interval overflow';
  const options: FlakeyOptions = {
    start,
    upSeconds: up,
    downSeconds: down,
    dropWrites: false,
    errorWrites: false,
    errorReads: false,
    corruptByte: 0,
    corruptDirection: 'r',
    corruptValue: 0,
  };
  const error = parseFeatures(args.slice(4), options, hasErrorReads);
  if (error !== null) return error;
  const nothing = !options.dropWrites && !options.errorWrites && !options.errorReads;
  if (hasErrorReads && nothing && options.corruptByte === 0) {
    options.errorReads = true;
    options.errorWrites = true;
  }
  return options;
}

function parseFeatures(
  args: readonly string[],
  options: FlakeyOptions,
  hasErrorReads: boolean,
): string | null {
  if (args.length === 0) return null;
  const most = hasErrorReads ? MOST_FEATURE_WORDS_WITH_ERROR_READS : MOST_FEATURE_WORDS;
  const count = readNumber(args[0], 0, most);
  if (count === null || args.length - 1 < count) return 'Invalid number of feature args';
  const words = args.slice(1, 1 + count);
  while (words.length > 0) {
    const error = parseFeature(words, options, hasErrorReads);
    if (error !== null) return error;
  }
  if (options.corruptByte > 0 && options.corruptDirection === 'w') {
    const other = options.dropWrites ? 'drop_writes' : options.errorWrites ? 'error_writes' : null;
    if (other !== null) {
      return `${other} is incompatible with ${hasErrorReads ? 'random_write_corrupt or ' : ''}corrupt_bio_byte with the WRITE flag set`;
    }
  }
  return null;
}

/** Takes one feature with its words off `words`. */
function parseFeature(
  words: string[],
  options: FlakeyOptions,
  hasErrorReads: boolean,
): string | null {
  const name = words.shift()!.toLowerCase();
  if (name === 'error_reads' && hasErrorReads) {
    if (options.errorReads) return 'Feature error_reads duplicated';
    options.errorReads = true;
    return null;
  }
  if (name === 'drop_writes') {
    if (options.dropWrites) return 'Feature drop_writes duplicated';
    if (options.errorWrites) return 'Feature drop_writes conflicts with feature error_writes';
    options.dropWrites = true;
    return null;
  }
  if (name === 'error_writes') {
    if (options.errorWrites) return 'Feature error_writes duplicated';
    if (options.dropWrites) return 'Feature error_writes conflicts with feature drop_writes';
    options.errorWrites = true;
    return null;
  }
  if (name === 'corrupt_bio_byte') return parseCorrupt(words, options);
  if (hasErrorReads && (name === 'random_read_corrupt' || name === 'random_write_corrupt')) {
    throw new NotModelled(`dm-flakey feature "${name}"`);
  }
  return 'Unrecognised flakey feature requested';
}

/** `corrupt_bio_byte NTH DIRECTION VALUE FLAGS`. */
function parseCorrupt(words: string[], options: FlakeyOptions): string | null {
  if (words.length === 0) return 'Feature corrupt_bio_byte requires parameters';
  const nth = readNumber(words.shift(), 1, UINT_MAX);
  if (nth === null) return 'Invalid corrupt bio byte';
  const direction = words.shift()?.toLowerCase();
  if (direction !== 'r' && direction !== 'w') return 'Invalid corrupt bio direction (r or w)';
  const value = readNumber(words.shift(), 0, 255);
  if (value === null) return 'Invalid corrupt value to write into bio byte (0-255)';
  const flags = readNumber(words.shift(), 0, UINT_MAX);
  if (flags === null) return 'Invalid corrupt bio flags mask';
  if (flags !== 0) {
    throw new NotModelled('dm-flakey "corrupt_bio_byte" with a flags mask', 'use the mask 0');
  }
  options.corruptByte = nth;
  options.corruptDirection = direction;
  options.corruptValue = value;
  return null;
}
