/**
 * Loads a scenario: YAML, matrix, one checked document per cell. What is wrong is said with its place; nothing is run.
 */

import type { Kernel } from '../kernel/kernel.ts';
import { KernelError, kernelByName } from '../kernel/releases.ts';
import { closest } from '../kernel/suggest.ts';
import { knownCommands, suggestCommand } from '../shell/shell.ts';
import { parseCommand } from '../shell/words.ts';
import { type PathPart, ScenarioDocument } from './document.ts';
import { type Place, ScenarioError } from './errors.ts';
import { checkFault } from './faults.ts';
import { COMPARED, isComparison } from './kind.ts';
import { checkPatterns } from './match.ts';
import { type Cell, matrixCells } from './matrix.ts';
import { type Scenario, type Step, scenarioSchema, type When } from './schema.ts';
import { schemaError } from './schema-error.ts';
import { positionBefore, substitute } from './substitute.ts';

/** Steps of all cells together: each is checked before anything runs. */
const MAX_STEPS = 200_000;

export interface ScenarioCell {
  /** The matrix values, as typed; empty without a matrix. */
  readonly values: Cell;
  readonly scenario: Scenario;
}

export interface LoadedScenario {
  readonly file: string;
  readonly document: ScenarioDocument;
  readonly title: string;
  /** Their documents are made again whenever they are asked for: ten thousand would fill the memory. */
  readonly cells: readonly ScenarioCell[];
  /** The names the matrix declares. */
  readonly names: ReadonlySet<string>;
}

/** Throws ScenarioError for the first thing that is wrong. */
export function loadScenario(file: string, text: string): LoadedScenario {
  const document = new ScenarioDocument(file, text);
  if (isComparison(document)) {
    throw new ScenarioError(
      'wrong-kind',
      document.placeOfKey([], COMPARED),
      `a scenario expected steps, got a comparison: zonestack compare ${file}`,
    );
  }
  checkUnquoted(document);
  const all = matrixCells(document);
  const { steps } = document.value as { steps?: unknown };
  if (Array.isArray(steps) && steps.length * all.length > MAX_STEPS) {
    throw new ScenarioError(
      'matrix-too-large',
      document.placeOfKey([], 'matrix'),
      `a matrix expected at most ${MAX_STEPS} steps in all cells, got ${steps.length * all.length}`,
    );
  }
  const names = new Set(all.flatMap((values) => Object.keys(values)));
  const cells = all.map((values) => new LazyCell(document, names, values));
  const titles = cells.map(({ scenario }) => scenario.title);
  return { file, document, title: titles[0]!, cells, names };
}

/** The cell of a loaded file with these matrix values, declared in its matrix or not. Throws ScenarioError. */
export function cellWith(loaded: LoadedScenario, values: Cell): ScenarioCell {
  return new LazyCell(loaded.document, loaded.names, values);
}

class LazyCell implements ScenarioCell {
  readonly values: Cell;
  private readonly document: ScenarioDocument;
  private readonly names: ReadonlySet<string>;

  constructor(document: ScenarioDocument, names: ReadonlySet<string>, values: Cell) {
    this.document = document;
    this.names = names;
    this.values = values;
  }

  get scenario(): Scenario {
    return checkedCell(this.document, this.names, this.values);
  }
}

function checkedCell(
  document: ScenarioDocument,
  names: ReadonlySet<string>,
  values: Cell,
): Scenario {
  const value = substitute(document, values);
  const parsed = scenarioSchema.safeParse(value, { reportInput: true });
  if (!parsed.success) throw schemaError(document, value, parsed.error.issues);
  const scenario = parsed.data;
  const wanted = scenario.explore?.expect ?? [];
  for (const [at, one] of (Array.isArray(wanted) ? wanted : [wanted]).entries()) {
    const path = ['explore', 'expect', ...(Array.isArray(wanted) ? [at] : []), 'when'];
    if (one.when !== undefined) checkWhen(document, path, one.when, names);
  }
  kernelAt(document, ['kernel'], scenario.kernel);
  checkDiskNames(document, scenario);
  const earlier = new Set<string>();
  for (const [at, fault] of (scenario.explore?.faults ?? []).entries()) {
    checkFault(document, ['explore', 'faults', at], fault, scenario, true);
  }
  scenario.steps.forEach((step, index) => {
    checkStep(document, names, values, step, index);
    if ('fault' in step) {
      checkFault(document, ['steps', index, 'fault'], step.fault, scenario, false);
    }
    checkNeeds(document, step, index, earlier);
    if (step.name !== undefined) earlier.add(step.name);
  });
  checkTable(document, scenario, earlier);
  return scenario;
}

function checkStep(
  document: ScenarioDocument,
  names: ReadonlySet<string>,
  values: Cell,
  step: Step,
  index: number,
): void {
  const path = ['steps', index];
  if ('reboot' in step && step.reboot.kernel !== undefined) {
    kernelAt(document, [...path, 'reboot', 'kernel'], step.reboot.kernel);
  }
  if ('run' in step) checkCommand(document, [...path, 'run'], step.run, values);
  if ('parallel' in step) {
    for (const [at, item] of step.parallel.entries()) {
      const inner = [...path, 'parallel', at];
      checkCommand(document, [...inner, 'run'], item.run, values);
      if (item.expect === undefined || item.expect === 'any') continue;
      checkPatterns(document, [...inner, 'expect'], item.expect);
    }
  }
  if (step.when !== undefined) checkWhen(document, [...path, 'when'], step.when, names);
  const { expect } = step;
  if (expect === undefined || expect === 'any') return;
  checkPatterns(document, [...path, 'expect'], expect);
  const several = Array.isArray(expect);
  (several ? expect : [expect]).forEach((one, at) => {
    const inner = [...path, 'expect', ...(several ? [at] : []), 'when'];
    if (one.when !== undefined) checkWhen(document, inner, one.when, names);
  });
}

/** A name or kernel that can never fit is a slip of the finger, and would make the expectation say nothing. */
function checkWhen(
  document: ScenarioDocument,
  path: readonly PathPart[],
  when: When,
  names: ReadonlySet<string>,
): void {
  for (const [name, wanted] of Object.entries(when)) {
    if (name !== 'kernel') {
      if (names.has(name)) continue;
      throw new ScenarioError(
        'name-undeclared',
        document.placeOfKey(path, name),
        `"when" expected "kernel" or a name declared in the matrix, got "${name}"`,
        closest(name, ['kernel', ...names]),
      );
    }
    if (!Array.isArray(wanted)) kernelAt(document, [...path, name], String(wanted));
    else {
      for (const [at, one] of wanted.entries())
        kernelAt(document, [...path, name, at], String(one));
    }
  }
}

function checkNeeds(
  document: ScenarioDocument,
  step: Step,
  index: number,
  earlier: ReadonlySet<string>,
): void {
  if (step.needs === undefined || earlier.has(step.needs)) return;
  throw new ScenarioError(
    'step-unknown',
    document.placeOf(['steps', index, 'needs']),
    `"needs" expected the name of an earlier step, got "${step.needs}"`,
    closest(step.needs, earlier),
  );
}

function checkTable(
  document: ScenarioDocument,
  scenario: Scenario,
  steps: ReadonlySet<string>,
): void {
  for (const [index, column] of (scenario.table ?? []).entries()) {
    if (!('step' in column) || steps.has(column.step)) continue;
    throw new ScenarioError(
      'step-unknown',
      document.placeOf(['table', index, 'step']),
      `"table" expected the name of a step, got "${column.step}"`,
      closest(column.step, steps),
    );
  }
}

/** Disks of a driver are numbered from 0, in order: that is how the drivers name them. */
function checkDiskNames(document: ScenarioDocument, scenario: Scenario): void {
  const counts = { nullb: 0, sd: 0 };
  for (const [name, attributes] of Object.entries(scenario.disks)) {
    const { driver = 'null_blk' } = attributes;
    if (driver !== 'null_blk' && driver !== 'scsi_debug') continue;
    const kind = driver === 'scsi_debug' ? 'sd' : 'nullb';
    const number = counts[kind];
    counts[kind] += 1;
    const expected = kind === 'sd' ? `sd${letters(number)}` : `nullb${number}`;
    if (name === expected) continue;
    throw new ScenarioError(
      'disk-name',
      document.placeOfKey(['disks'], name),
      `disks are named in order by their driver: expected "${expected}", got "${name}"`,
      expected,
    );
  }
}

/** sd_format_disk_name(): a to z, then aa. */
function letters(number: number): string {
  const last = String.fromCharCode(97 + (number % 26));
  return number < 26 ? last : letters(Math.floor(number / 26) - 1) + last;
}

/** YAML reads 5.10 as the number 5.1: refuse by the text that was typed, before the value is used. */
function checkUnquoted(document: ScenarioDocument): void {
  const root = document.value as Record<string, unknown>;
  const paths: PathPart[][] = [['kernel'], ['kernel', 'base']];
  if (Array.isArray(root.steps)) {
    root.steps.forEach((step: unknown, index) => {
      if (step === null || typeof step !== 'object' || !('reboot' in step)) return;
      const path = ['steps', index, 'reboot', 'kernel'];
      paths.push(path, [...path, 'base']);
    });
  }
  refuseUnquoted(document, paths);
}

/** Refuses the first of `paths` where a kernel was read as a number. Throws ScenarioError. */
export function refuseUnquoted(
  document: ScenarioDocument,
  paths: readonly (readonly PathPart[])[],
): void {
  for (const path of paths) {
    let value: unknown = document.value;
    for (const part of path)
      value = (value as Record<PathPart, unknown> | null | undefined)?.[part];
    if (typeof value !== 'number') continue;
    const typed = document.plainSource(path) ?? String(value);
    throw new ScenarioError(
      'kernel-unquoted',
      document.placeOf(path),
      `a kernel expected text, got the number ${value}: YAML reads ${typed} as a number`,
      `"${suggestedKernel(typed)}" (in quotes)`,
    );
  }
}

function suggestedKernel(typed: string): string {
  try {
    return kernelByName(`v${typed}`).name;
  } catch {
    return typed;
  }
}

/** The name of a kernel as the format gives it: `{ base, patches }` is the same as base+patch+patch. */
export function kernelName(named: Scenario['kernel']): string {
  return typeof named === 'string' ? named : [named.base, ...named.patches].join('+');
}

/** The kernel a document names at `path`. Throws ScenarioError. */
export function kernelAt(
  document: ScenarioDocument,
  path: readonly PathPart[],
  named: Scenario['kernel'],
): Kernel {
  try {
    return kernelByName(kernelName(named));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const place = document.placeOf([...path, ...guilty(named)]);
    throw new ScenarioError(error.code, place, error.message, error.suggestion);
  }
}

/** Of `{ base, patches }` the part that makes the kernel impossible: the base, or the first patch that does. */
function guilty(named: Scenario['kernel']): PathPart[] {
  if (typeof named === 'string') return [];
  const { base, patches } = named;
  for (let count = 0; count <= patches.length; count += 1) {
    try {
      kernelByName(kernelName({ base, patches: patches.slice(0, count) }));
    } catch {
      return count === 0 ? ['base'] : ['patches', count - 1];
    }
  }
  return [];
}

/** Where character `position` of the command at `path`, values put in, stands in the file. */
export function commandPlace(
  document: ScenarioDocument,
  path: readonly PathPart[],
  values: Cell,
  position: number,
): Place {
  let typed: unknown = document.value;
  for (const part of path) typed = (typed as Record<PathPart, unknown>)[part];
  return document.placeOf(path, positionBefore(String(typed), values, position));
}

function checkCommand(
  document: ScenarioDocument,
  path: readonly PathPart[],
  line: string,
  values: Cell,
): void {
  const parsed = parseCommand(line);
  if (!parsed.ok) {
    throw new ScenarioError(
      'command-syntax',
      commandPlace(document, path, values, parsed.position),
      `command, character ${parsed.position + 1}: ${parsed.message}`,
    );
  }
  const name = parsed.words[0]!;
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (knownCommands().includes(base)) return;
  throw new ScenarioError(
    'command-unknown',
    commandPlace(document, path, values, parsed.positions[0] ?? 0),
    `there is no command "${name}" here`,
    suggestCommand(base),
  );
}
