/**
 * `zonestack learn`: the series as lessons. In a terminal it asks, runs, and tells; into a pipe, or with --no-input, it
 * prints all of it.
 */

import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { closest } from '../kernel/suggest.ts';
import { loadLesson } from '../lessons/load.ts';
import { LessonRun, LessonValueError } from '../lessons/run.ts';
import type { Lesson } from '../lessons/types.ts';
import { table, wrap } from '../report/columns.ts';
import type { Cell } from '../scenario/matrix.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';
import { readText } from './files.ts';
import { type Ask, Left, LessonWalk } from './learn-walk.ts';
import { parsed } from './options.ts';

const DIRECTORY = fileURLToPath(new URL('../../lessons/', import.meta.url));

export async function run(args: string[], context: CliContext): Promise<number> {
  const { values, positionals } = parsed(args, {
    'no-input': { type: 'boolean' },
    list: { type: 'boolean' },
    set: { type: 'string', multiple: true },
  });
  if (positionals.length > 1) throw new UsageError('"learn" expected one lesson or none');
  const lessons = loadLessons();
  if (values.list === true) {
    context.out(
      table(
        lessons.map(({ number, title, minutes }) => [
          `${number}`.padStart(2),
          title,
          `${minutes} min`,
        ]),
      ),
    );
    return EXIT.met;
  }
  const set = setValues(values.set ?? []);
  if (positionals[0] === undefined && values.set !== undefined) {
    throw new UsageError('"--set" expected a lesson: zonestack learn 3 --set NAME=VALUE');
  }
  const from = positionals[0] === undefined ? 0 : indexOf(lessons, positionals[0]);
  const talks = values['no-input'] !== true && process.stdin.isTTY && process.stdout.isTTY;
  if (talks) return await walkWith(lessons, from, set, context);
  const chosen = positionals[0] === undefined ? lessons : [lessons[from]!];
  return await walkAll(chosen, set, context);
}

/** The lessons in order of their numbers. Throws ScenarioError for one that is wrong. */
export function loadLessons(directory = DIRECTORY): Lesson[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.md'));
  const lessons = names.map((name) => {
    const id = name.slice(0, -'.md'.length);
    const [text, scenario] = [`${directory}${name}`, `${directory}${id}.yaml`].map(readText);
    return loadLesson(`lessons/${name}`, text!, `lessons/${id}.yaml`, scenario!);
  });
  return lessons.sort((a, b) => a.number - b.number);
}

function setValues(words: readonly string[]): Cell {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
      throw new UsageError(`"--set" expected NAME=VALUE, got "${word}"`);
    }),
  );
}

/** A lesson by number, file name, or the name behind its number. Throws UsageError. */
function indexOf(lessons: readonly Lesson[], word: string): number {
  const names = lessons.map(({ number, id }) => [`${number}`, id, id.replace(/^\d+-/, '')]);
  const at = names.findIndex((own) => own.includes(word));
  if (at >= 0) return at;
  const near = closest(word, names.flat());
  const hint = near === null ? '; zonestack learn --list shows them' : `; did you mean "${near}"?`;
  throw new UsageError(`there is no lesson "${word}"${hint}`);
}

function started(lesson: Lesson, set: Cell): LessonRun {
  try {
    return new LessonRun(lesson, set);
  } catch (error) {
    if (!(error instanceof LessonValueError)) throw error;
    const hint = error.suggestion === null ? '' : `; did you mean "${error.suggestion}"?`;
    throw new UsageError(`${error.message}${hint}`);
  }
}

/** Prints lessons whole. 1 when a run was not as its scenario expects; values of a learner's own have no such claim. */
async function walkAll(
  lessons: readonly Lesson[],
  set: Cell,
  context: CliContext,
): Promise<number> {
  let met = true;
  for (const [at, lesson] of lessons.entries()) {
    if (at > 0) context.out('\n\n');
    const run = started(lesson, set);
    await new LessonWalk(run, context, null).all();
    if (Object.keys(set).length > 0) continue;
    const wrong = lesson.runs.filter(({ name, explored }) => !explored && !run.result(name).met);
    met &&= wrong.length === 0;
    for (const { name } of wrong) {
      context.note(
        wrap(
          `zonestack: lesson ${lesson.number}: run "${name}" is not as its scenario expects`,
          0,
          2,
        ),
      );
    }
  }
  return met ? EXIT.met : EXIT.failed;
}

async function walkWith(
  lessons: readonly Lesson[],
  from: number,
  set: Cell,
  context: CliContext,
): Promise<number> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  // What is typed while a run is made waits for the next question.
  const typed: string[] = [];
  let closed = false;
  let waiting: ((line: string | null) => void) | null = null;
  const take = (line: string | null): void => {
    closed ||= line === null;
    if (waiting !== null) waiting(line);
    else if (line !== null) typed.push(line);
    waiting = null;
  };
  lines.on('line', take);
  lines.once('close', () => take(null));
  const ask: Ask = (question) => {
    context.out(question);
    return new Promise((resolve) => {
      const line = typed.shift();
      if (line === undefined && !closed) waiting = resolve;
      else resolve(line ?? null);
    });
  };
  try {
    return await walkThrough(lessons, from, set, context, ask);
  } finally {
    lines.close();
  }
}

/** From lesson to lesson as long as somebody wants the next. */
export async function walkThrough(
  lessons: readonly Lesson[],
  from: number,
  set: Cell,
  context: CliContext,
  ask: Ask,
): Promise<number> {
  try {
    for (let at = from; at < lessons.length; at += 1) {
      await new LessonWalk(started(lessons[at]!, at === from ? set : {}), context, ask).all();
      const next = lessons[at + 1];
      if (next === undefined) break;
      const typed = await ask(`\n[Enter for lesson ${next.number}: ${next.title}; q to leave] `);
      if (typed === null || /^\s*q/i.test(typed)) break;
      context.out('\n');
    }
  } catch (error) {
    if (!(error instanceof Left)) throw error;
  }
  context.out('\n');
  return EXIT.met;
}
