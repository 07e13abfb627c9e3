/** The options of commands that run scenarios: which kernel, which seed, who computes ciphers. */

import type { CipherProvider } from '../dm/crypt/provider.ts';
import { providerNamed, providersHere } from '../dm/crypt/providers.ts';
import { kernelByName } from '../kernel/releases.ts';
import { nodeProvider } from '../node/crypto-provider.ts';
import { kernelName, type ScenarioCell } from '../scenario/load.ts';
import type { RunOptions } from '../scenario/run.ts';
import { UsageError } from './context.ts';

export const runOptions = {
  kernel: { type: 'string' },
  patch: { type: 'string', multiple: true },
  seed: { type: 'string' },
  crypto: { type: 'string' },
} as const;

export interface RunValues {
  readonly kernel?: string | undefined;
  readonly patch?: string[] | undefined;
  readonly seed?: string | undefined;
  readonly crypto?: string | undefined;
}

/** `--kernel K --patch P` as a run of `cell` takes it. Throws UsageError and KernelError. */
export function toRunOptions(values: RunValues, cell: ScenarioCell): RunOptions {
  const patches = values.patch ?? [];
  const named =
    values.kernel ?? (patches.length > 0 ? kernelName(cell.scenario.kernel) : undefined);
  const kernel = named === undefined ? undefined : [named, ...patches].join('+');
  if (kernel !== undefined) kernelByName(kernel);
  if (values.seed !== undefined && !/^\d{1,9}$/.test(values.seed)) {
    throw new UsageError(`"--seed" expected a number of up to 9 digits, got "${values.seed}"`);
  }
  return {
    ...(kernel === undefined ? {} : { kernel }),
    ...(values.seed === undefined ? {} : { seed: Number(values.seed) }),
    cipherProvider: chosenProvider(values.crypto),
  };
}

/** What Node brings. */
const NATIVE = [nodeProvider];

/** The fastest unless `name` says which. Throws UsageError. */
function chosenProvider(name: string | undefined): CipherProvider {
  const found = name === undefined ? providersHere(NATIVE)[0] : providerNamed(name, NATIVE);
  if (found !== null && found !== undefined) return found;
  const names = providersHere(NATIVE).map((one) => one.name);
  throw new UsageError(`"--crypto" expected ${names.join(', ')}, got "${name}"`);
}
