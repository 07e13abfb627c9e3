/**
 * The trace: one ordered record of everything that happens on a machine. Records are numbers in growing chunks,
 * texts go through an intern table, and nothing is formatted before somebody reads (src/report/ does that).
 */

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

/** A run made more records than it may: it would not end, or not within memory. */
export class BudgetExceeded extends Error {
  constructor(records: number) {
    super(`a trace expected at most ${records} records`);
    this.name = 'BudgetExceeded';
  }
}

/**
 * A record is 72 bytes: five doubles (time, sector, sectors, a, b), then 32-bit words (kind and op, device, comm, bio,
 * flags, c, d). All doubles would be half as large again, and making memory is what a trace costs.
 */
const DOUBLES = 9;
const WORDS = DOUBLES * 2;
const FIRST_WORD = 10;
const CHUNK_RECORDS = 4096;

/** One buffer seen both ways. */
class Chunk {
  readonly doubles = new Float64Array(CHUNK_RECORDS * DOUBLES);
  readonly words = new Uint32Array(this.doubles.buffer);
}

export class Trace {
  /** Off: nothing is recorded and `path`/`readback` of scenarios cannot be told. */
  enabled = true;
  length = 0;
  /** Over this many records the machine is stopped with BudgetExceeded; looked at once a chunk. */
  maxRecords = Number.POSITIVE_INFINITY;
  private readonly chunks: Chunk[] = [];
  private doubles: Float64Array;
  private words: Uint32Array;
  private used = 0;
  private readonly texts: string[] = [''];
  private readonly ids = new Map<string, number>([['', 0]]);

  constructor() {
    const chunk = new Chunk();
    this.chunks.push(chunk);
    this.doubles = chunk.doubles;
    this.words = chunk.words;
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
    if (this.used === CHUNK_RECORDS) {
      if (this.length >= this.maxRecords) throw new BudgetExceeded(this.maxRecords);
      const chunk = new Chunk();
      this.chunks.push(chunk);
      this.doubles = chunk.doubles;
      this.words = chunk.words;
      this.used = 0;
    }
    const { doubles, words } = this;
    const at = this.used * DOUBLES;
    doubles[at] = timeNs;
    doubles[at + 1] = sector;
    doubles[at + 2] = sectors;
    doubles[at + 3] = a;
    doubles[at + 4] = b;
    const word = this.used * WORDS + FIRST_WORD;
    words[word] = kind | (op << 8);
    words[word + 1] = device;
    words[word + 2] = comm;
    words[word + 3] = bio;
    words[word + 4] = flags;
    words[word + 5] = c;
    words[word + 6] = d;
    this.used += 1;
    this.length += 1;
    return this.length - 1;
  }

  /** The record at `index`. Throws outside the trace. */
  at(index: number): TraceRecord {
    if (index < 0 || index >= this.length) {
      throw new RangeError(`"index" expected 0 to ${this.length - 1}, got ${index}`);
    }
    const { doubles, words } = this.chunks[Math.floor(index / CHUNK_RECORDS)]!;
    const at = (index % CHUNK_RECORDS) * DOUBLES;
    const word = (index % CHUNK_RECORDS) * WORDS + FIRST_WORD;
    return {
      index,
      kind: KIND_NAMES[words[word]! & 0xff]!,
      timeNs: doubles[at]!,
      device: this.text(words[word + 1]!),
      comm: this.text(words[word + 2]!),
      bio: words[word + 3]!,
      op: words[word]! >>> 8,
      flags: words[word + 4]!,
      sector: doubles[at + 1]!,
      sectors: doubles[at + 2]!,
      a: doubles[at + 3]!,
      b: doubles[at + 4]!,
      c: words[word + 5]!,
      d: words[word + 6]!,
    };
  }

  /** The records from `start` up to but not including `end`. */
  *records(start = 0, end = this.length): Generator<TraceRecord, void, void> {
    for (let index = start; index < end; index += 1) yield this.at(index);
  }
}
