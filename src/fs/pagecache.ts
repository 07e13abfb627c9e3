/**
 * The cache of one file's or one device's bytes (mm/filemap.c, mm/page-writeback.c), for whoever does buffered I/O. It
 * knows no device: its owner reads what is missing, fills it in, and writes dirty ranges out. All eras are alike here.
 *
 * Content is kept in granules (a page, unless the owner says its block): each is whole or absent, dirty or clean.
 * Positions and lengths are bytes. Nothing here waits, so owners are tasks or callbacks as they like.
 */

import { concat, FillPayload, type Payload } from '../block/payload.ts';
import { PAGE_BYTES } from '../kernel/units.ts';
import { BudgetExceeded } from '../sim/budget.ts';

/** 16 GiB in pages, a fraction of that in memory: what a host would have written out long before. */
const MAX_GRANULES = 2 ** 22;

export interface ByteRange {
  readonly position: number;
  readonly length: number;
}

export class PageCache {
  readonly granuleBytes: number;
  /** By granule number; each payload is exactly one granule long. */
  private readonly granules = new Map<number, Payload>();
  private readonly dirty = new Set<number>();

  constructor(granuleBytes: number = PAGE_BYTES) {
    this.granuleBytes = granuleBytes;
  }

  get dirtyBytes(): number {
    return this.dirty.size * this.granuleBytes;
  }

  get cachedBytes(): number {
    return this.granules.size * this.granuleBytes;
  }

  /** The bytes of a range; null when any of it is absent (see `missing`). */
  read(position: number, length: number): Payload | null {
    const size = this.granuleBytes;
    const parts: Payload[] = [];
    const end = position + length;
    let at = position;
    while (at < end) {
      const number = Math.floor(at / size);
      const granule = this.granules.get(number);
      if (granule === undefined) return null;
      const from = at - number * size;
      const take = Math.min(size - from, end - at);
      parts.push(granule.slice(from, take));
      at += take;
    }
    return parts.length === 1 ? parts[0]! : concat(parts);
  }

  /** What of a range is absent, as ranges of whole granules: read these and `fill` them. */
  missing(position: number, length: number): ByteRange[] {
    const found: ByteRange[] = [];
    if (length === 0) return found;
    const last = this.granuleOf(position + length - 1);
    for (let number = this.granuleOf(position); number <= last; number += 1) {
      if (!this.granules.has(number)) this.addGranule(found, number);
    }
    return found;
  }

  /**
   * The absent granules that a write of this range covers in part: they must be filled before `write`, because a
   * granule is whole or absent. None for aligned writes.
   */
  missingEdges(position: number, length: number): ByteRange[] {
    const found: ByteRange[] = [];
    if (length === 0) return found;
    const size = this.granuleBytes;
    const first = this.granuleOf(position);
    const last = this.granuleOf(position + length - 1);
    const cutsFirst = position !== first * size;
    const cutsLast = position + length !== (last + 1) * size;
    if ((cutsFirst || (first === last && cutsLast)) && !this.granules.has(first)) {
      this.addGranule(found, first);
    }
    if (last !== first && cutsLast && !this.granules.has(last)) this.addGranule(found, last);
    return found;
  }

  /**
   * Puts in what was read, clean. `position` is a granule's start; a last granule cut short (the end of the file)
   * is made whole with zeroes. Granules that are there already stay: they may be newer than what was read.
   */
  fill(position: number, payload: Payload): void {
    const size = this.granuleBytes;
    if (position % size !== 0) {
      throw new Error(`"fill" expected a multiple of ${size}, got ${position}`);
    }
    for (let done = 0; done < payload.lengthBytes; done += size) {
      const number = (position + done) / size;
      if (this.granules.has(number)) continue;
      const take = Math.min(size, payload.lengthBytes - done);
      this.granules.set(number, whole(payload.slice(done, take), size));
    }
    this.checkSize();
  }

  /** Writes a range and marks it dirty. Throws when a granule it covers in part is absent (see `missingEdges`). */
  write(position: number, payload: Payload): void {
    const size = this.granuleBytes;
    let done = 0;
    while (done < payload.lengthBytes) {
      const at = position + done;
      const number = Math.floor(at / size);
      const from = at - number * size;
      const take = Math.min(size - from, payload.lengthBytes - done);
      const piece = payload.slice(done, take);
      this.granules.set(number, take === size ? piece : this.patched(number, from, piece));
      this.dirty.add(number);
      done += take;
    }
    this.checkSize();
  }

  /** Dirty ranges that touch `from` to `to`, ascending, neighbours joined up to `maxBytes`. Whole granules. */
  dirtyRanges(from = 0, to = Number.POSITIVE_INFINITY, maxBytes = 2 ** 40): ByteRange[] {
    const found: ByteRange[] = [];
    const size = this.granuleBytes;
    for (const number of [...this.dirty].sort(ascending)) {
      if ((number + 1) * size <= from || number * size >= to) continue;
      this.addGranule(found, number, maxBytes);
    }
    return found;
  }

  /**
   * A range is no longer dirty. Call it before the bios go out, as the kernel moves a page from dirty to writeback:
   * what a program writes meanwhile is then dirty again. A failed write-out leaves its pages clean too.
   */
  markClean(position: number, length: number): void {
    this.eachTouched(position, length, (number) => this.dirty.delete(number));
  }

  /** The file ends at `size`: what lies behind is forgotten, and the rest of a cut granule is zero. */
  truncate(size: number): void {
    const granule = this.granuleBytes;
    const keep = Math.ceil(size / granule);
    for (const number of this.granules.keys()) {
      if (number >= keep) this.forget(number);
    }
    const tail = size % granule;
    const last = this.granules.get(keep - 1);
    if (tail !== 0 && last !== undefined) {
      this.granules.set(keep - 1, whole(last.slice(0, tail), granule));
    }
  }

  /** Forgets every granule a range touches, dirty ones too: after a direct write or a zone reset. */
  invalidate(position: number, length: number): void {
    this.eachTouched(position, length, (number) => this.forget(number));
  }

  /** Forgets what is clean: `echo 1 > /proc/sys/vm/drop_caches`. */
  dropClean(): void {
    for (const number of this.granules.keys()) {
      if (!this.dirty.has(number)) this.granules.delete(number);
    }
  }

  /** Forgets everything: the power is cut, or the last user has gone. */
  dropAll(): void {
    this.granules.clear();
    this.dirty.clear();
  }

  private checkSize(): void {
    if (this.granules.size <= MAX_GRANULES) return;
    throw new BudgetExceeded(`a file's cache expected at most ${MAX_GRANULES} blocks, got more`);
  }

  private granuleOf(position: number): number {
    return Math.floor(position / this.granuleBytes);
  }

  private forget(number: number): void {
    this.granules.delete(number);
    this.dirty.delete(number);
  }

  private patched(number: number, from: number, piece: Payload): Payload {
    const old = this.granules.get(number);
    if (old === undefined) {
      throw new Error(`"write" expected granule ${number} to be filled, got part of an absent one`);
    }
    const end = from + piece.lengthBytes;
    return concat([old.slice(0, from), piece, old.slice(end, this.granuleBytes - end)]);
  }

  /** Calls `visit` for the granules present in a range; walks whichever is smaller, the range or the cache. */
  private eachTouched(position: number, length: number, visit: (number: number) => void): void {
    if (length <= 0) return;
    const first = this.granuleOf(position);
    const last = this.granuleOf(position + length - 1);
    if (last - first < this.granules.size) {
      for (let number = first; number <= last; number += 1) visit(number);
      return;
    }
    for (const number of this.granules.keys()) {
      if (number >= first && number <= last) visit(number);
    }
  }

  private addGranule(found: ByteRange[], number: number, maxBytes = 2 ** 40): void {
    const size = this.granuleBytes;
    const last = found[found.length - 1];
    const joins =
      last !== undefined &&
      last.position + last.length === number * size &&
      last.length + size <= maxBytes;
    if (joins) {
      found[found.length - 1] = { position: last.position, length: last.length + size };
    } else found.push({ position: number * size, length: size });
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}

function whole(piece: Payload, size: number): Payload {
  const short = size - piece.lengthBytes;
  return short === 0 ? piece : concat([piece, new FillPayload(0, short)]);
}
