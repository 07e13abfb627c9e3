/** The README's example is run as it stands there, and its outputs are what the commands print. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** The fenced block of the README that holds `marker`. */
function block(marker: string): string {
  const found = [...README.matchAll(/```\w*\n([\s\S]*?)```/g)].map((match) => match[1]!);
  const one = found.find((text) => text.includes(marker));
  if (one === undefined) throw new Error(`README expected a block with "${marker}", got none`);
  return one;
}

describe('the README', () => {
  it('its mount test in mocha and chai runs as it stands, and passes', function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(ROOT, 'test', 'readme-'));
    try {
      const index = pathToFileURL(join(ROOT, 'src', 'index.ts')).href;
      const text = block("from 'zonestack'").replaceAll("'zonestack'", `'${index}'`);
      const file = join(folder, 'mount.test.ts');
      writeFileSync(file, text);
      const mocha = join(ROOT, 'node_modules', 'mocha', 'bin', 'mocha.js');
      const done = spawnSync(
        process.execPath,
        [mocha, '--no-config', '--node-option', 'import=tsx', '--reporter', 'json', file],
        { cwd: ROOT, encoding: 'utf8' },
      );
      expect(done.status, done.stdout + done.stderr).to.equal(0);
      const { stats } = JSON.parse(done.stdout.slice(done.stdout.indexOf('{'))) as {
        stats: { passes: number };
      };
      expect(stats.passes).to.be.above(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('shows the table that npm start prints', function () {
    this.timeout(120_000);
    const done = spawnSync(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'test', 'support', 'cli.ts'), 'series'],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } },
    );
    expect(done.status, done.stderr).to.equal(0);
    expect(block('$ npm ci && npm start')).to.include(done.stdout.trimEnd());
  });
});
