import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { patches } from '../../src/kernel/releases.ts';
import { LessonRun } from '../../src/lessons/run.ts';
import { LessonText } from '../../src/lessons/text.ts';
import type { Lesson } from '../../src/lessons/types.ts';
import { LESSON_IDS, lesson, lessonText } from '../support/lesson-files.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LESSONS = LESSON_IDS.map(lesson);
const plain = (_style: string, text: string): string => text;

/** Everything a lesson says, as a terminal shows it. */
function told(own: Lesson, set: Record<string, string> = {}): string {
  const run = new LessonRun(own, set);
  const text = new LessonText(run, plain);
  return own.blocks
    .map((block) => {
      if (block.kind === 'try') return text.markup(block.task) + text.markup(block.result);
      return text.markup(block.text);
    })
    .join('\n');
}

function predictionOf(own: Lesson) {
  const found = own.blocks.find((block) => block.kind === 'prediction');
  if (found?.kind !== 'prediction') throw new Error(`lesson ${own.id} asks nothing`);
  return found;
}

describe('the lessons', function () {
  this.timeout(120_000);

  it('are eleven, from 0 to 10, each named by its number', () => {
    expect(LESSONS.map(({ number }) => number)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const { id, number } of LESSONS) expect(Number.parseInt(id, 10)).to.equal(number);
  });

  for (const own of LESSONS) {
    it(`${own.number} runs as its scenario expects, and one of its answers is right`, () => {
      const run = new LessonRun(own);
      for (const { name, explored } of own.runs) {
        if (explored) continue;
        const unmet = run.result(name).steps.flatMap((step) => step.mismatches);
        expect(unmet, name).to.deep.equal([]);
      }
      expect(run.rightChoice(predictionOf(own).choices)).to.not.equal(null);
      const text = told(own);
      expect(text).to.not.include('{{').and.not.include('(not run)');
    });

    it(`${own.number} holds no number of a run that is not a fact of it`, () => {
      const body = lessonText(own.id, 'md').split('---\n').slice(2).join('---\n');
      const loose = body.replace(/\{\{[^}]*\}\}/g, '').match(/\b\d{5,}\b/g) ?? [];
      expect(loose).to.deep.equal([]);
    });
  }

  it('cite only commits and mails that the patches of the model or its docs name', () => {
    const known = new Set(
      [...patches.values()].flatMap(({ commit, messageId }) => [commit, messageId]),
    );
    const letters = [
      '20210416030528.757513-1-damien.lemoal@wdc.com',
      '20210417023323.852530-4-damien.lemoal@wdc.com',
      '20230809113150.702115-1-dlemoal@kernel.org',
    ];
    for (const { id, blocks } of LESSONS) {
      for (const block of blocks) {
        if (block.kind !== 'sources') continue;
        for (const { commit, message } of block.sources) {
          if (commit !== null) expect(known, id).to.include(commit);
          if (message !== null) expect([...known, ...letters], id).to.include(message);
        }
      }
    }
  });

  it('are told to teachers as they are', () => {
    const doc = readFileSync(join(ROOT, 'docs', 'lessons.md'), 'utf8');
    for (const { number, title, aim, minutes, ask } of LESSONS) {
      expect(doc).to.include(`### ${number}. ${title}\n\n${minutes} minutes. ${aim}\n`);
      for (const question of ask) expect(doc).to.include(`- ${question}\n`);
    }
  });

  it('say another text for another key, another zone size and another kernel', () => {
    const bug = lesson('03-bug');
    const before = told(bug);
    expect(before).to.include('32896');
    const zone = told(bug, { zone_size: '8' });
    expect(zone).to.include('65664').and.not.include('32896');
    const key = told(bug, { key: 'ff'.repeat(16) + '01'.repeat(16) });
    const fact = { run: 'zonefs', step: 'second', fact: 'got', which: null, text: '' };
    const got = [{}, { key: 'ff'.repeat(16) + '01'.repeat(16) }].map((set) =>
      new LessonRun(bug, set).fact(fact),
    );
    expect(got[0]).to.not.equal(got[1]);
    expect(before).to.include(got[0]!);
    expect(key).to.include(got[1]!).and.not.include(got[0]!);
    const kernel = told(bug, { kernel: 'v5.14' });
    expect(kernel).to.not.equal(before);
    const mended = new LessonRun(bug, { kernel: 'v5.14' });
    const { choices } = predictionOf(bug);
    expect(mended.rightChoice(choices)).to.equal(choices[0]);
  });

  it('never show a key', () => {
    for (const own of LESSONS) {
      for (const { name } of own.runs) {
        const run = new LessonRun(own);
        const { key } = run.values(name);
        if (key === undefined) continue;
        const text = new LessonText(run, plain).commands(run.result(name));
        expect(text, `${own.id} ${name}`).to.not.include(key.slice(0, 32));
      }
    }
  });
});
