/** A file as a program knows it: which write each byte came from. The bytes of write `id` at offset `o` are pattern `id` at `o`. */

import { expect } from 'chai';
import { FillPayload, PatternPayload, type Payload, samePayload } from '../../src/block/payload.ts';

interface Run {
  readonly from: number;
  readonly end: number;
  /** 0: zeroes; UNKNOWN: nobody can say. */
  readonly id: number;
}

const UNKNOWN = -1;

export class Content {
  size = 0;
  private runs: Run[] = [];

  static from(other: Content): Content {
    const copy = new Content();
    copy.size = other.size;
    copy.runs = [...other.runs];
    return copy;
  }

  write(from: number, length: number, id: number): void {
    if (length <= 0) return;
    const end = from + length;
    if (from > this.size) this.put({ from: this.size, end: from, id: 0 });
    this.put({ from, end, id });
    this.size = Math.max(this.size, end);
  }

  unknown(from: number, length: number): void {
    if (length > 0) this.put({ from, end: from + length, id: UNKNOWN });
  }

  truncate(size: number): void {
    if (size > this.size) this.put({ from: this.size, end: size, id: 0 });
    this.runs = this.runs
      .filter(({ from }) => from < size)
      .map((run) => ({ ...run, end: Math.min(run.end, size) }));
    this.size = size;
  }

  /** Expects `data`, read at `offset`, to be what was written. */
  expectRead(offset: number, data: Payload, told: string): void {
    for (const { from, end, id } of this.runs) {
      const first = Math.max(from, offset);
      const last = Math.min(end, offset + data.lengthBytes);
      if (first >= last || id === UNKNOWN) continue;
      const length = last - first;
      const got = data.slice(first - offset, length);
      const wanted = id === 0 ? new FillPayload(0, length) : new PatternPayload(id, first, length);
      expect(samePayload(got, wanted), `${told}: bytes ${first}+${length} of write ${id}`).to.equal(
        true,
      );
    }
  }

  private put(run: Run): void {
    const kept: Run[] = [];
    for (const old of this.runs) {
      if (old.from < run.from) kept.push({ ...old, end: Math.min(old.end, run.from) });
      if (old.end > run.end) kept.push({ ...old, from: Math.max(old.from, run.end) });
    }
    this.runs = [...kept, run].filter(({ from, end }) => from < end);
  }
}
