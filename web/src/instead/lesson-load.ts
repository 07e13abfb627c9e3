/** In the place of src/lessons/load.ts: lessons come to the page loaded. */

import type { LoadedScenario } from '../../../src/scenario/load.ts';
import type { Cell } from '../../../src/scenario/matrix.ts';
import { cellWith } from './scenario-load.ts';

export function lessonCell(scenario: LoadedScenario, set: Cell) {
  return cellWith(scenario, { ...scenario.cells[0]!.values, ...set });
}
