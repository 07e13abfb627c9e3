/**
 * `${name}` in any scalar, keys included, stands for a matrix value of the cell; `$${` is a literal `${`. A scalar that
 * is nothing but one name takes the value's type, so `zone_size: "${zs}"` is a number when the value is one.
 */

import { closest } from '../kernel/suggest.ts';
import type { PathPart, ScenarioDocument } from './document.ts';
import { ScenarioError } from './errors.ts';
import type { Cell } from './matrix.ts';

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;

/** What stands under these keys is text: a bare number or word means what was typed (`5.10`, not 5.1). */
const TEXT_KEYS = new Set(
  'title description name needs run when law outcomes stdout stderr dmesg'.split(' ') as PathPart[],
);

/** The document's value with the cell's values put in. Throws ScenarioError at an undeclared name. */
export function substitute(document: ScenarioDocument, cell: Cell): unknown {
  return walk(document, cell, document.value, [], false);
}

function walk(
  document: ScenarioDocument,
  cell: Cell,
  value: unknown,
  path: readonly PathPart[],
  inText: boolean,
): unknown {
  if (typeof value === 'string') {
    if (!value.includes('${')) return value;
    const filled = fill(document, cell, value, path);
    return !inText && isWhole(value, filled) ? Number(filled) : filled;
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => walk(document, cell, item, [...path, index], inText));
  }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return inText ? (document.plainSource(path) ?? String(value)) : value;
  }
  if (value === null || typeof value !== 'object') return value;
  const out: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const inner = [...path, key];
    const name = key.includes('${') ? fill(document, cell, key, path) : key;
    out[name] =
      path.length === 0 && key === 'matrix'
        ? item
        : walk(document, cell, item, inner, inText || TEXT_KEYS.has(key));
  }
  return out;
}

/** One name and nothing else, whose value is a whole number as numbers are written. */
function isWhole(text: string, filled: string): boolean {
  return /^\$\{[^}]*\}$/.test(text) && /^(?:0|[1-9]\d{0,14})$/.test(filled);
}

function fill(
  document: ScenarioDocument,
  cell: Cell,
  text: string,
  path: readonly PathPart[],
): string {
  return text.replace(REFERENCE, (found, name: string | undefined, offset: number) => {
    if (found === '$${') return '${';
    const closed = found.endsWith('}');
    if (name !== undefined && closed && Object.hasOwn(cell, name)) return cell[name]!;
    const near = closest(name ?? '', Object.keys(cell));
    throw new ScenarioError(
      'name-undeclared',
      document.placeOf(path, offset),
      closed
        ? `"\${${name}}" expected a name declared in the matrix`
        : `"$\{" expected a name and "}"; a literal "$\{" is written "$$\{"`,
      near === null ? null : `\${${near}}`,
    );
  });
}

/** The place in `text` that character `position` of it comes from once the cell's values are put in. */
export function positionBefore(text: string, cell: Cell, position: number): number {
  let grown = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const value = match[0] === '$${' ? '${' : (cell[match[1] ?? ''] ?? '');
    const start = match.index + grown;
    if (position < start) break;
    if (position < start + value.length) return match.index;
    grown += value.length - match[0].length;
  }
  return position - grown;
}
