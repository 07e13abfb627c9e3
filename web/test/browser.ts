/** A headless Chromium, the built page in it, and what is wrong with it by axe and by its console. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BUILT = join(ROOT, 'build/web');
/** The page as one file on a disk. */
export const SINGLE = pathToFileURL(join(BUILT, 'zonestack.html')).href;

const BROWSERS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Throws Error without a Chromium: a page that nobody opened is not tested. */
export async function launch(): Promise<Browser> {
  const executablePath = BROWSERS.find(
    (name) => name !== undefined && spawnSync(name, ['--version']).status === 0,
  );
  if (executablePath === undefined)
    throw new Error('"chromium" expected on this machine, got none');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

export interface Opened {
  readonly page: Page;
  /** Errors and warnings of the console, exceptions, and requests to other places. */
  readonly complaints: string[];
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly dark?: boolean;
}

export async function open(browser: Browser, url: string, look: Look = {}): Promise<Opened> {
  const { width = 1440, height = 900, dark = false } = look;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  const own = new URL(url).origin;
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error.stack)));
  page.on('request', (request) => {
    const to = request.url();
    if (!to.startsWith('data:') && new URL(to).origin !== own) complaints.push(`asks ${to}`);
  });
  await page.goto(url);
  await page.locator('.playground, .school').waitFor();
  return { page, complaints };
}

/** What axe-core finds wrong, a line each. It comes past the page's own policy, by the debugger. */
export async function axe(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe: checker } = window as unknown as {
      axe: {
        run(): Promise<{
          violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[];
        }>;
      };
    };
    const { violations } = await checker.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
  });
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** Serves the built page; the address, and how to stop. */
export async function served(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url ?? '/', 'http://localhost').pathname) || 'index.html';
    response.setHeader('content-type', `${TYPES[extname(name)] ?? 'text/plain'}; charset=utf-8`);
    response.end(readFileSync(join(BUILT, name)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, server };
}
