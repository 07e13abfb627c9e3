/**
 * Reads (fs/zonefs/file.c, zonefs_file_read_iter(), zonefs_file_splice_read()). All eras are alike.
 */

import { Flag } from '../../block/bio.ts';
import { EMPTY, type Payload } from '../../block/payload.ts';
import { statusToErrno } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import { roundDown, roundUp } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import type { IoFlags } from '../inode.ts';
import { fillCache, writeBackRange } from './cnv-write.ts';
import { readRange } from './direct.ts';
import type { ZonefsFile } from './file.ts';
import { ioError } from './recovery.ts';
import { IoRules, refuseIo } from './refusals.ts';

/** Ends with the bytes (none at or past the end: never an error), or a negative errno. */
export function* readFile(
  file: ZonefsFile,
  position: number,
  length: number,
  flags: IoFlags,
): Task<Payload | number> {
  const { zone } = file;
  // A file whose zone went offline shows no permission at all, not even to root.
  if (zone.immutable && (zone.mode & 0o777) === 0) return refuseIo(file, IoRules.immutable);
  if (position >= zone.capacityBytes) return EMPTY;
  if (!file.lock.tryShared()) yield* file.lock.shared();
  // The length is cut at the end first and its alignment looked at then: a request that only overshoots may pass.
  const count = Math.min(length, zone.sizeBytes - position);
  if (count <= 0) {
    file.lock.releaseShared();
    return EMPTY;
  }
  const result = flags.direct
    ? yield* readDirect(file, position, count)
    : yield* readCached(file, position, count);
  if (result === -errno.EIO) yield* ioError(file, false);
  file.lock.releaseShared();
  return result;
}

function* readDirect(file: ZonefsFile, position: number, count: number): Task<Payload | number> {
  const { blockBytes } = file.mount;
  if (position % blockBytes !== 0 || count % blockBytes !== 0) {
    const seen = { position, length: count, block: blockBytes };
    return refuseIo(file, IoRules.readAlignment, seen);
  }
  const written = yield* writeBackRange(file, position, position + count);
  if (written < 0) return written;
  const { directReadsSync } = file.mount.host.kernel.zonefs;
  const read = yield* readRange(file, position, count, directReadsSync ? Flag.sync : 0);
  return typeof read === 'number' ? statusToErrno(read) : read;
}

function* readCached(file: ZonefsFile, position: number, count: number): Task<Payload | number> {
  const cache = file.pages;
  for (const { position: at, length } of cache.missing(position, count)) {
    const filled = yield* fillCache(file, at, length);
    if (filled < 0) return filled;
  }
  const bytes = cache.read(position, count);
  if (bytes === null) {
    const from = roundDown(position, cache.granuleBytes);
    const to = roundUp(position + count, cache.granuleBytes);
    throw new Error(`pages ${from} to ${to} expected in the cache, got some missing`);
  }
  return bytes;
}
