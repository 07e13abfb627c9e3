/** A schedule in a file: which cell it is of, and the labels of its steps. */

import { closest } from '../kernel/suggest.ts';
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
  readonly kernel?: string;
  readonly seed: number;
  readonly schedule: readonly SavedStep[];
}

export function scheduleText(
  cell: ScenarioCell,
  kernel: string | undefined,
  seed: number,
  schedule: readonly SavedStep[],
): string {
  const file: ScheduleFile = {
    format_version: 1,
    title: cell.scenario.title,
    values: cell.values,
    ...(kernel === undefined ? {} : { kernel }),
    seed,
    schedule,
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Runs the cell of `loaded` that the schedule in `file` is of, under it. Throws UsageError and ScenarioError. */
export function runScheduled(loaded: LoadedScenario, file: string): CellResult {
  const saved = readSchedule(file);
  const wanted = cellKey(saved.values);
  const cell = loaded.cells.find(({ values }) => cellKey(values) === wanted);
  if (cell === undefined) {
    const near = closest(
      wanted,
      loaded.cells.map(({ values }) => cellKey(values)),
    );
    const hint = near === null ? '' : `; the nearest is ${near}`;
    throw new UsageError(`"${file}" is of the cell ${wanted}, which ${loaded.file} has not${hint}`);
  }
  const { kernel, seed } = saved;
  const explored = savedRun(cell, saved.schedule, seed);
  try {
    return runCell(loaded, cell, { ...(kernel === undefined ? {} : { kernel }), explored });
  } catch (error) {
    if (!(error instanceof ScheduleMisfit)) throw error;
    throw new UsageError(`"${file}" does not fit this scenario: ${error.message}`);
  }
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
  const { format_version, values, kernel, seed, schedule } = value as Record<string, unknown>;
  return (
    format_version === 1 &&
    values !== null &&
    typeof values === 'object' &&
    Object.values(values).every((one) => typeof one === 'string') &&
    (kernel === undefined || typeof kernel === 'string') &&
    typeof seed === 'number' &&
    Array.isArray(schedule) &&
    schedule.every(isSavedStep)
  );
}

function isSavedStep(value: unknown): value is SavedStep {
  if (typeof value === 'string') return true;
  if (value === null || typeof value !== 'object') return false;
  const { choose, take } = value as Record<string, unknown>;
  return typeof choose === 'string' && typeof take === 'string';
}
