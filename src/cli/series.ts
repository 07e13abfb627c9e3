/** `zonestack series`: the main job. Runs the series scenario cell by cell, then tells one failing write in full. */

import { fileURLToPath } from 'node:url';
import { runText } from '../report/run-text.ts';
import { runSeries } from '../report/series.ts';
import { seriesStory, seriesTable } from '../report/series-text.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { loadFile } from './files.ts';
import { parsed } from './options.ts';

const AXES = ['boot', 'cipher', 'use'];
const DEFAULT_FILE = fileURLToPath(new URL('../../scenarios/series.yaml', import.meta.url));

export async function run(args: string[], context: CliContext): Promise<number> {
  const { positionals } = parsed(args, {});
  if (positionals.length > 1) throw new UsageError('"series" expected one scenario file or none');
  const loaded = loadFile(positionals[0] ?? DEFAULT_FILE);
  checkShape(loaded);
  const cells = runSeries(loaded, progress(context));
  context.out(`${seriesTable(cells, context.style)}\n`);
  const told = cells.find((cell) => cell.verdict.text.endsWith('WRONG'));
  if (told !== undefined) context.out(seriesStory(loaded, told, context.style));
  const results = cells.map((cell) => cell.result);
  if (results.every((result) => result.met)) return EXIT.met;
  context.note(runText(loaded, results, context.style));
  return EXIT.failed;
}

/** The table has a row for each boot, a column for each cipher, and judges the steps of these names. */
function checkShape(loaded: LoadedScenario): void {
  const { names, cells, file } = loaded;
  const missing = AXES.find((name) => !names.has(name));
  if (missing !== undefined) {
    throw new UsageError(
      `"series" expected a matrix with ${AXES.join(', ')}, got none of name "${missing}": zonestack run ${file}`,
    );
  }
  if (cells[0]!.scenario.steps.some(({ name }) => name === 'write')) return;
  throw new UsageError(`"series" expected a step named write, got none: zonestack run ${file}`);
}

/** One counting line on a terminal; nothing when standard error is a file. */
function progress(context: CliContext): (done: number, of: number) => void {
  if (!process.stderr.isTTY) return () => {};
  return (done, of) => context.note(done === of ? '\r\u001b[K' : `\rcell ${done} of ${of}`);
}
