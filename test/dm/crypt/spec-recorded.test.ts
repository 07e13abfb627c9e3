/** The table lines of the recorded `limits` cells: outcome, errno, what is printed, and the table text. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Stand } from './stand.ts';

const RECORDED = new URL('../../../conformance/recorded/', import.meta.url);

interface Op {
  readonly op: string;
  readonly args: string;
  readonly ret: number;
  readonly errno?: string;
  readonly lines: readonly string[];
  readonly targets?: readonly string[];
}

interface Outcome {
  readonly errno: string | null;
  readonly lines: readonly string[];
  readonly tables: readonly string[];
}

const OURS = /crypt: |^Unsupported essiv|^PCLMULQDQ/;
/** What device mapper itself says before the constructor is asked. */
const BEFORE_US = /Gap in table|zero-length target/;

/** Builds the lines of a `dm` op as device mapper would, without its own checks. */
function build(kernel: string, table: string, zoned = true): Outcome {
  const stand = new Stand(kernel, zoned);
  const tables: string[] = [];
  let failure: string | null = null;
  for (const line of table.split(';')) {
    const [begin = '', length = '', type, ...words] = line.trim().split(' ');
    if (type !== 'crypt') continue;
    const made = stand.create(words.join(' '), Number(length), Number(begin));
    if (made.ok) {
      tables.push(`${begin} ${length} crypt ${made.target.status('table', true)}`);
      continue;
    }
    failure = made.errno;
    const tail = kernel.startsWith('5.10') ? '' : ` (-${made.errno})`;
    const text = `device-mapper: table: 252:0: crypt: ${made.error ?? 'Unknown error'}${tail}`;
    stand.host.printk('err', text);
    break;
  }
  return { errno: failure, lines: stand.host.log.lines.map((line) => line.text), tables };
}

function compare(kernel: string, id: string, ops: readonly Op[]): number {
  let compared = 0;
  ops.forEach((op, at) => {
    if (op.op !== 'dm' || !/ crypt /.test(op.args)) return;
    const told = ops.slice(at).find((one) => one.op === 'dmesg')?.lines ?? [];
    if (told.some((line) => BEFORE_US.test(line))) return;
    const got = build(kernel, op.args.slice(op.args.indexOf(' ') + 1));
    expect(got.lines, id).to.deep.equal(told.filter((line) => OURS.test(line)));
    if (told.some((line) => line.includes('crypt: ')) && op.ret !== 0) {
      expect(got.errno, id).to.equal(op.errno);
    } else {
      expect(got.errno, id).to.equal(null);
    }
    const shown = ops.slice(at).find((one) => one.op === 'dmtable')?.targets;
    if (op.ret === 0 && shown !== undefined) {
      const ours = shown.filter((line) => line.includes(' crypt '));
      expect(got.tables, id).to.deep.equal(ours);
    }
    compared += 1;
  });
  return compared;
}

describe('crypt table lines end as recorded', () => {
  for (const kernel of ['5.10.262', '6.1.192', '6.12.117', '7.3.4']) {
    const short = kernel.split('.').slice(0, 2).join('.');
    const text = readFileSync(new URL(`${short}/limits.json`, RECORDED), 'utf8');
    const { facts } = JSON.parse(text) as { facts: Record<string, readonly Op[]> };
    for (const group of ['spec', 'table']) {
      it(`limits/${group} of ${kernel}`, () => {
        let compared = 0;
        for (const [id, ops] of Object.entries(facts)) {
          if (id.startsWith(`limits/${group}/`)) compared += compare(kernel, id, ops);
        }
        expect(compared).to.be.greaterThan(30);
      });
    }
  }

  for (const name of ['v5.12', 'v5.12+1-2', 'v5.12+1-3', 'v5.12+1-4', 'v5.14']) {
    it(`every table line of ${name}/series.json`, () => {
      const text = readFileSync(new URL(`${name}/series.json`, RECORDED), 'utf8');
      const { facts } = JSON.parse(text) as { facts: Record<string, readonly Op[]> };
      const kernel = name.replace(/\+(.*)/, '+series[$1]');
      for (const [id, ops] of Object.entries(facts)) {
        compareSeries(kernel, id, ops);
      }
    });
  }
});

/** Series cells log other things too: only the lines of the constructor count. */
function compareSeries(kernel: string, id: string, ops: readonly Op[]): void {
  ops.forEach((op, at) => {
    if (op.op !== 'dm' || !/ crypt /.test(op.args)) return;
    const told = ops.slice(at).find((one) => one.op === 'dmesg')?.lines ?? [];
    // Both use a second disk, which is not zoned.
    const zoned = !/iv-proof|regular-disk/.test(id);
    const got = build(kernel, op.args.slice(op.args.indexOf(' ') + 1), zoned);
    const lines = got.lines.map((line) => line.replace(/ \(-E\w+\)$/, ''));
    const ours = told.filter((line) => OURS.test(line));
    expect(lines, `${id}: ${op.args}`).to.deep.equal(ours);
    expect(got.errno === null, id).to.equal(op.ret === 0);
  });
}
