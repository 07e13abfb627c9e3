/** A schedule in a file: which cell it is of, and the labels of its steps. */

import { closest } from '../kernel/suggest.ts';
import { cellHider } from '../report/explore-text.ts';
import { savedRun } from '../scenario/explore.ts';
import type { LoadedScenario, ScenarioCell } from '../scenario/load.ts';
import { type CellResult, runCell } from '../scenario/run.ts';
import { ScheduleMisfit } from '../sim/explore/policies.ts';
import type { SavedStep } from '../sim/explore/run.ts';
import { UsageError } from './context.ts';
import { readText } from './files.ts';

interface ScheduleFile {
  readonly format_version: 1;
  readonly title: string;
  readonly values: Readonly<Record<string, string>>;
  /** Place of the cell among those of the file, from 0. */
  readonly cell?: number;
  readonly kernel?: string;
  readonly seed: number;
  readonly schedule: readonly SavedStep[];
}

export function scheduleText(
  loaded: LoadedScenario,
  cell: ScenarioCell,
  kernel: string | undefined,
  seed: number,
  schedule: readonly SavedStep[],
): string {
  const hide = cellHider(cell);
  const file: ScheduleFile = {
    format_version: 1,
    title: hide(cell.scenario.title),
    values: shownValues(cell, hide),
    cell: loaded.cells.indexOf(cell),
    ...(kernel === undefined ? {} : { kernel }),
    seed,
    schedule,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/**
 * Runs the cell of `loaded` that the schedule in `file` is of, under it; `note` is told when the run did not come to all of
 * its steps. Throws UsageError and ScenarioError.
 */
export function runScheduled(
  loaded: LoadedScenario,
  file: string,
  note: (text: string) => void,
): CellResult {
  const saved = readSchedule(file);
  const wanted = cellKey(saved.values);
  const keys = loaded.cells.map((one) => cellKey(shownValues(one, cellHider(one))));
  // Cells that differ in a key alone look the same without it.
  const number = keys[saved.cell ?? 0] === wanted ? (saved.cell ?? 0) : keys.indexOf(wanted);
  const cell = loaded.cells[number];
  if (cell === undefined) {
    const near = closest(wanted, keys);
    const hint = near === null ? '' : `; the nearest is ${near}`;
    throw new UsageError(`"${file}" is of the cell ${wanted}, which ${loaded.file} has not${hint}`);
  }
  const { kernel, seed } = saved;
  const explored = savedRun(cell, saved.schedule, seed);
  try {
    const result = runCell(loaded, cell, {
      ...(kernel === undefined ? {} : { kernel }),
      seed,
      explored,
    });
    const { left } = explored;
    if (left.length > 0) {
      const first = typeof left[0] === 'string' ? left[0] : left[0]!.choose;
      const count = `${left.length} of ${saved.schedule.length} steps`;
      note(
        `"${file}": ${count} did not come, from "${first}" on: the scenario has changed since, or it is of another one`,
      );
    }
    return result;
  } catch (error) {
    if (!(error instanceof ScheduleMisfit)) throw error;
    throw new UsageError(`"${file}" does not fit this scenario: ${error.message}`);
  }
}

/** Matrix values without keys: a schedule may be sent to somebody. */
function shownValues(
  cell: ScenarioCell,
  hide: (text: string) => string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(cell.values).map(([name, one]) => [name, hide(one)]));
}

function cellKey(values: Readonly<Record<string, string>>): string {
  return `{${Object.entries(values)
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
    .join(', ')}}`;
}

function readSchedule(file: string): ScheduleFile {
  let value: unknown;
  try {
    value = JSON.parse(readText(file));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new UsageError(`"${file}" expected a schedule as JSON, got ${error.message}`);
  }
  if (!isSchedule(value)) {
    throw new UsageError(`"${file}" expected a schedule that explore --save wrote, got other JSON`);
  }
  return value;
}

function isSchedule(value: unknown): value is ScheduleFile {
  if (value === null || typeof value !== 'object') return false;
  const { format_version, values, cell, kernel, seed, schedule } = value as Record<string, unknown>;
  return (
    format_version === 1 &&
    values !== null &&
    typeof values === 'object' &&
    Object.values(values).every((one) => typeof one === 'string') &&
    (cell === undefined || isCount(cell)) &&
    (kernel === undefined || typeof kernel === 'string') &&
    isCount(seed) &&
    Array.isArray(schedule) &&
    schedule.every(isSavedStep)
  );
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isSavedStep(value: unknown): value is SavedStep {
  if (typeof value === 'string') return true;
  if (value === null || typeof value !== 'object') return false;
  const { choose, take } = value as Record<string, unknown>;
  return typeof choose === 'string' && typeof take === 'string';
}
