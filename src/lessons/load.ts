/**
 * Loads a lesson: front matter, sections, and the scenario they speak of. Everything that can be known without running is
 * checked here and told with its place: keys, sections, runs and their values, and every fact the text asks for.
 */

import { closest } from '../kernel/suggest.ts';
import { type PathPart, ScenarioDocument } from '../scenario/document.ts';
import { ScenarioError } from '../scenario/errors.ts';
import { cellWith, type LoadedScenario, loadScenario } from '../scenario/load.ts';
import type { Cell } from '../scenario/matrix.ts';
import { type FormatWords, schemaError } from '../scenario/schema-error.ts';
import { type Line, SourceText } from './fragment.ts';
import { inline } from './inline.ts';
import { RefCheck } from './refs.ts';
import { CHOICE_KEYS, type FrontMatter, LESSON_KEYS, lessonSchema, SOURCE_KEYS } from './schema.ts';
import { sections } from './sections.ts';
import {
  type Choice,
  type Lesson,
  type LessonCell,
  type Source,
  type Span,
  TRY_RUN,
} from './types.ts';

const WHAT = 'a lesson';
const HEAD_KEYS = 'lesson, aim, minutes, question, choices, try, sources';
/** The run that facts are of where none is named, unless the front matter names its runs. */
const DEFAULT_RUN = 'run';

/**
 * `file` and `scenarioFile` are the names errors show; the first also gives the lesson its id. Throws ScenarioError for
 * the first thing that is wrong in either.
 */
export function loadLesson(
  file: string,
  text: string,
  scenarioFile: string,
  scenarioText: string,
): Lesson {
  const source = new SourceText(file, text.replaceAll('\r\n', '\n'));
  const { head, title, body } = split(source);
  const document = new ScenarioDocument(file, head, WHAT, HEAD_KEYS);
  const front = frontMatter(document);
  const scenario = loadScenario(scenarioFile, scenarioText);
  const runs = runsOf(document, front, scenario);
  const check = new RefCheck(scenario, runs);
  const spans = (path: readonly PathPart[], value: string, run = runs[0]!.name): Span[] =>
    inline({ text: value, place: (offset) => document.placeOf(path, offset) }, check.reader(run));
  const prediction = {
    question: spans(['question'], front.question),
    choices: front.choices.map((one, at) => choiceOf(document, check, one, at, spans)),
  };
  if (prediction.choices.every(({ when }) => when === null)) {
    const message = `${WHAT} expected "when" in the choice that is right, got none`;
    throw new ScenarioError('missing-key', document.placeOfKey([], 'choices'), message);
  }
  const blocks = sections(source, body, check, {
    prediction,
    sources: front.sources.map(sourceOf),
    set: front.try.set,
    runs,
  });
  const { lesson: number, aim, minutes, ask } = front;
  const id = file.replace(/^.*\//, '').replace(/\.md$/, '');
  const defaults = scenario.cells[0]!.values;
  const about = { number, id, title, aim, minutes, ask, defaults };
  return { ...about, blocks, runs, scenario, scenarioText };
}

/** Front matter, which stays where it is in the file so that places hold; the title; the lines behind it. */
function split(source: SourceText): { head: string; title: string; body: Line[] } {
  const lines = source.text.split('\n');
  const end = lines.indexOf('---', 1);
  if (lines[0] !== '---' || end < 0) {
    const message = `${WHAT} expected front matter between two lines "---" at its start, got none`;
    throw new ScenarioError('lesson-section', source.place(1, 1), message);
  }
  const at = lines.findIndex((line, index) => index > end && line.trim() !== '');
  const title = /^# (\S.*)$/.exec(lines[at] ?? '')?.[1];
  if (title === undefined) {
    const message = `${WHAT} expected its title (# TITLE) below the front matter, got none`;
    throw new ScenarioError('lesson-section', source.place(Math.max(at, end) + 1, 1), message);
  }
  return {
    head: `${lines.slice(0, end).join('\n')}\n`,
    title,
    body: lines
      .slice(at + 1)
      .map((text, index) => ({ text: text.trimEnd(), line: at + 2 + index, column: 1 })),
  };
}

const WORDS: FormatWords = {
  what: WHAT,
  keysAt: (path) =>
    path[0] === 'choices'
      ? CHOICE_KEYS
      : path[0] === 'sources'
        ? SOURCE_KEYS
        : path[0] === 'try'
          ? ['set']
          : LESSON_KEYS,
  unionAt: () => 'text, or a list of them',
};

function frontMatter(document: ScenarioDocument): FrontMatter {
  const parsed = lessonSchema.safeParse(document.value, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw schemaError(document, document.value, parsed.error.issues, WORDS);
}

function runsOf(
  document: ScenarioDocument,
  front: FrontMatter,
  scenario: LoadedScenario,
): LessonCell[] {
  const named = Object.entries(front.runs ?? { [DEFAULT_RUN]: {} });
  const runs: LessonCell[] = [];
  for (const [name, set] of named) {
    if (!/^[a-z][a-z0-9-]*$/.test(name) || name === TRY_RUN) {
      const message = `a run expected a name of small letters and digits, not "${TRY_RUN}", got "${name}"`;
      throw new ScenarioError('wrong-value', document.placeOfKey(['runs'], name), message);
    }
    const explored = front.explored?.includes(name) ?? false;
    runs.push(checkedRun(document, ['runs', name], { name, set, explored }, scenario));
  }
  if (runs.length === 0) {
    const message = '"runs" expected a run, got none';
    throw new ScenarioError('wrong-value', document.placeOfKey([], 'runs'), message);
  }
  checkExplored(document, front, runs);
  const tried = { name: TRY_RUN, set: { ...runs[0]!.set, ...front.try.set }, explored: false };
  return [...runs, checkedRun(document, ['try', 'set'], tried, scenario)];
}

function checkExplored(
  document: ScenarioDocument,
  front: FrontMatter,
  runs: readonly LessonCell[],
): void {
  const names = runs.map(({ name }) => name);
  for (const [at, name] of (front.explored ?? []).entries()) {
    if (names.includes(name)) continue;
    const message = `"explored" expected a run of the lesson, got "${name}"`;
    const place = document.placeOf(['explored', at]);
    throw new ScenarioError('wrong-value', place, message, closest(name, names));
  }
}

/** Values are of names that the scenario declares, and make a cell that could run. */
function checkedRun(
  document: ScenarioDocument,
  path: readonly PathPart[],
  run: LessonCell,
  scenario: LoadedScenario,
): LessonCell {
  for (const name of Object.keys(run.set)) {
    if (scenario.names.has(name)) continue;
    throw new ScenarioError(
      'name-undeclared',
      document.placeOfKey(path, name),
      `a run expected names that the matrix of ${scenario.file} declares, got "${name}"`,
      closest(name, scenario.names),
    );
  }
  void lessonCell(scenario, run.set).scenario;
  return run;
}

/** The cell of a run: the scenario's first one with other values. Throws ScenarioError when they make no scenario. */
export function lessonCell(scenario: LoadedScenario, set: Cell) {
  return cellWith(scenario, { ...scenario.cells[0]!.values, ...set });
}

function choiceOf(
  document: ScenarioDocument,
  check: RefCheck,
  choice: FrontMatter['choices'][number],
  at: number,
  spans: (path: readonly PathPart[], value: string) => Span[],
): Choice {
  const path = ['choices', at];
  const when = Object.entries(choice.when ?? {}).map(([name, is]) => ({
    fact: check.ref(name, document.placeOfKey([...path, 'when'], name), check.firstRun),
    is: Array.isArray(is) ? is : [is],
  }));
  return {
    answer: spans([...path, 'answer'], choice.answer),
    reply: spans([...path, 'reply'], choice.reply),
    when: when.length === 0 ? null : when,
  };
}

function sourceOf(source: FrontMatter['sources'][number]): Source {
  const { what, file, functions, commit, message, page } = source;
  return {
    what,
    file: file ?? null,
    functions: functions ?? [],
    commit: commit ?? null,
    message: message ?? null,
    page: page ?? null,
  };
}
