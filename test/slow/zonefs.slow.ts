/**
 * The laws of zonefs on 100,000 random sequences of calls for each era (`npm run test:slow`). What breaks one is printed
 * with its seed, the shortest sequence that still breaks it, and the command that runs just that again.
 *
 * `ZONESTACK_SLOW=1000` runs so many sequences instead; `ZONESTACK_SEED` and `ZONESTACK_PATH` are what a failure prints.
 */

import fc from 'fast-check';
import { type Call, callOf, callText } from './zonefs-calls.ts';
import { BrokenLaw, Rig, type Sequence, type Setting } from './zonefs-run.ts';

const RUNS = Number(process.env.ZONESTACK_SLOW ?? 100_000);
const SEED = Number(process.env.ZONESTACK_SEED ?? 20210416);
const PATH = process.env.ZONESTACK_PATH;

const OPTIONS = [
  '',
  'errors=repair',
  'errors=zone-ro',
  'errors=zone-offline',
  'explicit-open',
  'errors=repair,explicit-open',
];

/** A sequence: the mount options, then the calls; the first opens a file, so that most calls find one. */
const sequences = fc.tuple(
  fc.nat(OPTIONS.length - 1),
  fc.array(fc.nat(0x7fffffff), { minLength: 1, maxLength: 12 }),
);

/** seq/0, read-write and direct. */
const FIRST: Call = callOf(6);

type Drawn = readonly [number, readonly number[]];

function hold(title: string, check: (drawn: Drawn) => void, calls: (drawn: Drawn) => Call[]): void {
  it(title, () => {
    const found = fc.check(
      fc.property(sequences, (drawn) => {
        check(drawn);
      }),
      { seed: SEED, numRuns: RUNS, ...(PATH === undefined ? {} : { path: PATH }) },
    );
    if (!found.failed) return;
    const [drawn] = found.counterexample!;
    const steps = calls(drawn).map((call) => `  ${callText(call)}`);
    const { seed, counterexamplePath, numShrinks, errorInstance } = found;
    const again = `ZONESTACK_SEED=${seed} ZONESTACK_PATH=${counterexamplePath} npm run test:slow -- --grep '${title}'`;
    const why =
      errorInstance instanceof Error ? (errorInstance.stack ?? '') : String(errorInstance);
    const what = errorInstance instanceof BrokenLaw ? errorInstance.message : why;
    throw new Error(
      `a law is broken: ${what}\nseed ${seed}, shrunk ${numShrinks} times to\n  mount with "${OPTIONS[drawn[0]]}"\n${steps.join('\n')}\nagain: ${again}`,
    );
  }).timeout(0);
}

/** Runs a sequence and lets the machine go, whatever happens. */
function run(
  rig: Rig,
  options: string,
  calls: readonly Call[],
  each?: (done: unknown) => void,
): Sequence {
  try {
    const sequence = rig.fresh(options);
    for (const call of calls) {
      const done = sequence.perform(call);
      each?.(done);
    }
    return sequence;
  } catch (error) {
    rig.forget();
    throw error;
  }
}

/** Appends; patch 4's fall-back (plain64 takes the limit away); appends with the location check; what came later; builds. */
const ERAS: readonly Setting[] = [
  { kernel: 'v5.12', iv: '' },
  { kernel: 'v5.12+series', iv: 'aes-cbc-plain64' },
  { kernel: 'v6.2', iv: '' },
  { kernel: '5.10.262', iv: '' },
  { kernel: '6.1.192', iv: '' },
  { kernel: '6.12.117', iv: '' },
  { kernel: '7.3.4', iv: '' },
];

describe('zonefs, whatever one process calls', () => {
  for (const era of ERAS) {
    const rig = new Rig(era);
    const calls = ([, numbers]: Drawn): Call[] => [FIRST, ...numbers.map((one) => callOf(one))];
    hold(
      `keeps its laws on ${era.kernel}`,
      (drawn) => run(rig, OPTIONS[drawn[0]]!, calls(drawn)).end(),
      calls,
    );
  }
});

describe('append and the fall-back', () => {
  // The null IV keeps the append limit of the disk, plain64 makes it 0: the same kernel issues appends or regular writes.
  const append = new Rig({ kernel: 'v5.12+series', iv: 'aes-cbc-null' });
  const fallBack = new Rig({ kernel: 'v5.12+series', iv: 'aes-cbc-plain64' });
  const calls = ([, numbers]: Drawn): Call[] => [FIRST, ...numbers.map((one) => callOf(one, true))];

  hold(
    'give the same results, sizes and zones where no write is longer than an append may be',
    (drawn) => {
      const options = OPTIONS[drawn[0]]!;
      const results: unknown[][] = [];
      const ends = [append, fallBack].map((rig) => {
        const mine: unknown[] = [];
        results.push(mine);
        const sequence = run(rig, options, calls(drawn), (done) => mine.push(done));
        const end = sequence.outcome();
        sequence.end();
        return end;
      });
      const [one, other] = results.map((list) => JSON.stringify(list));
      if (one !== other)
        throw new BrokenLaw(`the results of calls\n  append    ${one}\n  fall-back ${other}`);
      if (ends[0] !== ends[1]) {
        throw new BrokenLaw(`sizes and pointers\n  append    ${ends[0]}\n  fall-back ${ends[1]}`);
      }
    },
    calls,
  );
});
