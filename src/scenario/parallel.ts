/**
 * A `parallel:` step: its commands are started at one instant, each in a shell of its own, and the loop runs until all
 * have ended. First come, first served, unless a schedule is explored or replayed.
 */

import type { Machine } from '../machine.ts';
import { runTogether } from '../machine-explore.ts';
import type { CommandResult } from '../shell/shell.ts';
import type { ExploredRun } from '../sim/explore/run.ts';
import { type Mismatch, textMismatches } from './expect.ts';
import type { ParallelItem } from './schema.ts';

/** What one command showed; `null` when it never ended. */
export interface ItemResult {
  readonly name: string;
  readonly text: string;
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ParallelResult {
  readonly items: readonly ItemResult[];
  readonly problems: readonly NonNullable<CommandResult['problem']>[];
  /** The power was cut before all had ended. */
  readonly cut: boolean;
}

/** Runs the commands; `run` decides who goes first, where there is one. What the model itself throws is thrown on. */
export function runParallel(
  machine: Machine,
  items: readonly ParallelItem[],
  run: ExploredRun | null,
): ParallelResult {
  const named = items.map((item, i) => ({ name: item.name ?? String(i + 1), run: item.run }));
  const results = runTogether(machine, named, run);
  return {
    items: items.map((item, i) => ({
      name: named[i]!.name,
      text: item.run,
      exit: results[i]?.exit ?? null,
      stdout: results[i]?.stdout ?? '',
      stderr: results[i]?.stderr ?? '',
    })),
    problems: results.flatMap((result) => result?.problem ?? []),
    cut: machine.powerIsOff,
  };
}

/** The exit code of the step: of the commands without an expectation of their own, the first that is not 0. */
export function jointExit(items: readonly ParallelItem[], results: readonly ItemResult[]): number {
  const codes = results.map(({ exit }, i) => (items[i]!.expect === undefined ? (exit ?? 0) : 0));
  return codes.find((code) => code !== 0) ?? 0;
}

/** What of the commands' own expectations was not met; a command that never ends meets none. */
export function itemMismatches(
  items: readonly ParallelItem[],
  results: readonly ItemResult[],
): Mismatch[] {
  return results.flatMap((result, item) => {
    const base = { alternative: null, item };
    if (result.exit === null) {
      const got = `${result.name} that waits for ever`;
      return [{ ...base, key: 'hang', expected: 'a command that ends', got }];
    }
    const { expect } = items[item]!;
    if (expect === undefined || expect === 'any') return [];
    const wanted = expect.exit ?? 0;
    const exit = { ...base, key: 'exit', expected: String(wanted), got: String(result.exit) };
    const texts = { stdout: result.stdout, stderr: result.stderr };
    const found = textMismatches(expect, texts).map((one) => ({ ...base, ...one }));
    return result.exit === wanted ? found : [exit, ...found];
  });
}
