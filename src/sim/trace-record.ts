/** Records of a trace as readers see them, and what they tell of. */

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
  /** A planned fault befell a request: `a` = what, a text. */
  fault: 20,
} as const;

export type TraceKindName = keyof typeof TraceKind;

export const KIND_NAMES = Object.fromEntries(
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

/** What a record says of a bio or a request. */
export interface TracedBio {
  readonly id: number;
  readonly op: number;
  readonly flags: number;
  readonly sector: number;
  readonly sectors: number;
}
