/**
 * Reads (mm/filemap.c, filemap_read(), filemap_get_pages(); fs/btrfs/extent_io.c, end_bio_extent_readpage(),
 * later bio.c, btrfs_check_read_bio()): through the page cache, with readahead and a second, single read of
 * what readahead could not bring; or direct. Every sector is checked against its checksum. From 5.12 on.
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import { concat, EMPTY, FillPayload, type Payload } from '../../block/payload.ts';
import { Status } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { Completion, type Task } from '../../sim/task.ts';
import { groupOf } from './block-group.ts';
import { sectorIsGood, sumsOf } from './csum-check.ts';
import { deviceError } from './dev-stats.ts';
import { type ReadaheadState, readaheadWindow, shrinkReadahead } from './readahead.ts';
import { BIO_BYTES, type FsState, inodeItem, type LiveFile } from './state.ts';
import { extentAt, type InodeItem } from './trees.ts';

/** A run of a file that lies together on the disk, or is not on the disk at all. */
interface Run {
  readonly position: number;
  readonly length: number;
  /** Logical address; -1 for a hole or an inline extent. */
  readonly logical: number;
  /** What stands there, when it is not on the disk. */
  readonly known: Payload | null;
}

interface Request {
  left: number;
  readonly all: Completion;
  readonly fs: FsState;
  readonly file: LiveFile;
  /** Receives good runs and the pages that are bad. */
  readonly good: { readonly position: number; readonly payload: Payload }[];
  readonly bad: number[];
}

/** Reads a range of whole sectors from the disk and waits. */
function* readRuns(
  fs: FsState,
  file: LiveFile,
  ranges: readonly { readonly position: number; readonly length: number }[],
  readahead: boolean,
): Task<Request> {
  const request: Request = { left: 1, all: new Completion(), fs, file, good: [], bad: [] };
  const item = inodeItem(fs, file.ino);
  for (const range of ranges) {
    for (const run of runsOf(item, range.position, range.length)) {
      if (run.known !== null) request.good.push({ position: run.position, payload: run.known });
      else sendRead(request, run, readahead);
    }
  }
  request.left -= 1;
  if (request.left > 0) yield* request.all.wait();
  return request;
}

function runsOf(item: InodeItem, position: number, length: number): Run[] {
  const runs: Run[] = [];
  const end = position + length;
  let at = position;
  while (at < end) {
    const extent = extentAt(item, at);
    let next: Run;
    if (extent === null) {
      const following = item.extents.find((one) => one.fileOffset > at);
      const stop = Math.min(end, following?.fileOffset ?? end);
      next = { position: at, length: stop - at, logical: -1, known: new FillPayload(0, stop - at) };
    } else if (extent.inline !== null) {
      const zeroes = new FillPayload(0, extent.numBytes - extent.inline.lengthBytes);
      const whole = concat([extent.inline, zeroes]);
      const from = at - extent.fileOffset;
      const take = Math.min(end - at, extent.numBytes - from);
      next = { position: at, length: take, logical: -1, known: whole.slice(from, take) };
    } else {
      const from = at - extent.fileOffset;
      const take = Math.min(end - at, extent.numBytes - from);
      const logical = extent.diskBytenr + extent.extentOffset + from;
      next = { position: at, length: take, logical, known: null };
    }
    const last = runs[runs.length - 1];
    const joins =
      last !== undefined &&
      last.known === null &&
      next.known === null &&
      last.logical + last.length === next.logical;
    if (joins) runs[runs.length - 1] = { ...last, length: last.length + next.length };
    else runs.push(next);
    at += next.length;
  }
  return runs;
}

function sendRead(request: Request, run: Run, readahead: boolean): void {
  const { fs } = request;
  let done = 0;
  while (done < run.length) {
    const logical = run.logical + done;
    const group = groupOf(fs.groups, logical);
    const length = Math.min(run.length - done, BIO_BYTES, group.end - logical);
    const bio = fs.block.newBio(fs.device);
    bio.op = Op.read;
    bio.flags |= Flag.data | (readahead ? Flag.readahead : 0);
    bio.sector = group.physical(logical) / SECTOR_BYTES;
    bio.sectors = length / SECTOR_BYTES;
    bio.filePosition = run.position + done;
    bio.context = { request, position: run.position + done, logical, length };
    bio.onEnd = readEnded;
    request.left += 1;
    fs.device.submit(bio);
    done += length;
  }
}

function readEnded(bio: Bio): void {
  const { request, position, logical, length } = bio.context as {
    readonly request: Request;
    readonly position: number;
    readonly logical: number;
    readonly length: number;
  };
  const { fs } = request;
  const { status, payload } = bio;
  if (status !== Status.ok) deviceError(fs, bio);
  else request.file.cipher?.note(bio, false);
  fs.block.bios.give(bio);
  if (status !== Status.ok || payload === null) {
    for (let at = 0; at < length; at += fs.sectorBytes) request.bad.push(position + at);
  } else checkSectors(request, position, logical, payload);
  request.left -= 1;
  if (request.left === 0) request.all.complete();
}

function checkSectors(request: Request, position: number, logical: number, payload: Payload): void {
  const { fs, file } = request;
  const { cipher } = file;
  const step = fs.sectorBytes;
  const sums = sumsOf(fs, payload);
  let goodFrom = 0;
  const take = (to: number): void => {
    if (to > goodFrom) {
      const at = position + goodFrom;
      const part = payload.slice(goodFrom, to - goodFrom);
      const plain = cipher === null ? part : cipher.decrypted(at, part);
      request.good.push({ position: at, payload: plain });
    }
  };
  for (let at = 0; at < payload.lengthBytes; at += step) {
    if (sectorIsGood(fs, file.ino, position + at, logical + at, sums[at / step]!)) continue;
    take(at);
    if (fs.answers.badReadBlock === 'fails-rest-of-bio') {
      // `uptodate` keeps the verdict of the first bad page for all behind it in the bio.
      for (let rest = at; rest < payload.lengthBytes; rest += step) {
        request.bad.push(position + rest);
      }
      return;
    }
    request.bad.push(position + at);
    goodFrom = at + step;
  }
  take(payload.lengthBytes);
}

/** Puts what a request brought into the page cache. */
function settle(file: LiveFile, request: Request): void {
  for (const { position, payload } of request.good) {
    file.cache.fill(position, payload);
    const step = file.cache.granuleBytes;
    for (let at = 0; at < payload.lengthBytes; at += step) {
      file.failedPages.delete((position + at) / step);
    }
  }
  for (const position of request.bad) file.failedPages.add(position / file.cache.granuleBytes);
}

function hasPage(file: LiveFile, page: number): boolean {
  const step = file.cache.granuleBytes;
  return file.failedPages.has(page) || file.cache.missing(page * step, 1).length === 0;
}

/** Reads a window ahead, skipping what is cached, and marks the page that asks for the next. */
function* readAhead(
  fs: FsState,
  file: LiveFile,
  window: { readonly start: number; readonly size: number; readonly asyncSize: number },
): Task<void> {
  const step = fs.sectorBytes;
  const lastPage = Math.ceil(file.size / step) - 1;
  const ranges: { position: number; length: number }[] = [];
  for (let i = 0; i < window.size; i += 1) {
    const page = window.start + i;
    if (page > lastPage) break;
    if (hasPage(file, page)) continue;
    if (i === window.size - window.asyncSize) file.readaheadMarks.add(page);
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last.position + last.length === page * step) last.length += step;
    else ranges.push({ position: page * step, length: step });
  }
  settle(file, yield* readRuns(fs, file, ranges, true));
}

/** One page by itself, as a reader asks that finds it not valid. False: it stays so. */
export function* readPage(fs: FsState, file: LiveFile, page: number): Task<boolean> {
  const step = fs.sectorBytes;
  settle(file, yield* readRuns(fs, file, [{ position: page * step, length: step }], false));
  return !file.failedPages.has(page);
}

/**
 * The pages a reader takes together: up to one that is not valid, or that carries a mark, which is the last.
 */
function batchOf(fs: FsState, file: LiveFile, index: number, beyond: number): number[] {
  const batch: number[] = [];
  for (let page = index; page < beyond && batch.length < fs.answers.readBatchPages; page += 1) {
    if (!hasPage(file, page)) break;
    batch.push(page);
    if (file.failedPages.has(page) || file.readaheadMarks.has(page)) break;
  }
  return batch;
}

/**
 * filemap_get_pages(): pages that can be copied from `index` on, or a negative errno when the first cannot be
 * had.
 */
function* getPages(
  fs: FsState,
  file: LiveFile,
  state: ReadaheadState,
  index: number,
  beyond: number,
): Task<number[] | number> {
  const view = { has: (page: number) => hasPage(file, page) };
  let batch = batchOf(fs, file, index, beyond);
  if (batch.length === 0) {
    const window = readaheadWindow(state, index, beyond - index, false, view);
    if (window !== null) yield* readAhead(fs, file, window);
    batch = batchOf(fs, file, index, beyond);
  }
  if (batch.length === 0) {
    if (yield* readPage(fs, file, index)) return [index];
    shrinkReadahead(state);
    return -errno.EIO;
  }
  const last = batch[batch.length - 1]!;
  if (file.readaheadMarks.delete(last)) {
    const window = readaheadWindow(state, last, beyond - last, true, view);
    if (window !== null) yield* readAhead(fs, file, window);
  }
  if (file.failedPages.has(last) && !(yield* readPage(fs, file, last))) {
    shrinkReadahead(state);
    batch.pop();
    if (batch.length === 0) return -errno.EIO;
  }
  return batch;
}

/** A buffered read: what could be had before the first page that could not, else -EIO. */
export function* readBuffered(
  fs: FsState,
  file: LiveFile,
  state: ReadaheadState,
  position: number,
  length: number,
): Task<Payload | number> {
  const step = fs.sectorBytes;
  const end = Math.min(position + length, file.size);
  // The kernel asks for pages up to the end of the request, not of the file.
  const beyond = Math.ceil((position + length) / step);
  const parts: Payload[] = [];
  let at = position;
  while (at < end) {
    const pages = yield* getPages(fs, file, state, Math.floor(at / step), beyond);
    if (typeof pages === 'number') {
      if (at === position) return pages;
      break;
    }
    const stop = Math.min(end, (pages[pages.length - 1]! + 1) * step);
    const payload = file.cache.read(at, stop - at);
    if (payload === null) throw new Error('"page" expected to be cached after a read, got none');
    parts.push(payload);
    at = stop;
    state.previous = Math.floor(at / step);
  }
  return parts.length === 0 ? EMPTY : concat(parts);
}

/** A direct read of whole sectors: all of it, or -EIO. */
export function* readDirect(
  fs: FsState,
  file: LiveFile,
  position: number,
  length: number,
): Task<Payload | number> {
  const end = Math.min(position + length, file.size);
  if (end <= position) return EMPTY;
  const whole = Math.ceil((end - position) / fs.sectorBytes) * fs.sectorBytes;
  const request = yield* readRuns(fs, file, [{ position, length: whole }], false);
  if (request.bad.length > 0) return -errno.EIO;
  request.good.sort((a, b) => a.position - b.position);
  return concat(request.good.map((run) => run.payload)).slice(0, end - position);
}
