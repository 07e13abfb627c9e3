/**
 * The matrix of a scenario: a product of axes, `rows` for values that go together, `include` and `exclude`. One cell is
 * one assignment of the declared names; the number of cells is bounded.
 */

import type { PathPart, ScenarioDocument } from './document.ts';
import { ScenarioError } from './errors.ts';

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
  let cells: Cell[] = [{}];
  for (const [name, values] of Object.entries(matrix)) {
    if (name === 'include' || name === 'exclude') continue;
    const choices = name === 'rows' ? rows(document, name) : axis(document, name, values);
    if (cells.length * choices.length > MAX_CELLS) throw tooLarge(document, name);
    cells = cells.flatMap((cell) => choices.map((choice) => ({ ...cell, ...choice })));
  }
  const excluded = 'exclude' in matrix ? rows(document, 'exclude') : [];
  const included = 'include' in matrix ? rows(document, 'include') : [];
  const kept = cells.filter((cell) => !excluded.some((pattern) => fits(pattern, cell)));
  const onlyIncludes = Object.keys(matrix).every(
    (name) => name === 'include' || name === 'exclude',
  );
  return [...(onlyIncludes ? [] : kept), ...included];
}

/** Does every value of `pattern` stand in `cell`? */
export function fits(pattern: Cell, cell: Cell): boolean {
  return Object.entries(pattern).every(([name, value]) => cell[name] === value);
}

function axis(document: ScenarioDocument, name: string, values: unknown): Cell[] {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new ScenarioError(
      'matrix-value',
      document.placeOfKey(['matrix'], name),
      `a matrix name expected letters, digits and "_", got "${name}"`,
    );
  }
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
    if (row === null || typeof row !== 'object' || Array.isArray(row)) {
      throw wrong(document, ['matrix', key, index], 'a mapping of names to values', row);
    }
    const names = Object.keys(row);
    return Object.fromEntries(
      names.map((name) => [name, text(document, ['matrix', key, index, name])]),
    );
  });
}

/** A value as typed. YAML's null is refused: `null` is an IV mode, and must be quoted to be one. */
function text(document: ScenarioDocument, path: readonly PathPart[]): string {
  let value: unknown = document.value;
  for (const part of path) value = (value as Record<PathPart, unknown>)[part];
  if (value === null || value === undefined) {
    const source = document.plainSource(path) ?? 'null';
    throw new ScenarioError(
      'matrix-value',
      document.placeOf(path),
      `YAML reads ${source === '' ? 'an empty value' : source} as no value at all; an IV named null is written in quotes`,
      '"null"',
    );
  }
  if (typeof value === 'object') throw wrong(document, path, 'a single value', value);
  return document.plainSource(path) ?? String(value);
}

function wrong(
  document: ScenarioDocument,
  path: readonly PathPart[],
  expected: string,
  got: unknown,
): ScenarioError {
  const shown = JSON.stringify(got) ?? 'nothing';
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
