/**
 * `${name}` in any scalar stands for a matrix value of the cell; `$${` is a literal `${`. A scalar that is nothing but
 * one name takes the value's type, so `zone_size: "${zs}"` is a number when the value is one.
 */

import { closest } from '../kernel/suggest.ts';
import type { PathPart, ScenarioDocument } from './document.ts';
import { ScenarioError } from './errors.ts';
import type { Cell } from './matrix.ts';

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;

/** The document's value with the cell's values put in. Throws ScenarioError at an undeclared name. */
export function substitute(document: ScenarioDocument, cell: Cell): unknown {
  return walk(document, cell, document.value, []);
}

function walk(
  document: ScenarioDocument,
  cell: Cell,
  value: unknown,
  path: readonly PathPart[],
): unknown {
  if (typeof value === 'string')
    return value.includes('$') ? fill(document, cell, value, path) : value;
  if (Array.isArray(value)) {
    return value.map((item, index) => walk(document, cell, item, [...path, index]));
  }
  if (value === null || typeof value !== 'object') return value;
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    out[key] =
      path.length === 0 && key === 'matrix' ? item : walk(document, cell, item, [...path, key]);
  }
  return out;
}

function fill(
  document: ScenarioDocument,
  cell: Cell,
  text: string,
  path: readonly PathPart[],
): unknown {
  const whole = /^\$\{([^}]*)\}$/.exec(text);
  const filled = text.replace(REFERENCE, (found, name: string | undefined, offset: number) => {
    if (found === '$${') return '${';
    const value = name === undefined || !found.endsWith('}') ? undefined : cell[name];
    if (value !== undefined) return value;
    const near = closest(name ?? '', Object.keys(cell));
    throw new ScenarioError(
      'name-undeclared',
      document.placeOf(path, offset),
      found.endsWith('}')
        ? `"\${${name}}" expected a name declared in the matrix`
        : '"${" expected a name and "}"; a literal "${" is written "$${"',
      near === null ? null : `\${${near}}`,
    );
  });
  if (whole !== null && /^(?:0|[1-9]\d{0,14})$/.test(filled)) return Number(filled);
  return filled;
}
