/** `zonestack trace`: runs a scenario and prints what happened on every floor. */

import { cellText } from '../report/run-text.ts';
import { tellTrace } from '../report/trace-text.ts';
import { runCell } from '../scenario/run.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { loadFile } from './files.ts';
import { parsed } from './options.ts';
import { runOptions, toRunOptions } from './run-options.ts';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, runOptions);
  const [file, ...rest] = positionals;
  if (file === undefined || rest.length > 0)
    throw new UsageError('"trace" expected one scenario file');
  const loaded = loadFile(file);
  for (const cell of loaded.cells) {
    const result = runCell(loaded, cell, toRunOptions(values, cell));
    if (loaded.cells.length > 1) context.out(`${context.style('bold', cellText(result).trim())}\n`);
    for (const machine of result.machines) {
      context.out(`${context.style('dim', `-- ${machine.kernel.name}`)}\n`);
      tellTrace(machine, context.out);
    }
  }
  return EXIT.met;
}
