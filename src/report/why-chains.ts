/**
 * Why a step went as it did: from the symptom to the rule, limit, location or IV that caused it, each link with the
 * record that shows it. The chain is made from decisions and the trace, never from knowledge of a kernel.
 */

import type { Machine } from '../machine.ts';
import { printable } from '../scenario/errors.ts';
import type { CellResult, StepReadback, StepResult } from '../scenario/run.ts';
import { abbreviated, redactor, secretsOf } from '../scenario/secrets.ts';
import type { Decision } from '../sim/decision.ts';
import { failureLinks } from './why-failed.ts';
import { refusalLinks } from './why-limits.ts';
import { dataLinks, locationLinks, locationWrong, sealedLinks } from './why-write.ts';
import { type WriteEvidence, writeEvidence } from './write-evidence.ts';

/** What stands at the end of a chain. */
export type Cause = 'location' | 'iv' | 'rule' | 'zero-write' | 'unknown';

export interface Chain {
  readonly step: number;
  readonly symptom: string;
  /** From the symptom down to the cause; the last one is the cause. */
  readonly links: readonly string[];
  readonly cause: Cause;
  /** A decision against something in a step that went well: no symptom, but why it went that way. */
  readonly note: boolean;
}

/** What ran: machines in order of boots, and what each step showed. */
export type RunResult = Pick<CellResult, 'steps' | 'machines'>;

/**
 * Every chain there is, the worst symptom first: data that is lost, then what failed, then notes. `readBack` reads again
 * what a step wrote, on a machine of its own.
 */
export function chainsOf(result: RunResult, readBack: (step: StepResult) => StepReadback): Chain[] {
  const lost: Chain[] = [];
  const failed: Chain[] = [];
  const notes: Chain[] = [];
  for (const step of result.steps) {
    if (!step.ran) continue;
    const places = wrongLocations(result, step);
    lost.push(...places);
    // Who was told a wrong place reads something else: the IV does not matter then.
    if (places.length === 0) lost.push(...wrongData(result, step, readBack));
    const refused = refusals(result, step);
    notes.push(...sealedByFs(result, step));
    failed.push(...refused.filter((one) => !one.note));
    notes.push(...refused.filter((one) => one.note));
    if (step.exit !== 0 && refused.every((one) => one.note)) failed.push(failedAlone(result, step));
  }
  return [...lost, ...failed, ...notes];
}

/** Ranges that read back wrong: follow the write that carried them, and the read. */
function wrongData(
  result: RunResult,
  step: StepResult,
  readBack: (step: StepResult) => StepReadback,
): Chain[] {
  if (step.path === 'none') return [];
  const { machine, findings } = readBack(step);
  const bad = findings.filter((one) => one.outcome !== 'same');
  const first = bad[0];
  if (first === undefined) return [];
  const writer = result.machines[step.machine]!;
  const writes = writeEvidence(writer, step.traceStart, step.traceEnd);
  const write = writes.find((one) => one.bio === first.range.bio);
  if (write === undefined) return [];
  const { links, cause } = write.failed
    ? failureOf(writer, step, write)
    : dataLinks(write, first, machine);
  const how = first.outcome === 'error' ? 'cannot be read back' : 'reads back different';
  const count =
    findings.length === 1 ? 'its write' : `${bad.length} of its ${findings.length} writes`;
  const symptom = `${stepText(step)}: ${count} ${how}, from byte ${first.range.from + first.firstBad}`;
  return [{ step: step.index, symptom, links, cause, note: false }];
}

/** Data that the file system encrypted itself: no symptom, but why its place does not matter. */
function sealedByFs(result: RunResult, step: StepResult): Chain[] {
  if (step.path === 'none') return [];
  const machine = result.machines[step.machine]!;
  const writes = writeEvidence(machine, step.traceStart, step.traceEnd);
  const write = writes.findLast((one) => one.fileUnits !== null && !one.failed);
  if (write === undefined) return [];
  const symptom = `${stepText(step)}: encrypted above the block layer`;
  return [{ step: step.index, symptom, links: sealedLinks(write), cause: 'unknown', note: true }];
}

const LOST_LINE = /csum failed|errno=-5|Corrupted write pointer/;

/** Appends whose sender was told a wrong place, in a step after which something failed. */
function wrongLocations(result: RunResult, step: StepResult): Chain[] {
  const machine = result.machines[step.machine]!;
  const wrong = writeEvidence(machine, step.traceStart, step.traceEnd).filter(locationWrong);
  const later = result.steps.slice(step.index).flatMap((one) => one.dmesg);
  const line = later.find((one) => LOST_LINE.test(one));
  if (wrong.length === 0 || line === undefined) return [];
  const symptom = `${stepText(step)}: "${line}"`;
  const links = locationLinks(wrong);
  return [{ step: step.index, symptom, links, cause: 'location', note: false }];
}

/** Refused rules: what they saw, and who set it. */
function refusals(result: RunResult, step: StepResult): Chain[] {
  const told = new Set<string>();
  const chains: Chain[] = [];
  for (const decision of step.decisions) {
    if (decision.verdict !== 'refuses') continue;
    const { rule, subject, errno } = decision;
    const key = JSON.stringify([rule, subject, errno]);
    if (told.has(key)) continue;
    told.add(key);
    // Without an errno the kernel goes another way; only a write that returns 0 fails by it.
    const silent = errno === undefined;
    const note = silent && (step.exit === 0 || decision.log !== undefined || !isIo(decision));
    const links = refusalLinks(result, decision);
    const cause = silent && !note ? 'zero-write' : 'rule';
    chains.push({ step: step.index, symptom: symptomOf(step, decision), links, cause, note });
  }
  return chains;
}

/** Was it asked while data was on its way, not when something was set up? */
function isIo(decision: Decision): boolean {
  return decision.subject.includes(' ') || decision.bio !== undefined;
}

function symptomOf(step: StepResult, decision: Decision): string {
  const { errno, log } = decision;
  const said = log === undefined ? null : `"${log}"`;
  if (errno !== undefined) return `${stepText(step)}: ${[errno, said].filter(Boolean).join(', ')}`;
  if (said !== null) return `${stepText(step)}: ${said}`;
  return step.exit === 0 ? stepText(step) : `${stepText(step)}: ${saidBy(step)}`;
}

/** A command that failed although no rule refused: a write of it did, or it said why itself. */
function failedAlone(result: RunResult, step: StepResult): Chain {
  const machine = result.machines[step.machine]!;
  const writes = writeEvidence(machine, step.traceStart, step.traceEnd);
  const write = writes.find((one) => one.failed);
  const { links, cause } =
    write === undefined
      ? { links: ['no rule of the kernel refused: the command itself gave up'], cause: UNKNOWN }
      : failureOf(machine, step, write);
  return {
    step: step.index,
    symptom: `${stepText(step)}: ${saidBy(step)}`,
    links,
    cause,
    note: false,
  };
}

const UNKNOWN: Cause = 'unknown';

function failureOf(
  machine: Machine,
  step: StepResult,
  write: WriteEvidence,
): { links: string[]; cause: Cause } {
  const links = failureLinks(machine, write, step.traceStart, step.traceEnd);
  return { links, cause: UNKNOWN };
}

function saidBy(step: StepResult): string {
  const line = (step.stderr || step.stdout).split('\n')[0] ?? '';
  return line === '' ? `exit code ${step.exit}` : `"${line}"`;
}

const COMMAND_CHARACTERS = 60;

function stepText(step: StepResult): string {
  const text = printable(redactor(secretsOf([step.text]), abbreviated)(step.text));
  const short =
    text.length > COMMAND_CHARACTERS ? `${text.slice(0, COMMAND_CHARACTERS - 3)}...` : text;
  return `step ${step.index + 1} \`${short}\``;
}
