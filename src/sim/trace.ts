/**
 * The trace: one ordered record of everything that happens on a machine. Records are numbers in growing chunks,
 * texts go through an intern table, and nothing is formatted before somebody reads (src/report/ does that).
 */

import { BudgetExceeded } from './budget.ts';

export { BudgetExceeded } from './budget.ts';

/** What a record tells. The first group has the names of the kernel's block trace events. */
export const TraceKind = {
  /** `a` = index of the record of the system call that caused it; -1 for none. */
  bioQueue: 1,
  /** `a` = the device it came from, `b` = its sector there. */
  bioRemap: 2,
  /** The first `sectors` of a bio are cut off; `a` = where the rest starts. */
  bioSplit: 3,
  bioBackmerge: 4,
  rqIssue: 5,
  /** These three: `a` = 0 or the negative errno. */
  rqComplete: 6,
  rqError: 7,
  bioComplete: 8,
  /** A bio was parked behind another write of its zone (plug FIFO or zone lock). */
  plugAdd: 9,
  /** An append became a write at a known sector; `a` = the append's zone start. */
  appendEmulated: 10,
  /** Units were encrypted or decrypted: `sector` = first IV sector, `sectors` = units, `a` = IV step, `b` = 1 encrypt, 0 decrypt. */
  crypt: 11,
  /** A zone changed: `sector` = zone start, `a`/`b` = condition before/after, `c`/`d` = write pointer before/after (from zone start). */
  zone: 12,
  /** A system call began: `device` = call name, `a` = path, `sector` = offset, `sectors` = length in bytes. */
  syscall: 13,
  /** A system call ended with `a`; `bio` = index of the record of its begin, `sector` = where a read or write took place. */
  syscallEnd: 14,
  /** `a` = index in the decisions. */
  decision: 15,
  /** `a` = index in the kernel log. */
  log: 16,
  /** A scenario step began: `a` = step number. */
  step: 17,
  /** A choice was made: `device` = what, `a` = alternative taken, `b` = alternatives. */
  choice: 18,
  /** A file system encrypted or decrypted a bio's data itself: `device` = the file, `sector` = first data unit of the file, `sectors` = units, `b` as of `crypt`. */
  fscrypt: 19,
} as const;

export type TraceKindName = keyof typeof TraceKind;

const KIND_NAMES = Object.fromEntries(
  Object.entries(TraceKind).map(([name, number]) => [number, name]),
) as Record<number, TraceKindName>;

/** One record, as a reader sees it. Fields mean what TraceKind says; unused ones are 0. */
export interface TraceRecord {
  readonly index: number;
  readonly kind: TraceKindName;
  readonly timeNs: number;
  /** The device or call name. */
  readonly device: string;
  readonly comm: string;
  /** The id a bio keeps on all floors; its splits and clones have the same. */
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

/**
 * A record is eight 32-bit words: kind, op, comm and the upper bits of the sector; flags; device; bio; sector; sectors; a;
 * b. Touching memory is most of what a trace costs, so a record has no room for what is rare: the time stands in a
 * list of its changes, a zone's write pointers take the words of bio and flags, which a zone change has not, and a
 * record with a number that does not fit is kept as an object beside (`wide`), its word of kind being 0.
 */
const WORDS = 8;
const CHUNK_RECORDS = 4096;
const CHUNK_BITS = 12;
const WORD_BITS = 3;
const CHUNK_WORDS = CHUNK_RECORDS * WORDS;
const WIDE = 0;
const TWO_32 = 0x1_0000_0000;
/** The first word: six bits each for kind and op, 14 for comm, six for what a sector has above 32 bits. */
const OP_SHIFT = 6;
const COMM_SHIFT = 12;
const HIGH_SHIFT = 26;
const SIX_BITS = 0x3f;
const COMM_MASK = 0x3fff;

/** What a record says of a bio or a request. */
export interface TracedBio {
  readonly id: number;
  readonly op: number;
  readonly flags: number;
  readonly sector: number;
  readonly sectors: number;
}

/** A record as it was given. */
interface WideRecord extends Omit<TraceRecord, 'index' | 'timeNs' | 'kind' | 'device' | 'comm'> {
  readonly kind: number;
  readonly device: number;
  readonly comm: number;
}

export class Trace {
  /** Off: nothing is recorded and `path`/`readback` of scenarios cannot be told. */
  enabled = true;
  /** Over this many records the machine is stopped with BudgetExceeded; looked at once a chunk. */
  maxRecords = Number.POSITIVE_INFINITY;
  private readonly chunks: Int32Array<ArrayBuffer>[] = [];
  private words = new Int32Array(CHUNK_WORDS);
  /** Words of `words` in use, and how many records the chunks before it have. */
  private used = 0;
  private before = 0;
  private readonly wide: WideRecord[] = [];
  /** The time changed to `times[i]` with record `timeStarts[i]`. */
  private readonly times: number[] = [];
  private readonly timeStarts: number[] = [];
  private lastNs = -1;
  private readonly texts: string[] = [''];
  private readonly ids = new Map<string, number>([['', 0]]);

  constructor() {
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
   * Adds a record and returns its index; -1 when the trace is off. `bio`, `c` and `d` are whole numbers from 0 to
   * 2^32 - 1, `op` from 0 to 255; the others any number.
   *
   * The methods below do the same for what is recorded most. They ask less (is it on?) and check less, and `| 0` tells
   * the engine that a sum of indices needs no check for overflow: a third of what a record costs.
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
    if (this.used === CHUNK_WORDS || timeNs !== this.lastNs) this.prepare(timeNs);
    const low = sector >>> 0;
    const high = low === sector ? 0 : (sector - low) / TWO_32;
    const zone = kind === TraceKind.zone;
    if (
      sectors >>> 0 === sectors &&
      (a | 0) === a &&
      b >>> 0 === b &&
      (high & SIX_BITS) === high &&
      (op & SIX_BITS) === op &&
      (comm & COMM_MASK) === comm &&
      (zone ? ((a | b) & 0xff) === (a | b) : (c | d) === 0)
    ) {
      const first = kind | (op << OP_SHIFT) | (comm << COMM_SHIFT) | (high << HIGH_SHIFT);
      return zone
        ? this.put(first, flags, device, c, low, sectors, a | (b << 8), d)
        : this.put(first, flags, device, bio, low, sectors, a, b);
    }
    this.wide.push({ kind, device, comm, bio, op, flags, sector, sectors, a, b, c, d });
    return this.put(WIDE, this.wide.length - 1, 0, 0, 0, 0, 0, 0);
  }

  /** What befalls a bio or a request, with the trace on. `a` is a whole number of 32 bits. */
  recordBio(
    kind: number,
    timeNs: number,
    device: number,
    comm: number,
    bio: TracedBio,
    a: number,
  ): void {
    if (this.used === CHUNK_WORDS || timeNs !== this.lastNs) this.prepare(timeNs);
    const { sector } = bio;
    if ((sector | 0) !== sector || (comm & COMM_MASK) !== comm) {
      const { id, op, flags, sectors } = bio;
      this.record(kind, timeNs, device, comm, id, op, flags, sector, sectors, a);
      return;
    }
    // Not through put(): handing eight numbers over costs as much as writing them.
    const { words, used } = this;
    this.used = (used + WORDS) | 0;
    words[used] = kind | (bio.op << OP_SHIFT) | (comm << COMM_SHIFT);
    words[(used + 1) | 0] = bio.flags;
    words[(used + 2) | 0] = device;
    words[(used + 3) | 0] = bio.id;
    words[(used + 4) | 0] = sector;
    words[(used + 5) | 0] = bio.sectors;
    words[(used + 6) | 0] = a;
    words[(used + 7) | 0] = 0;
  }

  /** The same, but of the place `sector` and with a `b`: what a target does to a bio. Both fit 32 bits. */
  recordBioAt(
    kind: number,
    timeNs: number,
    device: number,
    comm: number,
    bio: TracedBio,
    sector: number,
    sectors: number,
    a: number,
    b: number,
  ): void {
    if (this.used === CHUNK_WORDS || timeNs !== this.lastNs) this.prepare(timeNs);
    const { id, op, flags } = bio;
    if ((sector | 0) !== sector || (comm & COMM_MASK) !== comm) {
      this.record(kind, timeNs, device, comm, id, op, flags, sector, sectors, a, b);
      return;
    }
    const first = kind | (op << OP_SHIFT) | (comm << COMM_SHIFT);
    this.put(first, flags, device, id, sector, sectors, a, b);
  }

  /**
   * The begin or the end of a system call, with the trace on: `call` is its name, `bio` for an end the record of its
   * begin.
   */
  recordCall(
    kind: number,
    timeNs: number,
    call: number,
    comm: number,
    bio: number,
    position: number,
    length: number,
    a: number,
  ): number {
    if (this.used === CHUNK_WORDS || timeNs !== this.lastNs) this.prepare(timeNs);
    if (
      (position | 0) !== position ||
      (length | 0) !== length ||
      (a | 0) !== a ||
      (comm & COMM_MASK) !== comm
    ) {
      return this.record(kind, timeNs, call, comm, bio, 0, 0, position, length, a);
    }
    return this.put(kind | (comm << COMM_SHIFT), 0, call, bio, position, length, a, 0);
  }

  private put(
    first: number,
    flags: number,
    device: number,
    bio: number,
    sector: number,
    sectors: number,
    a: number,
    b: number,
  ): number {
    const { words, used } = this;
    this.used = (used + WORDS) | 0;
    words[used] = first;
    words[(used + 1) | 0] = flags;
    words[(used + 2) | 0] = device;
    words[(used + 3) | 0] = bio;
    words[(used + 4) | 0] = sector;
    words[(used + 5) | 0] = sectors;
    words[(used + 6) | 0] = a;
    words[(used + 7) | 0] = b;
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
    const timeNs = this.timeAt(index);
    const first = words[at]!;
    if (first === WIDE) return this.wideAt(index, timeNs, this.wide[words[at + 1]!]!);
    const kind = first & SIX_BITS;
    const zone = kind === TraceKind.zone;
    const a = words[at + 6]!;
    const b = words[at + 7]! >>> 0;
    return {
      index,
      kind: KIND_NAMES[kind]!,
      timeNs,
      device: this.text(words[at + 2]!),
      comm: this.text((first >>> COMM_SHIFT) & COMM_MASK),
      bio: zone ? 0 : words[at + 3]! >>> 0,
      op: (first >>> OP_SHIFT) & SIX_BITS,
      flags: words[at + 1]! >>> 0,
      sector: (first >>> HIGH_SHIFT) * TWO_32 + (words[at + 4]! >>> 0),
      sectors: words[at + 5]! >>> 0,
      a: zone ? a & 0xff : a,
      b: zone ? a >>> 8 : b,
      c: zone ? words[at + 3]! >>> 0 : 0,
      d: zone ? b : 0,
    };
  }

  /** The records from `start` up to but not including `end`. */
  *records(start = 0, end = this.length): Generator<TraceRecord, void, void> {
    for (let index = start; index < end; index += 1) yield this.at(index);
  }

  private wideAt(index: number, timeNs: number, wide: WideRecord): TraceRecord {
    const { kind, device, comm, ...rest } = wide;
    const names = { device: this.text(device), comm: this.text(comm) };
    return { index, timeNs, kind: KIND_NAMES[kind]!, ...names, ...rest };
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
    this.wide.length = 0;
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
