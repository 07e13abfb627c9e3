/** What zod found wrong, in our words: the place, the code, both sides, and the word that was meant. */

import type * as z from 'zod';
import { closest } from '../kernel/suggest.ts';
import type { PathPart, ScenarioDocument } from './document.ts';
import { hideKeys, ScenarioError, type ScenarioErrorCode } from './errors.ts';
import {
  COLUMN_KEYS,
  COST_KEYS,
  DECISION_KEYS,
  EXPECTATION_KEYS,
  EXPLORE_EXPECTATION_KEYS,
  EXPLORE_KEYS,
  FAULT_KEYS,
  ITEM_EXPECTATION_KEYS,
  ITEM_KEYS,
  MATCHER_KEYS,
  STEP_KEYS,
  TOP_KEYS,
} from './schema.ts';

type Issue = z.core.$ZodIssue;

/** How a format speaks of itself. */
export interface FormatWords {
  /** `a scenario` */
  readonly what: string;
  /** The keys a mapping at `path` may have. */
  readonly keysAt: (path: readonly PathPart[]) => readonly string[];
  /** What a union at `path` stands for. */
  readonly unionAt: (path: readonly PathPart[]) => string;
}

/** The first thing that is wrong, as an error with its place. `value` is what was checked. */
export function schemaError(
  document: ScenarioDocument,
  value: unknown,
  issues: readonly Issue[],
  words: FormatWords = SCENARIO,
): ScenarioError {
  const issue = deepest(issues);
  const path = issue.path as PathPart[];
  if (issue.code === 'unrecognized_keys') {
    const known = words.keysAt(path);
    const key = issue.keys.find((one) => !known.includes(one)) ?? issue.keys[0]!;
    return unknownKey(document, value, path, key, words);
  }
  const got = at(value, path);
  if (issue.code === 'invalid_key') {
    const key = String(path.at(-1));
    return new ScenarioError(
      'disk-name',
      document.placeOfKey(path.slice(0, -1), key),
      `a disk expected a name such as nullb0 or sda, got ${shown(key)}`,
    );
  }
  if (got === undefined) {
    const field = path.length === 1 ? words.what : fieldOf(path.slice(0, -1));
    return new ScenarioError(
      path[0] === 'version' ? 'version' : 'missing-key',
      document.placeOf(path.slice(0, -1)),
      `${field} expected the key "${path.at(-1)}", got none`,
    );
  }
  const expected = expectedOf(path, issue, words);
  const suggestion = typeof got === 'string' ? closest(got, literalsOf(issue)) : null;
  return new ScenarioError(
    codeOf(path, issue),
    document.placeOf(path),
    `${fieldOf(path)} expected ${expected}, got ${shown(got)}`,
    suggestion ?? (typeof got === 'boolean' && path[0] === 'disks' ? String(Number(got)) : null),
  );
}

function unknownKey(
  document: ScenarioDocument,
  value: unknown,
  path: PathPart[],
  key: string,
  words: FormatWords,
): ScenarioError {
  const place = document.placeOfKey(path, key);
  const own = at(value, path) as object;
  const kinds = ['run', 'parallel', 'reboot', 'fault'].filter((kind) => kind in own);
  if (path.length === 2 && path[0] === 'steps' && kinds.length > 1) {
    const both = kinds.length === 2 ? 'both' : 'all';
    const message = `step ${Number(path[1]) + 1} expected "${kinds.join('" or "')}", got ${both}`;
    return new ScenarioError('wrong-value', document.placeOfKey(path, kinds[1]!), message);
  }
  const field = path.length === 0 ? words.what : fieldOf(path);
  if (path[0] === 'table' && COLUMN_KEYS.includes(key)) {
    const message = `${field} expected "value", or "step" and "measure", got both`;
    return new ScenarioError('wrong-value', place, message);
  }
  const near = closest(key, words.keysAt(path));
  return new ScenarioError('unknown-key', place, `${field} has no key ${shown(key)}`, near);
}

function knownKeys(path: readonly PathPart[]): readonly string[] {
  const names = path.filter((part) => typeof part === 'string');
  switch (names.at(-1)) {
    case undefined:
      return TOP_KEYS;
    case 'steps':
      return STEP_KEYS;
    case 'parallel':
      return ITEM_KEYS;
    case 'explore':
      return EXPLORE_KEYS;
    case 'fault':
    case 'faults':
      return FAULT_KEYS;
    case 'kernel':
      return ['base', 'patches'];
    case 'reboot':
      return ['kernel', 'how'];
    case 'expect':
      if (names.includes('parallel')) return ITEM_EXPECTATION_KEYS;
      return path[0] === 'explore' ? EXPLORE_EXPECTATION_KEYS : EXPECTATION_KEYS;
    case 'costs':
      return COST_KEYS;
    case 'table':
      return COLUMN_KEYS;
    case 'decision':
      return DECISION_KEYS;
    default:
      return MATCHER_KEYS;
  }
}

/** `steps.0.expect.exit` as a person counts: `step 1, expect.exit`. */
function fieldOf(path: readonly PathPart[]): string {
  if (path[0] !== 'steps' || path.length < 2) return `"${path.join('.')}"`;
  const inner = path.slice(2).join('.');
  const step = `step ${Number(path[1]) + 1}`;
  return inner === '' ? step : `${step}: "${inner}"`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** What unions stand for, by the last name of the path. */
const UNIONS: Readonly<Record<string, string>> = {
  kernel: 'the name of a kernel, or a mapping with base and patches',
  table: 'a mapping with "title", and "value" or "step" and "measure"',
  steps: 'a mapping with "run", "parallel", "reboot" or "fault"',
  expect: '"any", an expectation or a list of them',
  costs: 'default, or a mapping of times',
  when: 'a value or a list of values',
};

function expectedOf(path: readonly PathPart[], issue: Issue, words: FormatWords): string {
  const choices = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  if (choices.length > 0) return choices.join(choices.length === 2 ? ' or ' : ', ');
  if (issue.code === 'invalid_type') return TYPES[issue.expected] ?? issue.expected;
  if (issue.code === 'too_small' || issue.code === 'too_big') return boundOf(issue);
  return issue.code === 'invalid_union' ? words.unionAt(path) : issue.message;
}

function unionOf(path: readonly PathPart[]): string {
  if (path[0] === 'disks') return 'a number';
  const names = path.filter((part) => typeof part === 'string');
  if (names.at(-2) === 'when') return UNIONS.when!;
  return UNIONS[names.at(-1) ?? ''] ?? 'text, or a mapping with contains, matches or absent';
}

const SCENARIO: FormatWords = { what: 'a scenario', keysAt: knownKeys, unionAt: unionOf };

function boundOf(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  const [word, bound] =
    issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum];
  if (issue.origin === 'array') return `${word} ${bound} item${Number(bound) === 1 ? '' : 's'}`;
  if (issue.origin === 'string') return bound === 1 ? 'text' : `${word} ${bound} characters`;
  return `${word} ${bound}`;
}

/** The words that may stand here, be it as one alternative among others. */
function literalsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union') return [];
  return issue.errors
    .flat()
    .filter(({ path }) => path.length === 0)
    .flatMap(literalsOf);
}

function codeOf(path: readonly PathPart[], issue: Issue): ScenarioErrorCode {
  if (path[0] === 'version') return 'version';
  const byType = issue.code === 'invalid_type' || issue.code === 'invalid_union';
  return byType ? 'wrong-type' : 'wrong-value';
}

function at(value: unknown, path: readonly PathPart[]): unknown {
  let found = value;
  for (const part of path) found = (found as Record<PathPart, unknown> | null | undefined)?.[part];
  return found;
}

const SHOWN_CHARACTERS = 40;

function shown(value: unknown): string {
  if (value === null) return 'nothing';
  const text = hideKeys(JSON.stringify(value) ?? 'nothing');
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}...` : text;
}

/** Unions report the issues of every alternative; the one that went deepest into the value is what the writer meant. */
function deepest(issues: readonly Issue[]): Issue {
  // A mistyped key is also a missing one: the typed word says more.
  const issue = issues.find((one) => one.code === 'unrecognized_keys') ?? issues[0]!;
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const inner = issue.errors
    .filter((list) => list.length > 0)
    .map((list) => deepest(list))
    .sort((a, b) => weight(b) - weight(a))[0];
  if (inner === undefined || weight(inner) === 0) return issue;
  return { ...inner, path: [...issue.path, ...inner.path] } as Issue;
}

/** Depth first; at one depth an unknown key says more than a wrong type. */
function weight(issue: Issue): number {
  return issue.path.length * 2 + (issue.code === 'unrecognized_keys' ? 1 : 0);
}
