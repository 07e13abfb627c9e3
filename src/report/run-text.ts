/** The outcome of `zonestack run` as text: a line a scenario, and for each unmet expectation its place and both sides. */

import { hideKeys } from '../scenario/errors.ts';
import type { Mismatch } from '../scenario/expect.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import type { Cell } from '../scenario/matrix.ts';
import type { CellResult, StepResult } from '../scenario/run.ts';
import { wrap } from './columns.ts';

type Styler = (style: 'bold' | 'dim' | 'red' | 'green', text: string) => string;

export function runText(
  loaded: LoadedScenario,
  results: readonly CellResult[],
  style: Styler,
): string {
  const failed = results.filter((result) => !result.met);
  const steps = results.reduce((sum, one) => sum + one.steps.filter((step) => step.ran).length, 0);
  const mark = failed.length === 0 ? style('green', 'ok  ') : style('red', 'FAIL');
  const cells = results.length === 1 ? '' : `${results.length} cells, `;
  const counts = `${cells}${steps} step${steps === 1 ? '' : 's'}`;
  let text = `${mark} ${loaded.file}: ${loaded.title} (${counts})\n`;
  for (const result of failed) {
    for (const step of result.steps) {
      for (const mismatch of step.mismatches)
        text += mismatchText(loaded, result, step, mismatch, style);
    }
  }
  return text;
}

function mismatchText(
  loaded: LoadedScenario,
  result: CellResult,
  step: StepResult,
  mismatch: Mismatch,
  style: Styler,
): string {
  const place = mismatchPlace(loaded, step, mismatch);
  const values = cellText(result.cell.values);
  const where = `${place.file}:${place.line}:${place.column}`;
  return [
    `\n${style('bold', where)}: step ${step.index + 1} on ${step.kernel}${values}\n`,
    wrap(`$ ${hideKeys(step.text)}`, 4),
    `    ${mismatch.key} expected ${hideKeys(mismatch.expected)}\n`,
    `    ${' '.repeat(mismatch.key.length)} got      ${hideKeys(mismatch.got)}\n`,
  ].join('');
}

/** Where the expectation that was not met stands; the step when it is the unsaid `exit: 0`. */
export function mismatchPlace(loaded: LoadedScenario, step: StepResult, mismatch: Mismatch) {
  const base = ['steps', step.index, 'expect'];
  const path = mismatch.alternative === null ? base : [...base, mismatch.alternative];
  const keys = loaded.document.keysAt(path);
  if (keys.includes(mismatch.key)) return loaded.document.placeOfKey(path, mismatch.key);
  return keys.length > 0
    ? loaded.document.placeOf(path)
    : loaded.document.placeOf(['steps', step.index]);
}

/** ` {cipher: aes-xts-plain64}`, keys hidden; empty without a matrix. */
export function cellText(values: Cell): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}: ${hideKeys(value)}`);
  return pairs.length === 0 ? '' : ` {${pairs.join(', ')}}`;
}
