/**
 * What a program may use before it is stopped, because it would not end, or not within memory. Nothing that stays
 * within depends on it. The trace has a bound of its own (Trace.maxRecords).
 */

/** A run used more than it may. */
export class BudgetExceeded extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BudgetExceeded';
  }
}

/** Bytes one command may look at: some seconds of hashing. What only passes through a program costs nothing. */
const LOOK_BYTES = 2 ** 29;
/** Bytes one command may move through a device's page cache: some seconds of making pages. */
const CACHE_BYTES = 2 ** 34;

export class Budget {
  private left = LOOK_BYTES;
  private cacheLeft = CACHE_BYTES;

  /** A new command begins. */
  renew(): void {
    this.left = LOOK_BYTES;
    this.cacheLeft = CACHE_BYTES;
  }

  /** A program looks at `bytes` bytes one by one: it hashes, compares or prints them. Throws BudgetExceeded. */
  look(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) {
      throw new BudgetExceeded(
        `a command expected to look at no more than ${LOOK_BYTES / 2 ** 20} MiB`,
      );
    }
  }
  /** `bytes` bytes go through the page cache of a device. Throws BudgetExceeded. */
  cache(bytes: number): void {
    this.cacheLeft -= bytes;
    if (this.cacheLeft < 0) {
      throw new BudgetExceeded(
        `a command expected to move at most ${CACHE_BYTES / 2 ** 30} GiB through the page cache`,
      );
    }
  }
}
