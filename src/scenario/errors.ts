/**
 * What can be wrong with a scenario file: a closed set of codes, each with a place, a picture of it and, where one can
 * be given, a suggestion. Keys in the quoted line are zeroed, as dmsetup does.
 */

export const SCENARIO_ERROR_CODES = [
  'file-missing',
  'file-too-large',
  'yaml-syntax',
  'yaml-aliases',
  'yaml-depth',
  'version',
  'unknown-key',
  'missing-key',
  'wrong-type',
  'wrong-value',
  'kernel-unquoted',
  'kernel-unknown',
  'kernel-syntax',
  'patch-unknown',
  'patch-conflict',
  'patch-missing-prerequisite',
  'disk-attribute',
  'disk-refused',
  'matrix-too-large',
  'matrix-value',
  'name-undeclared',
  'command-syntax',
  'command-unknown',
  'pattern-unsupported',
  'budget-exceeded',
] as const;

export type ScenarioErrorCode = (typeof SCENARIO_ERROR_CODES)[number];

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** The line and a caret below the place; empty when there is no text. */
  readonly picture: string;
}

export class ScenarioError extends Error {
  readonly code: ScenarioErrorCode;
  readonly place: Place;
  readonly suggestion: string | null;

  constructor(
    code: ScenarioErrorCode,
    place: Place,
    message: string,
    suggestion: string | null = null,
  ) {
    super(message);
    this.name = 'ScenarioError';
    this.code = code;
    this.place = place;
    this.suggestion = suggestion;
  }

  /** All of it as a person reads it. */
  format(): string {
    const { file, line, column, picture } = this.place;
    const hint = this.suggestion === null ? '' : `\n  did you mean ${this.suggestion}?`;
    const drawn = picture === '' ? '' : `\n${picture}`;
    return `${file}:${line}:${column}: ${this.message} [${this.code}]${drawn}${hint}`;
  }
}

const PICTURE_COLUMNS = 78;

/** A line of a text with a caret below `column` (from 1), cut to 78 columns around it. */
export function picture(text: string, line: number, column: number): string {
  const source = hideKeys(text.split('\n')[line - 1] ?? '');
  const at = Math.max(0, column - 1);
  const from = at < PICTURE_COLUMNS - 8 ? 0 : at - PICTURE_COLUMNS / 2;
  const shown = source.slice(from, from + PICTURE_COLUMNS - 2);
  return `  ${shown}\n  ${' '.repeat(at - from)}^`;
}

/** Hex runs as long as a key become zeros of the same length. */
export function hideKeys(text: string): string {
  return text.replace(/[0-9a-fA-F]{32,}/g, (key) => '0'.repeat(key.length));
}
