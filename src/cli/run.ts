/** `zonestack run`: runs scenarios, says which expectations were not met and where they stand. */

import { parseArgs } from 'node:util';
import { runJson } from '../report/run-json.ts';
import { runText } from '../report/run-text.ts';
import { traceText } from '../report/trace-text.ts';
import { type CellResult, runCell } from '../scenario/run.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { loadFile } from './files.ts';
import { formatOf, runOptions, toRunOptions } from './options.ts';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...runOptions, format: { type: 'string' }, trace: { type: 'boolean' } },
  });
  if (positionals.length === 0) throw new UsageError('"run" expected at least one scenario file');
  const format = formatOf(values.format);
  // All files are read and checked before any is run: bad input is said at once.
  const all = positionals.map(loadFile);
  let met = true;
  const documents: unknown[] = [];
  for (const loaded of all) {
    const results: CellResult[] = [];
    for (const cell of loaded.cells) {
      const { kernel } = cell.scenario;
      const named =
        typeof kernel === 'string' ? kernel : [kernel.base, ...kernel.patches].join('+');
      const result = runCell(loaded, cell, toRunOptions(values, named));
      results.push(result);
      if (values.trace === true && format === 'text') {
        for (const machine of result.machines) context.out(traceText(machine));
      }
    }
    met &&= results.every((result) => result.met);
    if (format === 'text') context.out(runText(loaded, results, context.style));
    else documents.push(runJson(loaded, results, values.trace === true));
  }
  if (format === 'json') {
    context.out(`${JSON.stringify({ format_version: 1, scenarios: documents }, null, 2)}\n`);
  }
  return met ? EXIT.met : EXIT.failed;
}
