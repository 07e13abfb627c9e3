/** The outcome of `zonestack run` as text: a line a scenario, and for each unmet expectation its place and both sides. */

import { printable } from '../scenario/errors.ts';
import type { Mismatch } from '../scenario/expect.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import type { Cell } from '../scenario/matrix.ts';
import type { CellResult, StepResult } from '../scenario/run.ts';
import { abbreviated, redactor, secretsOf } from '../scenario/secrets.ts';
import { wrap } from './columns.ts';

type Styler = (style: 'bold' | 'dim' | 'red' | 'green', text: string) => string;

/** What was not met of how many mismatches is told in full. */
const MAX_TOLD = 20;
/** Of each side. */
const MAX_CHARACTERS = 400;
const MAX_TITLE = 70;
/** Kernel log lines that may say why a command failed. */
const LOG_LINES = 4;

/** Takes the cells of a scenario one by one, so that none of them need be kept. */
export class RunText {
  private readonly loaded: LoadedScenario;
  private readonly style: Styler;
  private cells = 0;
  private steps = 0;
  private mismatches = 0;
  private told = '';

  constructor(loaded: LoadedScenario, style: Styler) {
    this.loaded = loaded;
    this.style = style;
  }

  add(result: CellResult): void {
    this.cells += 1;
    for (const step of result.steps) {
      if (step.ran) this.steps += 1;
      for (const mismatch of step.mismatches) {
        this.mismatches += 1;
        if (this.mismatches > MAX_TOLD) continue;
        this.told += this.mismatchText(result, step, mismatch);
      }
    }
  }

  /** The whole of it. */
  text(): string {
    const { style, loaded } = this;
    const met = this.mismatches === 0;
    const mark = met ? style('green', 'ok  ') : style('red', 'FAIL');
    const cells = this.cells === 1 ? '' : `${this.cells} cells, `;
    const counts = `(${cells}${this.steps} step${this.steps === 1 ? '' : 's'})`;
    const rest = this.mismatches - MAX_TOLD;
    const more = rest > 0 ? `\n${rest} more are not shown; --format json has them all\n` : '';
    const line = wrap(
      `${loaded.file}: ${shortened(printable(loaded.title), MAX_TITLE)} ${counts}`,
      5,
      5,
      true,
    ).slice(5);
    return `${mark} ${line}${this.told}${more}`;
  }

  private mismatchText(result: CellResult, step: StepResult, mismatch: Mismatch): string {
    const hide = hiderOf(result);
    const place = mismatchPlace(this.loaded, step, mismatch);
    const where = `${place.file}:${place.line}:${place.column}:`;
    const cell = this.loaded.cells.length === 1 ? '' : `, cell ${this.cells}${cellText(result)}`;
    const side = (name: string, value: string, indent = 4): string =>
      wrap(`${name} ${shortened(printable(hide(value)))}`, indent, indent + name.length + 1);
    const lines = step.dmesg.slice(-LOG_LINES).map((line) => side('kernel log:', line));
    return [
      `\n${this.style('bold', where)}\n`,
      wrap(`step ${step.index + 1} on ${step.kernel}${cell}`, 2, 4),
      wrap(`$ ${shortened(printable(hide(step.text)))}`, 4, 6),
      side(`${mismatch.key} expected`, mismatch.expected),
      side('got     ', mismatch.got, 4 + mismatch.key.length + 1),
      ...(mismatch.key === 'exit' ? lines : []),
    ].join('');
  }
}

export function runText(
  loaded: LoadedScenario,
  results: readonly CellResult[],
  style: Styler,
): string {
  const text = new RunText(loaded, style);
  for (const result of results) text.add(result);
  return text.text();
}

/** The start of a long text; keys are hidden before it is cut. */
export function shortened(text: string, most = MAX_CHARACTERS): string {
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/** Where the expectation that was not met stands; the step when it is the unsaid `exit: 0`. */
export function mismatchPlace(loaded: LoadedScenario, step: StepResult, mismatch: Mismatch) {
  const item = mismatch.item === undefined ? [] : ['parallel', mismatch.item];
  const base = ['steps', step.index, ...item, 'expect'];
  const path = mismatch.alternative === null ? base : [...base, mismatch.alternative];
  const keys = loaded.document.keysAt(path);
  if (keys.includes(mismatch.key)) return loaded.document.placeOfKey(path, mismatch.key);
  return keys.length > 0
    ? loaded.document.placeOf(path)
    : loaded.document.placeOf(['steps', step.index, ...item]);
}

/** Takes the keys of a cell's commands out of a text that people read. */
export function hiderOf(result: CellResult): (text: string) => string {
  return redactor(secretsOf(result.steps.map((step) => step.text)), abbreviated);
}

/** ` {cipher: aes-xts-plain64}`, keys hidden; empty without a matrix. */
export function cellText(result: CellResult): string {
  return valuesText(result.cell.values, hiderOf(result));
}

function valuesText(values: Cell, hide: (text: string) => string): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}: ${hide(value)}`);
  return pairs.length === 0 ? '' : ` {${printable(pairs.join(', '))}}`;
}
