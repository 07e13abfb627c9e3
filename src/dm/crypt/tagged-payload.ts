/**
 * Data with what a disk keeps beside each of its blocks (block/bio-integrity.c): an IV, a tag, or both. It travels with
 * the data, through splits and through the store, as on disks that write both at once. Whoever does not ask for it gets
 * the data alone; data written without it has none.
 */

import {
  BytesPayload,
  type Payload,
  Payload as PayloadBase,
  piecesOf,
} from '../../block/payload.ts';

export class TaggedPayload extends PayloadBase {
  readonly data: Uint8Array;
  readonly unitBytes: number;
  readonly tupleBytes: number;
  /** One tuple for each unit. */
  readonly tuples: Uint8Array;

  /** Both arrays are given away. */
  constructor(data: Uint8Array, unitBytes: number, tuples: Uint8Array, tupleBytes: number) {
    super(data.length);
    this.data = data;
    this.unitBytes = unitBytes;
    this.tuples = tuples;
    this.tupleBytes = tupleBytes;
  }

  override bytes(): Uint8Array {
    return this.data;
  }

  protected override part(from: number, length: number): Payload {
    const { unitBytes, tupleBytes } = this;
    const data = this.data.subarray(from, from + length);
    if (from % unitBytes !== 0 || length % unitBytes !== 0) return new BytesPayload(data);
    const first = from / unitBytes;
    const end = first + length / unitBytes;
    const tuples = this.tuples.subarray(first * tupleBytes, end * tupleBytes);
    return new TaggedPayload(data, unitBytes, tuples, tupleBytes);
  }
}

/** The tuples of all units of `payload`; zeroes where it was written without. */
export function tuplesOf(payload: Payload, unitBytes: number, tupleBytes: number): Uint8Array {
  const out = new Uint8Array((payload.lengthBytes / unitBytes) * tupleBytes);
  let at = 0;
  for (const piece of piecesOf(payload)) {
    const fits =
      piece instanceof TaggedPayload &&
      piece.unitBytes === unitBytes &&
      piece.tupleBytes === tupleBytes &&
      at % unitBytes === 0;
    if (fits) out.set(piece.tuples, (at / unitBytes) * tupleBytes);
    at += piece.lengthBytes;
  }
  return out;
}
