/** The lessons, ready to run in the page, and a run of one as a list of commands. */

import type { Lesson } from '../../../src/lessons/types.ts';
import type { CellResult, StepResult } from '../../../src/scenario/run.ts';
import { givenScenario, kernelName } from '../instead/scenario-load.ts';
import type { Plan } from '../model/run.ts';
import { given } from './data.ts';

export { LessonRun } from '../../../src/lessons/run.ts';

/** In order of their numbers. */
export const lessons: readonly Lesson[] = given
  .map((one) => ({ ...one, scenario: givenScenario(one), scenarioText: '' }))
  .sort((a, b) => a.number - b.number);

/**
 * What ran, as commands for the page's own runs, which can be stepped through; null for a scenario with steps that are no
 * commands: planned faults, parallel steps.
 */
export function planOf({ cell, steps }: CellResult): Plan | null {
  const { scenario } = cell;
  const commands: string[] = [];
  for (const { index, ran } of steps) {
    if (!ran) continue;
    const step = scenario.steps[index]!;
    if ('run' in step && step.background !== true) commands.push(step.run);
    else if ('reboot' in step) {
      const { how, kernel } = step.reboot;
      const onto = kernel === undefined ? '' : ` ${kernelName(kernel)}`;
      commands.push(`${how === 'power-cut' ? how : 'reboot'}${onto}`);
    } else return null;
  }
  const { disks, seed = 0 } = scenario;
  const costs =
    scenario.costs === undefined ? {} : { costs: scenario.costs as Plan['costs'] & object };
  const kernel = kernelName(scenario.kernel);
  return { kernel, disks: disks as Plan['disks'], seed, commands, ...costs };
}

const WRITERS = /^(?:dd|xfs_io|mount|zio|mkfs|mkzonefs)\b/;

/** Of the commands of `planOf`, the one whose end shows most: the last since the last boot that wrote, or was to and failed. */
export function tellingStep({ steps, machines }: CellResult): number {
  const ran = steps.filter((step) => step.ran);
  const last = (shows: (step: StepResult) => boolean): number =>
    ran.findLastIndex((step) => step.machine === machines.length - 1 && shows(step));
  const found = last(
    ({ path, exit, text }) => path !== 'none' || (exit !== 0 && WRITERS.test(text)),
  );
  return found < 0 ? ran.length - 1 : found;
}
