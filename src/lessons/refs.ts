/** Reads names of facts (`{{RUN:STEP.FACT.N}}`) and holds them to the runs, steps and facts there are. */

import { closest } from '../kernel/suggest.ts';
import { type Place, ScenarioError } from '../scenario/errors.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { EXPLORED_FACTS, FACT_NAMES, isCounted } from './facts.ts';
import type { RefReader } from './inline.ts';
import { EXPLORED_STEP, type FactRef, type LessonCell, VALUE_STEP } from './types.ts';

const SHAPE = /^(?:([a-z][a-z0-9-]*):)?([a-z][a-z0-9-]*)\.([a-z][a-z0-9_-]*)(?:\.([1-9]\d{0,3}))?$/;

export class RefCheck {
  readonly firstRun: string;
  private readonly runs: readonly string[];
  private readonly explored: ReadonlySet<string>;
  private readonly steps: ReadonlySet<string>;
  private readonly names: ReadonlySet<string>;

  constructor(scenario: LoadedScenario, runs: readonly LessonCell[]) {
    this.firstRun = runs[0]!.name;
    this.runs = runs.map(({ name }) => name);
    this.explored = new Set(runs.filter((run) => run.explored).map(({ name }) => name));
    const { steps } = scenario.cells[0]!.scenario;
    this.steps = new Set(steps.flatMap(({ name }) => (name === undefined ? [] : [name])));
    this.names = scenario.names;
  }

  /** Reads facts that are of `run` where they name none. */
  reader(run: string): RefReader {
    return (text, place) => this.ref(text, place, run);
  }

  /** Throws ScenarioError. */
  ref(text: string, place: Place, ownRun: string): FactRef {
    const match = SHAPE.exec(text);
    if (match === null) {
      const message = `a fact expected the form STEP.FACT, RUN:STEP.FACT or STEP.FACT.2, got "${text}"`;
      throw new ScenarioError('fact-unknown', place, message);
    }
    const [, run = ownRun, step = '', fact = '', number] = match;
    const known = (what: string, word: string, words: Iterable<string>): void => {
      if ([...words].includes(word)) return;
      const message = `"${text}" expected ${what}, got "${word}"`;
      throw new ScenarioError('fact-unknown', place, message, closest(word, words));
    };
    known('a run of the lesson', run, this.runs);
    if (step === VALUE_STEP) known('a name the matrix declares', fact, this.names);
    else if (step === EXPLORED_STEP) {
      known('an explored run', run, this.explored);
      known('a fact', fact, EXPLORED_FACTS);
    } else {
      known('the name of a step', step, this.steps);
      known('a fact', fact, FACT_NAMES);
    }
    if (
      number !== undefined &&
      (step === VALUE_STEP || step === EXPLORED_STEP || !isCounted(fact))
    ) {
      const message = `"${text}" expected no number: "${fact}" is of the whole step`;
      throw new ScenarioError('fact-unknown', place, message);
    }
    return { run, step, fact, which: number === undefined ? null : Number(number), text };
  }
}
