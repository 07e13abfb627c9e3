/**
 * Rules and decisions: every refusal of the model is a named rule that was asked, with the values it saw. At mount
 * and table load each rule asked is recorded, passed or not; on the bio path only refusals are.
 */

import { type ErrnoName, errno } from '../kernel/errno.ts';
import type { LogLevel } from '../kernel/log.ts';

/** Where a value was set: a floor (`dm-0`, `nullb0`) and the rule or attribute that set it. */
export interface Origin {
  readonly floor: string;
  readonly rule: string;
  /** Where that floor had it from, for values that are passed upwards. */
  readonly from?: Origin;
}

/** A value with its origin, as queue limits hold. */
export interface Sourced<T> {
  readonly value: T;
  readonly origin: Origin;
}

export type SeenValue = number | string | boolean | Sourced<number | string>;
export type Seen = Readonly<Record<string, SeenValue>>;

export interface Source {
  readonly file: string;
  readonly function: string;
}

export interface Decision {
  readonly index: number;
  readonly rule: string;
  /** What it was asked about: `dm-0`, `/mnt/seq/0`. */
  readonly subject: string;
  readonly seen: Seen;
  readonly verdict: 'passes' | 'refuses';
  readonly errno?: ErrnoName;
  /** The kernel log line of the refusal, when there is one. */
  readonly log?: string;
  readonly source: Source;
  /** The bio it stopped, on the bio path. */
  readonly bio?: number;
}

export interface Refusal {
  readonly errno: ErrnoName;
  /** The log line without its prefix; absent when the kernel refuses silently. */
  readonly log?: string;
  readonly level?: LogLevel;
  /** The line's format has no newline: readers see it when the next line comes. */
  readonly unterminated?: boolean;
}

/** A named check: what it looks at, when it passes, and how it refuses. `S` is what it is asked about. */
export interface Rule<S> {
  readonly id: string;
  readonly source: Source;
  sees(subject: S): Seen;
  passes(seen: Seen, subject: S): boolean;
  refuses(subject: S, seen: Seen): Refusal;
}

export interface Asker {
  /** The subject's name in the decision. */
  readonly subject: string;
  decide(decision: Omit<Decision, 'index'>): void;
  /** Prints the refusal's line with the prefix of its floor. */
  log(level: LogLevel, text: string, unterminated?: boolean): void;
}

/** Asks one rule, records the decision, logs a refusal. Returns 0 or a negative errno. */
export function askRule<S>(rule: Rule<S>, subject: S, asker: Asker): number {
  const seen = rule.sees(subject);
  const base = { rule: rule.id, subject: asker.subject, seen, source: rule.source };
  if (rule.passes(seen, subject)) {
    asker.decide({ ...base, verdict: 'passes' });
    return 0;
  }
  const refusal = rule.refuses(subject, seen);
  asker.decide({
    ...base,
    verdict: 'refuses',
    errno: refusal.errno,
    ...(refusal.log === undefined ? {} : { log: refusal.log }),
  });
  if (refusal.log !== undefined) {
    asker.log(refusal.level ?? 'err', refusal.log, refusal.unterminated);
  }
  return -errno[refusal.errno];
}

/**
 * Asks the rules named by a kernel's list, in that order, until one refuses. A name without a body is a broken
 * invariant of the model: the record and the floor disagree.
 */
export function askRules<S>(
  ids: readonly string[],
  table: ReadonlyMap<string, Rule<S>>,
  subject: S,
  asker: Asker,
): number {
  for (const id of ids) {
    const rule = table.get(id);
    if (rule === undefined) throw new Error(`rule "${id}" expected a body, got none`);
    const result = askRule(rule, subject, asker);
    if (result < 0) return result;
  }
  return 0;
}

/** A table from a list of rules, for `askRules`. */
export function ruleTable<S>(rules: readonly Rule<S>[]): ReadonlyMap<string, Rule<S>> {
  return new Map(rules.map((rule) => [rule.id, rule]));
}
