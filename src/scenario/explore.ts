/**
 * Exploring a scenario: its parallel steps under every order that can matter, the whole file run anew for each. What a
 * schedule comes to is what the steps from the first parallel one on showed; it fails when an expectation is not met,
 * a command waits for ever, or the model itself breaks.
 */

import type { ArmedFault } from '../block/faults.ts';
import { replayOf } from '../sim/explore/policies.ts';
import { type ExploredRun, Pruned, type SavedStep } from '../sim/explore/run.ts';
import { type Explored, type ExploreOptions, explore, type Outcome } from '../sim/explore.ts';
import { ScenarioError } from './errors.ts';
import { whenFits } from './expect.ts';
import { kernelName, type LoadedScenario, type ScenarioCell } from './load.ts';
import { type CellResult, type RunOptions, runCell, type StepResult } from './run.ts';
import type { ExploreExpectation } from './schema.ts';

export interface CellOutcome extends Outcome {
  /** Names of the expectations that were not met: `writers: exit`. */
  readonly laws: readonly string[];
  /** Null when the model itself broke. */
  readonly result: CellResult | null;
}

export interface ExploredCell {
  readonly cell: ScenarioCell;
  readonly explored: Explored<CellOutcome>;
  /**
   * What differs from the `explore: expect` of the file; null without one. Of schedules taken at random only what speaks
   * against it: what they do not show others may.
   */
  readonly unmet: readonly string[] | null;
  /** What became of each fault of the file in all schedules together. */
  readonly faults: readonly ArmedFault[];
}

export type CellExploreOptions = Pick<ExploreOptions, 'max' | 'full' | 'random' | 'progress'> &
  Pick<RunOptions, 'kernel' | 'seed' | 'cipherProvider'>;

/** Throws ScenarioError as runCell() does. */
export function exploreCell(
  loaded: LoadedScenario,
  cell: ScenarioCell,
  options: CellExploreOptions = {},
): ExploredCell {
  const { scenario } = cell;
  // A loaded cell makes its scenario anew whenever it is asked: once will do for all schedules.
  const held: ScenarioCell = { values: cell.values, scenario };
  const { kernel, seed, cipherProvider, ...rest } = options;
  const given = {
    ...(kernel === undefined ? {} : { kernel }),
    ...(seed === undefined ? {} : { seed }),
    ...(cipherProvider === undefined ? {} : { cipherProvider }),
  };
  const faults = (scenario.explore?.faults ?? []).map(() => ({ met: 0, struck: 0 }));
  const explored = explore<CellOutcome>(
    (run) => {
      const outcome = outcomeOf(loaded, held, { ...given, explored: run });
      outcome.result?.faults.forEach((fault, at) => {
        faults[at]!.met = Math.max(faults[at]!.met, fault.met);
        faults[at]!.struck += fault.struck;
      });
      return outcome;
    },
    {
      ...(scenario.explore?.max === undefined ? {} : { max: scenario.explore.max }),
      ...rest,
      powerCut: scenario.explore?.power_cut ?? false,
      seed: seed ?? scenario.seed ?? 0,
    },
  );
  const steps = explored.outcomes[0]?.outcome.result?.steps ?? [];
  const name = steps.find((step) => step.items !== undefined)?.kernel;
  const sample = options.random !== undefined;
  const booted = name ?? kernelName(scenario.kernel);
  return { cell, explored, unmet: unmetOf(cell, booted, explored, sample), faults };
}

/** As the file expects; without an expectation, or under another kernel than the file's, no schedule may fail. */
export function comesTo({ explored, unmet }: ExploredCell, otherKernel: boolean): boolean {
  return unmet === null || otherKernel ? explored.failing === 0 : unmet.length === 0;
}

/** A run of `cell` under a saved schedule, for runCell() with the same seed: the one the schedule was found under. */
export function savedRun(
  cell: ScenarioCell,
  saved: readonly SavedStep[],
  seed = cell.scenario.seed ?? 0,
): ExploredRun {
  return replayOf(saved, { seed, powerCut: cell.scenario.explore?.power_cut ?? false });
}

function outcomeOf(loaded: LoadedScenario, cell: ScenarioCell, options: RunOptions): CellOutcome {
  try {
    const result = runCell(loaded, cell, options);
    const { steps } = result;
    const first = steps.findIndex((step) => step.items !== undefined);
    const shown = steps.slice(Math.max(first, 0)).filter((step) => step.ran);
    const laws = steps.flatMap((step) =>
      step.mismatches.map(({ key }) => `${stepName(step)}: ${key}`),
    );
    const summary = shown.map((step) => shownText(step)).filter((text) => text !== '');
    return {
      summary: summary.join(', '),
      failing: laws.length > 0,
      laws: [...new Set(laws)],
      result,
    };
  } catch (error) {
    if (error instanceof Pruned || error instanceof ScenarioError) throw error;
    const law = `the model: ${error instanceof Error ? error.message : String(error)}`;
    return { summary: law, failing: true, laws: [law], result: null };
  }
}

export function stepName({ name, index }: StepResult): string {
  return name ?? `step ${index + 1}`;
}

/** `writers 0+1 different`: exit codes and what was read back; a step that has no name and succeeds is left out. */
function shownText(step: StepResult): string {
  const { items, exit, readback, cut, name, stdout } = step;
  if (cut === true) return 'power cut';
  const codes = items?.map((item) => (item.exit === null ? 'hangs' : String(item.exit)));
  if (codes === undefined && name === null && exit === 0) return '';
  const words = [stepName(step), codes?.join('+') ?? String(exit)];
  if (readback !== null) words.push(readback);
  // What a later step prints is what the schedule left behind.
  const line = stdout.trim();
  if (codes === undefined && line !== '' && !line.includes('\n')) words.push(line.slice(0, 60));
  return words.join(' ');
}

function unmetOf(
  cell: ScenarioCell,
  kernel: string,
  explored: Explored<CellOutcome>,
  sample: boolean,
): readonly string[] | null {
  const given = cell.scenario.explore?.expect;
  if (given === undefined) return null;
  const list = Array.isArray(given) ? given : [given];
  const expected = list.find(
    (one) => one.when === undefined || whenFits(one.when, kernel, cell.values),
  );
  return expected === undefined ? [] : differences(expected, explored, sample);
}

function differences(
  expected: ExploreExpectation,
  explored: Explored<CellOutcome>,
  sample: boolean,
): string[] {
  const out: string[] = [];
  const failing = explored.failing > 0;
  if (expected.failing !== failing && (failing || !sample)) {
    const what = (some: boolean): string => (some ? 'a failing schedule' : 'no failing schedule');
    out.push(`expected ${what(expected.failing)}, got ${explored.failing}`);
  }
  if (!expected.failing && !explored.complete && !sample) {
    out.push('expected all schedules to be run, got too many of them');
  }
  const laws = new Set(explored.outcomes.flatMap(({ outcome }) => outcome.laws));
  const { law, outcomes } = expected;
  if (!sample && law !== undefined && ![...laws].some((one) => one.includes(law))) {
    out.push(`expected "${law}" not to hold, got ${[...laws].join('; ') || 'all laws holding'}`);
  }
  if (outcomes !== undefined) {
    const got = new Set(explored.outcomes.map(({ outcome }) => outcome.summary));
    const missing = sample ? [] : outcomes.filter((one) => !got.has(one));
    const more = [...got].filter((one) => !outcomes.includes(one));
    out.push(...missing.map((one) => `expected the outcome "${one}", got none`));
    out.push(...more.map((one) => `expected no outcome "${one}", got it`));
  }
  return out;
}
