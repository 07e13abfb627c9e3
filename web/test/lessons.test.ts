/** Every lesson, walked to its end in a real browser: what the page shows is what the same run says on Node. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { loadLesson } from '../../src/lessons/load.ts';
import { LessonRun } from '../../src/lessons/run.ts';
import type { FactRef, Lesson } from '../../src/lessons/types.ts';
import { axe, launch, open, ROOT, SINGLE } from './browser.ts';

const FOLDER = join(ROOT, 'lessons');

const lessons = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.md'))
  .map((file) => {
    const yaml = file.replace(/\.md$/, '.yaml');
    const text = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
    return loadLesson(file, text(file), yaml, text(yaml));
  });

/** Every fact that the blocks of a lesson name, by its text and run. */
function factsOf(lesson: Lesson): FactRef[] {
  const found: FactRef[] = [];
  const walk = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return;
    if ('fact' in value && 'step' in value) found.push(value as FactRef);
    else for (const inner of Object.values(value)) walk(inner);
  };
  for (const block of lesson.blocks) {
    // Replies are shown to those who gave the answer.
    if (block.kind === 'prediction')
      walk([block.question, block.choices.map(({ answer }) => answer)]);
    else walk(block);
  }
  return found;
}

describe('lessons in the page', function () {
  this.timeout(240_000);
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  for (const lesson of lessons) {
    it(`${lesson.id}: walked to its end, it shows what the run says on Node`, async () => {
      const { page, complaints } = await open(browser, `${SINGLE}#lesson=${lesson.number}`);
      expect(await page.locator('.lesson h2').textContent()).to.equal(lesson.title);
      expect(await page.locator('.evidence').count()).to.equal(0);
      await page.locator('.ask input').first().check();
      await page.getByRole('button', { name: 'Run it', exact: true }).click();
      await page.locator('.evidence').first().waitFor();
      expect(await page.locator('.reply.right').count()).to.equal(1);
      await page.locator('.try .primary').click();
      await page.getByRole('heading', { name: 'In the kernel' }).waitFor();
      const run = new LessonRun(lesson);
      const shown = await page
        .locator('data.fact')
        .evaluateAll((all) => all.map((one) => [one.getAttribute('title'), one.textContent]));
      const missing = factsOf(lesson).filter(
        (ref) => !shown.some(([name, value]) => name === ref.text && value === run.fact(ref)),
      );
      expect(missing.map((ref) => `${ref.run}: ${ref.text} = ${run.fact(ref)}`)).to.deep.equal([]);
      expect(await axe(page)).to.deep.equal([]);
      expect(complaints).to.deep.equal([]);
      await page.context().close();
    });
  }
});
