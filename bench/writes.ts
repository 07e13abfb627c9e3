/** What the stack writes per second: zonefs on dm-crypt on null_blk, driven through system calls by a program. */

import { nobleProvider } from '../dist/dm/crypt/provider.js';
import type { Machine } from '../dist/machine.js';
import { nodeProvider } from '../dist/node/crypto-provider.js';
import { type Case, compared, measure, type Options, type Result, ratio } from './measure.ts';
import { type Benches, inOwnProcesses, runAsked } from './own-process.ts';
import { referenceLoop } from './reference-loop.ts';
import { writer, zonefsMachine } from './stack.ts';

const SMALL = { count: 60_000, bytes: 4096 };
// Below the append limit of null_blk (127.5 KiB), so that the plain stack writes whole blocks too.
const LARGE = { count: 128, bytes: 64 * 1024, readBack: true };
const MEGABYTES = LARGE.bytes / 1e6;
const PROCESSES = 5;

const BENCHES: Benches = {
  'full-stack-bios': fullStack,
  'trace-overhead': traceOverhead,
  'crypt-deferred': cryptDeferred,
  'crypt-eager': cryptEager,
};

export function writeBenches(options: Options): Readonly<Record<string, () => Result>> {
  return inOwnProcesses(BENCHES, import.meta.url, options, PROCESSES);
}

/**
 * A program that writes a file from its start, each round on the same machine: what is timed is a machine that runs, not
 * the making of one. Its trace uses its memory again. `unit`: what a block counts.
 */
function writing(
  name: string,
  make: () => Machine,
  program: { count: number; bytes: number; readBack?: boolean },
  unit = 1,
): Case {
  let machine: Machine | null = null;
  const { count, bytes, readBack = false } = program;
  return {
    name,
    prepare: () => {
      machine ??= make();
      machine.run('truncate -s 0 /mnt/seq/0');
      machine.trace.clear();
    },
    run: () => machine!.call(writer(machine!, count, bytes, readBack), 'writer') * unit,
  };
}

function fullStack(options: Options): Result {
  const rates = measure(
    [
      writing('stack', () => zonefsMachine(true), SMALL),
      { name: 'loop', run: () => referenceLoop(SMALL.count * 10) },
    ],
    options,
  );
  return compared('full-stack-bios', 'writes/s', rates, {
    reference: 'objects + closures, device only',
    floor: 0.2,
  });
}

/** The same program with the trace on and off. */
function traceOverhead(options: Options): Result {
  const rates = measure(
    [
      writing('on', () => zonefsMachine(true, { trace: true }), SMALL),
      writing('off', () => zonefsMachine(true, { trace: false }), SMALL),
    ],
    options,
  );
  return compared('trace-overhead', 'writes/s', rates, { reference: 'trace off', floor: 0.75 });
}

function cryptDeferred(options: Options): Result {
  const program = { ...LARGE, count: LARGE.count * 32 };
  const make = (over: boolean | 'linear') => () => zonefsMachine(over, { trace: false });
  const rates = measure(
    [
      writing('crypt', make(true), program, MEGABYTES),
      writing('plain', make(false), program, MEGABYTES),
      writing('linear', make('linear'), program, MEGABYTES),
    ],
    options,
  );
  const overLinear = ratio(rates.get('crypt')!, rates.get('linear')!).toFixed(2);
  return compared('crypt-deferred', 'MB/s', rates, {
    reference: `the same without dm-crypt; ${overLinear} of the same with dm-linear`,
  });
}

function cryptEager(options: Options): Result {
  const eager = { trace: false, eagerCiphertext: true };
  const rates = measure(
    [nodeProvider, nobleProvider].map((cipherProvider) =>
      writing(
        cipherProvider.name,
        () => zonefsMachine(true, { ...eager, cipherProvider }),
        LARGE,
        MEGABYTES,
      ),
    ),
    options,
  );
  return compared('crypt-eager', 'MB/s', rates, { reference: 'noble provider' });
}

runAsked(BENCHES, import.meta.url);
