import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { schemaText } from '../../scripts/schema.ts';

const FILES = readdirSync('scenarios').filter((name) => name.endsWith('.yaml'));

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
