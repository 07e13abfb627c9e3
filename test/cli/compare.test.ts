import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { comparison } from '../compare/support.ts';
import { runCli } from '../support/run-cli.ts';

const SCENARIO = 'scenarios/stacks.yaml';

describe('zonestack compare', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'zonestack-'));
  const file = join(folder, 'small.yaml');
  before(() => writeFileSync(file, comparison()));
  after(() => rmSync(folder, { recursive: true }));

  it('prints a table, and writes a page and a picture that are the same each time', async () => {
    const [page, picture] = [join(folder, 'a.html'), join(folder, 'a.svg')];
    const first = await runCli('compare', file, '--out', page, '--out', picture);
    expect({ exit: first.exit, stderr: first.stderr }).to.deep.equal({ exit: 0, stderr: '' });
    expect(first.stdout).to.include('Answer\n');
    const written = [page, picture].map((one) => readFileSync(one, 'utf8'));
    const second = await runCli('compare', file, '--out', page, '--out', picture);
    expect(second).to.deep.equal(first);
    expect([page, picture].map((one) => readFileSync(one, 'utf8'))).to.deep.equal(written);
  });

  it('prints JSON with every cell, and CSV with a row for each', async () => {
    const json = await runCli('compare', file, '--format', 'json');
    const document = JSON.parse(json.stdout) as {
      format_version: number;
      comparisons: { cells: unknown[] }[];
    };
    expect(document.format_version).to.equal(1);
    expect(document.comparisons[0]!.cells).to.have.length(4);
    const csv = await runCli('compare', file, '--format', 'csv');
    expect(csv.stdout.trimEnd().split('\r\n')).to.have.length(5);
  });

  it('--validate says how far to trust the clocks, with or without a file', async () => {
    const { exit, stdout } = await runCli('compare', '--validate');
    expect(exit).to.equal(0);
    expect(stdout).to.include('published rows no parameter was chosen by');
  });

  it('refuses what it cannot use, and says what it expected', async () => {
    const wrong: readonly (readonly [string[], RegExp])[] = [
      [[], /expected at least one comparison file/],
      [[file, '--format', 'xml'], /expected text, json or csv, got "xml"/],
      [[file, '--out', 'a.png'], /expected a name that ends in .html or .svg/],
      [[file, file, '--out', 'a.svg'], /expected one comparison file/],
      [[file, '--out', join(folder, 'none', 'a.svg')], /no such file or folder/],
      [[file, '--detials'], /did you mean "--details"/],
      [[join(folder, 'none.yaml')], /there is no such file/],
      [[SCENARIO], /got a scenario: zonestack run/],
    ];
    for (const [args, said] of wrong) {
      const { exit, stderr } = await runCli('compare', ...args);
      expect(exit, stderr).to.equal(2);
      expect(stderr.replaceAll(/\n\s*/g, ' ')).to.match(said);
    }
  });

  it('run leaves comparisons among scenarios out, with a note; alone they are refused', async () => {
    const both = await runCli('run', SCENARIO, file);
    expect(both.exit).to.equal(0);
    expect(both.stderr.replaceAll(/\n\s*/g, ' ')).to.include(
      `note: a comparison is not run here: zonestack compare ${file}`,
    );
    for (const command of ['run', 'why', 'trace', 'explore']) {
      const { exit, stderr } = await runCli(command, file);
      expect(exit, command).to.equal(2);
      expect(stderr, command).to.include('[wrong-kind]');
    }
  });
});
