/** The checks of zonefs-tools that a simulator can make, one scenario each under scenarios/zonefs/. */

import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { runScenario } from '../../src/scenario/api.ts';

const FOLDER = 'scenarios/zonefs';
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

/** The tests of zonefs-tools that need neither fio's verification nor a tool that is not there. */
const NUMBERS =
  '0001 0003 0004 0020-0023 0040-0045 0060-0065 0080-0085 0100 0101 0110 0111 0200-0203 0214-0223 0300-0307 0312 0324-0329 0401 0510-0519 0600-0607 0610-0617 0620-0627'
    .split(' ')
    .flatMap((word) => {
      const [from, to = from] = word.split('-');
      return range(Number(from), Number(to));
    });

function range(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(4, '0'));
}

describe('scenarios/zonefs', () => {
  it('has a scenario for each of the 93 applicable tests of zonefs-tools, and cites it', () => {
    const numbered = FILES.filter((name) => /^\d/.test(name));
    expect(numbered.map((name) => name.slice(0, 4))).to.deep.equal(NUMBERS);
    expect(NUMBERS.length).to.equal(93);
    for (const name of numbered) {
      const text = readFileSync(`${FOLDER}/${name}`, 'utf8');
      expect(text, name).to.include(`# zonefs-tools test ${name.slice(0, 4)}. `);
    }
  });

  it('leaves 5.10.262 out only where sysfs or null_blk of that kernel lacks what the test needs, and says so', () => {
    const without = FILES.filter(
      (name) =>
        /^\d/.test(name) && !readFileSync(`${FOLDER}/${name}`, 'utf8').includes('5.10.262,'),
    );
    const expected = [...range(510, 519), ...range(610, 617), ...range(620, 627)];
    expect(without.map((name) => name.slice(0, 4))).to.deep.equal(expected);
    for (const name of without) {
      const comment = readFileSync(`${FOLDER}/${name}`, 'utf8').split('version:')[0]!;
      expect(comment.replace(/\n# /g, ' '), name).to.include('5.10.262 is not run');
    }
  });

  for (const name of FILES) {
    it(`${name} goes as it says on every kernel it names`, () => {
      const text = readFileSync(`${FOLDER}/${name}`, 'utf8');
      const result = runScenario(text, { file: name });
      const unmet = result.cells.flatMap((cell) =>
        cell.steps.flatMap(({ mismatches }, at) =>
          mismatches.map((one) => ({ cell: cell.cell.values, step: at + 1, ...one })),
        ),
      );
      expect(unmet).to.deep.equal([]);
      expect(result.met).to.equal(true);
    });
  }
});
