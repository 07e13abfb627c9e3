/**
 * The matrix of a scenario: a product of axes, `rows` for values that go together, `include` and `exclude`. One cell is
 * one assignment of the declared names; the number of cells is bounded.
 */

import { closest } from '../kernel/suggest.ts';
import type { PathPart, ScenarioDocument } from './document.ts';
import { hideKeys, ScenarioError } from './errors.ts';

export const MAX_CELLS = 10_000;

/** Values as they were typed, by name. */
export type Cell = Readonly<Record<string, string>>;

/** The cells of a document, at least one. Throws ScenarioError. */
export function matrixCells(document: ScenarioDocument): Cell[] {
  const root = document.value as { matrix?: unknown };
  if (root.matrix === undefined) return [{}];
  const matrix = root.matrix;
  if (matrix === null || typeof matrix !== 'object' || Array.isArray(matrix)) {
    throw wrong(document, ['matrix'], 'a mapping of names to lists of values', matrix);
  }
  const axes = Object.entries(matrix).filter(([name]) => name !== 'include' && name !== 'exclude');
  let cells: Cell[] = [{}];
  for (const [name, values] of axes) {
    const choices = name === 'rows' ? rows(document, name) : axis(document, name, values);
    if (cells.length * choices.length > MAX_CELLS) throw tooLarge(document, name);
    checkNames(document, name, cells, choices);
    cells = cells.flatMap((cell) => choices.map((choice) => ({ ...cell, ...choice })));
  }
  const excluded = 'exclude' in matrix ? rows(document, 'exclude') : [];
  const included = 'include' in matrix ? rows(document, 'include') : [];
  checkExcluded(document, excluded, cells);
  const kept = cells.filter((cell) => !excluded.some((pattern) => fits(pattern, cell)));
  const all = [...(axes.length === 0 ? [] : kept), ...included];
  if (all.length > MAX_CELLS) throw tooLarge(document, 'include');
  if (all.length > 0) return all;
  throw new ScenarioError(
    'matrix-value',
    document.placeOfKey([], 'matrix'),
    'a matrix expected at least one cell, got none',
  );
}

/** Does every value of `pattern` stand in `cell`? */
function fits(pattern: Cell, cell: Cell): boolean {
  return Object.entries(pattern).every(([name, value]) => cell[name] === value);
}

/** A name stands in one place: what would `a` be with `a: [1, 2]` and `rows: [{ a: 3 }]`? */
function checkNames(
  document: ScenarioDocument,
  key: string,
  before: readonly Cell[],
  choices: readonly Cell[],
): void {
  const taken = new Set(before.flatMap((cell) => Object.keys(cell)));
  const twice = choices.flatMap((choice) => Object.keys(choice)).find((name) => taken.has(name));
  if (twice === undefined) return;
  throw new ScenarioError(
    'matrix-value',
    document.placeOfKey(['matrix'], key),
    `"${twice}" expected to be an axis or a name in rows, got both`,
  );
}

function checkExcluded(
  document: ScenarioDocument,
  excluded: readonly Cell[],
  cells: readonly Cell[],
): void {
  const declared = new Set(cells.flatMap((cell) => Object.keys(cell)));
  excluded.forEach((pattern, index) => {
    const path = ['matrix', 'exclude', index];
    const name = Object.keys(pattern).find((one) => !declared.has(one));
    if (name !== undefined) {
      throw new ScenarioError(
        'name-undeclared',
        document.placeOfKey(path, name),
        `"exclude" expected names declared in the matrix, got "${name}"`,
        closest(name, declared),
      );
    }
    if (!cells.some((cell) => fits(pattern, cell)))
      throw fitsNothing(document, path, pattern, cells);
  });
}

/** What takes no cell away is a slip of the finger: the cell it was meant for is run. */
function fitsNothing(
  document: ScenarioDocument,
  path: readonly PathPart[],
  pattern: Cell,
  cells: readonly Cell[],
): ScenarioError {
  for (const [name, value] of Object.entries(pattern)) {
    const values = new Set(cells.map((cell) => cell[name]!));
    if (values.has(value)) continue;
    return new ScenarioError(
      'value-undeclared',
      document.placeOf([...path, name]),
      `"exclude" expected a value that "${name}" has in the matrix, got "${value}"`,
      closest(value, values),
    );
  }
  return new ScenarioError(
    'value-undeclared',
    document.placeOf(path),
    '"exclude" expected values that some cell of the matrix has together, got values that none has',
  );
}

function axis(document: ScenarioDocument, name: string, values: unknown): Cell[] {
  checkName(document, ['matrix'], name);
  if (!Array.isArray(values) || values.length === 0) {
    throw wrong(document, ['matrix', name], 'a list of values', values);
  }
  return values.map((_, index) => ({ [name]: text(document, ['matrix', name, index]) }));
}

function rows(document: ScenarioDocument, key: string): Cell[] {
  const list = (document.value as { matrix: Record<string, unknown> }).matrix[key];
  if (!Array.isArray(list) || (list.length === 0 && key === 'rows')) {
    throw wrong(document, ['matrix', key], 'a list of mappings', list);
  }
  return list.map((row: unknown, index) => {
    const path = ['matrix', key, index];
    if (row === null || typeof row !== 'object' || Array.isArray(row)) {
      throw wrong(document, path, 'a mapping of names to values', row);
    }
    const names = Object.keys(row);
    for (const name of names) checkName(document, path, name);
    return Object.fromEntries(names.map((name) => [name, text(document, [...path, name])]));
  });
}

function checkName(document: ScenarioDocument, path: readonly PathPart[], name: string): void {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return;
  throw new ScenarioError(
    'matrix-value',
    document.placeOfKey(path, name),
    `a matrix name expected letters, digits and "_", got "${name}"`,
  );
}

/** A value as typed. YAML's null is refused: `null` is an IV mode, and must be quoted to be one. */
function text(document: ScenarioDocument, path: readonly PathPart[]): string {
  let value: unknown = document.value;
  for (const part of path) value = (value as Record<PathPart, unknown>)[part];
  if (value === null || value === undefined) throw nothing(document, path);
  if (typeof value === 'object') throw wrong(document, path, 'a single value', value);
  return document.plainSource(path) ?? String(value as string | number | boolean);
}

function nothing(document: ScenarioDocument, path: readonly PathPart[]): ScenarioError {
  const source = document.plainSource(path) ?? '';
  return new ScenarioError(
    'matrix-value',
    document.placeOf(path),
    `YAML reads ${source === '' ? 'an empty value' : source} as no value at all; an IV named null is written in quotes`,
    '"null"',
  );
}

function wrong(
  document: ScenarioDocument,
  path: readonly PathPart[],
  expected: string,
  got: unknown,
): ScenarioError {
  if (got === null && path.length > 1) return nothing(document, path);
  const shown = hideKeys(JSON.stringify(got) ?? 'nothing');
  return new ScenarioError(
    'matrix-value',
    document.placeOf(path),
    `"${path.join('.')}" expected ${expected}, got ${shown.slice(0, 60)}`,
  );
}

function tooLarge(document: ScenarioDocument, name: string): ScenarioError {
  return new ScenarioError(
    'matrix-too-large',
    document.placeOfKey(['matrix'], name),
    `a matrix expected at most ${MAX_CELLS} cells, got more with "${name}"`,
  );
}
