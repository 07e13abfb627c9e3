/**
 * The trace: one ordered record of everything that happens on a machine. Records are numbers in growing chunks,
 * texts go through an intern table, and nothing is formatted before somebody reads (src/report/ does that).
 */

/** What a record tells. The first group has the names of the kernel's block trace events. */
export const TraceKind = {
  bioQueue: 1,
  bioRemap: 2,
  bioSplit: 3,
  bioBackmerge: 4,
  rqIssue: 5,
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
  /** A system call ended with `a`; `bio` = index of the record of its begin. */
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

const STRIDE = 14;
const CHUNK_RECORDS = 4096;

export class Trace {
  /** Off: nothing is recorded and `path`/`readback` of scenarios cannot be told. */
  enabled = true;
  length = 0;
  /** Over this many records the machine is stopped with BudgetExceeded; looked at once a chunk. */
  maxRecords = Number.POSITIVE_INFINITY;
  private readonly chunks: Float64Array[] = [];
  private chunk = new Float64Array(CHUNK_RECORDS * STRIDE);
  private used = 0;
  private readonly texts: string[] = [''];
  private readonly ids = new Map<string, number>([['', 0]]);

  constructor() {
    this.chunks.push(this.chunk);
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

  /** Adds a record and returns its index; -1 when the trace is off. */
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
      this.chunk = new Float64Array(CHUNK_RECORDS * STRIDE);
      this.chunks.push(this.chunk);
      this.used = 0;
    }
    const chunk = this.chunk;
    const at = this.used * STRIDE;
    chunk[at] = kind;
    chunk[at + 1] = timeNs;
    chunk[at + 2] = device;
    chunk[at + 3] = comm;
    chunk[at + 4] = bio;
    chunk[at + 5] = op;
    chunk[at + 6] = flags;
    chunk[at + 7] = sector;
    chunk[at + 8] = sectors;
    chunk[at + 9] = a;
    chunk[at + 10] = b;
    chunk[at + 11] = c;
    chunk[at + 12] = d;
    this.used += 1;
    this.length += 1;
    return this.length - 1;
  }

  /** The record at `index`. Throws outside the trace. */
  at(index: number): TraceRecord {
    if (index < 0 || index >= this.length) {
      throw new RangeError(`"index" expected 0 to ${this.length - 1}, got ${index}`);
    }
    const chunk = this.chunks[Math.floor(index / CHUNK_RECORDS)]!;
    const at = (index % CHUNK_RECORDS) * STRIDE;
    return {
      index,
      kind: KIND_NAMES[chunk[at]!]!,
      timeNs: chunk[at + 1]!,
      device: this.text(chunk[at + 2]!),
      comm: this.text(chunk[at + 3]!),
      bio: chunk[at + 4]!,
      op: chunk[at + 5]!,
      flags: chunk[at + 6]!,
      sector: chunk[at + 7]!,
      sectors: chunk[at + 8]!,
      a: chunk[at + 9]!,
      b: chunk[at + 10]!,
      c: chunk[at + 11]!,
      d: chunk[at + 12]!,
    };
  }

  /** The records from `start` up to but not including `end`. */
  *records(start = 0, end = this.length): Generator<TraceRecord, void, void> {
    for (let index = start; index < end; index += 1) yield this.at(index);
  }
}
