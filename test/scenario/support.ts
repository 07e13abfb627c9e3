/** Short scenarios for tests. */

import { expect } from 'chai';
import { runScenario } from '../../src/scenario/api.ts';
import { ScenarioError, type ScenarioErrorCode } from '../../src/scenario/errors.ts';
import type { RunOptions, StepResult } from '../../src/scenario/run.ts';

export const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
export const CRYPT = `0 524288 crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0`;

const DISK = 'size: 256, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1';

export interface Parts {
  readonly kernel?: string;
  /** Attributes of nullb0 as YAML. */
  readonly disk?: string;
  readonly more?: string;
}

/** A scenario of these steps, each a YAML mapping on one line or a bare command. */
export function scenario(steps: readonly string[], parts: Parts = {}): string {
  const lines = steps.map((step) =>
    step.startsWith('{') ? step : `{ run: ${JSON.stringify(step)} }`,
  );
  return `version: 1
title: a test
kernel: ${JSON.stringify(parts.kernel ?? 'v5.12')}
disks:
  nullb0: { ${parts.disk ?? DISK} }
${parts.more ?? ''}steps:
${lines.map((line) => `  - ${line}`).join('\n')}
`;
}

/** The steps of the only cell. */
export function ran(text: string, options: RunOptions = {}): readonly StepResult[] {
  return runScenario(text, options).cells[0]!.steps;
}

/** The unmet keys of every step, as `step:key`. */
export function unmet(text: string): string[] {
  return runScenario(text).cells.flatMap((cell) =>
    cell.steps.flatMap((step) => step.mismatches.map((one) => `${step.index + 1}:${one.key}`)),
  );
}

/** Runs a scenario that must be stopped with an error of this code. */
export function stopped(text: string, code: ScenarioErrorCode): ScenarioError {
  try {
    runScenario(text);
  } catch (error) {
    expect(error).to.be.instanceOf(ScenarioError);
    const found = error as ScenarioError;
    expect(found.code, found.format()).to.equal(code);
    return found;
  }
  throw new Error('expected a ScenarioError, got none');
}
