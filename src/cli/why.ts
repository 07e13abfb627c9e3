/** `zonestack why`: the shortest causal chain from what went wrong to what caused it. */

import { parseArgs } from 'node:util';
import { wrap } from '../report/columns.ts';
import { cellText } from '../report/run-text.ts';
import { type Chain, explain } from '../report/why.ts';
import { runCell } from '../scenario/run.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { loadFile } from './files.ts';
import { runOptions, toRunOptions } from './options.ts';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...runOptions, all: { type: 'boolean' } },
  });
  const [file, step, ...rest] = positionals;
  if (file === undefined || rest.length > 0) {
    throw new UsageError('"why" expected a scenario file and perhaps a step number');
  }
  if (step !== undefined && !/^[1-9]\d*$/.test(step)) {
    throw new UsageError(`"why" expected a step number from 1, got "${step}"`);
  }
  const loaded = loadFile(file);
  for (const cell of loaded.cells) {
    const { kernel } = cell.scenario;
    const named = typeof kernel === 'string' ? kernel : [kernel.base, ...kernel.patches].join('+');
    const options = toRunOptions(values, named);
    const result = runCell(loaded, cell, options);
    const chains = explain(loaded, cell, result, options).filter(
      (one) => step === undefined || one.step === Number(step) - 1,
    );
    const last = result.steps.findLast((one) => one.ran)?.kernel ?? named;
    context.out(`${context.style('bold', `${last}${cellText(cell.values)}`)}\n`);
    if (chains.length === 0) context.out('  nothing went wrong\n');
    for (const one of values.all === true ? chains : chains.slice(0, 1)) {
      context.out(chainText(one, context));
    }
    const hidden = values.all === true ? 0 : Math.max(0, chains.length - 1);
    if (hidden > 0) context.out(`  (${hidden} more with --all)\n`);
  }
  return EXIT.met;
}

function chainText(one: Chain, context: CliContext): string {
  const links = one.links.map((link, index) => {
    const text = wrap(link, 7);
    return `    ${index === one.links.length - 1 ? '=>' : '<-'} ${text.slice(7)}`;
  });
  return `${context.style('red', wrap(one.symptom, 2).trimEnd())}\n${links.join('')}`;
}
