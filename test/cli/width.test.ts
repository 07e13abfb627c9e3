/** Everything people read fits a terminal of 80 columns. */

import { expect } from 'chai';
import { wrap } from '../../src/report/columns.ts';
import { runCli } from '../support/run-cli.ts';

async function fits(...args: string[]): Promise<void> {
  const { stdout, stderr } = await runCli(...args);
  const wide = `${stdout}${stderr}`.split('\n').filter((line) => line.length > 80);
  expect(wide, `zonestack ${args.join(' ')}`).to.deep.equal([]);
}

const FILES = [
  'btrfs-lost',
  'btrfs-refused',
  'fs-encryption',
  'garbage-stays',
  'iv-modes',
  'no-native-append',
  'scsi-emulates',
  'stacks',
  'table-swap',
  'zonefs-fallback',
  'zonefs-garbage',
].map((name) => `scenarios/${name}.yaml`);

describe('80 columns hold', function () {
  this.timeout(120_000);

  it('help and usage', async () => {
    await fits('--help');
    for (const name of ['run', 'why', 'trace', 'series', 'kernels', 'patches', 'image']) {
      await fits(name, '--help');
      await fits(name, '--nope');
    }
    await fits('kernles');
  });

  it('kernels, their differences, and patches', async () => {
    await fits('kernels');
    for (const name of ['v5.10', 'v5.12+series', 'v7.3', '6.1.192']) await fits('kernels', name);
    await fits('kernels', 'v5.10', 'v7.3');
    await fits('kernels', 'v5.12', 'v5.12+series');
    await fits('kernels', 'v6.12', '6.12.117');
    await fits('patches');
    await fits('patches', '--all');
    const { stdout } = await runCli('patches', '--format', 'json');
    const { patches } = JSON.parse(stdout) as { patches: { id: string }[] };
    for (const { id } of patches) await fits('patches', id);
  });

  it('runs that are met, runs that are not, and why', async () => {
    for (const file of FILES) {
      await fits('run', file);
      await fits('run', file, '--kernel', 'v5.10');
      await fits('why', file, '--all');
    }
  });

  it('traces', async () => {
    await fits('trace', 'scenarios/zonefs-garbage.yaml');
    await fits('trace', 'scenarios/btrfs-refused.yaml');
    await fits('run', '--trace', 'scenarios/zonefs-fallback.yaml');
  });

  it('the series', async () => {
    await fits('series');
  });

  it('by words that wrap, and words too long that are cut', () => {
    const text = `${'word '.repeat(40)}${'x'.repeat(300)} end`;
    const lines = wrap(text, 4, 8).split('\n').slice(0, -1);
    for (const line of lines) expect(line.length).to.be.at.most(80);
    expect(lines[0]).to.match(/^ {4}word/);
    expect(lines[1]).to.match(/^ {8}word/);
    expect(lines.join('').replace(/\s/g, '')).to.equal(text.replace(/\s/g, ''));
    expect(wrap('a'.repeat(100), 0, 2, true)).to.equal(`${'a'.repeat(100)}\n`);
  });
});
