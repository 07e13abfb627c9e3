/** Why the steps of a scenario went as they did. */

import type { LoadedScenario, ScenarioCell } from '../scenario/load.ts';
import { type CellResult, type RunOptions, readBackStep } from '../scenario/run.ts';
import { type Chain, chainsOf } from './why-chains.ts';

export type { Cause, Chain } from './why-chains.ts';

/** Every chain there is, the worst symptom first; what was written is read back by running the cell again. */
export function explain(
  loaded: LoadedScenario,
  cell: ScenarioCell,
  result: CellResult,
  options: RunOptions = {},
): Chain[] {
  return chainsOf(result, ({ index }) => readBackStep(loaded, cell, index, options));
}
