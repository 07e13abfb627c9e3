/**
 * Deferred ciphertext. What dm-crypt writes is a payload that knows its plaintext and what it would be encrypted with;
 * a read with the same identity at the same place takes the plaintext back, and AES runs only where somebody looks:
 * a mismatch, a raw read of the lower device, a part of a unit. A pure optimisation: an eager identity computes
 * everything at once, and a law test holds both to the same bytes.
 */

import {
  BytesPayload,
  concat,
  type Payload,
  Payload as PayloadBase,
  piecesOf,
} from '../../block/payload.ts';
import { roundUp } from '../../kernel/units.ts';
import type { CipherIdentity } from './identity.ts';
import { decryptExtent, encryptExtent } from './modes.ts';

/** A payload sent through a cipher, in one direction, not yet computed. Always whole units. */
abstract class ConvertedPayload extends PayloadBase {
  readonly inner: Payload;
  readonly identity: CipherIdentity;
  /** Where the first unit lies, as `CipherIdentity.place` counts. */
  readonly place: number;
  private computed: Uint8Array | null = null;

  constructor(inner: Payload, identity: CipherIdentity, place: number) {
    super(inner.lengthBytes);
    this.inner = inner;
    this.identity = identity;
    this.place = place;
  }

  protected abstract convert(bytes: Uint8Array): Uint8Array;

  /** One of the same kind. */
  protected abstract like(inner: Payload, place: number): ConvertedPayload;

  override bytes(): Uint8Array {
    this.computed ??= this.convert(this.inner.bytes());
    return this.computed;
  }

  /** Are both the same conversion, whatever goes through it? */
  protected fits(other: ConvertedPayload, place: number): boolean {
    return (
      other.constructor === this.constructor &&
      other.place === place &&
      other.identity.same(this.identity)
    );
  }

  override joined(next: Payload): Payload | null {
    if (!(next instanceof ConvertedPayload)) return null;
    if (!this.fits(next, this.identity.behind(this.place, this.lengthBytes))) return null;
    const inner = this.inner.joined(next.inner);
    return inner === null ? null : this.like(inner, this.place);
  }

  override grow(next: Payload): boolean {
    if (!(next instanceof ConvertedPayload) || this.computed !== null) return false;
    if (!this.fits(next, this.identity.behind(this.place, this.lengthBytes))) return false;
    if (!this.inner.grow(next.inner)) return false;
    this.lengthBytes = this.inner.lengthBytes;
    return true;
  }

  override knownEqual(other: Payload): boolean | null {
    if (this === other) return true;
    if (this.lengthBytes !== other.lengthBytes) return false;
    // A cipher is one to one: equal in, equal out, and different in, different out.
    return other instanceof ConvertedPayload && this.fits(other, this.place)
      ? this.inner.knownEqual(other.inner)
      : null;
  }

  /** Whole units stay deferred; of a unit that is cut, the bytes are computed. */
  protected override part(from: number, length: number): Payload {
    if (this.computed !== null) {
      return new BytesPayload(this.computed.subarray(from, from + length));
    }
    const unit = this.identity.unitBytes;
    const end = from + length;
    if (from % unit === 0 && length % unit === 0) return this.units(from, end);
    const firstWhole = Math.min(roundUp(from, unit), end);
    const lastWhole = Math.max(end - (end % unit), firstWhole);
    return concat([
      this.cut(from, firstWhole),
      this.units(firstWhole, lastWhole),
      this.cut(lastWhole, end),
    ]);
  }

  private units(from: number, end: number): Payload {
    const inner = this.inner.slice(from, end - from);
    return this.like(inner, this.identity.behind(this.place, from));
  }

  /** Bytes of one unit that is not taken whole. */
  private cut(from: number, end: number): Payload {
    const unit = this.identity.unitBytes;
    const start = from - (from % unit);
    const whole = end === from ? null : this.units(start, Math.min(start + unit, this.lengthBytes));
    const bytes = whole === null ? new Uint8Array(0) : whole.bytes();
    return new BytesPayload(bytes.subarray(from - start, end - start));
  }
}

/** Plaintext on its way to the disk. */
export class CipherPayload extends ConvertedPayload {
  protected override convert(bytes: Uint8Array): Uint8Array {
    return encryptExtent(this.identity, bytes, this.place);
  }

  protected override like(inner: Payload, place: number): ConvertedPayload {
    return new CipherPayload(inner, this.identity, place);
  }
}

/** Bytes from the disk that were not encrypted with this identity here: what they decrypt to. */
export class DecipherPayload extends ConvertedPayload {
  protected override convert(bytes: Uint8Array): Uint8Array {
    return decryptExtent(this.identity, bytes, this.place);
  }

  protected override like(inner: Payload, place: number): ConvertedPayload {
    return new DecipherPayload(inner, this.identity, place);
  }
}

/** `plain` (whole units) encrypted, the first unit at sector `ccSector` (its own plus iv_offset). */
export function encrypted(plain: Payload, identity: CipherIdentity, ccSector: number): Payload {
  const place = identity.place(ccSector);
  if (identity.eager) return new BytesPayload(encryptExtent(identity, plain.bytes(), place));
  const undone = plain instanceof DecipherPayload && plain.place === place;
  if (undone && plain.identity.same(identity)) return plain.inner;
  return new CipherPayload(plain, identity, place);
}

/**
 * What `payload` (whole units) decrypts to: the plaintext itself wherever it was encrypted with the same identity at
 * the same place, piece by piece; the rest is computed when somebody looks.
 */
export function decrypted(payload: Payload, identity: CipherIdentity, ccSector: number): Payload {
  const first = identity.place(ccSector);
  if (identity.eager) return new BytesPayload(decryptExtent(identity, payload.bytes(), first));
  if (payload instanceof CipherPayload) return decryptedPiece(payload, identity, first);
  const pieces = piecesOf(payload);
  const out: Payload[] = [];
  let run: Payload[] = [];
  let runBytes = 0;
  let place = first;
  for (const piece of pieces) {
    run.push(piece);
    runBytes += piece.lengthBytes;
    // Pieces need not end with a unit: only whole units can be decrypted.
    if (runBytes % identity.unitBytes !== 0) continue;
    out.push(decryptedRun(run, identity, place));
    place = identity.behind(place, runBytes);
    run = [];
    runBytes = 0;
  }
  if (run.length > 0) out.push(decryptedRun(run, identity, place));
  return concat(out);
}

function decryptedRun(run: readonly Payload[], identity: CipherIdentity, place: number): Payload {
  if (run.length > 1) return new DecipherPayload(concat(run), identity, place);
  return decryptedPiece(run[0]!, identity, place);
}

function decryptedPiece(piece: Payload, identity: CipherIdentity, place: number): Payload {
  const matches =
    piece instanceof CipherPayload && piece.place === place && piece.identity.same(identity);
  return matches ? piece.inner : new DecipherPayload(piece, identity, place);
}
