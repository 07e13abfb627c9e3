/**
 * What is on the disk: immutable payloads by place, in chunks of 1 MiB so that memory grows with what was written and
 * an overwrite touches little. An empty 20 TB disk is an empty map.
 */

import { SECTOR_BYTES, SECTORS_PER_MIB } from '../kernel/units.ts';
import { concat, FillPayload, type Payload } from './payload.ts';

const CHUNK_SECTORS = SECTORS_PER_MIB;
const SECTOR = SECTOR_BYTES;

/** The extents of one chunk, ascending, without overlap. */
class Chunk {
  /** First sector and first sector after, from the chunk's start. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly payloads: Payload[] = [];
  /** The last payload when this chunk has made it and nobody else has it. */
  private own: Payload | null = null;

  /** All that is here will be seen by others. */
  share(): void {
    this.own = null;
  }

  put(start: number, end: number, payload: Payload): void {
    const last = this.ends.length - 1;
    if (last < 0 || start >= this.ends[last]!) {
      this.append(last, start, end, payload);
      return;
    }
    this.clear(start, end);
    const at = this.firstEndingAfter(start);
    this.starts.splice(at, 0, start);
    this.ends.splice(at, 0, end);
    this.payloads.splice(at, 0, payload);
  }

  /** Removes what lies in the range; what sticks out on either side stays. */
  clear(start: number, end: number): void {
    this.share();
    const from = this.firstEndingAfter(start);
    let to = from;
    const starts: number[] = [];
    const ends: number[] = [];
    const payloads: Payload[] = [];
    const keep = (index: number, a: number, b: number): void => {
      if (a >= b) return;
      const origin = this.starts[index]!;
      starts.push(a);
      ends.push(b);
      payloads.push(
        this.payloads[index]!.slice((a - origin) * SECTOR_BYTES, (b - a) * SECTOR_BYTES),
      );
    };
    while (to < this.starts.length && this.starts[to]! < end) {
      keep(to, this.starts[to]!, Math.min(start, this.ends[to]!));
      keep(to, Math.max(end, this.starts[to]!), this.ends[to]!);
      to += 1;
    }
    this.starts.splice(from, to - from, ...starts);
    this.ends.splice(from, to - from, ...ends);
    this.payloads.splice(from, to - from, ...payloads);
  }

  /** Adds the parts of the range to `out`; what was never written is zeroes. */
  read(start: number, end: number, out: Payload[]): void {
    this.share();
    let at = start;
    for (let i = this.firstEndingAfter(start); i < this.starts.length; i += 1) {
      const from = this.starts[i]!;
      if (from >= end) break;
      if (from > at) out.push(new FillPayload(0, (from - at) * SECTOR_BYTES));
      const begin = Math.max(from, at);
      const stop = Math.min(this.ends[i]!, end);
      out.push(
        this.payloads[i]!.slice((begin - from) * SECTOR_BYTES, (stop - begin) * SECTOR_BYTES),
      );
      at = stop;
    }
    if (at < end) out.push(new FillPayload(0, (end - at) * SECTOR_BYTES));
  }

  private append(last: number, start: number, end: number, payload: Payload): void {
    if (last >= 0 && start === this.ends[last]) {
      const before = this.payloads[last]!;
      if (before === this.own && before.grow(payload)) {
        this.ends[last] = end;
        return;
      }
      const joined = before.joined(payload);
      if (joined !== null) {
        this.own = joined;
        this.payloads[last] = joined;
        this.ends[last] = end;
        return;
      }
    }
    this.starts.push(start);
    this.ends.push(end);
    this.payloads.push(payload);
  }

  private firstEndingAfter(sector: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle]! > sector) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

export class SparseStore {
  private readonly chunks = new Map<number, Chunk>();
  private lastIndex = -1;
  private last: Chunk | null = null;

  /** Bytes are those of `payload`, from `sector` on. */
  write(sector: number, payload: Payload): void {
    const end = sector + payload.lengthBytes / SECTOR;
    const first = Math.floor(sector / CHUNK_SECTORS);
    const start = sector - first * CHUNK_SECTORS;
    if (start + end - sector <= CHUNK_SECTORS) {
      this.chunk(first).put(start, start + end - sector, payload);
      return;
    }
    let at = sector;
    while (at < end) {
      const index = Math.floor(at / CHUNK_SECTORS);
      const base = index * CHUNK_SECTORS;
      const stop = Math.min(end, base + CHUNK_SECTORS);
      const part = payload.slice((at - sector) * SECTOR_BYTES, (stop - at) * SECTOR_BYTES);
      this.chunk(index).put(at - base, stop - base, part);
      at = stop;
    }
  }

  read(sector: number, sectors: number): Payload {
    const parts: Payload[] = [];
    const end = sector + sectors;
    let at = sector;
    while (at < end) {
      const index = Math.floor(at / CHUNK_SECTORS);
      const base = index * CHUNK_SECTORS;
      const stop = Math.min(end, base + CHUNK_SECTORS);
      const chunk = this.chunks.get(index);
      if (chunk === undefined) parts.push(new FillPayload(0, (stop - at) * SECTOR_BYTES));
      else chunk.read(at - base, stop - base, parts);
      at = stop;
    }
    return parts.length === 1 ? parts[0]! : concat(parts);
  }

  discard(sector: number, sectors: number): void {
    const end = sector + sectors;
    const first = Math.floor(sector / CHUNK_SECTORS);
    const last = Math.ceil(end / CHUNK_SECTORS);
    const drop = (index: number): void => {
      const base = index * CHUNK_SECTORS;
      if (sector <= base && end >= base + CHUNK_SECTORS) {
        this.chunks.delete(index);
        if (index === this.lastIndex) this.lastIndex = -1;
      } else {
        this.chunks
          .get(index)
          ?.clear(Math.max(sector - base, 0), Math.min(end - base, CHUNK_SECTORS));
      }
    };
    // A range far larger than what was written is walked by what is there, not by where it could be.
    if (last - first > this.chunks.size) {
      for (const index of this.chunks.keys()) if (index >= first && index < last) drop(index);
      return;
    }
    for (let index = first; index < last; index += 1) drop(index);
  }

  /** Visits what was written, ascending: sector and payload. For images. */
  visit(extent: (sector: number, payload: Payload) => void): void {
    const indexes = [...this.chunks.keys()].sort((a, b) => a - b);
    for (const index of indexes) {
      const chunk = this.chunks.get(index)!;
      chunk.share();
      for (let i = 0; i < chunk.starts.length; i += 1) {
        extent(index * CHUNK_SECTORS + chunk.starts[i]!, chunk.payloads[i]!);
      }
    }
  }

  private chunk(index: number): Chunk {
    if (index === this.lastIndex) return this.last!;
    let chunk = this.chunks.get(index);
    if (chunk === undefined) {
      chunk = new Chunk();
      this.chunks.set(index, chunk);
    }
    this.lastIndex = index;
    this.last = chunk;
    return chunk;
  }
}
