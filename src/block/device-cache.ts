/**
 * The pages of a block device that programs read and wrote through its node (the page cache of its bdev inode). State
 * only: src/block/cache.ts does the I/O.
 */

import { PAGE_BYTES } from '../kernel/units.ts';
import { BudgetExceeded } from '../sim/budget.ts';
import { concat, FillPayload, type Payload } from './payload.ts';

/** 8 GiB of content, a fraction of that in memory. */
const MAX_PAGES = 2 ** 21;

export class DeviceCache {
  private readonly pages = new Map<number, Payload>();
  private readonly dirtyPages = new Set<number>();
  /** Pages whose read has failed: readahead leaves them alone, and each is read by itself when it is wanted. */
  readonly broken = new Set<number>();
  /** A write that failed after its program was told it worked; the next sync tells. */
  failed = false;

  has(page: number): boolean {
    return this.pages.has(page);
  }

  get dirtyCount(): number {
    return this.dirtyPages.size;
  }

  /** Keeps memory bounded, as a host without memory would: clean pages go. Throws BudgetExceeded when dirty ones fill it. */
  reclaim(): void {
    if (this.pages.size <= MAX_PAGES) return;
    this.dropClean();
    if (this.pages.size <= MAX_PAGES) return;
    throw new BudgetExceeded(`a page cache expected at most ${MAX_PAGES} dirty pages: sync before`);
  }

  /** Bytes of a range all of whose pages are here. */
  read(offset: number, length: number): Payload {
    const parts: Payload[] = [];
    const end = offset + length;
    for (let at = offset; at < end; ) {
      const page = Math.floor(at / PAGE_BYTES);
      const from = at - page * PAGE_BYTES;
      const take = Math.min(PAGE_BYTES - from, end - at);
      parts.push(this.pages.get(page)!.slice(from, take));
      at += take;
    }
    return parts.length === 1 ? parts[0]! : concat(parts);
  }

  /** Clean pages from `offset` (a page boundary) on; a short last one is filled up with zeroes. */
  fill(offset: number, payload: Payload): void {
    for (let at = 0; at < payload.lengthBytes; at += PAGE_BYTES) {
      const take = Math.min(PAGE_BYTES, payload.lengthBytes - at);
      this.pages.set((offset + at) / PAGE_BYTES, wholePage(payload.slice(at, take)));
      if (this.broken.size > 0) this.broken.delete((offset + at) / PAGE_BYTES);
    }
  }

  /** Dirty bytes; pages covered in part must be here. */
  write(offset: number, payload: Payload): void {
    const end = offset + payload.lengthBytes;
    for (let at = offset; at < end; ) {
      const page = Math.floor(at / PAGE_BYTES);
      const from = at - page * PAGE_BYTES;
      const take = Math.min(PAGE_BYTES - from, end - at);
      const data = payload.slice(at - offset, take);
      this.pages.set(page, take === PAGE_BYTES ? data : this.patched(page, from, data));
      this.dirtyPages.add(page);
      at += take;
    }
  }

  page(page: number): Payload {
    return this.pages.get(page)!;
  }

  /** Dirty pages of a range of pages, ascending. */
  dirty(first = 0, end = Number.POSITIVE_INFINITY): number[] {
    const found: number[] = [];
    for (const page of this.dirtyPages) if (page >= first && page < end) found.push(page);
    return found.sort((a, b) => a - b);
  }

  clean(page: number): void {
    this.dirtyPages.delete(page);
  }

  drop(page: number): void {
    this.pages.delete(page);
    this.dirtyPages.delete(page);
  }

  dropClean(): void {
    this.broken.clear();
    for (const page of this.pages.keys()) if (!this.dirtyPages.has(page)) this.pages.delete(page);
  }

  /** Forgets a range of bytes, dirty or not; pages it cuts too. */
  invalidate(offset: number, length: number): void {
    const first = Math.floor(offset / PAGE_BYTES);
    const end = Math.ceil((offset + length) / PAGE_BYTES);
    if (end - first > this.pages.size) {
      for (const page of this.pages.keys()) if (page >= first && page < end) this.drop(page);
      return;
    }
    for (let page = first; page < end; page += 1) this.drop(page);
  }

  /** Cuts a range of bytes out, dirty or not; of a page it cuts, that part becomes zeroes (truncate_inode_pages_range()). */
  truncate(offset: number, length: number): void {
    const end = offset + length;
    const first = Math.ceil(offset / PAGE_BYTES);
    const last = Math.floor(end / PAGE_BYTES);
    if (last > first) this.invalidate(first * PAGE_BYTES, (last - first) * PAGE_BYTES);
    // Front and back lie in one page when the range does.
    if (first > last) this.zero(offset, end);
    else {
      this.zero(offset, first * PAGE_BYTES);
      this.zero(last * PAGE_BYTES, end);
    }
  }

  private zero(from: number, end: number): void {
    const page = Math.floor(from / PAGE_BYTES);
    if (from >= end || !this.pages.has(page)) return;
    const zeroes = new FillPayload(0, end - from);
    this.pages.set(page, this.patched(page, from - page * PAGE_BYTES, zeroes));
  }

  private patched(page: number, from: number, data: Payload): Payload {
    const old = this.pages.get(page)!;
    const after = from + data.lengthBytes;
    return concat([old.slice(0, from), data, old.slice(after, PAGE_BYTES - after)]);
  }
}

function wholePage(payload: Payload): Payload {
  const missing = PAGE_BYTES - payload.lengthBytes;
  return missing === 0 ? payload : concat([payload, new FillPayload(0, missing)]);
}
