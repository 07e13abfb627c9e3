/**
 * Files in memory (mm/mmap.c, mm/memory.c, mm/msync.c): mmap(2) and its checks, page faults, msync(2). A shared mapping
 * holds nothing of its own: its pages are those of the file's cache. A private one keeps the pages its program wrote to.
 * All eras are alike here.
 *
 * What a load or store needs is brought in at once, not page by page, and only stores to shared mappings make pages
 * dirty. Memory of anything but files is not modelled, nor is its protection changed (mprotect(2)).
 */

import { concat, type Payload } from '../block/payload.ts';
import { errno } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { PAGE_BYTES, roundDown, roundUp } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import { descriptionOf, type OpenDescription } from './description.ts';
import { S } from './inode.ts';
import { typeOf } from './place.ts';
import type { MapRequest, MemoryCalls, ProcessContext, Signal } from './syscalls.ts';
import { release } from './vfs-open.ts';

/** Where the first mapping of a process lies, and the gap between two. */
const FIRST_ADDRESS = 0x7f0000000000;

/** A run of pages of one file (struct vm_area_struct). Bytes. */
interface Mapping {
  readonly start: number;
  readonly length: number;
  readonly file: OpenDescription;
  /** Where in the file `start` lies. */
  readonly offset: number;
  readonly write: boolean;
  readonly shared: boolean;
  /** Pages a private mapping has copied, by address. */
  readonly copies: Map<number, Payload>;
}

export class Memory implements MemoryCalls {
  private readonly core: VfsCore;
  private readonly spaces = new Map<ProcessContext, Mapping[]>();

  constructor(core: VfsCore) {
    this.core = core;
  }

  map(process: ProcessContext, fd: number, request: MapRequest): Task<number> {
    const file = descriptionOf(process, fd);
    const body = this.mapping(process, file, request);
    const { offset, length } = request;
    return this.core.calls.run('mmap', file?.pathId ?? 0, offset, length, body);
  }

  unmap(process: ProcessContext, address: number, length: number): Task<number> {
    return this.core.calls.run('munmap', 0, 0, length, this.unmapping(process, address, length));
  }

  sync(process: ProcessContext, address: number, length: number): Task<number> {
    const path = this.at(process, address)?.file.pathId ?? 0;
    return this.core.calls.run('msync', path, 0, length, this.syncing(process, address, length));
  }

  *load(process: ProcessContext, address: number, length: number): Task<Payload | Signal> {
    const mapping = this.at(process, address);
    if (mapping === undefined || address + length > end(mapping)) return 'SIGSEGV';
    const from = roundDown(address, PAGE_BYTES);
    const to = roundUp(address + length, PAGE_BYTES);
    const { pathId } = mapping.file;
    const body = pages(mapping, from, to);
    const found = yield* this.core.calls.run(
      'load',
      pathId,
      fileOffset(mapping, address),
      length,
      body,
    );
    return found === null ? 'SIGBUS' : found.slice(address - from, length);
  }

  *store(process: ProcessContext, address: number, data: Payload): Task<Signal | null> {
    const mapping = this.at(process, address);
    const length = data.lengthBytes;
    if (mapping === undefined || !mapping.write || address + length > end(mapping)) {
      return 'SIGSEGV';
    }
    const { pathId } = mapping.file;
    const body = mapping.shared ? storing(mapping, address, data) : copying(mapping, address, data);
    const stored = yield* this.core.calls.run(
      'store',
      pathId,
      fileOffset(mapping, address),
      length,
      body,
    );
    return stored === 0 ? null : 'SIGBUS';
  }

  /** The process ends: its memory goes before its descriptors do (do_exit()). */
  *leave(process: ProcessContext): Task<void> {
    const space = this.spaces.get(process);
    if (space === undefined) return;
    this.spaces.delete(process);
    for (const { file } of space) yield* letGo(this.core, file);
  }

  /** The checks of ksys_mmap_pgoff() and do_mmap(), in their order. */
  private *mapping(
    process: ProcessContext,
    file: OpenDescription | undefined,
    { offset, length, write, shared }: MapRequest,
  ): Task<number> {
    if (offset < 0 || offset % PAGE_BYTES !== 0) return -errno.EINVAL;
    if (file === undefined) return -errno.EBADF;
    if (length <= 0) return -errno.EINVAL;
    const room = roundUp(length, PAGE_BYTES);
    if (offset + room > Number.MAX_SAFE_INTEGER) return -errno.EOVERFLOW;
    if (shared && write && !file.writable) return -errno.EACCES;
    if (!file.readable) return -errno.EACCES;
    const { inode } = file;
    if (inode.mmap === undefined) {
      const known = typeOf(inode) !== S.IFREG || inode.mount === null;
      if (!known) throw new NotModelled(`mmap of a file of ${inode.mount!.typeName}`);
      return -errno.ENODEV;
    }
    const refused = inode.mmap(file, shared, shared ? file.writable : true);
    if (refused < 0) return refused;
    const space = this.spaces.get(process) ?? [];
    this.spaces.set(process, space);
    const last = space[space.length - 1];
    const start = last === undefined ? FIRST_ADDRESS : end(last) + PAGE_BYTES;
    file.references += 1;
    space.push({ start, length: room, file, offset, write, shared, copies: new Map() });
    return start;
  }

  private *unmapping(process: ProcessContext, address: number, length: number): Task<number> {
    if (address % PAGE_BYTES !== 0 || length <= 0) return -errno.EINVAL;
    const stop = address + roundUp(length, PAGE_BYTES);
    const space = this.spaces.get(process) ?? [];
    const kept: Mapping[] = [];
    const gone: OpenDescription[] = [];
    for (const mapping of space) {
      const parts = [part(mapping, mapping.start, address), part(mapping, stop, end(mapping))];
      const left = parts.filter((one) => one !== null);
      kept.push(...left);
      if (left.length === 0) gone.push(mapping.file);
      mapping.file.references += Math.max(0, left.length - 1);
    }
    this.spaces.set(process, kept);
    for (const file of gone) yield* letGo(this.core, file);
    return 0;
  }

  /** Memory between two mappings is ENOMEM, but what comes before it has been synced by then. */
  private *syncing(process: ProcessContext, address: number, length: number): Task<number> {
    if (address % PAGE_BYTES !== 0) return -errno.EINVAL;
    const stop = address + roundUp(length, PAGE_BYTES);
    let at = address;
    while (at < stop) {
      const mapping = this.at(process, at);
      if (mapping === undefined) return -errno.ENOMEM;
      const to = Math.min(stop, end(mapping));
      const { inode } = mapping.file;
      if (mapping.shared && inode.fsync !== undefined) {
        const place = fileOffset(mapping, at);
        const synced = yield* inode.fsync(mapping.file, true, place, place + (to - at));
        if (synced < 0) return synced;
      }
      at = to;
    }
    return 0;
  }

  private at(process: ProcessContext, address: number): Mapping | undefined {
    const space = this.spaces.get(process);
    return space?.find((one) => address >= one.start && address < end(one));
  }
}

/** A descriptor or a mapping of an open file is gone; with the last the file is released. */
export function* letGo(core: VfsCore, file: OpenDescription): Task<void> {
  file.references -= 1;
  if (file.references === 0) yield* release(core, file);
}

function end(mapping: Mapping): number {
  return mapping.start + mapping.length;
}

function fileOffset(mapping: Mapping, address: number): number {
  return mapping.offset + (address - mapping.start);
}

/** What of a mapping lies between two addresses; null when nothing does. */
function part(mapping: Mapping, from: number, to: number): Mapping | null {
  const start = Math.max(mapping.start, from);
  const length = Math.min(end(mapping), to) - start;
  if (length <= 0) return null;
  return { ...mapping, start, length, offset: fileOffset(mapping, start) };
}

/** Whole pages of a mapping as its program sees them; null where a page cannot be had. */
function* pages(mapping: Mapping, from: number, to: number): Task<Payload | null> {
  if (mapping.copies.size === 0) return yield* filePages(mapping, from, to);
  const parts: Payload[] = [];
  for (let at = from; at < to; at += PAGE_BYTES) {
    const page = mapping.copies.get(at) ?? (yield* filePages(mapping, at, at + PAGE_BYTES));
    if (page === null) return null;
    parts.push(page);
  }
  return concat(parts);
}

/** filemap_fault(): pages that begin at or behind the end of the file do not exist. */
function* filePages(mapping: Mapping, from: number, to: number): Task<Payload | null> {
  const { inode } = mapping.file;
  const stop = roundUp(inode.stat().size, PAGE_BYTES);
  const position = fileOffset(mapping, from);
  if (position + (to - from) > stop) return null;
  return yield* inode.fault?.(position, to - from) ?? none();
}

function* none(): Task<null> {
  return null;
}

/** 0, or -EFAULT for a signal. */
function* storing(mapping: Mapping, address: number, data: Payload): Task<number> {
  const from = roundDown(address, PAGE_BYTES);
  const to = roundUp(address + data.lengthBytes, PAGE_BYTES);
  const there = yield* filePages(mapping, from, to);
  if (there === null) return -errno.EFAULT;
  const stored = yield* mapping.file.inode.store!(fileOffset(mapping, address), data);
  return stored ? 0 : -errno.EFAULT;
}

/** Copy on write: the file never learns of it. */
function* copying(mapping: Mapping, address: number, data: Payload): Task<number> {
  const from = roundDown(address, PAGE_BYTES);
  const to = roundUp(address + data.lengthBytes, PAGE_BYTES);
  const there = yield* pages(mapping, from, to);
  if (there === null) return -errno.EFAULT;
  const head = address - from;
  const tail = head + data.lengthBytes;
  const rest = there.slice(tail, there.lengthBytes - tail);
  const changed = concat([there.slice(0, head), data, rest].filter((one) => one.lengthBytes > 0));
  for (let at = from; at < to; at += PAGE_BYTES) {
    mapping.copies.set(at, changed.slice(at - from, PAGE_BYTES));
  }
  return 0;
}
