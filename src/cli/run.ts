/** `zonestack run`: runs scenarios, says which expectations were not met and where they stand. */

import { table, wrap } from '../report/columns.ts';
import { addRow, tableOf } from '../report/measure.ts';
import { cellJson, runJson, zeroingHider } from '../report/run-json.ts';
import { hiderOf, RunText, runText } from '../report/run-text.ts';
import { tellTrace } from '../report/trace-text.ts';
import { adviceOn } from '../scenario/advice.ts';
import { ScenarioError } from '../scenario/errors.ts';
import { IdleFaults } from '../scenario/idle-faults.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { runCell } from '../scenario/run.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { loadFile } from './files.ts';
import { tellNotes } from './notes.ts';
import { formatOf, parsed } from './options.ts';
import { type RunValues, runOptions, toRunOptions } from './run-options.ts';
import { runScheduled } from './schedule-file.ts';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, {
    ...runOptions,
    format: { type: 'string' },
    trace: { type: 'boolean' },
    schedule: { type: 'string' },
  });
  if (positionals.length === 0) throw new UsageError('"run" expected at least one scenario file');
  const format = formatOf(values.format);
  const withTrace = values.trace === true;
  // All files are read and checked before any is run: bad input is said at once.
  const all = loadScenarios(positionals, context);
  for (const loaded of all) {
    toRunOptions(values, loaded.cells[0]!);
    tellNotes(adviceOn(loaded), context);
  }
  if (values.schedule !== undefined) {
    return replay(all, values.schedule, { json: format === 'json', withTrace }, context);
  }
  if (format === 'text') {
    const met = all.map((loaded) => runAsText(loaded, values, withTrace, context));
    return met.includes(false) ? EXIT.failed : EXIT.met;
  }
  const scenarios = all.map((loaded) => {
    const rows: string[][] = [];
    const idle = new IdleFaults(loaded);
    const cells = loaded.cells.map((cell) => {
      const options = toRunOptions(values, cell);
      const result = runCell(loaded, cell, options);
      idle.add(result);
      addRow(rows, loaded, result, options, zeroingHider(result));
      return cellJson(loaded, result, withTrace);
    });
    tellNotes(idle.advice(), context);
    return runJson(loaded, cells, tableOf(loaded, rows));
  });
  context.out(`${JSON.stringify({ format_version: 1, scenarios }, null, 2)}\n`);
  return scenarios.every(({ met }) => met) ? EXIT.met : EXIT.failed;
}

/** Reads all files. Comparisons among scenarios (`scenarios/*.yaml`) are left out with a note; alone they are refused. */
function loadScenarios(files: readonly string[], context: CliContext): LoadedScenario[] {
  const others: ScenarioError[] = [];
  const all = files.flatMap((file) => {
    try {
      return [loadFile(file)];
    } catch (error) {
      if (!(error instanceof ScenarioError) || error.code !== 'wrong-kind') throw error;
      others.push(error);
      return [];
    }
  });
  const [first] = others;
  if (all.length === 0 && first !== undefined) throw first;
  for (const { place } of others) {
    const message = `${place.file}: note: a comparison is not run here: zonestack compare ${place.file}`;
    context.note(wrap(message, 0, 2, true));
  }
  return all;
}

/** Runs the one cell a schedule was saved of, under that schedule. */
function replay(
  all: readonly LoadedScenario[],
  file: string,
  how: { readonly json: boolean; readonly withTrace: boolean },
  context: CliContext,
): number {
  const [loaded, ...rest] = all;
  if (loaded === undefined || rest.length > 0) {
    throw new UsageError('"--schedule" expected one scenario file, the one it was saved of');
  }
  const result = runScheduled(loaded, file, (text) => context.note(wrap(text, 0, 2)));
  if (how.json) {
    const scenarios = [runJson(loaded, [cellJson(loaded, result, how.withTrace)])];
    context.out(`${JSON.stringify({ format_version: 1, scenarios }, null, 2)}\n`);
  } else {
    if (how.withTrace) for (const machine of result.machines) tellTrace(machine, context.out);
    context.out(runText(loaded, [result], context.style));
  }
  return result.met ? EXIT.met : EXIT.failed;
}

/** Runs and tells one scenario; nothing of a cell is kept but its line. */
function runAsText(
  loaded: LoadedScenario,
  values: RunValues,
  withTrace: boolean,
  context: CliContext,
): boolean {
  const text = new RunText(loaded, context.style);
  const rows: string[][] = [];
  const idle = new IdleFaults(loaded);
  let met = true;
  for (const cell of loaded.cells) {
    const options = toRunOptions(values, cell);
    const result = runCell(loaded, cell, options);
    met &&= result.met;
    idle.add(result);
    text.add(result);
    addRow(rows, loaded, result, options, hiderOf(result));
    if (!withTrace) continue;
    for (const machine of result.machines) tellTrace(machine, context.out);
  }
  context.out(text.text());
  tellNotes(idle.advice(), context);
  const found = tableOf(loaded, rows);
  if (found !== null) context.out(`\n${table([found.titles, ...found.rows])}\n`);
  return met;
}
