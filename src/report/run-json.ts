/**
 * The outcome of `zonestack run` as a document: every step of every cell. Keys are zeroed wherever they stand, as
 * dmsetup shows them.
 */

import type { LoadedScenario } from '../scenario/load.ts';
import type { CellResult, StepResult } from '../scenario/run.ts';
import { redactor, secretsOf, zeroed } from '../scenario/secrets.ts';
import type { Table } from './measure.ts';
import { mismatchPlace } from './run-text.ts';
import { traceText } from './trace-text.ts';

/** A scenario from what `cellJson` made of its cells. */
export function runJson(
  loaded: LoadedScenario,
  cells: readonly { readonly met: boolean }[],
  table: Table | null = null,
): { readonly met: boolean } {
  const { file, title } = loaded;
  const rest = table === null ? {} : { table };
  const met = cells.every((cell) => cell.met);
  return { file, title, met, ...rest, cells } as unknown as { readonly met: boolean };
}

export function cellJson(
  loaded: LoadedScenario,
  result: CellResult,
  withTrace: boolean,
): { readonly met: boolean } {
  const hide = zeroingHider(result);
  const cell = {
    values: result.cell.values,
    met: result.met,
    steps: result.steps.map((step) => stepJson(loaded, result, step, withTrace)),
  };
  return hidden(cell, hide) as { readonly met: boolean };
}

/** Puts zeros in the place of the keys of a cell's commands. */
export function zeroingHider(result: CellResult): (text: string) => string {
  return redactor(secretsOf(result.steps.map((step) => step.text)), zeroed);
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
    command: step.text,
    ran: step.ran,
    kernel: step.kernel,
    ...(step.cut === true ? { power_cut: true } : {}),
    ...(step.fault === undefined
      ? {}
      : { fault: { met: step.fault.met, struck: step.fault.struck } }),
    exit: step.exit,
    stdout: step.stdout,
    stderr: step.stderr,
    dmesg: step.dmesg,
    path: step.path,
    readback: step.readback,
    decisions: step.decisions,
    mismatches: step.mismatches.map((one) => {
      const { line, column } = mismatchPlace(loaded, step, one);
      return { ...one, line, column };
    }),
    ...(withTrace
      ? { trace: traceText(machine, step.traceStart, step.traceEnd).trimEnd().split('\n') }
      : {}),
  };
}

/** `value` with `hide` over every text in it. */
function hidden(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === 'string') return hide(value);
  if (Array.isArray(value)) return value.map((item) => hidden(item, hide));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hidden(item, hide)]));
}
