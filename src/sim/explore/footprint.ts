/**
 * What a step of a schedule has touched: resources it looked at and resources it changed. Two steps depend on each other
 * when one changed what the other touched; only the order of such steps can matter.
 */

/** No step posts more events. */
const MOST_POSTS = 2 ** 24;

/** Names as small numbers, the same in every run of one exploration. */
export class Names {
  private readonly numbers = new Map<string, number>();
  private readonly texts: string[] = [];
  private readonly events = new Map<number, number>();

  number(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.length;
      this.numbers.set(text, number);
      this.texts.push(text);
    }
    return number;
  }

  /** A number for the `post`th event (from -1 on) that event `parent` (from -1 on) posted. */
  event(parent: number, post: number): number {
    const key = (parent + 1) * MOST_POSTS + post + 1;
    let number = this.events.get(key);
    if (number === undefined) {
      number = this.events.size;
      this.events.set(key, number);
    }
    return number;
  }

  text(number: number): string {
    return this.texts[number] ?? '';
  }
}

export class Footprint {
  readonly reads: number[] = [];
  readonly writes: number[] = [];
  /** Touches everything: a timer (all before it has run), the power cut. */
  all = false;

  add(resource: number, write: boolean): void {
    const list = write ? this.writes : this.reads;
    if (!list.includes(resource)) list.push(resource);
  }

  get empty(): boolean {
    return !this.all && this.reads.length === 0 && this.writes.length === 0;
  }

  conflicts(other: Footprint): boolean {
    if (this.all || other.all) return true;
    return (
      meet(this.writes, other.writes) ||
      meet(this.writes, other.reads) ||
      meet(this.reads, other.writes)
    );
  }

  /** This and `other` together, for an event that had several outcomes. */
  join(other: Footprint): Footprint {
    const out = new Footprint();
    out.all = this.all || other.all;
    for (const from of [this, other]) {
      for (const one of from.reads) out.add(one, false);
      for (const one of from.writes) out.add(one, true);
    }
    return out;
  }
}

function meet(a: readonly number[], b: readonly number[]): boolean {
  for (const one of a) if (b.includes(one)) return true;
  return false;
}
