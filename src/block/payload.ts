/**
 * Payloads: immutable runs of bytes that need not exist as bytes. A program may write a pattern (seed and place), a
 * zone reads back as a fill, dm-crypt wraps a payload in the identity of its encryption; bytes are computed, in
 * bulk, only when somebody looks. Nothing ever writes into a payload, so they are shared freely.
 */

import { patternBytes } from './pattern.ts';

export abstract class Payload {
  /** Changes in `grow` alone. */
  lengthBytes: number;

  protected constructor(lengthBytes: number) {
    this.lengthBytes = lengthBytes;
  }

  /** The bytes. Do not change them: they may be shared. */
  abstract bytes(): Uint8Array;

  /** `length` bytes from `from` on, as a payload. */
  slice(from: number, length: number): Payload {
    if (from < 0 || length < 0 || from + length > this.lengthBytes) {
      throw new RangeError(
        `"slice" expected a range inside ${this.lengthBytes} bytes, got ${from}+${length}`,
      );
    }
    return from === 0 && length === this.lengthBytes ? this : this.part(from, length);
  }

  /** This payload and `next` as one of the same kind, or null when they do not continue each other. */
  joined(_next: Payload): Payload | null {
    return null;
  }

  /**
   * `joined` in place, for whoever alone holds this payload, which is the store that made it by `joined`: a file written
   * in small blocks would otherwise make its payload anew with each. False when it is not to be had so.
   */
  grow(_next: Payload): boolean {
    return false;
  }

  /** True or false when that can be told without computing bytes; null when it cannot. */
  knownEqual(other: Payload): boolean | null {
    return this === other ? true : null;
  }

  /** `slice` after its checks; never called with the whole range. */
  protected abstract part(from: number, length: number): Payload;
}

/** Bytes that exist. */
export class BytesPayload extends Payload {
  private readonly data: Uint8Array;

  /** The caller gives `data` away: it must not change afterwards. */
  constructor(data: Uint8Array) {
    super(data.length);
    this.data = data;
  }

  override bytes(): Uint8Array {
    return this.data;
  }

  protected override part(from: number, length: number): Payload {
    return new BytesPayload(this.data.subarray(from, from + length));
  }
}

/** One byte repeated: fresh memory, discarded data, what lies above a write pointer (0xff). */
export class FillPayload extends Payload {
  readonly byte: number;

  constructor(byte: number, lengthBytes: number) {
    super(lengthBytes);
    this.byte = byte;
  }

  override bytes(): Uint8Array {
    return new Uint8Array(this.lengthBytes).fill(this.byte);
  }

  override joined(next: Payload): Payload | null {
    return next instanceof FillPayload && next.byte === this.byte
      ? new FillPayload(this.byte, this.lengthBytes + next.lengthBytes)
      : null;
  }

  override knownEqual(other: Payload): boolean | null {
    if (!(other instanceof FillPayload)) return super.knownEqual(other);
    return this.lengthBytes === other.lengthBytes && this.byte === other.byte;
  }

  protected override part(_from: number, length: number): Payload {
    return new FillPayload(this.byte, length);
  }
}

/** Bytes `from` to `from + length` of pattern `seed` (block/pattern.ts). */
export class PatternPayload extends Payload {
  readonly seed: number;
  readonly from: number;

  constructor(seed: number, from: number, lengthBytes: number) {
    super(lengthBytes);
    this.seed = seed;
    this.from = from;
  }

  override bytes(): Uint8Array {
    return patternBytes(this.seed, this.from, this.lengthBytes);
  }

  override joined(next: Payload): Payload | null {
    return next instanceof PatternPayload &&
      next.seed === this.seed &&
      next.from === this.from + this.lengthBytes
      ? new PatternPayload(this.seed, this.from, this.lengthBytes + next.lengthBytes)
      : null;
  }

  override grow(next: Payload): boolean {
    if (!(next instanceof PatternPayload) || next.seed !== this.seed) return false;
    if (next.from !== this.from + this.lengthBytes) return false;
    this.lengthBytes += next.lengthBytes;
    return true;
  }

  override knownEqual(other: Payload): boolean | null {
    if (!(other instanceof PatternPayload)) return super.knownEqual(other);
    if (this.lengthBytes !== other.lengthBytes) return false;
    return this.seed === other.seed && this.from === other.from ? true : null;
  }

  protected override part(from: number, length: number): Payload {
    return new PatternPayload(this.seed, this.from + from, length);
  }
}

/** Several payloads one after another. */
class RopePayload extends Payload {
  readonly parts: readonly Payload[];

  constructor(parts: readonly Payload[], lengthBytes: number) {
    super(lengthBytes);
    this.parts = parts;
  }

  override bytes(): Uint8Array {
    const out = new Uint8Array(this.lengthBytes);
    let at = 0;
    for (const part of this.parts) {
      out.set(part.bytes(), at);
      at += part.lengthBytes;
    }
    return out;
  }

  protected override part(from: number, length: number): Payload {
    const picked: Payload[] = [];
    let at = 0;
    for (const part of this.parts) {
      const start = Math.max(from, at);
      const end = Math.min(from + length, at + part.lengthBytes);
      if (start < end) picked.push(part.slice(start - at, end - start));
      at += part.lengthBytes;
    }
    return concat(picked);
  }
}

export const EMPTY: Payload = new BytesPayload(new Uint8Array(0));

/** The payloads one after another, neighbours joined where they continue each other. */
export function concat(payloads: readonly Payload[]): Payload {
  const parts: Payload[] = [];
  let length = 0;
  for (const payload of payloads) {
    for (const piece of piecesOf(payload)) {
      if (piece.lengthBytes === 0) continue;
      length += piece.lengthBytes;
      const last = parts[parts.length - 1];
      const joined = last?.joined(piece) ?? null;
      if (joined === null) parts.push(piece);
      else parts[parts.length - 1] = joined;
    }
  }
  if (parts.length === 0) return EMPTY;
  return parts.length === 1 ? parts[0]! : new RopePayload(parts, length);
}

/** The payloads a payload is made of; itself unless it is several. */
export function piecesOf(payload: Payload): readonly Payload[] {
  return payload instanceof RopePayload ? payload.parts : [payload];
}

/** Are these the same bytes? Computes them only where identity does not tell. */
export function samePayload(a: Payload, b: Payload): boolean {
  if (a.lengthBytes !== b.lengthBytes) return false;
  const known = a.knownEqual(b);
  if (known !== null) return known;
  return firstDifference(a, b) < 0;
}

/** Offset of the first byte in which they differ within their common length; -1 when there is none. */
export function firstDifference(a: Payload, b: Payload): number {
  const length = Math.min(a.lengthBytes, b.lengthBytes);
  if (a.slice(0, length).knownEqual(b.slice(0, length)) === true) return -1;
  const left = a.bytes();
  const right = b.bytes();
  for (let i = 0; i < length; i += 1) if (left[i] !== right[i]) return i;
  return -1;
}
