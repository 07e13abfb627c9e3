/**
 * Is there room beside the data for what a cipher keeps there? (drivers/md/dm-crypt.c crypt_integrity_ctr(); eras by
 * kernel.crypt.) To 6.9 only dm-integrity's own profile will do and has to be as long as the tags; later any metadata
 * without protection information that is long enough. No zoned disk offered either when these were recorded.
 */

import type { BlockDevice } from '../../block/device.ts';
import { aeadOf } from './aead.ts';
import type { CryptSpec } from './spec.ts';
import { type Step, stop } from './words.ts';

/** Bytes of a unit's tag, beside a random IV. */
export function integrityTag(
  spec: CryptSpec,
  device: BlockDevice,
  rule: 'exactly' | 'at-least',
): Step<number> {
  const refuse = (error: string): Step<number> => stop('integrity', 'EINVAL', error);
  const there = device.metadataBytes ?? 0;
  if (there === 0) return refuse('Integrity profile not supported.');
  const ivBytes = spec.ivMode === 'random' ? spec.ivBytes : 0;
  const asked = spec.options.integrity?.tagBytes ?? 0;
  const exact = rule === 'exactly';
  if (exact ? there !== asked : there < asked) {
    return refuse('Integrity profile tag size mismatch.');
  }
  if (device.limits.logical_block_size.value !== spec.options.sectorBytes) {
    return refuse('Integrity profile sector size mismatch.');
  }
  let tagBytes = 0;
  if (spec.options.aead) {
    tagBytes = asked - ivBytes;
    const aead = aeadOf(spec.algorithm);
    if (tagBytes <= 0 || aead?.tagFits(tagBytes) === false) {
      return refuse('Integrity AEAD auth tag size is not supported.');
    }
  }
  const used = tagBytes + ivBytes;
  if (exact ? used !== there : used > there) {
    return refuse('Not enough space for integrity tag in the profile.');
  }
  return { ok: true, value: tagBytes };
}
