/** The playground in a real browser: what a visitor sees, does with a keyboard, and hands on as a link. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { axe, BUILT, launch, open, SINGLE, served } from './browser.ts';

const verdict = (page: Page, column: number) =>
  page.locator('.column').nth(column).locator('.verdict');

describe('the playground', function () {
  this.timeout(240_000);
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  it('opens from a disk as one file, and shows the bug beside the series that mends it', async () => {
    const { page, complaints } = await open(browser, SINGLE);
    expect(await verdict(page, 0).textContent()).to.match(/come back different, from byte 65536/);
    expect(await verdict(page, 1).textContent()).to.match(/come back as they were written/);
    expect(await page.locator('.column').first().locator('mark').count()).to.be.greaterThan(10);
    await page.locator('.column').first().locator('.chain').waitFor();
    expect(await page.locator('.chain').first().textContent()).to.include('IV');
    expect(complaints).to.deep.equal([]);
    await page.context().close();
  });

  it('is there before the rest is, from a server too, and asks nobody else for anything', async () => {
    const { url, server } = await served();
    const { page, complaints } = await open(browser, url);
    expect(await verdict(page, 0).textContent()).to.match(/come back different/);
    await page.getByRole('button', { name: 'btrfs: lost, then refused' }).click();
    await page.locator('.command', { hasText: 'mkfs.btrfs' }).first().waitFor();
    expect(await page.locator('.column').nth(1).textContent()).to.include(
      'does not support zone append',
    );
    expect(complaints).to.deep.equal([]);
    await page.context().close();
    server.close();
  });

  it('does without WebAssembly where a policy forbids it, and shows the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zonestack-web-'));
    const file = join(folder, 'strict.html');
    const text = readFileSync(join(BUILT, 'zonestack.html'), 'utf8');
    writeFileSync(file, text.replace(" 'wasm-unsafe-eval'", ''));
    const { page } = await open(browser, pathToFileURL(file).href);
    expect(await verdict(page, 0).textContent()).to.match(/come back different, from byte 65536/);
    expect(await page.locator('mark').first().textContent()).to.equal('cf');
    await page.context().close();
    rmSync(folder, { recursive: true });
  });

  it('tells the IV of a read from the read: with one IV for a zone both are the same', async () => {
    const { page } = await open(browser, SINGLE);
    await page.getByRole('button', { name: 'One IV for a whole zone' }).click();
    const iv = (i: number) =>
      page.locator('.column').nth(i).locator('dt', { hasText: 'read with' }).locator('+ dd');
    expect(await iv(0).textContent()).to.match(/another one$/);
    expect(await iv(1).textContent()).to.match(/sector 4096, the same$/);
    await page.context().close();
  });

  it('shifts nothing while it comes up', async () => {
    const { page } = await open(browser, SINGLE);
    await page.locator('.chain').first().waitFor();
    const shift = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          new PerformanceObserver((list) => {
            const all = list.getEntries() as unknown as { value: number }[];
            resolve(all.reduce((sum, { value }) => sum + value, 0));
          }).observe({ type: 'layout-shift', buffered: true });
          setTimeout(() => resolve(0), 1000);
        }),
    );
    expect(shift).to.be.below(0.1);
    await page.context().close();
  });

  it('has nothing axe-core objects to: every story, both colour schemes, a phone and a desk', async () => {
    for (const look of [{}, { dark: true }, { width: 360, height: 740 }]) {
      const { page, complaints } = await open(browser, SINGLE, look);
      for (const story of await page.locator('.stories button').all()) {
        await story.click();
        await page.locator('.why .chains > *').first().waitFor();
        await page.evaluate(() => {
          for (const more of document.querySelectorAll('details')) more.open = true;
        });
        expect(await axe(page)).to.deep.equal([]);
      }
      expect(complaints).to.deep.equal([]);
      await page.context().close();
    }
  });

  it('can be walked with the keyboard alone', async () => {
    const { page, complaints } = await open(browser, SINGLE);
    const focus = async (wanted: string): Promise<void> => {
      for (let i = 0; i < 120; i += 1) {
        await page.keyboard.press('Tab');
        if (await page.evaluate((selector) => document.activeElement?.matches(selector), wanted))
          return;
      }
      throw new Error(`"${wanted}" expected within 120 tabs, got none`);
    };
    await focus('#c0-cipher');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.waitForFunction(() =>
      (document.querySelector('.verdict')?.textContent ?? '').endsWith('written'),
    );
    await focus('#c0-dm-zone-append-support-control');
    await page.keyboard.press('Space');
    expect(await page.locator('.column').first().locator('.block .facts').textContent()).to.include(
      'series[1]',
    );
    await focus('#c0-prompt');
    await page.keyboard.type('blkzone report -c 3 /dev/nullb0');
    await page.keyboard.press('Enter');
    await page.locator('pre', { hasText: 'wptr 0x000100' }).waitFor();
    await page.keyboard.press('ArrowUp');
    expect(await page.locator('#c0-prompt').inputValue()).to.equal(
      'blkzone report -c 3 /dev/nullb0',
    );
    await focus('#time-place');
    const said = () => page.locator('.said').textContent();
    const before = await said();
    await page.keyboard.press('ArrowLeft');
    expect(await said()).not.to.equal(before);
    await focus('.buttons button:last-child');
    await page.keyboard.press('Enter');
    expect(await said()).to.equal(before);
    expect(complaints).to.deep.equal([]);
    await page.context().close();
  });

  it('goes another way from a step: the fork has the same past and a future of its own', async () => {
    const { page } = await open(browser, SINGLE);
    await page.getByRole('button', { name: 'Fork after step 6' }).first().click();
    const second = page.locator('.column').nth(1);
    expect(await second.locator('.command').count()).to.equal(6);
    await page.keyboard.type('xfs_io -d -s -c "pwrite -b 64k -S 0x43 64k 64k" /mnt/seq/0');
    await page.keyboard.press('Enter');
    await second.locator('.command').nth(6).waitFor();
    const written = (i: number) =>
      page.locator('.bytes').nth(i).locator('.text').first().textContent();
    expect(await written(1)).to.equal('C'.repeat(16));
    expect(await written(0)).to.equal('B'.repeat(16));
    await page.context().close();
  });

  it('comes to the same moment by its link', async () => {
    const { page } = await open(browser, SINGLE);
    await page.locator('#time-place').focus();
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('ArrowLeft');
    const floors = (one: Page) => one.locator('.floors').allTextContents();
    const [seen, said] = [await floors(page), await page.locator('.said').textContent()];
    const again = await open(browser, page.url());
    expect(await floors(again.page)).to.deep.equal(seen);
    expect(await again.page.locator('.said').textContent()).to.equal(said);
    const broken = await open(browser, `${SINGLE}#fs=zonefs&kernel=v9.9&cipher=x&at=99.99`);
    expect(broken.complaints).to.deep.equal([]);
    for (const one of [page, again.page, broken.page]) await one.context().close();
  });
});
