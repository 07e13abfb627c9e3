/**
 * Why a step went as it did: from the symptom to the rule, limit, location or IV that caused it, each link with the
 * record that shows it. The chain is made from decisions and the trace, never from knowledge of a kernel.
 */

import type { Machine } from '../machine.ts';
import { hideKeys } from '../scenario/errors.ts';
import type { LoadedScenario, ScenarioCell } from '../scenario/load.ts';
import type { ReadbackFinding } from '../scenario/readback.ts';
import {
  type CellResult,
  type RunOptions,
  readBackStep,
  type StepResult,
} from '../scenario/run.ts';
import type { Decision, Origin, SeenValue } from '../sim/decision.ts';
import { readIv, readSent, type WriteEvidence, writeEvidence } from './write-evidence.ts';

export interface Chain {
  readonly step: number;
  readonly symptom: string;
  /** From the symptom down to the cause; the last one is the cause. */
  readonly links: readonly string[];
}

/** Every chain there is, the worst symptom first: what was read wrong, then what failed. */
export function explain(
  loaded: LoadedScenario,
  cell: ScenarioCell,
  result: CellResult,
  options: RunOptions = {},
): Chain[] {
  const chains: Chain[] = [];
  for (const step of result.steps) {
    if (!step.ran) continue;
    chains.push(...wrongData(loaded, cell, result, step, options));
    chains.push(...refusals(result, step));
    chains.push(...wrongLocations(result, step));
    chains.push(...zeroWrites(result, step));
  }
  return chains.sort(
    (a, b) => RANK.indexOf(rankOf(a)) - RANK.indexOf(rankOf(b)) || a.step - b.step,
  );
}

type Rank = 'location' | 'data' | 'refusal' | 'other';
const RANK: readonly Rank[] = ['location', 'data', 'refusal', 'other'];
const RANKS = new WeakMap<Chain, Rank>();

function rankOf(chain: Chain): Rank {
  return RANKS.get(chain) ?? 'other';
}

function chain(rank: Rank, step: number, symptom: string, links: readonly string[]): Chain {
  const made = { step, symptom, links };
  RANKS.set(made, rank);
  return made;
}

/** Ranges that read back wrong: follow the write that carried them, and the read. */
function wrongData(
  loaded: LoadedScenario,
  cell: ScenarioCell,
  result: CellResult,
  step: StepResult,
  options: RunOptions,
): Chain[] {
  if (step.path === 'none') return [];
  const { machine, findings } = readBackStep(loaded, cell, step.index, options);
  const bad = findings.find((one) => one.outcome !== 'same');
  if (bad === undefined) return [];
  const writer = result.machines[step.machine]!;
  const writes = writeEvidence(writer, step.traceStart, step.traceEnd);
  const write = writes.find((one) => one.bio === bad.range.bio);
  if (write === undefined) return [];
  const links = [...writeLinks(write), ...mismatchLinks(write, bad, machine)];
  const count = findings.filter((one) => one.outcome !== 'same').length;
  const symptom = `step ${step.index + 1} \`${shortCommand(step)}\`: ${count} of ${findings.length} writes read back ${bad.outcome === 'error' ? 'as an error' : 'different'}, the first at byte ${bad.range.from}`;
  return [chain('data', step.index, symptom, links)];
}

/** The way of one write down the floors. */
export function writeLinks(write: WriteEvidence): string[] {
  const kind = write.append ? 'a zone append: it carries the zone start' : 'a regular write';
  const last = write.sectors - 1;
  const links = [
    `bio ${write.bio} went to ${write.device} as ${kind}, sector ${write.sentSector} (${write.sectors} sectors)`,
  ];
  if (write.emulated)
    links.push('a floor below turned the append into a write at the write pointer');
  if (write.iv !== null) {
    const { device, firstSector, units, step } = write.iv;
    const end = firstSector + (units - 1) * step;
    links.push(
      `dm-crypt on ${device} encrypted it with IV sectors ${firstSector} to ${end}, counted from the sector the bio carried`,
    );
  }
  if (write.landedSector !== null) {
    links.push(
      `${write.disk} put it at sectors ${write.landedSector} to ${write.landedSector + last}`,
    );
  }
  return links;
}

function mismatchLinks(write: WriteEvidence, bad: ReadbackFinding, machine: Machine): string[] {
  const read = readSent(machine, bad.traceStart, bad.traceEnd);
  const iv = readIv(machine, bad.traceStart, bad.traceEnd);
  if (write.failed) return ['the write itself had failed'];
  if (read === null) return ['a read of the same bytes sent nothing to a device'];
  const links = [`the read of the same bytes went to sector ${read.sector}`];
  // Who was told a wrong place and reads there finds something else; the IV does not matter then.
  if (read.sector !== write.landedTopSector && locationWrong(write)) {
    return [...links, locationLink(write)];
  }
  if (iv !== null && write.iv !== null) links.push(ivLink(write.iv.firstSector, iv.firstSector));
  return links;
}

function ivLink(written: number, read: number): string {
  return written === read
    ? `and decrypted with the same IV sectors from ${read}`
    : `and decrypted with IV sectors from ${read}: not those it was written with, ${written}`;
}

/** Was the sender told another sector than the one the disk used? */
export function locationWrong(write: WriteEvidence): boolean {
  return (
    write.append &&
    !write.failed &&
    write.reportedSector !== null &&
    write.landedTopSector !== null &&
    write.reportedSector !== write.landedTopSector
  );
}

function locationLink(write: WriteEvidence): string {
  return `the completion on ${write.device} said sector ${write.reportedSector}, the zone start: dm-crypt sends a bio of its own and does not hand its sector back; the true one is ${write.landedTopSector}`;
}

/** Appends whose sender was told a wrong place, in a step after which something failed. */
function wrongLocations(result: CellResult, step: StepResult): Chain[] {
  const machine = result.machines[step.machine]!;
  const writes = writeEvidence(machine, step.traceStart, step.traceEnd);
  const wrong = writes.filter(locationWrong);
  const error = result.steps
    .slice(step.index)
    .flatMap((later) => later.dmesg)
    .find((line) => /csum failed|errno=-5|Corrupted write pointer/.test(line));
  const first = wrong[0];
  if (first === undefined || error === undefined) return [];
  const told = new Set(wrong.map((one) => one.reportedSector));
  const links = [
    `${wrong.length + 1} appends to one zone were all reported at ${[...told].join(', ')}, so the file system gave them one place`,
    ...writeLinks(first),
    locationLink(first),
  ];
  return [chain('location', step.index, error, links)];
}

/** Refused rules: what they saw, and who set it. */
function refusals(result: CellResult, step: StepResult): Chain[] {
  return step.decisions
    .filter((one) => one.verdict === 'refuses')
    .map((decision) => {
      const symptom = `step ${step.index + 1} \`${shortCommand(step)}\`: ${decision.errno}${decision.log === undefined ? '' : `, "${decision.log}"`}`;
      return chain('refusal', step.index, symptom, [
        `rule ${decision.rule} refused ${decision.subject} (${decision.source.file}, ${decision.source.function})`,
        ...Object.entries(decision.seen).flatMap(([name, value]) => seenLinks(name, value)),
        ...behind(result, step, decision),
      ]);
    });
}

function seenLinks(name: string, value: SeenValue): string[] {
  if (typeof value !== 'object') return [`it saw ${name} = ${value}`];
  return [`it saw ${name} = ${value.value}`, ...originLinks(name, value.origin)];
}

/** The floors a limit came up through, nearest first. */
export function originLinks(name: string, origin: Origin): string[] {
  const links = [`${name} was set on ${origin.floor} by ${origin.rule}`];
  for (let below = origin.from; below !== undefined; below = below.from) {
    links.push(`which had it from ${below.floor}, set by ${below.rule}`);
  }
  return links;
}

/** Earlier decisions that the refusing rule's values came from: a target that gave up append, for one. */
function behind(result: CellResult, step: StepResult, refused: Decision): string[] {
  const rules = new Set<string>();
  for (const value of Object.values(refused.seen)) {
    if (typeof value !== 'object') continue;
    for (let at: Origin | undefined = value.origin; at !== undefined; at = at.from)
      rules.add(at.rule);
  }
  const earlier = result.steps
    .slice(0, step.index + 1)
    .flatMap((one) => one.decisions)
    .filter((one) => rules.has(one.rule) && one.verdict === 'refuses' && one !== refused);
  return earlier.flatMap((one) => [
    `${one.rule} on ${one.subject} saw ${Object.entries(one.seen)
      .map(([name, value]) => `${name} = ${typeof value === 'object' ? value.value : value}`)
      .join(', ')}${one.log === undefined ? '' : `: "${one.log}"`}`,
  ]);
}

/** A write call that returned 0 with nothing refused: zonefs with a limit of 0 and no fall-back. */
function zeroWrites(result: CellResult, step: StepResult): Chain[] {
  if (step.exit === 0) return [];
  const machine = result.machines[step.machine]!;
  for (const record of machine.trace.records(step.traceStart, step.traceEnd)) {
    if (record.kind !== 'syscallEnd' || record.a !== 0 || record.bio < 0) continue;
    const call = machine.trace.at(record.bio);
    if (!/write/.test(call.device) || call.sectors === 0) continue;
    const device = [...machine.block.devices.values()].findLast(
      (one) => one.limits.zoned.value !== 'none' && one.limits.max_zone_append_sectors.value === 0,
    );
    if (device === undefined) continue;
    const limit = device.limits.max_zone_append_sectors;
    return [
      chain(
        'other',
        step.index,
        `step ${step.index + 1} \`${shortCommand(step)}\`: a write of ${call.sectors} bytes returned 0`,
        [
          `the write was cut to what one zone append may hold on ${device.name}, which is ${limit.value} sectors`,
          ...originLinks('max_zone_append_sectors', limit.origin),
        ],
      ),
    ];
  }
  return [];
}

function shortCommand(step: StepResult): string {
  const text = hideKeys(step.text);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
