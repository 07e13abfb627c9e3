/**
 * What can be wrong with a scenario file: a closed set of codes, each with a place, a picture of it and, where one can
 * be given, a suggestion. Keys in the quoted line are zeroed, as dmsetup does.
 */

import { redactor, secretsOf, zeroed } from './secrets.ts';

export const SCENARIO_ERROR_CODES = [
  'file-missing',
  'file-too-large',
  'yaml-syntax',
  'yaml-aliases',
  'yaml-depth',
  'version',
  'wrong-kind',
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
  'disk-name',
  'disk-attribute',
  'disk-refused',
  'matrix-too-large',
  'matrix-value',
  'name-undeclared',
  'value-undeclared',
  'step-unknown',
  'command-syntax',
  'command-unknown',
  'pattern-unsupported',
  'not-modelled',
  'budget-exceeded',
  'never-ends',
  'lesson-section',
  'lesson-markdown',
  'fact-unknown',
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
    const short = abridged(printable(hideKeys(this.message)));
    return `${file}:${line}:${column}: ${short} [${this.code}]${drawn}${hint}`;
  }
}

/** A message may quote what was typed; nobody reads a page of it, nor a word longer than a line. */
const MESSAGE_CHARACTERS = 400;
const QUOTED_CHARACTERS = 60;

/** `text` as a message may hold it: neither it nor a word it quotes is longer than what is read. */
export function abridged(text: string): string {
  const cut = text.replace(/"([^"\s/]+)"/g, (whole, word: string) =>
    word.length > QUOTED_CHARACTERS ? `"${word.slice(0, QUOTED_CHARACTERS)}..."` : whole,
  );
  return cut.length > MESSAGE_CHARACTERS ? `${cut.slice(0, MESSAGE_CHARACTERS)}...` : cut;
}
const PICTURE_COLUMNS = 76;
/** How much of a long line stands before the place. */
const PICTURE_BEFORE = 38;

/** A line of a text with a caret below `column` (from 1), cut to 76 columns around it. */
export function picture(text: string, line: number, column: number): string {
  const source = hideKeys(text.split('\n', line)[line - 1] ?? '').replace(/\p{Cc}/gu, ' ');
  const at = Math.max(0, column - 1);
  const from = at < PICTURE_COLUMNS - 8 ? 0 : at - PICTURE_BEFORE;
  const shown = source.slice(from, from + PICTURE_COLUMNS).trimEnd();
  return `  ${shown}\n  ${' '.repeat(at - from)}^`;
}

/** `text` on one line, without letters that would steer a terminal. */
export function printable(text: string): string {
  return text
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replace(/\p{Cc}/gu, (letter) => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Keys, and hex runs as long as a key, become zeros of the same length. */
export function hideKeys(text: string): string {
  return redactor(secretsOf([text]), zeroed)(text).replace(/[0-9a-fA-F]{32,}/g, zeroed);
}
