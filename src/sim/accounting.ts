/**
 * Where time goes on a machine that has any: what waited for whom, which floor used a CPU, how much was copied. Kept
 * by place and floor, not by call; ns throughout.
 */

/** What a bio or request can wait for. */
export const WAITS = [
  /** mq-deadline's lock of a zone (to 6.9). */
  'zone-lock',
  /** A zone write plug (6.10 and later), of a disk or of a mapped device. */
  'plug',
  /** dm-zone.c's lock of a zone (5.14 to 6.9). */
  'dm-lock',
  /** A worker of dm-crypt. */
  'crypt-queue',
  /** The device takes no more commands. */
  'device-queue',
  /** The device itself: from the start of a command to its end. */
  'device',
] as const;
export type WaitPlace = (typeof WAITS)[number];

/** Whose work a CPU did: the system call with its file system and copies, the block layer, device mapper, dm-crypt. */
export const CPU_FLOORS = ['call', 'block', 'dm', 'crypt'] as const;
export type CpuFloor = (typeof CPU_FLOORS)[number];

export class Accounting {
  readonly waitNs: Record<WaitPlace, number> = zeroes(WAITS);
  /** How many waited, those that waited for 0 ns too. */
  readonly waited: Record<WaitPlace, number> = zeroes(WAITS);
  readonly cpuNs: Record<CpuFloor, number> = zeroes(CPU_FLOORS);
  /** Bytes moved between a program's memory and a page cache. */
  copiedBytes = 0;
  /** Bytes dm-crypt enciphered or deciphered into other pages. */
  cryptBytes = 0;
  /** What waits now, and since when. */
  private readonly parked = new Map<object, number>();

  /** `what` begins to wait. */
  park(what: object, nowNs: number): void {
    this.parked.set(what, nowNs);
  }

  /** `what` waited for `place` until now; nothing happens when it did not wait. */
  unpark(place: WaitPlace, what: object, nowNs: number): void {
    const since = this.parked.get(what);
    if (since === undefined) return;
    this.parked.delete(what);
    this.add(place, nowNs - since);
  }

  add(place: WaitPlace, ns: number): void {
    this.waitNs[place] += ns;
    this.waited[place] += 1;
  }

  /** All numbers so far, to be subtracted from later ones. */
  snapshot(): AccountingSnapshot {
    const { copiedBytes, cryptBytes } = this;
    return {
      waitNs: { ...this.waitNs },
      waited: { ...this.waited },
      cpuNs: { ...this.cpuNs },
      copiedBytes,
      cryptBytes,
    };
  }

  /** What has been added since `before`. */
  after(before: AccountingSnapshot): AccountingSnapshot {
    const now = this.snapshot();
    return {
      waitNs: difference(WAITS, now.waitNs, before.waitNs),
      waited: difference(WAITS, now.waited, before.waited),
      cpuNs: difference(CPU_FLOORS, now.cpuNs, before.cpuNs),
      copiedBytes: now.copiedBytes - before.copiedBytes,
      cryptBytes: now.cryptBytes - before.cryptBytes,
    };
  }
}

export interface AccountingSnapshot {
  readonly waitNs: Readonly<Record<WaitPlace, number>>;
  readonly waited: Readonly<Record<WaitPlace, number>>;
  readonly cpuNs: Readonly<Record<CpuFloor, number>>;
  readonly copiedBytes: number;
  readonly cryptBytes: number;
}

function zeroes<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}

function difference<K extends string>(
  names: readonly K[],
  now: Readonly<Record<K, number>>,
  before: Readonly<Record<K, number>>,
): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, now[name] - before[name]])) as Record<
    K,
    number
  >;
}
