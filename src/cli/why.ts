/** `zonestack why`: the shortest causal chain from what went wrong to what caused it. */

import { wrap } from '../report/columns.ts';
import { cellText } from '../report/run-text.ts';
import { type Chain, explain } from '../report/why.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { type CellResult, runCell } from '../scenario/run.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { loadFile } from './files.ts';
import { parsed } from './options.ts';
import { runOptions, toRunOptions } from './run-options.ts';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, { ...runOptions, all: { type: 'boolean' } });
  const [file, typed, ...rest] = positionals;
  if (file === undefined || rest.length > 0) {
    throw new UsageError('"why" expected a scenario file and perhaps a step number');
  }
  const loaded = loadFile(file);
  const step = typed === undefined ? null : stepNumber(typed, loaded);
  for (const cell of loaded.cells) {
    const options = toRunOptions(values, cell);
    const result = runCell(loaded, cell, options);
    const found = explain(loaded, cell, result, options);
    const chains = found.filter((one) =>
      step === null ? values.all === true || !one.note : one.step === step - 1,
    );
    context.out(wrap(context.style('bold', `${kernelsOf(result)}${cellText(result)}`), 0, 2));
    if (chains.length === 0) context.out(`  ${nothingWrong(result, step)}\n`);
    for (const one of values.all === true ? chains : chains.slice(0, 1)) {
      context.out(chainText(one, context));
    }
    const more = values.all === true ? 0 : moreWithAll(found, step);
    if (more > 0) context.out(`  (${more} more with --all)\n`);
  }
  return EXIT.met;
}

/** Chains that are not told, beside the first: notes among them. */
function moreWithAll(found: readonly Chain[], step: number | null): number {
  if (step !== null) return found.filter((one) => one.step === step - 1).length - 1;
  return found.length - (found.some((one) => !one.note) ? 1 : 0);
}

/** Throws UsageError. */
function stepNumber(typed: string, loaded: LoadedScenario): number {
  const { length } = loaded.cells[0]!.scenario.steps;
  if (/^[1-9]\d{0,3}$/.test(typed) && Number(typed) <= length) return Number(typed);
  throw new UsageError(`"why" expected a step from 1 to ${length}, got "${typed}"`);
}

/** The kernels that ran it, in order of boots. */
function kernelsOf(result: CellResult): string {
  const names = result.machines.map((machine) => machine.kernel.name);
  return names.filter((name, at) => name !== names[at - 1]).join(', then ');
}

function nothingWrong(result: CellResult, step: number | null): string {
  if (step === null) return 'nothing went wrong';
  return result.steps[step - 1]!.ran ? `step ${step} went well` : `step ${step} was left out`;
}

function chainText(one: Chain, context: CliContext): string {
  const links = one.links.map((link, index) => {
    const mark = index === one.links.length - 1 ? '=>' : '<-';
    return wrap(`${mark} ${link}`, 4, 7);
  });
  return `${context.style('red', wrap(one.symptom, 2).trimEnd())}\n${links.join('')}`;
}
