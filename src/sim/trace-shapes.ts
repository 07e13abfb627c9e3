/**
 * What records of a trace have in common. Millions of records differ in no more than three numbers (which three, the kind
 * says: trace.ts); all the rest of a record is its shape, of which there are a few dozen. A record names its shape by a
 * number, and a shape that was seen before is found again.
 */

import { TraceKind } from './trace-record.ts';

/** A record without its three numbers; of a number that is too large for a word, what is above the word stands here. */
export interface Shape {
  /** Its number; below 0 until Shapes keeps it. */
  id: number;
  readonly kind: number;
  readonly device: number;
  readonly comm: number;
  bio: number;
  readonly op: number;
  readonly flags: number;
  readonly sector: number;
  sectors: number;
  a: number;
  b: number;
  c: number;
  d: number;
}

/** A shape to be looked up; what is not given is 0. */
export function shapeOf(
  kind: number,
  device: number,
  comm: number,
  op: number,
  flags: number,
  sector: number,
  sectors: number,
  a: number,
  b: number,
): Shape {
  return { id: -1, kind, device, comm, bio: 0, op, flags, sector, sectors, a, b, c: 0, d: 0 };
}

function same(one: Readonly<Shape>, other: Readonly<Shape>): boolean {
  return (
    one.kind === other.kind &&
    one.device === other.device &&
    one.comm === other.comm &&
    one.op === other.op &&
    one.flags === other.flags &&
    one.sectors === other.sectors &&
    one.a === other.a &&
    one.b === other.b &&
    one.bio === other.bio &&
    one.sector === other.sector &&
    one.c === other.c &&
    one.d === other.d
  );
}

const { zone: ZONE, syscall: SYSCALL } = TraceKind;

/**
 * A place that records of one kind about one device come from. It knows the shape of its last record, and what of that a
 * next one has to have in common with it; the trace compares them (trace.ts). Whoever records often keeps one for each
 * kind.
 */
export class TraceSource {
  /** The number of the shape, once there is one. Until then nothing runs under this comm. */
  shape = -1;
  comm = -1;
  op = 0;
  flags = 0;
  sectors = 0;
  a = 0;
  b = 0;
  readonly kind: number;
  readonly device: number;

  /** `device`: the number of its name in the trace. */
  constructor(kind: number, device: number) {
    this.kind = kind;
    this.device = device;
  }

  /** The last record has `shape`. A shape of numbers too large for a word is not kept: the next may have smaller ones. */
  learn(shape: Readonly<Shape>): void {
    const { kind } = shape;
    const a = kind === ZONE ? 0 : shape.a;
    const sectors = kind === SYSCALL ? shape.sectors : 0;
    if (shape.sector !== 0 || a !== 0 || sectors !== 0) return;
    this.shape = shape.id;
    this.comm = shape.comm;
    this.op = shape.op;
    this.flags = shape.flags;
    this.sectors = shape.sectors;
    this.a = shape.a;
    this.b = shape.b;
  }
}

const START_SLOTS = 64;
const TWO_32 = 0x1_0000_0000;

/** All shapes of a trace, by number and by content (a hash table with open addressing). */
export class Shapes {
  private readonly list: Readonly<Shape>[] = [];
  /** Numbers of shapes plus one; 0: free. A power of two long, at most half full. */
  private slots = new Int32Array(START_SLOTS);

  at(id: number): Readonly<Shape> {
    return this.list[id]!;
  }

  /** The shape that is the same as `wanted`, which is kept where there is none. */
  of(wanted: Shape): Readonly<Shape> {
    const mask = this.slots.length - 1;
    let slot = hashOf(wanted) & mask;
    for (;;) {
      const id = this.slots[slot]! - 1;
      if (id < 0) break;
      const shape = this.list[id]!;
      if (same(shape, wanted)) return shape;
      slot = (slot + 1) & mask;
    }
    wanted.id = this.list.length;
    this.list.push(wanted);
    this.slots[slot] = this.list.length;
    if (this.list.length * 2 > this.slots.length) this.grow();
    return wanted;
  }

  private grow(): void {
    this.slots = new Int32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (const shape of this.list) {
      let slot = hashOf(shape) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = shape.id + 1;
    }
  }
}

function hashOf(shape: Readonly<Shape>): number {
  const { kind, device, comm, bio, op, flags, sector, sectors, a, b, c, d } = shape;
  let hash = mixed(kind | (op << 8), device | (comm << 16));
  hash = mixed(mixed(hash, flags), folded(sectors));
  hash = mixed(mixed(hash, folded(a)), folded(b));
  hash = mixed(hash, folded(bio) ^ folded(sector) ^ folded(c) ^ folded(d));
  return hash ^ (hash >>> 15);
}

function mixed(hash: number, value: number): number {
  return Math.imul(hash ^ value ^ (hash >>> 13), 0x9e3779b1);
}

/** A number beyond 32 bits as one of 32. */
function folded(value: number): number {
  return (value | 0) ^ ((value / TWO_32) | 0);
}
