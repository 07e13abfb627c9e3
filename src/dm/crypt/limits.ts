/**
 * What dm-crypt asks of its queue and of the length of a bio (drivers/md/dm-crypt.c crypt_io_hints(), crypt_map(),
 * get_max_request_sectors()), and the table text (crypt_status()). Eras by kernel.crypt.
 */

import type { LimitName, QueueLimits } from '../../block/limits.ts';
import type { CryptAnswers } from '../../kernel/answers/crypt.ts';
import { roundDown, SECTOR_BYTES } from '../../kernel/units.ts';
import type { TargetFlags } from '../target.ts';
import { keyText } from './key.ts';
import { FLAGS } from './options.ts';
import type { CryptSpec } from './spec.ts';

/** BIO_MAX_PAGES or BIO_MAX_VECS pages: what one encryption buffer holds. */
const MAX_BUFFER_BYTES = 1048576;

/** The limits crypt_io_hints() changes; a value that stays is left out, so that it keeps its origin. */
export function hints(
  limits: QueueLimits,
  answers: CryptAnswers,
  spec: CryptSpec,
  flags: TargetFlags,
): Partial<Record<LimitName, number>> {
  const out: Partial<Record<LimitName, number>> = {};
  const want = (name: LimitName, value: number): void => {
    if (limits[name].value !== value) out[name] = value;
  };
  if (answers.maxSegmentBytes > 0) want('max_segment_size', answers.maxSegmentBytes);
  const unit = spec.options.sectorBytes;
  const block = Math.max(limits.logical_block_size.value, unit);
  want('logical_block_size', block);
  want('physical_block_size', Math.max(limits.physical_block_size.value, unit));
  want('io_min', Math.max(limits.io_min.value, unit));
  if (answers.dmaAlignmentHint) want('dma_alignment', block - 1);
  if (answers.zonedMaxHwSectors > 0 && flags.emulateZoneAppend === true) {
    want('max_hw_sectors', Math.min(limits.max_hw_sectors.value, answers.zonedMaxHwSectors));
  }
  return out;
}

/** The most sectors of a bio that map() takes at once; infinite where it takes all. `limits` are the device's. */
export function longestBio(
  write: boolean,
  answers: CryptAnswers,
  spec: CryptSpec,
  limits: QueueLimits,
  flags: TargetFlags,
): number {
  const all = Number.POSITIVE_INFINITY;
  // Cutting a write that a plug waits for could deadlock, so later kernels take it whole.
  if (write && !answers.splitsZonedWrites && flags.emulateZoneAppend === true) return all;
  let bytes = write ? answers.maxWriteBytes : answers.maxReadBytes;
  if (spec.options.integrity !== null)
    bytes = Math.min(bytes || MAX_BUFFER_BYTES, MAX_BUFFER_BYTES);
  if (bytes === 0) return all;
  const block = Math.max(limits.logical_block_size.value, spec.options.sectorBytes);
  return Math.max(roundDown(bytes, block), block) / SECTOR_BYTES;
}

/** The words behind `crypt` in the table. On a zoned device no_write_workqueue is set by itself, and shown. */
export function tableText(
  spec: CryptSpec,
  deviceNumber: string,
  startSector: number,
  zoned: boolean,
  showKeys: boolean,
): string {
  const { options } = spec;
  const words: string[] = FLAGS.filter(
    (flag) => options.flags.has(flag) || (zoned && flag === 'no_write_workqueue'),
  );
  if (options.integrity !== null) {
    words.push(`integrity:${options.integrity.tagBytes}:${options.integrity.profile}`);
  }
  if (options.sectorBytes !== SECTOR_BYTES) words.push(`sector_size:${options.sectorBytes}`);
  if (options.largeSectors) words.push('iv_large_sectors');
  if (options.macKeyBytes > 0) words.push(`integrity_key_size:${options.macKeyBytes}`);
  const shown = keyText(spec.key);
  const key = showKeys || spec.key.reference !== null ? shown : shown.replace(/[0-9a-f]/g, '0');
  const front = `${spec.cipherText} ${key} ${spec.ivOffset} ${deviceNumber} ${startSector}`;
  return words.length === 0 ? front : `${front} ${words.length} ${words.join(' ')}`;
}
