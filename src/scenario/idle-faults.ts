/**
 * Faults that befell nothing: a typing error in a fault goes unseen otherwise, since all then goes well. Notes, not errors,
 * told once for all cells of a scenario.
 */

import type { ArmedFault } from '../block/faults.ts';
import type { Advice } from './advice.ts';
import type { PathPart, ScenarioDocument } from './document.ts';
import { idleText } from './faults.ts';
import type { LoadedScenario } from './load.ts';
import type { CellResult } from './run.ts';

interface Told {
  ran: number;
  idle: number;
  /** Of the first cell in which it was. */
  text: string;
}

/** Counts over the cells of a scenario. */
export class IdleFaults {
  private readonly document: ScenarioDocument;
  private readonly steps = new Map<number, Told>();

  constructor({ document }: LoadedScenario) {
    this.document = document;
  }

  add({ cell, steps }: CellResult): void {
    for (const { index, fault } of steps) {
      const step = cell.scenario.steps[index]!;
      if (fault === undefined || !('fault' in step)) continue;
      const told = this.steps.get(index) ?? { ran: 0, idle: 0, text: '' };
      this.steps.set(index, told);
      told.ran += 1;
      const text = idleText(step.fault, fault);
      if (text === null) continue;
      told.idle += 1;
      if (told.text === '') told.text = text;
    }
  }

  advice(): Advice[] {
    return [...this.steps].flatMap(([index, { ran, idle, text }]) => {
      if (idle === 0) return [];
      const where = idle === ran ? '' : `in ${idle} of ${ran} cells `;
      const place = this.document.placeOf(['steps', index, 'fault']);
      return [{ place, message: `${where}${text}` }];
    });
  }
}

/** The faults of `explore: faults` that no schedule of any cell of a file met. */
export function idleExplored(
  loaded: LoadedScenario,
  cells: readonly (readonly ArmedFault[])[],
): Advice[] {
  const specs = loaded.cells[0]!.scenario.explore?.faults ?? [];
  return specs.flatMap((spec, at) => {
    const all = cells.map((faults) => faults[at]!);
    const most = (of: (fault: ArmedFault) => number): number => Math.max(...all.map(of));
    const text = idleText(spec, {
      met: most(({ met }) => met),
      struck: most(({ struck }) => struck),
    });
    const path: PathPart[] = ['explore', 'faults', at];
    return text === null ? [] : [{ place: loaded.document.placeOf(path), message: text }];
  });
}
