/** Every expectation of every scenario file counts: change any one, and the run fails and says where. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { runScenario, type ScenarioResult } from '../../src/scenario/api.ts';
import { whenFits } from '../../src/scenario/expect.ts';
import { PATHS, READBACKS } from '../../src/scenario/schema.ts';
import { runCli } from '../support/run-cli.ts';

type Tree = { [key: string]: unknown };
interface Raw extends Tree {
  matrix?: unknown;
  steps: { expect?: unknown }[];
}

/** One value of one expectation, and how to change it. */
interface Leaf {
  readonly step: number;
  /** Of a list of expectations; null when there is one. */
  readonly alternative: number | null;
  readonly key: string;
  readonly change: (expectation: Tree) => void;
}

function other(values: readonly string[], value: unknown): string {
  return values.find((one) => one !== value)!;
}

/** What makes a text expectation wrong, whatever the text is. */
function wrongText(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, at) =>
      wrongText(item).map((wrong) => value.map((one: unknown, i) => (i === at ? wrong : one))),
    );
  }
  if (value === null || typeof value !== 'object') return [`${String(value)} no such text`];
  return Object.entries(value as Tree).flatMap(([kind, inner]) =>
    (kind === 'absent' ? [''] : wrongText(inner)).map((wrong) => ({ ...value, [kind]: wrong })),
  );
}

function leavesOf(expectation: Tree, step: number, alternative: number | null): Leaf[] {
  const leaf = (key: string, wrong: unknown): Leaf => ({
    step,
    alternative,
    key,
    change: (one) => {
      one[key] = wrong;
    },
  });
  return Object.entries(expectation).flatMap(([key, value]) => {
    if (key === 'when') return [];
    if (key === 'exit') return [leaf(key, value === 0 ? 1 : 0)];
    if (key === 'path') return [leaf(key, other(PATHS, value))];
    if (key === 'readback') return [leaf(key, other(READBACKS, value))];
    if (key === 'decision') {
      const { rule, verdict } = value as { rule: string; verdict: string };
      const turned = other(['passes', 'refuses'], verdict);
      return [leaf(key, { rule: `${rule}-x`, verdict }), leaf(key, { rule, verdict: turned })];
    }
    return wrongText(value).map((wrong) => leaf(key, wrong));
  });
}

function allLeaves(raw: Raw): Leaf[] {
  return raw.steps.flatMap(({ expect: expected = {} }, step) => {
    if (expected === 'any') return [];
    if (!Array.isArray(expected)) return leavesOf(expected as Tree, step, null);
    return (expected as Tree[]).flatMap((one, at) => leavesOf(one, step, at));
  });
}

/** The values of a cell in which this expectation counted; null when it never does. */
function cellFor(result: ScenarioResult, leaf: Leaf): Readonly<Record<string, string>> | null {
  for (const { cell, steps } of result.cells) {
    const step = steps[leaf.step]!;
    if (!step.ran) continue;
    const expected = cell.scenario.steps[leaf.step]!.expect;
    if (!Array.isArray(expected)) return cell.values;
    const at = expected.findIndex(
      ({ when }) => when === undefined || whenFits(when, step.kernel, cell.values),
    );
    if (at === leaf.alternative) return cell.values;
  }
  return null;
}

const folder = mkdtempSync(join(tmpdir(), 'zonestack-'));

async function checkLeaf(raw: Raw, leaf: Leaf, values: Readonly<Record<string, string>>) {
  const changed = structuredClone(raw);
  const { expect: expected } = changed.steps[leaf.step]!;
  leaf.change(
    (leaf.alternative === null ? expected : (expected as Tree[])[leaf.alternative]) as Tree,
  );
  if (changed.matrix !== undefined) changed.matrix = { include: [values] };
  const file = join(folder, 'changed.yaml');
  const text = stringify(changed, { aliasDuplicateObjects: false, lineWidth: 0 });
  writeFileSync(file, text);
  const { exit, stdout } = await runCli('run', file);
  const what = `step ${leaf.step + 1}, ${leaf.key} in ${JSON.stringify(values)}\n${stdout}`;
  expect(exit, what).to.equal(1);
  const places = [...stdout.matchAll(/changed\.yaml:(\d+):\d+:\n {2}step (\d+) /g)];
  const lines = text.split('\n');
  const named = places.some(
    ([, line, step]) =>
      Number(step) === leaf.step + 1 && lines[Number(line) - 1]!.includes(`${leaf.key}:`),
  );
  expect(named, what).to.equal(true);
}

describe('changing any expectation makes a run fail, and names file, line and step', function () {
  this.timeout(180_000);
  after(() => rmSync(folder, { recursive: true }));
  // A comparison expects nothing.
  const files = readdirSync('scenarios').filter((one) => one.endsWith('.yaml'));
  for (const name of files.filter((one) => one !== 'fallback.yaml')) {
    it(name, async () => {
      const text = readFileSync(join('scenarios', name), 'utf8');
      const raw = parse(text, { maxAliasCount: -1 }) as Raw;
      const result = runScenario(text, { file: name });
      expect(result.met).to.equal(true);
      const leaves = allLeaves(raw);
      expect(leaves.length).to.be.above(0);
      for (const leaf of leaves) {
        const values = cellFor(result, leaf);
        const where = `step ${leaf.step + 1}, alternative ${leaf.alternative}: ${leaf.key}`;
        if (values === null) throw new Error(`${where} expected to count in some cell, got none`);
        await checkLeaf(raw, leaf, values);
      }
    });
  }
});
