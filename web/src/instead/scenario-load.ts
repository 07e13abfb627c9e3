/**
 * In the place of src/scenario/load.ts: scenarios come to the page read and checked when it was built, as plain values. What
 * is left to do is putting the values of a cell in.
 */

import type { Kernel } from '../../../src/kernel/kernel.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import type { ScenarioDocument } from '../../../src/scenario/document.ts';
import type { Place } from '../../../src/scenario/errors.ts';
import type { LoadedScenario, ScenarioCell } from '../../../src/scenario/load.ts';
import type { Cell } from '../../../src/scenario/matrix.ts';
import type { Scenario, Step } from '../../../src/scenario/schema.ts';
import { substitute } from '../../../src/scenario/substitute.ts';

/** A checked scenario file as it comes with the page. */
export interface GivenScenario {
  readonly file: string;
  readonly title: string;
  readonly names: readonly string[];
  readonly defaults: Cell;
  /** The YAML's value. */
  readonly value: unknown;
}

export function givenScenario({
  file,
  title,
  names,
  defaults,
  value,
}: GivenScenario): LoadedScenario {
  const place: Place = { file, line: 1, column: 1, picture: '' };
  const document = {
    value,
    placeOf: () => place,
    placeOfKey: () => place,
    plainSource: () => null,
  } as unknown as ScenarioDocument;
  const loaded = { file, document, title, names: new Set(names), cells: [] as ScenarioCell[] };
  loaded.cells.push(cellWith(loaded, defaults));
  return loaded;
}

export function cellWith({ document }: LoadedScenario, values: Cell): ScenarioCell {
  const scenario = substitute(document, values) as Scenario;
  return { values, scenario: { ...scenario, steps: scenario.steps.map(withDefaults) } };
}

/** What the schema fills in. */
function withDefaults(step: Step): Step {
  return 'reboot' in step
    ? { ...step, reboot: { ...step.reboot, how: step.reboot.how ?? 'clean' } }
    : step;
}

export function kernelAt(_document: unknown, _path: unknown, named: Scenario['kernel']): Kernel {
  return kernelByName(kernelName(named));
}

export function kernelName(named: Scenario['kernel']): string {
  return typeof named === 'string' ? named : [named.base, ...(named.patches ?? [])].join('+');
}

export function commandPlace(document: ScenarioDocument): Place {
  return document.placeOf([]);
}
