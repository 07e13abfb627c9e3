/**
 * The law of one seed across engines: what Node runs, Chromium runs to the same bytes. Bundles the core with esbuild and
 * has a headless Chromium load it; without one the test is pending, and CI installs one (.ci/run). `CHROMIUM` names another.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { type Texts, traceHashes } from './programs.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
/** A browser may start slowly. */
const TIMEOUT_MS = 180_000;

function browser(): string | null {
  const named = process.env.CHROMIUM;
  const found = named === undefined ? BROWSERS : [named];
  return found.find((name) => spawnSync(name, ['--version']).status === 0) ?? null;
}

function texts(): Texts {
  const read = (files: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      files.map((file) => [file, readFileSync(join(ROOT, 'scenarios', file), 'utf8')]),
    );
  return {
    run: read(['zonefs-fallback.yaml', 'btrfs-lost.yaml', 'garbage-stays.yaml', 'stacks.yaml']),
    explore: read(['explore/zonefs-writers.yaml', 'explore/outsider.yaml']),
  };
}

/** The page's bundle: everything the programs import, for a browser. */
function bundle(folder: string): string {
  const out = join(folder, 'page.js');
  const esbuild = join(ROOT, 'node_modules/.bin/esbuild');
  const options = ['--bundle', '--format=iife', '--platform=browser', '--define:process.env={}'];
  const page = join(ROOT, 'test/browser/page.ts');
  execFileSync(esbuild, [page, ...options, '--log-level=error', `--outfile=${out}`]);
  return readFileSync(out, 'utf8');
}

function inBrowser(name: string, folder: string, given: Texts): Record<string, string> {
  const script = (text: string): string =>
    `<script>${text.replaceAll('</script', '<\\/script')}</script>`;
  const page = join(folder, 'page.html');
  const data = `var texts = ${JSON.stringify(given)};`;
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><title>running</title><body>${script(data)}${script(bundle(folder))}`,
  );
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    `--user-data-dir=${folder}/profile`,
  ];
  const shown = execFileSync(name, [...options, '--dump-dom', pathToFileURL(page).href], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 2 ** 20,
  });
  const text = /<body>([\s\S]*)<\/body>/.exec(shown)?.[1] ?? shown;
  expect(shown, text).to.include('<title>done</title>');
  return JSON.parse(text) as Record<string, string>;
}

describe('one seed on two engines', () => {
  it('gives the same bytes of trace and log on Node and in Chromium', function () {
    this.timeout(2 * TIMEOUT_MS);
    const name = browser();
    // Pending, and named so in the report.
    if (name === null) return this.skip();
    const given = texts();
    const folder = mkdtempSync(join(tmpdir(), 'zonestack-browser-'));
    try {
      const here = traceHashes(given);
      expect(Object.keys(here)).to.have.length.greaterThan(20);
      expect(inBrowser(name, folder, given)).to.deep.equal(here);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
