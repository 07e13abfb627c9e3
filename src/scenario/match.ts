/**
 * Text expectations: exact text, or `contains`, `matches` (a linear-time regular expression), `absent`; a list asks for
 * all of its items.
 */

import { RE2JS } from 're2js';
import type { PathPart, ScenarioDocument } from './document.ts';
import { ScenarioError } from './errors.ts';
import type { Expect, TextExpectation } from './schema.ts';

/** Null when `text` is as expected; else what was expected, in words. */
export function textMismatch(expected: TextExpectation, text: string): string | null {
  if (typeof expected === 'string') {
    const same = expected === text || expected === trimmed(text);
    return same ? null : `exactly ${JSON.stringify(expected)}`;
  }
  for (const item of Array.isArray(expected) ? expected : [expected]) {
    const problem = typeof item === 'string' ? listed(item, text) : matched(item, text);
    if (problem !== null) return problem;
  }
  return null;
}

/** A string alone is the whole text; in a list it is one of its lines. */
function listed(item: string, text: string): string | null {
  return text.split('\n').includes(trimmed(item)) ? null : `a line ${JSON.stringify(item)}`;
}

function trimmed(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}

type Matcher = Exclude<Extract<TextExpectation, object>, readonly unknown[]>;

function matched(item: Matcher, text: string): string | null {
  for (const part of list(item.contains)) {
    if (!text.includes(part)) return `text that contains ${JSON.stringify(part)}`;
  }
  for (const pattern of list(item.matches)) {
    if (!RE2JS.compile(pattern, RE2JS.MULTILINE).matcher(text).find()) {
      return `text that matches ${JSON.stringify(pattern)}`;
    }
  }
  for (const part of list(item.absent)) {
    if (text.includes(part)) return `text without ${JSON.stringify(part)}`;
  }
  return null;
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

const TEXT_KEYS = ['stdout', 'stderr', 'dmesg'] as const;

/** Compiles every `matches` of a step. Throws ScenarioError for what the linear-time subset does not have. */
export function checkPatterns(
  document: ScenarioDocument,
  path: readonly PathPart[],
  expect: Expect,
): void {
  if (expect === 'any') return;
  const several = Array.isArray(expect);
  (several ? expect : [expect]).forEach((one, index) => {
    for (const key of TEXT_KEYS) {
      const value = one[key];
      if (value === undefined) continue;
      const listed = Array.isArray(value);
      (listed ? value : [value]).forEach((item, at) => {
        if (typeof item === 'string') return;
        const where = [
          ...path,
          ...(several ? [index] : []),
          key,
          ...(listed ? [at] : []),
          'matches',
        ];
        list(item.matches).forEach((pattern, n) => {
          const inList = Array.isArray(item.matches);
          checkPattern(document, [...where, ...(inList ? [n] : [])], pattern);
        });
      });
    }
  });
}

function checkPattern(
  document: ScenarioDocument,
  path: readonly PathPart[],
  pattern: string,
): void {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ScenarioError(
      'pattern-unsupported',
      document.placeOf(path),
      `"matches" expected a regular expression of the linear-time subset (no look-around, no back-references): ${reason}`,
    );
  }
}
