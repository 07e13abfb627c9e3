/**
 * The trace: one ordered record of everything that happens on a machine. Records are numbers in growing chunks,
 * texts go through an intern table, and nothing is formatted before somebody reads (src/report/ does that).
 */

import { BudgetExceeded } from './budget.ts';
import { Now } from './now.ts';
import { KIND_NAMES, type TracedBio, TraceKind, type TraceRecord } from './trace-record.ts';
import { type Shape, Shapes, shapeOf, TraceSource } from './trace-shapes.ts';

export { BudgetExceeded } from './budget.ts';
export {
  type TracedBio,
  TraceKind,
  type TraceKindName,
  type TraceRecord,
} from './trace-record.ts';
export { TraceSource } from './trace-shapes.ts';

/**
 * A record is four 32-bit words: its shape (trace-shapes.ts) and the three numbers that differ from record to record of its
 * kind. Touching memory is much of what a trace costs, and a program that writes makes a dozen records with each write;
 * so all that is the same in many of them stands in the shape, and the time in a list of its changes.
 *
 * The three numbers: `bio`, `sector` and `a`, except that kinds which have other ones are
 * - zone: `sector`, `c`, `d`;
 * - syscall: `sector`, `sectors`, `a`;
 * - bioRemap: `bio`, `sector`, `b`.
 * `a` is signed. Of a number with more than 32 bits the upper ones belong to the shape.
 */
const WORDS = 4;
const WORD_BITS = 2;
const CHUNK_RECORDS = 4096;
const CHUNK_BITS = 12;
const CHUNK_WORDS = CHUNK_RECORDS * WORDS;

const { zone: ZONE, syscall: SYSCALL, syscallEnd: SYSCALL_END } = TraceKind;
const BIO_REMAP = TraceKind.bioRemap;

const CALLS = 64;
const CALLS_MASK = CALLS - 1;
const NO_CALL = new TraceSource(SYSCALL, -1);

export class Trace {
  /** Off: nothing is recorded and `path`/`readback` of scenarios cannot be told. */
  enabled = true;
  /** Over this many records the machine is stopped with BudgetExceeded; looked at once a chunk. */
  maxRecords = Number.POSITIVE_INFINITY;
  private readonly now: Now;
  private readonly chunks: Int32Array<ArrayBuffer>[] = [];
  private words = new Int32Array(CHUNK_WORDS);
  /** Words of `words` in use, and how many records the chunks before it have. */
  private used = 0;
  private before = 0;
  private readonly shapes = new Shapes();
  /** Where records of system calls come from, by the lower bits of the call's number. */
  private readonly begins: TraceSource[] = new Array(CALLS).fill(NO_CALL);
  private readonly ends: TraceSource[] = new Array(CALLS).fill(NO_CALL);
  /** The time changed to `times[i]` with record `timeStarts[i]`. */
  private readonly times: number[] = [];
  private readonly timeStarts: number[] = [];
  private lastNs = -1;
  private readonly texts: string[] = [''];
  private readonly ids = new Map<string, number>([['', 0]]);

  constructor(now: Now = new Now()) {
    this.now = now;
    this.chunks.push(this.words);
  }

  get length(): number {
    return this.before + (this.used >> WORD_BITS);
  }

  /** The number that stands for `text` in records. Keep it: devices and tasks intern their names once. */
  intern(text: string): number {
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.texts.length;
      this.texts.push(text);
      this.ids.set(text, id);
    }
    return id;
  }

  text(id: number): string {
    return this.texts[id] ?? '';
  }

  /**
   * Adds a record and returns its index; -1 when the trace is off. `bio`, `flags`, `c` and `d` are whole numbers from 0 to
   * 2^32 - 1, `op` from 0 to 255; the others any whole number.
   *
   * The methods below do the same for what is recorded most; but for recordBio(), with the trace on only. Each is told
   * where the record comes from, and of a record that has the shape of the last one from there (nearly all have) four
   * words are written and no more.
   */
  record(
    kind: number,
    timeNs: number,
    device: number,
    comm: number,
    bio: number,
    op: number,
    flags: number,
    sector: number,
    sectors: number,
    a = 0,
    b = 0,
    c = 0,
    d = 0,
  ): number {
    if (!this.enabled) return -1;
    this.prepare(timeNs);
    const shape = shapeOf(kind, device, comm, op, flags, above(sector), sectors, a, b);
    if (kind === ZONE) {
      shape.bio = bio;
      shape.c = above(c);
      shape.d = above(d);
      return this.put(this.shapes.of(shape).id, sector, c, d);
    }
    shape.c = c;
    shape.d = d;
    if (kind === BIO_REMAP) {
      shape.b = above(b);
      return this.put(this.shapes.of(shape).id, bio, sector, b);
    }
    shape.a = a - (a | 0);
    if (kind === SYSCALL) {
      shape.bio = bio;
      shape.sectors = above(sectors);
      return this.put(this.shapes.of(shape).id, sector, sectors, a);
    }
    return this.put(this.shapes.of(shape).id, bio, sector, a);
  }

  /** What befalls a bio or a request; not for the kinds that have a method or numbers of their own. */
  recordBio(source: TraceSource, bio: TracedBio, a: number): void {
    // Compared, because the engine asks of a field in seven ways whether it is true-like.
    if (this.enabled !== true) return;
    const { used, words, now } = this;
    const { sector } = bio;
    if (
      source.comm !== now.comm ||
      source.op !== bio.op ||
      source.flags !== bio.flags ||
      source.sectors !== bio.sectors ||
      (sector | 0) !== sector ||
      (a | 0) !== a ||
      used === CHUNK_WORDS ||
      now.ns !== this.lastNs
    ) {
      this.learnUnits(source, bio, sector, bio.sectors, a, 0);
      return;
    }
    // `| 0` tells the engine that a sum of indices needs no check for overflow.
    this.used = (used + WORDS) | 0;
    words[used] = source.shape;
    words[(used + 1) | 0] = bio.id;
    words[(used + 2) | 0] = sector;
    words[(used + 3) | 0] = a;
  }

  /** `sectors` units of a bio, from `sector`, went through a cipher: TraceKind.crypt or fscrypt. */
  recordCrypt(
    source: TraceSource,
    bio: TracedBio,
    sector: number,
    sectors: number,
    a: number,
    b: number,
  ): void {
    const { used, words, now } = this;
    if (
      source.comm !== now.comm ||
      source.op !== bio.op ||
      source.flags !== bio.flags ||
      source.sectors !== sectors ||
      source.b !== b ||
      (sector | 0) !== sector ||
      (a | 0) !== a ||
      used === CHUNK_WORDS ||
      now.ns !== this.lastNs
    ) {
      this.learnUnits(source, bio, sector, sectors, a, b);
      return;
    }
    this.used = (used + WORDS) | 0;
    words[used] = source.shape;
    words[(used + 1) | 0] = bio.id;
    words[(used + 2) | 0] = sector;
    words[(used + 3) | 0] = a;
  }

  /** A zone of `sectors` sectors at `sector` changed (TraceKind.zone). */
  recordZone(
    source: TraceSource,
    sector: number,
    sectors: number,
    condBefore: number,
    cond: number,
    wpBefore: number,
    wp: number,
  ): void {
    const { used, words, now } = this;
    if (
      source.comm !== now.comm ||
      source.sectors !== sectors ||
      source.a !== condBefore ||
      source.b !== cond ||
      (sector | 0) !== sector ||
      used === CHUNK_WORDS ||
      now.ns !== this.lastNs
    ) {
      this.learnZone(source, sector, sectors, condBefore, cond, wpBefore, wp);
      return;
    }
    this.used = (used + WORDS) | 0;
    words[used] = source.shape;
    words[(used + 1) | 0] = sector;
    words[(used + 2) | 0] = wpBefore;
    words[(used + 3) | 0] = wp;
  }

  /** A system call `call` began (TraceKind.syscall); `path` is a text's number. Returns the index of the record. */
  recordCall(call: number, position: number, length: number, path: number): number {
    const source = this.begins[call & CALLS_MASK]!;
    if (
      source.device === call &&
      source.comm === this.now.comm &&
      this.ready &&
      (position | 0) === position &&
      (length | 0) === length &&
      (path | 0) === path
    ) {
      return this.put(source.shape, position, length, path);
    }
    return this.learnCall(this.begins, SYSCALL, call, 0, position, length, path);
  }

  /** The system call `call` whose begin is record `index` ended with `result` (TraceKind.syscallEnd). */
  recordReturn(call: number, index: number, position: number, result: number): void {
    const source = this.ends[call & CALLS_MASK]!;
    if (
      source.device === call &&
      source.comm === this.now.comm &&
      this.ready &&
      (position | 0) === position &&
      (result | 0) === result
    ) {
      this.put(source.shape, index, position, result);
      return;
    }
    this.learnCall(this.ends, SYSCALL_END, call, index, position, 0, result);
  }

  /** The same for what befalls a bio or a request seldom, of any kind. */
  recordRarely(kind: number, device: number, bio: TracedBio, a: number, b = 0): void {
    const { id, op, flags, sector, sectors } = bio;
    const { ns, comm } = this.now;
    this.record(kind, ns, device, comm, id, op, flags, sector, sectors, a, b);
  }

  /** The next record is of the time of the last one, and has room. */
  private get ready(): boolean {
    return this.used !== CHUNK_WORDS && this.now.ns === this.lastNs;
  }

  private learnUnits(
    source: TraceSource,
    { id, op, flags }: TracedBio,
    sector: number,
    sectors: number,
    a: number,
    b: number,
  ): void {
    const { ns, comm } = this.now;
    const { kind, device } = source;
    this.record(kind, ns, device, comm, id, op, flags, sector, sectors, a, b);
    source.learn(this.lastShape);
  }

  private learnZone(
    source: TraceSource,
    sector: number,
    sectors: number,
    a: number,
    b: number,
    c: number,
    d: number,
  ): void {
    const { ns, comm } = this.now;
    this.record(ZONE, ns, source.device, comm, 0, 0, 0, sector, sectors, a, b, c, d);
    source.learn(this.lastShape);
  }

  private learnCall(
    sources: TraceSource[],
    kind: number,
    call: number,
    bio: number,
    position: number,
    length: number,
    a: number,
  ): number {
    const { ns, comm } = this.now;
    const index = this.record(kind, ns, call, comm, bio, 0, 0, position, length, a);
    if (index < 0) return index;
    const source = new TraceSource(kind, call);
    source.learn(this.lastShape);
    sources[call & CALLS_MASK] = source;
    return index;
  }

  private get lastShape(): Readonly<Shape> {
    return this.shapes.at(this.words[this.used - WORDS]!);
  }

  private put(shape: number, x: number, y: number, z: number): number {
    const { words, used } = this;
    this.used = (used + WORDS) | 0;
    words[used] = shape;
    words[(used + 1) | 0] = x;
    words[(used + 2) | 0] = y;
    words[(used + 3) | 0] = z;
    return this.before + (used >> WORD_BITS);
  }

  /** Makes room for a record of `timeNs`. */
  private prepare(timeNs: number): void {
    if (this.used === CHUNK_WORDS) this.addChunk();
    if (timeNs !== this.lastNs) this.timeIs(timeNs);
  }

  private overBudget(): BudgetExceeded {
    return new BudgetExceeded(`a trace expected at most ${this.maxRecords} records`);
  }

  /** The record at `index`. Throws outside the trace. */
  at(index: number): TraceRecord {
    if (index < 0 || index >= this.length) {
      throw new RangeError(`"index" expected 0 to ${this.length - 1}, got ${index}`);
    }
    const words = this.chunks[index >> CHUNK_BITS]!;
    const at = (index & (CHUNK_RECORDS - 1)) * WORDS;
    const shape = this.shapes.at(words[at]!);
    const { kind } = shape;
    const record = {
      index,
      kind: KIND_NAMES[kind]!,
      timeNs: this.timeAt(index),
      device: this.text(shape.device),
      comm: this.text(shape.comm),
      bio: shape.bio,
      op: shape.op,
      flags: shape.flags,
      sector: shape.sector,
      sectors: shape.sectors,
      a: shape.a,
      b: shape.b,
      c: shape.c,
      d: shape.d,
    };
    const x = words[at + 1]!;
    const y = words[at + 2]!;
    const z = words[at + 3]!;
    if (kind === ZONE) {
      record.sector += x >>> 0;
      record.c += y >>> 0;
      record.d += z >>> 0;
    } else if (kind === SYSCALL) {
      record.sector += x >>> 0;
      record.sectors += y >>> 0;
      record.a += z;
    } else {
      record.bio += x >>> 0;
      record.sector += y >>> 0;
      if (kind === BIO_REMAP) record.b += z >>> 0;
      else record.a += z;
    }
    return record;
  }

  /** The records from `start` up to but not including `end`. */
  *records(start = 0, end = this.length): Generator<TraceRecord, void, void> {
    for (let index = start; index < end; index += 1) yield this.at(index);
  }

  /**
   * Forgets all records, so that the next has index 0; texts keep their numbers. The memory is kept and used again: a
   * long run that is looked at piece by piece need not make it anew. For between two calls only, because what runs knows
   * the record of its call by its index.
   */
  clear(): void {
    this.words = this.chunks[0]!;
    this.used = 0;
    this.before = 0;
    this.times.length = 0;
    this.timeStarts.length = 0;
    this.lastNs = -1;
  }

  private addChunk(): void {
    if (this.length >= this.maxRecords) throw this.overBudget();
    this.before += CHUNK_RECORDS;
    const next = this.before >> CHUNK_BITS;
    if (next === this.chunks.length) this.chunks.push(new Int32Array(CHUNK_WORDS));
    this.words = this.chunks[next]!;
    this.used = 0;
  }

  /** Records from now on are of `timeNs`. */
  private timeIs(timeNs: number): void {
    this.lastNs = timeNs;
    this.times.push(timeNs);
    this.timeStarts.push(this.length);
  }

  private timeAt(index: number): number {
    let low = 0;
    let high = this.timeStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.timeStarts[middle]! <= index) low = middle;
      else high = middle;
    }
    return this.times[low]!;
  }
}

/** What of a number is above a word of 32 bits. */
function above(value: number): number {
  return value - (value >>> 0);
}
