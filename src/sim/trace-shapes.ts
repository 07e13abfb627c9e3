/**
 * What records of a trace have in common. Millions of records differ in no more than three numbers (which three, the kind
 * says: trace.ts); all the rest of a record is its shape, of which there are a few dozen. A record names its shape by a
 * number, and a shape that was seen before is found again.
 */

import { TraceKind } from './trace-record.ts';

/** A record without its three numbers; of a number that is too large for a word, what is above the word stands here. */
export interface ShapeFields {
  readonly kind: number;
  readonly device: number;
  readonly comm: number;
  readonly bio: number;
  readonly op: number;
  readonly flags: number;
  readonly sector: number;
  readonly sectors: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** Fields to be looked up; those not given are 0. */
export function fieldsOf(
  kind: number,
  device: number,
  comm: number,
  op: number,
  flags: number,
  sector: number,
  sectors: number,
  a: number,
  b: number,
): { -readonly [name in keyof ShapeFields]: number } {
  return { kind, device, comm, bio: 0, op, flags, sector, sectors, a, b, c: 0, d: 0 };
}

export class Shape implements ShapeFields {
  readonly id: number;
  readonly kind: number;
  readonly device: number;
  readonly comm: number;
  readonly bio: number;
  readonly op: number;
  readonly flags: number;
  readonly sector: number;
  readonly sectors: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;

  constructor(id: number, from: ShapeFields) {
    this.id = id;
    this.kind = from.kind;
    this.device = from.device;
    this.comm = from.comm;
    this.bio = from.bio;
    this.op = from.op;
    this.flags = from.flags;
    this.sector = from.sector;
    this.sectors = from.sectors;
    this.a = from.a;
    this.b = from.b;
    this.c = from.c;
    this.d = from.d;
  }

  equals(other: ShapeFields): boolean {
    return (
      this.kind === other.kind &&
      this.device === other.device &&
      this.comm === other.comm &&
      this.op === other.op &&
      this.flags === other.flags &&
      this.sectors === other.sectors &&
      this.a === other.a &&
      this.b === other.b &&
      this.bio === other.bio &&
      this.sector === other.sector &&
      this.c === other.c &&
      this.d === other.d
    );
  }
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
  learn(shape: Shape): void {
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
  private readonly list: Shape[] = [];
  /** Numbers of shapes plus one; 0: free. A power of two long, at most half full. */
  private slots = new Int32Array(START_SLOTS);

  at(id: number): Shape {
    return this.list[id]!;
  }

  /** The shape with these fields, made if there is none. */
  of(fields: ShapeFields): Shape {
    const mask = this.slots.length - 1;
    let slot = hashOf(fields) & mask;
    for (;;) {
      const id = this.slots[slot]! - 1;
      if (id < 0) break;
      const shape = this.list[id]!;
      if (shape.equals(fields)) return shape;
      slot = (slot + 1) & mask;
    }
    const shape = new Shape(this.list.length, fields);
    this.list.push(shape);
    this.slots[slot] = this.list.length;
    if (this.list.length * 2 > this.slots.length) this.grow();
    return shape;
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

function hashOf(fields: ShapeFields): number {
  const { kind, device, comm, bio, op, flags, sector, sectors, a, b, c, d } = fields;
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
