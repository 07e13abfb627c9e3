// Pictures of the page for the README and docs/lessons.md: `npm run web:shots` after `npm run web:build`. Playground and
// lessons on a phone, a desk and a projector; the dark scheme for the phone. Chromium draws the same bytes each time.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'docs/img');
const PAGE = pathToFileURL(join(ROOT, 'build/web/zonestack.html')).href;

const SIZES = [
  { name: 'phone', width: 360, height: 740, colorScheme: 'dark' },
  { name: 'desk', width: 1280, height: 900, colorScheme: 'light' },
  { name: 'projector', width: 1920, height: 1080, colorScheme: 'light' },
];

async function lesson(page, id) {
  await page.goto(`${PAGE}#lesson=${Number(id.slice(0, 2))}`);
  await page.locator('.ask input').first().check();
  await page.getByRole('button', { name: 'Run it', exact: true }).click();
  await page.locator('.try .primary').waitFor();
  // Where the machine is seen, the answers above it.
  const seen = page.locator('.explorer, .evidence').first();
  await seen.evaluate((node) => node.scrollIntoView({ block: 'start' }));
  await page.evaluate(() => scrollBy(0, -120));
}

async function shoot(browser) {
  const lessons = readdirSync(join(ROOT, 'lessons')).filter((name) => name.endsWith('.md'));
  for (const { name, width, height, colorScheme } of SIZES) {
    const look = { viewport: { width, height }, colorScheme, reducedMotion: 'reduce' };
    const picture = async (what, draw) => {
      const page = await browser.newPage(look);
      await draw(page);
      await page.waitForTimeout(500);
      await page.evaluate(() => document.activeElement?.blur());
      await page.screenshot({ path: join(OUT, `${what}-${name}.png`) });
      await page.close();
    };
    await picture('playground', async (page) => {
      await page.goto(PAGE);
      await page.locator('.chain').first().waitFor();
      if (name !== 'projector')
        await page.evaluate(() => scrollTo(0, document.querySelector('.floors').offsetTop - 60));
    });
    for (const file of lessons) {
      const id = file.replace(/\.md$/, '');
      await picture(`lesson-${id}`, (page) => lesson(page, id));
    }
  }
}

mkdirSync(OUT, { recursive: true });
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
await shoot(browser);
await browser.close();
