/**
 * Bios (include/linux/blk_types.h, struct bio): one block I/O as a file system, a program or a target sends it. They
 * are pooled objects of one shape; they end through `end`, never by a return value.
 */

import { Pool } from '../sim/pool.ts';
import type { Wait } from '../sim/task.ts';
import type { BlockDevice } from './device.ts';
import type { Payload } from './payload.ts';
import { type BlockStatus, Status } from './status.ts';

/** Operations. Numbers are those of 6.1 and later; 5.10 numbers zone append 21, which only its log shows. */
export const Op = {
  read: 0,
  write: 1,
  flush: 2,
  discard: 3,
  zoneAppend: 7,
  writeZeroes: 9,
  zoneOpen: 11,
  zoneClose: 13,
  zoneFinish: 15,
  zoneReset: 17,
  zoneResetAll: 19,
} as const;

export type BioOp = (typeof Op)[keyof typeof Op];

/** Flags: the kernel's REQ_* that matter here, then the model's own marks above bit 16. */
export const Flag = {
  sync: 1 << 0,
  meta: 1 << 1,
  prio: 1 << 2,
  fua: 1 << 3,
  preflush: 1 << 4,
  idle: 1 << 5,
  noMerge: 1 << 6,
  readahead: 1 << 7,
  noWait: 1 << 8,
  /** The model's own: what the bio carries, set by whoever made it and not handed to clones. */
  data: 1 << 16,
  metadata: 1 << 17,
  superblock: 1 << 18,
  /** Left the file-system floor (or a program's raw access): not a clone, not a split. */
  top: 1 << 19,
  /** Handled by a zone write plug, or an append that a floor turned into a write. */
  plugged: 1 << 20,
  emulatedAppend: 1 << 21,
  /** Made by bio_alloc(), not on its submitter's stack: 7.x shows that in the log of a failed request. */
  allocCache: 1 << 22,
  /** One of several for one call, which hand their error on from one to the next (bio_chain()); the last is not marked. */
  chained: 1 << 23,
  /** Made by a target in place of the bio above, not cloned from it; its parts keep the mark. */
  own: 1 << 24,
  /** It came to a bad status along a chain; its own error replaces that. */
  inherits: 1 << 25,
  /** Its memory begins at no multiple of 512 bytes, or at none of a page: dm-crypt takes whole units of memory only. */
  offSector: 1 << 26,
  offPage: 1 << 27,
} as const;

/** Marks that a clone does not inherit. */
export const OWN_MARKS =
  Flag.data |
  Flag.metadata |
  Flag.superblock |
  Flag.top |
  Flag.plugged |
  Flag.emulatedAppend |
  Flag.allocCache |
  Flag.chained |
  Flag.inherits;

const { read: READ, write: WRITE, zoneAppend: ZONE_APPEND } = Op;
const { ok: OK } = Status;
const INHERITS = Flag.inherits;
const KEPT_MARKS = ~OWN_MARKS;

export class Bio implements Wait {
  // The first five are those of a request, in its order: then the trace reads either in the same way (TracedBio).
  /** The same on all floors, for clones and splits too: what the trace follows. */
  id = 0;
  op: BioOp = Op.read;
  flags = 0;
  /** Start sector on `device`. An append carries its zone's first sector, and its completion the sector written. */
  sector = 0;
  sectors = 0;
  device: BlockDevice | null = null;
  /** Write: the data. Read: null until the completion brings it. */
  payload: Payload | null = null;
  status: BlockStatus = Status.ok;
  /** Called once when the bio has ended, with `status` set. */
  onEnd: ((bio: Bio) => void) | null = null;
  /** For whoever set `onEnd`. */
  context: unknown = null;
  /** The bio this one is a clone or split of. */
  parent: Bio | null = null;
  /** Parts still under way; the last to end ends the bio. */
  remaining = 1;
  /** Index of the trace record of the system call that caused it; -1 when none did. */
  cause = -1;
  /** File position it carries, in bytes; -1 when it belongs to no file. */
  filePosition = -1;
  /** The inode whose data it carries, for whoever wants to read it back; null when it belongs to no file. */
  inode: object | null = null;
  /** Link in a queue. */
  next: Bio | null = null;
  /** A task waiting for the end of this bio. */
  sleeper: Wait['sleeper'] = null;

  get isWrite(): boolean {
    return (this.op & 1) === 1;
  }

  get carriesData(): boolean {
    return this.op === READ || this.op === WRITE || this.op === ZONE_APPEND;
  }

  get endSector(): number {
    return this.sector + this.sectors;
  }

  /** Ends one part of the bio; a bad status sticks. The last part calls `onEnd`. */
  end(status: BlockStatus): void {
    if (status !== OK && (this.status === OK || (this.flags & INHERITS) !== 0)) {
      this.status = status;
    }
    this.remaining -= 1;
    if (this.remaining === 0) this.onEnd?.(this);
    else if (this.remaining < 0) this.endedTwice();
  }

  private endedTwice(): never {
    throw new Error(`bio ${this.id} expected to end once, got another end`);
  }
}

/** The pool of one machine. A bio taken and given back has every field at its start value. */
export class BioPool {
  private readonly free = new Pool<Bio>();

  take(id: number): Bio {
    const bio = this.free.take() ?? new Bio();
    bio.id = id;
    return bio;
  }

  /** A clone for a lower floor: same id, op, flags, place, data and cause; its own end. */
  clone(bio: Bio): Bio {
    const clone = this.take(bio.id);
    clone.op = bio.op;
    clone.flags = bio.flags & KEPT_MARKS;
    clone.device = bio.device;
    clone.sector = bio.sector;
    clone.sectors = bio.sectors;
    clone.payload = bio.payload;
    clone.cause = bio.cause;
    clone.filePosition = bio.filePosition;
    clone.parent = bio;
    return clone;
  }

  give(bio: Bio): void {
    bio.op = READ;
    bio.flags = 0;
    bio.device = null;
    bio.sector = 0;
    bio.sectors = 0;
    bio.payload = null;
    bio.status = OK;
    bio.onEnd = null;
    bio.context = null;
    bio.parent = null;
    bio.remaining = 1;
    bio.cause = -1;
    bio.filePosition = -1;
    bio.inode = null;
    bio.sleeper = null;
    bio.next = null;
    this.free.give(bio);
  }
}
