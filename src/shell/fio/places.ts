/**
 * Where a job's next I/O goes (fio 3.33, io_u.c: get_rw_ddir(), get_next_offset()): in order or at random, over one file or
 * in turn over several, and in which direction.
 */

import type { Random } from '../../sim/random.ts';
import { type JobFile, reads, writes } from './job-file.ts';
import type { JobOptions } from './job-options.ts';
import type { PlannedJob } from './plan.ts';
import { BlockMap, SEED, seedOf, Tausworthe } from './random.ts';
import { type Direction, READ, WRITE } from './stats.ts';
import { isInside } from './zones.ts';

export interface NextPlace {
  readonly file: JobFile;
  readonly direction: Direction;
  readonly offset: number;
  readonly length: number;
  /** The I/O holds the lock of its zone. */
  readonly locked?: boolean;
}

export class Places {
  /** I/Os sent so far, by direction; the job counts them. */
  private readonly issues: readonly [number, number];
  private readonly options: JobOptions;
  private readonly files: readonly JobFile[];
  private blocks: Tausworthe;
  private mix: Tausworthe;
  private readonly seeds: [number, number];
  private mixDirection: Direction = READ;
  private mixIssues = 0;
  private turn = 0;

  constructor(
    job: PlannedJob,
    files: readonly JobFile[],
    issues: readonly [number, number],
    machine: Random,
  ) {
    const { options, number } = job;
    this.options = options;
    this.files = files;
    this.issues = issues;
    this.seeds = [seedOf(SEED.mix, number, options, machine), 0];
    this.seeds[1] = seedOf(SEED.block, number, options, machine);
    this.mix = new Tausworthe(this.seeds[0]);
    this.blocks = new Tausworthe(this.seeds[1]);
    this.begin();
  }

  /**
   * A new loop: all from where the options say. The random numbers begin anew, unless they are not to repeat; a seed
   * given counts as that.
   */
  rewind(): void {
    for (const file of this.files) file.startBytes = file.givenStartBytes;
    this.mixIssues = 0;
    if (this.options.randrepeat && this.options.randseed === null) {
      this.mix = new Tausworthe(this.seeds[0]);
      this.blocks = new Tausworthe(this.seeds[1]);
    }
    this.begin();
  }

  private begin(): void {
    for (const file of this.files) {
      file.fresh = true;
      file.next[READ] = file.startBytes;
      file.next[WRITE] = file.startBytes;
      file.map = null;
      file.done = false;
    }
    this.turn = 0;
  }

  /** The file whose turn it is; null when all are done. */
  nextFile(): JobFile | null {
    for (let tried = 0; tried < this.files.length; tried += 1) {
      const file = this.files[this.turn % this.files.length]!;
      this.turn += 1;
      if (!file.done) return file;
    }
    return null;
  }

  direction(): Direction {
    const { options } = this;
    if (!writes(options)) return READ;
    if (!reads(options)) return WRITE;
    if (this.issues[this.mixDirection] >= this.mixIssues) {
      const direction = this.mix.below(100) + 1 <= options.rwmixread ? READ : WRITE;
      if (direction !== this.mixDirection) {
        const other = this.mixDirection === READ ? 100 - options.rwmixread : options.rwmixread;
        this.mixIssues = Math.floor((this.issues[this.mixDirection] * other) / 100);
      }
      this.mixDirection = direction;
    }
    return this.mixDirection;
  }

  /** The next place in `file`; null when there is none, and the file is done then. */
  in(file: JobFile, direction: Direction): NextPlace | null {
    const offset = this.offset(file, direction);
    return offset === null ? null : this.take(file, direction, offset, this.options.bs[direction]);
  }

  /** get_next_offset(): where the next would go; null when there is no such place, and the file is done then. */
  offset(file: JobFile, direction: Direction): number | null {
    const offset = this.isRandom ? this.atRandom(file, direction) : this.inOrder(file, direction);
    if (offset < file.sizeBytes && isInside(file, offset)) return offset;
    file.done = true;
    return null;
  }

  /** It goes there, if the file is long enough; else the file is done. */
  take(file: JobFile, direction: Direction, offset: number, length: number): NextPlace | null {
    if (offset + length > file.sizeBytes) {
      file.done = true;
      return null;
    }
    file.next[direction] = offset + length;
    return { file, direction, offset, length };
  }

  private get isRandom(): boolean {
    return this.options.rw.startsWith('rand');
  }

  private inOrder(file: JobFile, direction: Direction): number {
    const { time_based: timed } = this.options;
    const end = file.givenStartBytes + file.lengthBytes;
    if (timed && this.files.length === 1 && file.next[direction] >= end) {
      file.next[direction] = file.startBytes;
    }
    // The last block of a time based run that does not fit begins anew as well.
    const fits = file.next[direction] + this.options.bs[direction] <= file.sizeBytes;
    if (timed && this.files.length === 1 && !fits) file.next[direction] = file.startBytes;
    return file.next[direction] < file.sizeBytes ? file.next[direction] : -1;
  }

  private atRandom(file: JobFile, direction: Direction): number {
    const size = this.options.bs[direction];
    const last = Math.floor(Math.min(file.lengthBytes, file.sizeBytes) / size);
    if (last === 0) return -1;
    const wanted = this.blocks.below(last);
    if (this.options.norandommap) return file.startBytes + wanted * size;
    // One map of the smallest block, of trims, too; places of larger ones are marked by their own number.
    const blocks = Math.floor(
      Math.min(file.lengthBytes, file.sizeBytes) / Math.min(...this.options.bs),
    );
    file.map ??= new BlockMap(blocks);
    if (file.map.full && this.options.time_based) file.map = new BlockMap(blocks);
    const block = file.map.take(wanted);
    return block < 0 ? -1 : file.startBytes + block * size;
  }
}
