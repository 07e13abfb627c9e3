/**
 * The table of a scenario: a row for each cell, its columns measured on what the run did. What was read back and what
 * stands on the disk is looked at on a second run, so measuring changes nothing.
 */

import { bytesToHex } from '@noble/hashes/utils.js';
import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Machine } from '../machine.ts';
import { printable, ScenarioError } from '../scenario/errors.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { type ReadbackFinding, worstOf } from '../scenario/readback.ts';
import {
  type CellResult,
  type RunOptions,
  readBackStep,
  type StepReadback,
  type StepResult,
} from '../scenario/run.ts';
import type { Column, Measure } from '../scenario/schema.ts';
import { landedBytes, type WriteEvidence, writeEvidence } from './write-evidence.ts';

export interface Table {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A block of AES: with a wrong IV some modes lose one, others all of a unit. */
const BLOCK_BYTES = 16;
/** What is looked at byte by byte, for one column of one cell. */
const MAX_BYTES = 16 * 1024 * 1024;
const NOTHING = '-';

/** The table of a scenario from the rows of its cells; null when it wants none. */
export function tableOf(
  loaded: LoadedScenario,
  rows: readonly (readonly string[])[],
): Table | null {
  const { table } = loaded.cells[0]!.scenario;
  return table === undefined ? null : { titles: table.map(({ title }) => title), rows };
}

/** Adds the row of one cell, where the scenario has a table; `hide` takes keys out. Throws ScenarioError over a bound. */
export function addRow(
  rows: string[][],
  loaded: LoadedScenario,
  result: CellResult,
  options: RunOptions,
  hide: (text: string) => string,
): void {
  const { table } = result.cell.scenario;
  if (table === undefined) return;
  // Second runs, by step: columns of one step share one.
  const again = new Map<number, StepReadback>();
  const meter = new Meter(loaded, result, ({ index }) => {
    const found = again.get(index) ?? readBackStep(loaded, result.cell, index, options);
    again.set(index, found);
    return found;
  });
  rows.push(table.map((column, index) => printable(hide(meter.cell(column, index)))));
}

/**
 * One measure of one step as its column would say it; `readBack` gives what reading the step back shows, where that is
 * asked for. Throws ScenarioError when the step would be too much to look at.
 */
export function measureStep(
  loaded: LoadedScenario,
  result: CellResult,
  step: StepResult,
  measure: Measure,
  readBack: ReadBack,
): string {
  try {
    return new Meter(loaded, result, readBack).measure(measure, step);
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    const place = loaded.document.placeOf(['steps', step.index]);
    throw new ScenarioError('budget-exceeded', place, error.message);
  }
}

type ReadBack = (step: StepResult) => StepReadback;

class Meter {
  private readonly loaded: LoadedScenario;
  private readonly result: CellResult;
  private readonly readBack: ReadBack;

  constructor(loaded: LoadedScenario, result: CellResult, readBack: ReadBack) {
    this.loaded = loaded;
    this.result = result;
    this.readBack = readBack;
  }

  cell(column: Column, index: number): string {
    if ('value' in column) return column.value;
    const step = this.result.steps.findLast((one) => one.ran && one.name === column.step);
    if (step === undefined) return NOTHING;
    try {
      return this.measure(column.measure, step);
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      const place = this.loaded.document.placeOf(['table', index]);
      throw new ScenarioError('budget-exceeded', place, error.message);
    }
  }

  measure(measure: Measure, step: StepResult): string {
    switch (measure) {
      case 'path':
        return step.path;
      case 'readback':
        return step.path === 'none' ? 'nothing' : worstOf(this.readBack(step).findings);
      case 'wrong':
        return wrongShare(this.readBack(step).findings);
      case 'equal-before':
      case 'equal-within':
        return this.equalShare(step, measure === 'equal-before');
      case 'time':
        return timeOf(this.result.machines[step.machine]!, step);
    }
  }

  /**
   * Of the sectors the step put on the disk, those whose bytes stand there twice: in a sector of an earlier write of this
   * boot, or in another sector of the same write. Whether they were equal before they were encrypted is for the scenario
   * to see to.
   */
  private equalShare(step: StepResult, before: boolean): string {
    const writer = this.result.machines[step.machine]!;
    const reader = this.readBack(step).machine;
    const all = writeEvidence(writer, 0, step.traceEnd);
    const own = new Set(
      writeEvidence(writer, step.traceStart, step.traceEnd).map(({ bio }) => bio),
    );
    const budget = new Budget();
    const seen = new Set<string>();
    let sectors = 0;
    let equal = 0;
    for (const write of all) {
      if (!before && !own.has(write.bio)) continue;
      const found = sectorsOf(reader, write, budget);
      if (own.has(write.bio)) {
        sectors += found.length;
        equal += before ? found.filter((one) => seen.has(one)).length : twins(found);
      }
      if (before) for (const one of found) seen.add(one);
    }
    return shareText(equal, sectors);
  }
}

/** How many of `texts` stand there more than once. */
function twins(texts: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const one of texts) counts.set(one, (counts.get(one) ?? 0) + 1);
  return texts.filter((one) => counts.get(one)! > 1).length;
}

/** The sectors a write left on its disk, each as a text. */
function sectorsOf(machine: Machine, write: WriteEvidence, budget: Budget): string[] {
  if (write.landedSector === null || write.failed) return [];
  const length = write.sectors * SECTOR_BYTES;
  budget.spend(length);
  const bytes = landedBytes(machine, write, length);
  if (bytes === null) return [];
  return Array.from({ length: write.sectors }, (_, i) =>
    bytesToHex(bytes.subarray(i * SECTOR_BYTES, (i + 1) * SECTOR_BYTES)),
  );
}

/** Of the cipher blocks that were written, those that read back different; all of a range that cannot be read. */
function wrongShare(findings: readonly ReadbackFinding[]): string {
  const budget = new Budget();
  let blocks = 0;
  let wrong = 0;
  for (const { range, got, outcome } of findings) {
    const count = Math.ceil(range.data.lengthBytes / BLOCK_BYTES);
    blocks += count;
    if (outcome === 'same') continue;
    budget.spend(range.data.lengthBytes);
    wrong += typeof got === 'number' ? count : wrongBlocks(range.data.bytes(), got.bytes());
  }
  return shareText(wrong, blocks);
}

function wrongBlocks(meant: Uint8Array, got: Uint8Array): number {
  let wrong = 0;
  for (let at = 0; at < meant.length; at += BLOCK_BYTES) {
    const end = Math.min(at + BLOCK_BYTES, meant.length);
    let same = true;
    for (let i = at; i < end; i += 1) same &&= meant[i] === got[i];
    if (!same) wrong += 1;
  }
  return wrong;
}

/** `1/32`; `0` and `all` in words, `-` of nothing. */
function shareText(part: number, whole: number): string {
  if (whole === 0) return NOTHING;
  if (part === 0) return '0';
  if (part === whole) return 'all';
  const common = divisor(part, whole);
  return `${part / common}/${whole / common}`;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** From the start of a step to its last event, in simulated time; three digits. */
function timeOf(machine: Machine, step: StepResult): string {
  const { trace } = machine;
  const ns = trace.at(step.traceEnd - 1).timeNs - trace.at(step.traceStart).timeNs;
  const [unit, size] = ns < 1e6 ? (['us', 1e3] as const) : (['ms', 1e6] as const);
  const value = ns / size;
  return `${value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${unit}`;
}

class TooMuch extends Error {}

class Budget {
  private left = MAX_BYTES;

  /** Throws TooMuch. */
  spend(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) throw new TooMuch(`a column of a table looks at ${MAX_BYTES} bytes at most`);
  }
}
