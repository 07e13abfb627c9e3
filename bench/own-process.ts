/**
 * Benches in processes of their own. What ran before in a process is measured too: types the engine has seen, the size of
 * the heap. And each process settles on its own way of compiling a loop, some a tenth slower than others; so where a
 * bench asks for several processes, the one in the middle speaks.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Options, Result } from './measure.ts';

export type Benches = Readonly<Record<string, (options: Options) => Result>>;

/** The benches of the module `url`, which must call `runAsked`, each to be run in `processes` processes. */
export function inOwnProcesses(
  benches: Benches,
  url: string,
  options: Options,
  processes = 1,
): Readonly<Record<string, () => Result>> {
  const run = (name: string) => (): Result => {
    const results = Array.from({ length: processes }, () => runOne(url, name, options));
    results.sort((a, b) => a.ratio - b.ratio);
    return results[Math.floor(processes / 2)]!;
  };
  return Object.fromEntries(Object.keys(benches).map((name) => [name, run(name)]));
}

function runOne(url: string, name: string, options: Options): Result {
  const args = [...process.execArgv, fileURLToPath(url), name, JSON.stringify(options)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} expected a result, got "${stderr}"`);
  return JSON.parse(stdout) as Result;
}

/** What a module of benches does when it is run as a program. */
export function runAsked(benches: Benches, url: string): void {
  const [, script, name, options] = process.argv;
  if (script !== fileURLToPath(url)) return;
  process.stdout.write(JSON.stringify(benches[name!]!(JSON.parse(options!) as Options)));
}
