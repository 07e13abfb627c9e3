/** A lesson that runs: its runs are made when something of them is asked for, and each only once. */

import { closest } from '../kernel/suggest.ts';
import { hiderOf } from '../report/run-text.ts';
import { exploreCell, savedRun } from '../scenario/explore.ts';
import type { LoadedScenario, ScenarioCell } from '../scenario/load.ts';
import type { Cell } from '../scenario/matrix.ts';
import { type CellResult, type RunOptions, runCell, type StepResult } from '../scenario/run.ts';
import { factOf } from './facts.ts';
import { lessonCell } from './load.ts';
import { StepFacts } from './step-facts.ts';
import {
  type Choice,
  EXPLORED_STEP,
  type FactRef,
  type Lesson,
  type Part,
  type Span,
  VALUE_STEP,
} from './types.ts';

/** A value for a name that the lesson's scenario does not declare. */
export class LessonValueError extends Error {
  readonly suggestion: string | null;

  constructor(message: string, suggestion: string | null) {
    super(message);
    this.name = 'LessonValueError';
    this.suggestion = suggestion;
  }
}

interface MadeRun {
  readonly result: CellResult;
  /** How to make it again. */
  readonly options: RunOptions;
  readonly schedules: number;
  readonly failing: number;
}

/** The shortest order of the parallel steps that fails; the ordinary one where none does. */
function exploredRun(scenario: LoadedScenario, cell: ScenarioCell): MadeRun {
  const { schedules, failing, shortest } = exploreCell(scenario, cell).explored;
  const options: RunOptions = shortest === null ? {} : { explored: savedRun(cell, shortest.saved) };
  return { result: runCell(scenario, cell, options), options, schedules, failing };
}

export class LessonRun {
  readonly lesson: Lesson;
  /** What the learner changed; it goes over what the lesson says, in every run. */
  readonly set: Cell;
  private readonly results = new Map<string, MadeRun>();
  private readonly facts = new Map<StepResult, StepFacts>();

  /** Nothing runs yet. Throws LessonValueError for a name that cannot be set. */
  constructor(lesson: Lesson, set: Cell = {}) {
    this.lesson = lesson;
    this.set = set;
    for (const name of Object.keys(set)) {
      const names = Object.keys(lesson.defaults);
      if (names.includes(name)) continue;
      const message = `lesson ${lesson.number} has no value "${name}"; it has ${names.join(', ')}`;
      throw new LessonValueError(message, closest(name, names));
    }
  }

  /** What the run called `name` was given: every value its scenario declares. */
  values(name: string): Cell {
    const run = this.lesson.runs.find((one) => one.name === name);
    if (run === undefined) throw new Error(`"run" expected one of the lesson, got "${name}"`);
    return { ...this.lesson.defaults, ...run.set, ...this.set };
  }

  /** Runs it, the first time. Throws ScenarioError when the values make no scenario or a step runs without end. */
  result(name: string): CellResult {
    return this.made(name).result;
  }

  private made(name: string): MadeRun {
    let found = this.results.get(name);
    if (found === undefined) {
      const { scenario, runs } = this.lesson;
      const cell = lessonCell(scenario, this.values(name));
      const explored = runs.some((run) => run.name === name && run.explored);
      found = explored
        ? exploredRun(scenario, cell)
        : { result: runCell(scenario, cell), options: {}, schedules: 1, failing: 0 };
      this.results.set(name, found);
    }
    return found;
  }

  /** The value of a fact, as text; several lines where it is what was printed. */
  fact(ref: FactRef): string {
    const made = this.made(ref.run);
    const { result } = made;
    if (ref.step === VALUE_STEP) return hiderOf(result)(this.values(ref.run)[ref.fact]!);
    if (ref.step === EXPLORED_STEP) {
      return String(ref.fact === 'failing' ? made.failing : made.schedules);
    }
    const step =
      result.steps.findLast((one) => one.ran && one.name === ref.step) ??
      result.steps.find((one) => one.name === ref.step)!;
    let facts = this.facts.get(step);
    if (facts === undefined) {
      facts = new StepFacts(this.lesson.scenario, result, step, made.options);
      this.facts.set(step, facts);
    }
    return factOf(facts, ref.fact, ref.which);
  }

  /** A piece of the lesson as text. */
  part(part: Part): string {
    return typeof part === 'string' ? part : this.fact(part);
  }

  /** Spans as plain text, without what marks them. */
  plain(spans: readonly Span[]): string {
    return spans
      .map((span) =>
        'parts' in span ? span.parts.map((one) => this.part(one)).join('') : this.plain(span.spans),
      )
      .join('');
  }

  /** The choice that this run shows to be right; null when none does, with values the lesson does not know. */
  rightChoice(choices: readonly Choice[]): Choice | null {
    const right = choices.find(
      ({ when }) => when?.every(({ fact, is }) => is.includes(this.fact(fact))) ?? false,
    );
    return right ?? null;
  }
}
