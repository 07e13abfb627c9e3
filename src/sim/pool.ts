/**
 * Objects that are used over and over. They stand in an array and not in a list: a link is a pointer written into an old
 * object, of which the engine must tell its collector, and that costs more than all else here. Whoever is given back last
 * is taken first, so in a steady state the same object comes to the same place, and nothing is written at all.
 */
export class Pool<T extends object> {
  private readonly items: T[] = [];
  private count = 0;

  /** An object that was given back; null when there is none. */
  take(): T | null {
    if (this.count === 0) return null;
    this.count -= 1;
    return this.items[this.count]!;
  }

  give(item: T): void {
    if (this.items[this.count] !== item) this.items[this.count] = item;
    this.count += 1;
  }
}
