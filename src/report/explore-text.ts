/**
 * What exploring a scenario found, as text and as a document: how many schedules, what they came to, and the shortest
 * failing one as a list of steps that a person can follow.
 */

import { Op } from '../block/bio.ts';
import { ZoneCond } from '../block/device.ts';
import { MappedDevice } from '../dm/mapped-device.ts';
import { errnoName } from '../kernel/errno.ts';
import type { Machine } from '../machine.ts';
import { printable } from '../scenario/errors.ts';
import { type CellOutcome, type ExploredCell, stepName } from '../scenario/explore.ts';
import type { LoadedScenario, ScenarioCell } from '../scenario/load.ts';
import { abbreviated, redactor, secretsOf, zeroed } from '../scenario/secrets.ts';
import type { FailingSchedule } from '../sim/explore.ts';
import type { TraceRecord } from '../sim/trace.ts';
import { wrap } from './columns.ts';

type Styler = (style: 'bold' | 'dim' | 'red' | 'green', text: string) => string;
type Failing = FailingSchedule<CellOutcome>;

export function exploreText(loaded: LoadedScenario, found: ExploredCell, style: Styler): string {
  const { explored, unmet, cell } = found;
  const hide = cellHider(cell, abbreviated);
  const good = unmet === null ? explored.failing === 0 : unmet.length === 0;
  const mark = good ? style('green', 'ok  ') : style('red', 'FAIL');
  const values = Object.entries(cell.values).map(([name, value]) => `${name}: ${value}`);
  const which = values.length === 0 ? '' : ` {${values.join(', ')}}`;
  const title = wrap(`${loaded.file}: ${printable(hide(loaded.title + which))}`, 5, 5, true);
  const rest = explored.complete ? 'all that can differ' : 'not all that can differ';
  const { schedules, pruned, failing, shortest } = explored;
  const counts = `${schedules} schedule${schedules === 1 ? '' : 's'} run (${rest}), ${pruned} given up, ${failing} failing`;
  const outcomes = explored.outcomes.map(({ outcome, schedules: times }) => {
    const front = `${String(times).padStart(9)} x  `;
    const text = wrap(printable(hide(outcome.summary)), front.length);
    const laws = outcome.failing ? wrap(`not met: ${printable(outcome.laws.join('; '))}`, 15) : '';
    return front + text.slice(front.length) + laws;
  });
  const problems = (unmet ?? []).map((one) => wrap(printable(one), 5, 7));
  return [
    `${mark} ${title.slice(5)}`,
    wrap(counts, 5),
    ...outcomes,
    ...problems.map((one) => style('red', one)),
    ...(shortest === null ? [] : [scheduleText(shortest, style, hide)]),
  ].join('');
}

/** `shortest` of the findings as numbered steps. A `>` stands where a thread that could have gone on has to wait. */
function scheduleText(shortest: Failing, style: Styler, hide: (text: string) => string): string {
  const { switches, fewest, outcome } = shortest;
  const times = `${switches} switch${switches === 1 ? '' : 'es'}`;
  const least = fewest ? 'none fails with fewer' : 'one with fewer was not found';
  const machine = outcome.result?.machines[parallelMachine(outcome)] ?? null;
  let text = wrap(`the shortest failing schedule: ${times} (${least})`, 5);
  for (const { thread, lines, usual } of stepLines(shortest, machine)) {
    const who = `${usual ? ' ' : '>'} ${thread.padEnd(8)}`;
    lines.forEach((line, i) => {
      const front = `     ${i === 0 ? who : ' '.repeat(who.length)} `;
      text += style('dim', front) + wrap(printable(hide(line)), front.length).slice(front.length);
    });
  }
  const after = outcome.result?.steps.filter((step) => step.mismatches.length > 0) ?? [];
  for (const step of after) {
    for (const { key, expected, got } of step.mismatches) {
      text += wrap(
        printable(hide(`= ${stepName(step)}: ${key} expected ${expected}, got ${got}`)),
        5,
        7,
      );
    }
  }
  for (const line of stuckLines(outcome)) text += wrap(`= ${line}`, 5, 7);
  return text;
}

/** Where a command waits for ever: what the mapped devices of its machine wait for. */
function stuckLines(outcome: CellOutcome): string[] {
  const hangs = outcome.result?.steps.some(({ mismatches }) =>
    mismatches.some(({ key }) => key === 'hang'),
  );
  const machine = outcome.result?.machines[parallelMachine(outcome)];
  if (hangs !== true || machine === undefined) return [];
  return [...machine.block.devices.values()].flatMap((device) => {
    const stuck = device instanceof MappedDevice ? device.stuck : null;
    return stuck === null ? [] : [`${device.name}: ${stuck}`];
  });
}

interface StepLines {
  readonly thread: string;
  readonly usual: boolean;
  readonly lines: readonly string[];
}

/** What each step did, by its trace; steps that show nothing are left out unless another thread had to wait for them. */
function stepLines(shortest: Failing, machine: Machine | null): StepLines[] {
  const { steps, threads } = shortest;
  const out: StepLines[] = [];
  steps.forEach((step, i) => {
    if (step.thread === -1) return;
    const end = steps[i + 1]?.mark ?? lastMark(machine);
    const shown = machine === null ? [] : recordLines(machine, step.mark, end);
    const taken = step.footprint.writes
      .map((resource) => shortest.names.text(resource))
      .filter((name) => name.startsWith('block group'))
      .map(
        (name) => `takes a place in the ${name.replace(/^(block group) (\S+) /, '$1 of $2 at ')}`,
      );
    const lines = [...shown, ...taken];
    if (lines.length === 0 && step.usual) return;
    if (lines.length === 0) lines.push(step.label.replace(/^[^:]*: /, ''));
    out.push({ thread: threads[step.thread] ?? 'power', usual: step.usual, lines });
  });
  return out;
}

function lastMark(machine: Machine | null): number {
  return machine?.trace.length ?? 0;
}

/** The machine of the run that the parallel steps ran on. */
function parallelMachine(outcome: CellOutcome): number {
  return outcome.result?.steps.find((step) => step.items !== undefined)?.machine ?? 0;
}

const SHOWN_CALLS = new Set(
  'write pwrite pwritev2 io_submit fsync fdatasync ftruncate truncate ioctl sync unlink'.split(' '),
);

function recordLines(machine: Machine, start: number, end: number): string[] {
  const lines: string[] = [];
  for (const record of machine.trace.records(start, end)) {
    if (record.kind === 'step') break;
    const line = recordLine(machine, record);
    if (line !== '') lines.push(line);
  }
  return lines;
}

function recordLine(machine: Machine, record: TraceRecord): string {
  const { device, sector, sectors, a } = record;
  const place = `${sector}+${sectors}`;
  switch (record.kind) {
    case 'syscall':
      if (!SHOWN_CALLS.has(device)) return '';
      return `${record.comm}: ${device} ${machine.trace.text(a)}, ${sectors} bytes at ${sector}`;
    case 'syscallEnd':
      return a < 0 && SHOWN_CALLS.has(device) ? `${record.comm}: ${device} = ${errnoName(a)}` : '';
    case 'rqIssue':
      return `${device}: ${opName(record.op)} ${place} reaches the disk`;
    case 'rqComplete':
      return a < 0 ? `${device}: ${opName(record.op)} ${place} fails: ${errnoName(a)}` : '';
    case 'fault':
      return `${device}: fault: the ${opName(record.op)} ${place} ${faultVerb(machine.trace.text(a))}`;
    case 'plugAdd':
      return `${device}: ${opName(record.op)} ${place} waits for its zone`;
    case 'appendEmulated':
      return `${device}: the append becomes a write at ${place}`;
    case 'zone':
      return record.b === ZoneCond.offline ||
        record.b === ZoneCond.readonly ||
        record.c !== record.d
        ? `${device}: write pointer of the zone at ${sector}: ${record.c} -> ${record.d}`
        : '';
    case 'log':
      return `kernel: ${machine.log.lines[a]?.text ?? ''}`;
    default:
      return '';
  }
}

/** A fault's text after the name of what it befalls. */
function faultVerb(text: string): string {
  return text.startsWith('ends') ? text : `comes and ${text}`;
}

const OP_NAMES: Readonly<Record<number, string>> = {
  [Op.read]: 'read',
  [Op.write]: 'write',
  [Op.flush]: 'flush',
  [Op.zoneAppend]: 'append',
  [Op.zoneReset]: 'zone reset',
  [Op.zoneResetAll]: 'reset of all zones',
  [Op.zoneFinish]: 'zone finish',
  [Op.zoneOpen]: 'zone open',
  [Op.zoneClose]: 'zone close',
};

function opName(op: number): string {
  return OP_NAMES[op] ?? `op ${op}`;
}

/** The findings as a document, without keys. */
export function exploreJson(loaded: LoadedScenario, found: ExploredCell): unknown {
  const { explored, unmet, cell } = found;
  const { shortest } = explored;
  const hide = cellHider(cell);
  const document = {
    file: loaded.file,
    title: loaded.title,
    values: cell.values,
    schedules: explored.schedules,
    pruned: explored.pruned,
    complete: explored.complete,
    failing: explored.failing,
    longest_steps: explored.longest,
    outcomes: explored.outcomes.map(({ outcome, schedules }) => ({
      summary: outcome.summary,
      schedules,
      failing: outcome.failing,
      laws: outcome.laws,
    })),
    shortest:
      shortest === null
        ? null
        : {
            switches: shortest.switches,
            fewest: shortest.fewest,
            summary: shortest.outcome.summary,
            stuck: stuckLines(shortest.outcome),
            steps: stepLines(
              shortest,
              shortest.outcome.result?.machines[parallelMachine(shortest.outcome)] ?? null,
            ),
            schedule: shortest.saved,
          },
    unmet,
  };
  return JSON.parse(hide(JSON.stringify(document)));
}

/** Hides the keys of a cell's commands. */
export function cellHider(
  cell: ScenarioCell,
  instead: (key: string) => string = zeroed,
): (text: string) => string {
  const commands = cell.scenario.steps.flatMap((step) => {
    if ('run' in step) return [step.run];
    return 'parallel' in step ? step.parallel.map(({ run }) => run) : [];
  });
  return redactor(secretsOf(commands), instead);
}
