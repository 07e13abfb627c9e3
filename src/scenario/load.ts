/**
 * Loads a scenario: YAML, matrix, one checked document per cell. What is wrong is said with its place; nothing is run.
 */

import type * as z from 'zod';
import type { Kernel } from '../kernel/kernel.ts';
import { KernelError, kernelByName, kernelWith } from '../kernel/releases.ts';
import { closest } from '../kernel/suggest.ts';
import { knownCommands, suggestCommand } from '../shell/shell.ts';
import { parseCommand } from '../shell/words.ts';
import { type PathPart, ScenarioDocument } from './document.ts';
import { ScenarioError, type ScenarioErrorCode } from './errors.ts';
import { checkPatterns } from './match.ts';
import { type Cell, matrixCells } from './matrix.ts';
import { EXPECTATION_KEYS, type Scenario, STEP_KEYS, scenarioSchema, TOP_KEYS } from './schema.ts';
import { substitute } from './substitute.ts';

export interface ScenarioCell {
  /** The matrix values, as typed; empty without a matrix. */
  readonly values: Cell;
  readonly scenario: Scenario;
}

export interface LoadedScenario {
  readonly file: string;
  readonly document: ScenarioDocument;
  readonly title: string;
  readonly cells: readonly ScenarioCell[];
}

/** Throws ScenarioError for the first thing that is wrong. */
export function loadScenario(file: string, text: string): LoadedScenario {
  const document = new ScenarioDocument(file, text);
  checkUnquoted(document);
  const cells = matrixCells(document).map((values) => ({
    values,
    scenario: checkedCell(document, values),
  }));
  const title = cells[0]?.scenario.title ?? '';
  return { file, document, title, cells };
}

/** The cell of a loaded file with these matrix values, declared in its matrix or not. Throws ScenarioError. */
export function cellWith(loaded: LoadedScenario, values: Cell): ScenarioCell {
  return { values, scenario: checkedCell(loaded.document, values) };
}

function checkedCell(document: ScenarioDocument, values: Cell): Scenario {
  const parsed = scenarioSchema.safeParse(substitute(document, values), { reportInput: true });
  if (!parsed.success) throw schemaError(document, parsed.error.issues);
  const scenario = parsed.data;
  kernelAt(document, ['kernel'], scenario.kernel);
  scenario.steps.forEach((step, index) => {
    if ('reboot' in step && step.reboot.kernel !== undefined) {
      kernelAt(document, ['steps', index, 'reboot', 'kernel'], step.reboot.kernel);
    }
    if ('run' in step) checkCommand(document, index, step.run);
    if (step.expect !== undefined) checkPatterns(document, ['steps', index, 'expect'], step.expect);
  });
  return scenario;
}

/** YAML reads 5.10 as the number 5.1: refuse by the text that was typed, before the value is used. */
function checkUnquoted(document: ScenarioDocument): void {
  const root = document.value as Record<string, unknown>;
  const paths: PathPart[][] = [['kernel']];
  if (Array.isArray(root.steps)) {
    root.steps.forEach((step: unknown, index) => {
      if (step !== null && typeof step === 'object' && 'reboot' in step) {
        paths.push(['steps', index, 'reboot', 'kernel']);
      }
    });
  }
  for (const path of paths) {
    let value: unknown = root;
    for (const part of path) value = (value as Record<PathPart, unknown> | null)?.[part];
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

/** The kernel a document names at `path`. Throws ScenarioError. */
export function kernelAt(
  document: ScenarioDocument,
  path: readonly PathPart[],
  named: Scenario['kernel'],
): Kernel {
  try {
    if (typeof named === 'string') return kernelByName(named);
    return kernelWith(named.base, named.patches);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new ScenarioError(error.code, document.placeOf(path), error.message, error.suggestion);
  }
}

function checkCommand(document: ScenarioDocument, index: number, line: string): void {
  const path = ['steps', index, 'run'];
  const parsed = parseCommand(line);
  if (!parsed.ok) {
    throw new ScenarioError(
      'command-syntax',
      document.placeOf(path, parsed.position),
      `command, character ${parsed.position + 1}: ${parsed.message}`,
    );
  }
  const name = parsed.words[0]!;
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (knownCommands().includes(base)) return;
  throw new ScenarioError(
    'command-unknown',
    document.placeOf(path),
    `there is no command "${name}" here`,
    suggestCommand(base),
  );
}

/** The first issue zod found, placed, in our words. */
function schemaError(
  document: ScenarioDocument,
  issues: readonly z.core.$ZodIssue[],
): ScenarioError {
  const issue = deepest(issues);
  const path = issue.path as PathPart[];
  const field = path.length === 0 ? 'scenario' : path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0]!;
    const known =
      path.length === 0 ? TOP_KEYS : [...STEP_KEYS, ...EXPECTATION_KEYS, 'kernel', 'how'];
    return new ScenarioError(
      'unknown-key',
      document.placeOfKey(path, key),
      `"${field}" has no key "${key}"`,
      closest(key, known),
    );
  }
  const missing = 'input' in issue && issue.input === undefined;
  const code: ScenarioErrorCode =
    path[0] === 'version' ? 'version' : missing ? 'missing-key' : shape(issue);
  const expected = missing ? 'a value, got none' : issue.message.replace(/^Invalid input: /, '');
  return new ScenarioError(code, document.placeOf(path), `"${field}" ${sentence(expected)}`);
}

function sentence(message: string): string {
  const lower = message.charAt(0).toLowerCase() + message.slice(1);
  return lower.startsWith('expected') || lower.startsWith('a value')
    ? lower.replace(/^a value/, 'expected a value')
    : `expected another value: ${lower}`;
}

function shape(issue: z.core.$ZodIssue): ScenarioErrorCode {
  return issue.code === 'invalid_type' || issue.code === 'invalid_union'
    ? 'wrong-type'
    : 'wrong-value';
}

/**
 * Unions report the issues of every alternative; the one that went deepest into the value is what the writer meant.
 */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  // A mistyped key is also a missing one: the typed word says more.
  const issue = issues.find((one) => one.code === 'unrecognized_keys') ?? issues[0]!;
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const inner = issue.errors
    .filter((list) => list.length > 0)
    .map((list) => deepest(list))
    .sort((a, b) => weight(b) - weight(a))[0];
  if (inner === undefined || weight(inner) === 0) return issue;
  return { ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue;
}

/** Depth first; at one depth an unknown key says more than a wrong type. */
function weight(issue: z.core.$ZodIssue): number {
  return issue.path.length * 2 + (issue.code === 'unrecognized_keys' ? 1 : 0);
}
