/** The outcome of `zonestack run` as a document: every step of every cell. */

import { hideKeys } from '../scenario/errors.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import type { CellResult, StepResult } from '../scenario/run.ts';
import { mismatchPlace } from './run-text.ts';
import { traceText } from './trace-text.ts';

export function runJson(
  loaded: LoadedScenario,
  results: readonly CellResult[],
  withTrace: boolean,
): unknown {
  return {
    file: loaded.file,
    title: loaded.title,
    met: results.every((result) => result.met),
    cells: results.map((result) => ({
      values: Object.fromEntries(
        Object.entries(result.cell.values).map(([name, value]) => [name, hideKeys(value)]),
      ),
      met: result.met,
      steps: result.steps.map((step) => stepJson(loaded, result, step, withTrace)),
    })),
  };
}

function stepJson(
  loaded: LoadedScenario,
  result: CellResult,
  step: StepResult,
  withTrace: boolean,
): unknown {
  const machine = result.machines[step.machine]!;
  return {
    index: step.index,
    ...(step.name === null ? {} : { name: step.name }),
    command: hideKeys(step.text),
    ran: step.ran,
    kernel: step.kernel,
    exit: step.exit,
    stdout: hideKeys(step.stdout),
    stderr: hideKeys(step.stderr),
    dmesg: step.dmesg,
    path: step.path,
    readback: step.readback,
    decisions: step.decisions,
    mismatches: step.mismatches.map((one) => {
      const { line, column } = mismatchPlace(loaded, step, one);
      return { ...one, expected: hideKeys(one.expected), got: hideKeys(one.got), line, column };
    }),
    ...(withTrace
      ? { trace: traceText(machine, step.traceStart, step.traceEnd).trimEnd().split('\n') }
      : {}),
  };
}
