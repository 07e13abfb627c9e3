/** Expectations of a step: which one counts, and what of it was not met. */

import { kernelByName } from '../kernel/releases.ts';
import type { Decision } from '../sim/decision.ts';
import { textMismatch } from './match.ts';
import type { Cell } from './matrix.ts';
import type { WritePath } from './outcome.ts';
import type { Readback } from './readback.ts';
import type { Expect, Expectation, TextExpectation, When } from './schema.ts';

export interface Mismatch {
  /** The key of the expectation: `exit`, `dmesg`, ... */
  readonly key: string;
  /** Which expectation of a list it was; null when there is only one. */
  readonly alternative: number | null;
  readonly expected: string;
  /** Whole: whoever shows it hides keys first and cuts then. */
  readonly got: string;
  /** Of a command of a parallel step: which. */
  readonly item?: number;
}

/** What a step showed, as far as expectations look at it. */
export interface Shown {
  readonly kernel: string;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly dmesg: readonly string[];
  readonly path: WritePath;
  readonly readback: Readback | null;
  readonly decisions: readonly Decision[];
}

type One = Exclude<Expectation, undefined>;

/** A step without `expect` must exit with 0; `any` accepts all; of a list the first whose `when` fits counts, and when none fits
 * the step must exit with 0. */
export function checkExpectation(
  expect: Expect | undefined,
  shown: Shown,
  values: Cell,
): Mismatch[] {
  if (expect === 'any') return [];
  const list = Array.isArray(expect) ? expect : [expect ?? {}];
  const index = list.findIndex(
    (one) => one.when === undefined || whenFits(one.when, shown.kernel, values),
  );
  return mismatches(list[index] ?? {}, shown, Array.isArray(expect) && index >= 0 ? index : null);
}

/** Do the running kernel and the matrix values fit? A list stands for any of its values. */
export function whenFits(when: When, kernel: string, values: Cell): boolean {
  return Object.entries(when).every(([name, wanted]) =>
    (Array.isArray(wanted) ? wanted : [wanted]).some((one) =>
      name === 'kernel' ? sameKernel(String(one), kernel) : String(one) === values[name],
    ),
  );
}

/** `v5.12+series` and `v5.12+series[1-4]` are one kernel: what it stands on and its patches, in order, make it. */
function sameKernel(a: string, b: string): boolean {
  if (a === b) return true;
  const [one, other] = [kernelByName(a), kernelByName(b)];
  return one.base === other.base && one.patches.join() === other.patches.join();
}

function mismatches(one: One, shown: Shown, alternative: number | null): Mismatch[] {
  const found: Mismatch[] = [];
  const miss = (key: string, expected: string, got: string): void => {
    found.push({ key, alternative, expected, got });
  };
  const exit = one.exit ?? 0;
  if (exit !== shown.exit) miss('exit', String(exit), exitText(shown));
  const texts = { stdout: shown.stdout, stderr: shown.stderr, dmesg: shown.dmesg.join('\n') };
  for (const { key, expected, got } of textMismatches(one, texts)) miss(key, expected, got);
  if (one.path !== undefined && one.path !== shown.path) miss('path', one.path, shown.path);
  if (one.readback !== undefined && one.readback !== shown.readback) {
    miss('readback', one.readback, shown.readback ?? 'not read');
  }
  const { decision } = one;
  if (
    decision !== undefined &&
    !shown.decisions.some((d) => d.rule === decision.rule && d.verdict === decision.verdict)
  ) {
    const asked = shown.decisions.filter((d) => d.rule === decision.rule);
    miss(
      'decision',
      `${decision.rule} ${decision.verdict}`,
      asked.length === 0
        ? `a rule that was not asked; ${askedText(shown.decisions)}`
        : asked.map((d) => d.verdict).join(', '),
    );
  }
  return found;
}

/** What of the expectations of texts was not met. */
export function textMismatches(
  one: { readonly [key: string]: unknown; readonly stdout?: TextExpectation | undefined },
  texts: Readonly<Record<string, string>>,
): { readonly key: string; readonly expected: string; readonly got: string }[] {
  return Object.entries(texts).flatMap(([key, text]) => {
    const wanted = one[key as 'stdout'];
    const expected = wanted === undefined ? null : textMismatch(wanted, text);
    return expected === null ? [] : [{ key, expected, got: JSON.stringify(text) }];
  });
}

function askedText(decisions: readonly Decision[]): string {
  const refused = decisions.filter((d) => d.verdict === 'refuses').map((d) => d.rule);
  const rules = [...new Set(refused.length > 0 ? refused : decisions.map((d) => d.rule))];
  if (rules.length === 0) return 'this step asked none';
  return `this step ${refused.length > 0 ? 'was refused by' : 'asked'} ${rules.join(', ')}`;
}

function exitText(shown: Shown): string {
  const said = (shown.stderr || shown.stdout).trim().split('\n')[0] ?? '';
  return said === '' ? String(shown.exit) : `${shown.exit} (${said})`;
}
