/**
 * Checksums of data (fs/btrfs/file-item.c, btrfs_csum_one_bio(); inode.c, check_data_csum()): one digest per
 * sector of the bytes as the file system hands them down, so an encrypting device below is not seen. From 5.12
 * on.
 */

import { FillPayload, type Payload, piecesOf } from '../../block/payload.ts';
import { csumOf } from './csum.ts';
import { countError } from './dev-stats.ts';
import { rateLimit } from './ratelimit.ts';
import type { FsState } from './state.ts';
import { TreeId } from './trees.ts';

/** Digests of `payload` sector by sector, as the hex of their bytes in stored order. */
export function sumsOf(fs: FsState, payload: Payload): string[] {
  const sums: string[] = [];
  const step = fs.sectorBytes;
  const one = piecesOf(payload).length === 1 && payload instanceof FillPayload;
  if (one) {
    const sum = sumOf(fs, payload.slice(0, step).bytes(), 0, step);
    for (let at = 0; at < payload.lengthBytes; at += step) sums.push(sum);
    return sums;
  }
  const bytes = payload.bytes();
  for (let at = 0; at < bytes.length; at += step) sums.push(sumOf(fs, bytes, at, at + step));
  return sums;
}

function sumOf(fs: FsState, bytes: Uint8Array, from: number, to: number): string {
  const digest = csumOf(fs.csumName, bytes, from, to);
  let hex = '';
  for (let i = 0; i < fs.csumBytes; i += 1) hex += digest[i]!.toString(16).padStart(2, '0');
  return hex;
}

/**
 * Checks one sector that was read against the checksum tree; says what differs and counts it. A sector without
 * a checksum passes (nodatasum), except where the kernel takes a missing one for zeroes and finds data.
 */
export function sectorIsGood(
  fs: FsState,
  ino: number,
  fileOffset: number,
  logical: number,
  found: string,
): boolean {
  const expected = fs.trees.csums.get(logical);
  if (expected === undefined || expected === found) return true;
  if (rateLimit(fs.host, 'btrfs_print_data_csum_error')) {
    fs.env.log(
      'warning',
      `csum failed root ${TreeId.fs} ino ${ino} off ${fileOffset} csum 0x${found} expected csum 0x${expected} mirror 1`,
    );
  }
  countError(fs, 'corruption');
  return false;
}
