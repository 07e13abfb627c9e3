import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { schemaText } from '../../scripts/schema.ts';
import { runScenario } from '../../src/scenario/api.ts';
import { SCENARIO_ERROR_CODES } from '../../src/scenario/errors.ts';
import { EXPECTATION_KEYS, STEP_KEYS, TOP_KEYS } from '../../src/scenario/schema.ts';

/** Comparisons have a format of their own: test/compare/. */
const FILES = readdirSync('scenarios').filter(
  (name) => name.endsWith('.yaml') && name !== 'fallback.yaml',
);

describe('the schema of scenarios', () => {
  it('is what the loader checks: run `node --import tsx scripts/schema.ts` when it changed', () => {
    expect(readFileSync('schema/scenario.json', 'utf8')).to.equal(schemaText());
  });

  it('is named by every scenario, and every scenario says what it teaches', () => {
    for (const name of FILES) {
      const lines = readFileSync(`scenarios/${name}`, 'utf8').split('\n');
      expect(lines[0], name).to.equal('# yaml-language-server: $schema=../schema/scenario.json');
      expect(lines[1], name).to.match(/^# \S/);
    }
  });
});

describe('docs/scenarios.md', () => {
  const text = readFileSync('docs/scenarios.md', 'utf8');

  it('names every error code and every key', () => {
    const names = [...SCENARIO_ERROR_CODES, ...TOP_KEYS, ...STEP_KEYS, ...EXPECTATION_KEYS];
    const missing = names.filter(
      (name) => !text.includes(`\`${name}\``) && !text.includes(`${name}:`),
    );
    expect(missing).to.deep.equal([]);
  });

  it('shows an example that is met', () => {
    const example = /```yaml\n([\s\S]*?)```/.exec(text)![1]!;
    expect(runScenario(example).met).to.equal(true);
  });
});
