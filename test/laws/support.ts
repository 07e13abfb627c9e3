/**
 * How a law is run: with a fixed seed and a fixed number of runs, so that a failure is the same everywhere (fast-check
 * prints seed and path). `ZONESTACK_FUZZ=20` runs twenty times as many; `ZONESTACK_SEED=7` begins elsewhere.
 */

import fc from 'fast-check';

const SEED = Number(process.env.ZONESTACK_SEED ?? 20210416);
const TIMES = Number(process.env.ZONESTACK_FUZZ ?? 1);

/** Long enough for a slow machine; without end when somebody asks for more runs than usual. */
const TIMEOUT_MS = TIMES > 1 ? 0 : 60_000;

/** A test that holds `property` to be true of everything it draws. `runs`: how many draws a usual run makes. */
export function law<Ts>(title: string, runs: number, property: fc.IRawProperty<Ts>): void {
  it(title, () => {
    const numRuns = runs * TIMES;
    // Nothing here is asynchronous: what asserts throws at once.
    void fc.assert(property, {
      seed: SEED,
      numRuns,
      endOnFailure: process.env.ZONESTACK_FAST === '1',
    });
  }).timeout(TIMEOUT_MS);
}

/** One of these, by a number that shrinks to the first. */
export function pick<T>(items: readonly T[]): fc.Arbitrary<T> {
  return fc.nat(items.length - 1).map((at) => items[at]!);
}
