/** `zonestack explore`: every schedule of a scenario's parallel steps that can matter, or some at random. */

import { wrap } from '../report/columns.ts';
import { exploreJson, exploreText } from '../report/explore-text.ts';
import { comesTo, type ExploredCell, exploreCell } from '../scenario/explore.ts';
import { idleExplored } from '../scenario/idle-faults.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { checkWritable, loadFile, saveFile } from './files.ts';
import { tellNotes } from './notes.ts';
import { formatOf, parsed } from './options.ts';
import { runOptions, toRunOptions } from './run-options.ts';
import { scheduleText } from './schedule-file.ts';

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, {
    ...runOptions,
    max: { type: 'string' },
    runs: { type: 'string' },
    save: { type: 'string' },
    format: { type: 'string' },
  });
  if (positionals.length === 0) {
    throw new UsageError('"explore" expected at least one scenario file');
  }
  const format = formatOf(values.format);
  const max = count('max', values.max);
  const runs = count('runs', values.runs);
  if (values.save !== undefined) checkWritable('save', values.save);
  const all = positionals.map(loadFile);
  for (const loaded of all) checkParallel(loaded);
  let cells = 0;
  let unmet = 0;
  let saved = false;
  const documents: unknown[] = [];
  for (const loaded of all) {
    const faults: ExploredCell['faults'][] = [];
    for (const cell of loaded.cells) {
      const { kernel, seed: given, cipherProvider } = toRunOptions(values, cell);
      const ofFile = cell.scenario.seed ?? 0;
      // With --runs the seed is of the schedules, and what the machine draws stays as the file says.
      const seed = runs === null ? (given ?? ofFile) : ofFile;
      const found = exploreCell(loaded, cell, {
        ...(kernel === undefined ? {} : { kernel }),
        ...(cipherProvider === undefined ? {} : { cipherProvider }),
        ...(max === null ? {} : { max }),
        seed,
        ...(runs === null ? {} : { random: { seed: given ?? ofFile, runs } }),
        progress: (schedules, pruned) => {
          if (process.stderr.isTTY) context.note(`\r${schedules} schedules, ${pruned} given up `);
        },
      });
      if (process.stderr.isTTY) context.note('\r\u001b[K');
      cells += 1;
      if (runs === null && !found.explored.complete) tellStopped(loaded, found, context);
      faults.push(found.faults);
      if (!comesTo(found, kernel !== undefined)) unmet += 1;
      if (format === 'json') documents.push(exploreJson(loaded, found));
      else context.out(exploreText(loaded, found, context.style));
      if (values.save === undefined || saved || found.explored.shortest === null) continue;
      saveFile(
        'save',
        values.save,
        scheduleText(loaded, found.cell, kernel, seed, found.explored.shortest.saved),
      );
      saved = true;
    }
    // Schedules at random may have chosen none of the faults they met.
    if (runs === null) tellNotes(idleExplored(loaded, faults), context);
  }
  if (format === 'json') {
    context.out(`${JSON.stringify({ format_version: 1, explored: documents }, null, 2)}\n`);
  }
  if (values.save !== undefined && !saved) context.note('no schedule failed: nothing was saved\n');
  if (format !== 'json' && cells > 1) {
    const verdict = unmet === 0 ? 'all as expected' : `${unmet} not as expected`;
    context.out(`${cells} cells explored, ${verdict}\n`);
  }
  return unmet === 0 ? EXIT.met : EXIT.failed;
}

function checkParallel(loaded: LoadedScenario): void {
  const { steps } = loaded.cells[0]!.scenario;
  if (steps.some((step) => 'parallel' in step)) return;
  throw new UsageError(`"${loaded.file}" expected a parallel step, got none: it has one schedule`);
}

function tellStopped(loaded: LoadedScenario, found: ExploredCell, context: CliContext): void {
  const { schedules, pruned } = found.explored;
  const stopped = `${loaded.file}: stopped after ${schedules + pruned} schedules`;
  const further = '--max N runs more, --runs N takes some at random';
  context.note(wrap(`${stopped}; what the others come to nobody knows. ${further}`, 0, 2, true));
}

function count(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new UsageError(`"--${name}" expected a whole number from 1 to 9999999, got "${text}"`);
}
