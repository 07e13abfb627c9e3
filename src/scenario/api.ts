/** Running a scenario from a program: text in, what every step showed out. */

import { type CellExploreOptions, comesTo, type ExploredCell, exploreCell } from './explore.ts';
import { loadScenario } from './load.ts';
import { type CellResult, type RunOptions, runCell } from './run.ts';

export interface ScenarioResult {
  readonly title: string;
  /** Were all expectations of all cells met? */
  readonly met: boolean;
  /** One for each cell of the matrix; a scenario without one has a single cell. */
  readonly cells: readonly CellResult[];
}

/**
 * Runs the scenario in `text` (YAML, version 1). `file` is the name errors show. Throws ScenarioError for what is wrong
 * in the file, with its place; expectations that are not met are results, not errors.
 */
export function runScenario(
  text: string,
  options: RunOptions & { readonly file?: string } = {},
): ScenarioResult {
  const loaded = loadScenario(options.file ?? 'scenario.yaml', text);
  const cells = loaded.cells.map((cell) => runCell(loaded, cell, options));
  return { title: loaded.title, met: cells.every((cell) => cell.met), cells };
}

export interface ExploredScenario {
  readonly title: string;
  /** Did every cell come to what the file's `explore: expect` says, or, where it says nothing, without a failing schedule? */
  readonly met: boolean;
  readonly cells: readonly ExploredCell[];
}

/**
 * Runs the parallel steps of the scenario in `text` in every order that can matter, as `zonestack explore` does. Throws
 * ScenarioError as runScenario() does.
 */
export function exploreScenario(
  text: string,
  options: CellExploreOptions & { readonly file?: string } = {},
): ExploredScenario {
  const { file = 'scenario.yaml', ...rest } = options;
  const loaded = loadScenario(file, text);
  const cells = loaded.cells.map((cell) => exploreCell(loaded, cell, rest));
  const met = cells.every((cell) => comesTo(cell, rest.kernel !== undefined));
  return { title: loaded.title, met, cells };
}
