/**
 * xxHash64 (lib/xxhash.c), the checksum of `mkfs.btrfs --csum xxhash`: four lanes of 64 bits over stripes of 32 bytes.
 * Written with bigints: it is chosen rarely, and never on the default path.
 */

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const wrap = (x: bigint): bigint => BigInt.asUintN(64, x);
const rotate = (x: bigint, bits: bigint): bigint => wrap((x << bits) | (x >> (64n - bits)));
const round = (lane: bigint, word: bigint): bigint =>
  wrap(rotate(wrap(lane + wrap(word * P2)), 31n) * P1);
const mergeLane = (hash: bigint, lane: bigint): bigint => wrap((hash ^ round(0n, lane)) * P1 + P4);

/** xxHash64 of `bytes[from..to)` with seed 0. */
export function xxhash64(bytes: Uint8Array, from = 0, to = bytes.length): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = from;
  let hash = P5;
  if (to - from >= 32) {
    const lanes = [wrap(P1 + P2), P2, 0n, wrap(-P1)];
    for (; at + 32 <= to; at += 32) {
      for (let i = 0; i < 4; i += 1) {
        lanes[i] = round(lanes[i]!, view.getBigUint64(at + i * 8, true));
      }
    }
    hash = wrap(
      rotate(lanes[0]!, 1n) +
        rotate(lanes[1]!, 7n) +
        rotate(lanes[2]!, 12n) +
        rotate(lanes[3]!, 18n),
    );
    for (const lane of lanes) hash = mergeLane(hash, lane);
  }
  hash = wrap(hash + BigInt(to - from));
  for (; at + 8 <= to; at += 8) {
    hash = wrap(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  if (at + 4 <= to) {
    hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < to; at += 1) {
    hash = wrap(rotate(hash ^ wrap(BigInt(bytes[at]!) * P5), 11n) * P1);
  }
  hash = wrap((hash ^ (hash >> 33n)) * P2);
  hash = wrap((hash ^ (hash >> 29n)) * P3);
  return hash ^ (hash >> 32n);
}
