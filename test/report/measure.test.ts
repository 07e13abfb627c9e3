/** The table of a scenario: what its columns say, and that docs/iv-modes.md shows what the run prints. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runCli } from '../support/run-cli.ts';

const KEY = 'deadbeefcafef00d0123456789abcdef00112233445566778899aabbccddeeff';

const folder = mkdtempSync(join(tmpdir(), 'zonestack-'));

async function tableOf(
  columns: readonly string[],
  steps: readonly string[],
  more = '',
): Promise<{ titles: string[]; rows: string[][] }> {
  const file = join(folder, 's.yaml');
  const text = [
    'version: 1',
    'title: t',
    'kernel: v5.12',
    'disks: { nullb0: { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 } }',
    more,
    `table: [${columns.join(', ')}]`,
    'steps:',
    ...steps.map((step) => `  - ${step}`),
  ];
  writeFileSync(file, text.join('\n'));
  const { stdout, stderr } = await runCli('run', file, '--format', 'json');
  expect(stderr).to.equal('');
  return (JSON.parse(stdout) as { scenarios: { table: never }[] }).scenarios[0]!.table;
}

const MAKE = ['run: mkzonefs -f /dev/nullb0', 'run: mount -t zonefs /dev/nullb0 /mnt'];
const dd = (name: string, from: string, seek: number): string =>
  `{ name: ${name}, run: "dd if=${from} of=/mnt/seq/0 bs=4k count=1 seek=${seek} oflag=direct,sync conv=notrunc" }`;
const column = (step: string, measure: string): string =>
  `{ title: ${step} ${measure}, step: ${step}, measure: ${measure} }`;

describe('the table of a scenario', () => {
  after(() => rmSync(folder, { recursive: true }));

  it('counts sectors that equal earlier ones and others of their own write, as they stand on the disk', async () => {
    const steps = [
      ...MAKE,
      dd('one', '/dev/pattern/1', 0),
      dd('zero', '/dev/zero', 1),
      dd('again', '/dev/pattern/1', 2),
    ];
    const measures = ['equal-before', 'equal-within', 'wrong', 'path', 'readback', 'time'];
    const found: string[][] = [];
    for (const step of ['one', 'zero', 'again']) {
      const { rows } = await tableOf(
        measures.map((one) => column(step, one)),
        steps,
      );
      found.push(...rows);
    }
    const rest = ['0', 'append', 'same', '0.00 us'];
    expect(found).to.deep.equal([
      ['0', '0', ...rest],
      // The super block has sectors of zeroes, too.
      ['all', 'all', ...rest],
      ['all', '0', ...rest],
    ]);
  });

  it('has a row for each cell, and - where a step was left out or wrote nothing', async () => {
    const steps = [
      ...MAKE,
      '{ name: s, when: { a: 1 }, run: cat /proc/version }',
      dd('w', '/dev/zero', 0),
    ];
    const columns = [`{ title: a, value: "<\${a}>" }`, column('s', 'wrong'), column('s', 'path')];
    const { titles, rows } = await tableOf(columns, steps, 'matrix: { a: [1, 2] }');
    expect(titles).to.deep.equal(['a', 's wrong', 's path']);
    expect(rows).to.deep.equal([
      ['<1>', '-', 'none'],
      ['<2>', '-', '-'],
    ]);
  });

  it('takes keys out of what it prints', async () => {
    const steps = [
      `run: dmsetup create c0 --table "0 131072 crypt aes-cbc-null \${key} 0 /dev/nullb0 0"`,
    ];
    const table = await tableOf(
      [`{ title: k, value: "\${key}" }`],
      steps,
      `matrix: { key: [${KEY}] }`,
    );
    expect(table.rows).to.deep.equal([['0'.repeat(64)]]);
  });

  it('says a column that would look at too much with its place', async () => {
    const file = join(folder, 'big.yaml');
    const big = dd('big', '/dev/zero', 0).replace('bs=4k count=1', 'bs=64k count=300');
    const text = `version: 1\ntitle: t\nkernel: v5.12\ndisks: { nullb0: { size: 128, zoned: 1, zone_size: 32, zone_nr_conv: 1, memory_backed: 1 } }\ntable: [${column('big', 'equal-within')}]\nsteps:\n  - ${MAKE.join('\n  - ')}\n  - ${big}\n`;
    writeFileSync(file, text);
    const { exit, stderr } = await runCli('run', file);
    expect(exit).to.equal(2);
    expect(stderr).to.include('[budget-exceeded]').and.to.include('big.yaml:5:');
  });

  it('refuses a step there is not, both kinds of column in one, and a measure there is not', async () => {
    const file = join(folder, 'bad.yaml');
    const base = `version: 1\ntitle: t\nkernel: v5.12\ndisks: {}\nsteps: [{ name: s, run: "true" }]\n`;
    for (const [bad, code] of [
      ['{ title: a, step: t, measure: path }', 'step-unknown'],
      ['{ title: a, step: s, measure: paths }', 'wrong-value'],
      ['{ title: a, value: b, step: s, measure: path }', 'wrong-value'],
      ['{ title: a }', 'missing-key'],
      ['{ titel: a, value: b }', 'unknown-key'],
    ]) {
      writeFileSync(file, `${base}table: [${bad}]\n`);
      const { exit, stderr } = await runCli('run', file);
      expect(exit).to.equal(2);
      expect(stderr, bad).to.include(`[${code}]`);
    }
  });
});

describe('docs/iv-modes.md', function () {
  this.timeout(120_000);

  it('shows the table that scenarios/iv-modes.yaml prints', async () => {
    const { exit, stdout } = await runCli('run', 'scenarios/iv-modes.yaml');
    expect(exit, stdout).to.equal(0);
    const shown = /```\n([\s\S]*?)```/.exec(readFileSync('docs/iv-modes.md', 'utf8'))![1]!;
    expect(stdout).to.include(`\n\n${shown}`);
  });
});
