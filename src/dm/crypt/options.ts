/**
 * The feature arguments of a crypt table line (drivers/md/dm-crypt.c crypt_ctr_optional(), drivers/md/dm-table.c
 * dm_read_arg_group()). All eras; which words there are is an answer of the kernel.
 */

import type { CryptAnswers } from '../../kernel/answers/crypt.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { isPowerOfTwo, SECTOR_BYTES } from '../../kernel/units.ts';
import { number32, type Step, stop } from './words.ts';

/** The words that are flags, in the order crypt_status() prints them. */
export const FLAGS = [
  'allow_discards',
  'same_cpu_crypt',
  'high_priority',
  'submit_from_crypt_cpus',
  'no_read_workqueue',
  'no_write_workqueue',
] as const;

export type CryptFlag = (typeof FLAGS)[number];

export interface CryptOptions {
  readonly flags: ReadonlySet<CryptFlag>;
  /** `integrity:TAG:PROFILE`: bytes of the tag, and the profile as the user wrote it. */
  readonly integrity: { readonly tagBytes: number; readonly profile: string } | null;
  readonly aead: boolean;
  readonly sectorBytes: number;
  /** Was `sector_size:` given? 512 is not printed either way. */
  readonly largeSectors: boolean;
  /** `integrity_key_size:N`; 0 when not given. */
  readonly macKeyBytes: number;
}

const MAX_TAG_BYTES = 480;
const MAX_SECTOR_BYTES = 4096;

interface Draft {
  flags: Set<CryptFlag>;
  integrity: CryptOptions['integrity'];
  aead: boolean;
  sectorBytes: number;
  largeSectors: boolean;
  macKeyBytes: number;
}

/** The words from the feature count on; none at all is legal. Words behind the count are not looked at. */
export function parseOptions(
  words: readonly string[],
  lengthSectors: number,
  answers: CryptAnswers,
): Step<CryptOptions> {
  const draft: Draft = {
    flags: new Set(),
    integrity: null,
    aead: false,
    sectorBytes: SECTOR_BYTES,
    largeSectors: false,
    macKeyBytes: 0,
  };
  if (words.length === 0) return { ok: true, value: draft };
  const count = number32(words[0]!);
  // Too few words fail here too: dm_read_arg_group() compares before the loop that could say so by name.
  if (count === null || count > answers.maxFeatureArgs || count > words.length - 1) {
    return stop('feature-count', 'EINVAL', 'Invalid number of feature args');
  }
  for (const word of words.slice(1, 1 + count)) {
    const failure = takeWord(draft, word, lengthSectors, answers);
    if (failure !== null) return failure;
  }
  return { ok: true, value: draft };
}

type Failure = Extract<Step<never>, { ok: false }>;

function takeWord(
  draft: Draft,
  word: string,
  lengthSectors: number,
  answers: CryptAnswers,
): Failure | null {
  const lower = word.toLowerCase();
  if (answers.featureArgs.includes(lower)) {
    if (lower === 'iv_large_sectors') {
      draft.largeSectors = true;
      return null;
    }
    if ((FLAGS as readonly string[]).includes(lower)) {
      draft.flags.add(lower as CryptFlag);
      return null;
    }
  }
  const integrity = /^integrity:(\d+)(:(.*))?/s.exec(word);
  if (integrity !== null) return takeIntegrity(draft, integrity[1]!, integrity[3] ?? null);
  const macKey = /^integrity_key_size:(\d+)$/.exec(word);
  if (macKey !== null && answers.featureArgs.includes('integrity_key_size')) {
    draft.macKeyBytes = Number(macKey[1]) >>> 0;
    if (draft.macKeyBytes !== 0) return null;
    return stop('integrity-key-size', 'EINVAL', 'Invalid integrity_key_size argument');
  }
  const size = /^sector_size:(\d+)$/.exec(word);
  if (size !== null) return takeSectorSize(draft, size[1]!, lengthSectors);
  return stop('feature-args', 'EINVAL', 'Invalid feature arguments');
}

function takeIntegrity(draft: Draft, tag: string, profile: string | null): Failure | null {
  const tagBytes = number32(tag)!;
  if (tagBytes === 0 || tagBytes > MAX_TAG_BYTES) {
    return stop('integrity-args', 'EINVAL', 'Invalid integrity arguments');
  }
  if (profile === null) {
    throw new NotModelled(
      'integrity: without a second colon',
      'the kernel follows a null pointer there and kills the program',
    );
  }
  const known = profile.toLowerCase();
  if (known === 'aead') draft.aead = true;
  else if (known !== 'none') {
    return stop('integrity-profile', 'EINVAL', 'Unknown integrity profile');
  }
  draft.integrity = { tagBytes, profile };
  return null;
}

function takeSectorSize(draft: Draft, text: string, lengthSectors: number): Failure | null {
  // Read as an unsigned short (%hu): the rest of a longer number is lost.
  const bytes = Number(BigInt(text) & 0xffffn);
  if (bytes < SECTOR_BYTES || bytes > MAX_SECTOR_BYTES || !isPowerOfTwo(bytes)) {
    return stop('sector-size', 'EINVAL', 'Invalid feature value for sector_size');
  }
  if (lengthSectors % (bytes / SECTOR_BYTES) !== 0) {
    return stop(
      'sector-size-length',
      'EINVAL',
      'Device size is not multiple of sector_size feature',
    );
  }
  draft.sectorBytes = bytes;
  return null;
}
