/**
 * Lessons as data: a Markdown file with front matter, and the scenario that it runs. Nothing here is filled in yet: every
 * number of a lesson stands in its text as the name of a fact of a run (`{{second.iv}}`), and whoever shows the lesson
 * asks a LessonRun (run.ts) for it. A terminal and a page show the same lesson from the same blocks.
 */

import type { LoadedScenario } from '../scenario/load.ts';
import type { Cell } from '../scenario/matrix.ts';

/** A number or text of a run, by name: `{{RUN:STEP.FACT.N}}`; facts.ts lists what can be asked. */
export interface FactRef {
  /** A run of the lesson. */
  readonly run: string;
  /** The name of a step of its scenario; `value` for what the run was given, `explored` for all orders of it. */
  readonly step: string;
  /** One of FACT_NAMES; the name of a value where the step is `value`, one of EXPLORED_FACTS where it is `explored`. */
  readonly fact: string;
  /** Of the facts about single writes: which of the step, from 1; null where it was not said. */
  readonly which: number | null;
  /** As typed, without braces. */
  readonly text: string;
}

/** A piece of text, or a fact that stands there. */
export type Part = string | FactRef;

export type Span =
  | { readonly kind: 'text'; readonly parts: readonly Part[] }
  | { readonly kind: 'code'; readonly parts: readonly Part[] }
  | { readonly kind: 'strong'; readonly spans: readonly Span[] }
  | { readonly kind: 'emphasis'; readonly spans: readonly Span[] }
  | { readonly kind: 'link'; readonly href: string; readonly spans: readonly Span[] };

/** Markdown as far as lessons need it. */
export type Markup =
  | { readonly kind: 'heading'; readonly spans: readonly Span[] }
  | { readonly kind: 'paragraph'; readonly spans: readonly Span[] }
  | {
      readonly kind: 'list';
      readonly ordered: boolean;
      readonly items: readonly (readonly Span[])[];
    }
  | {
      readonly kind: 'table';
      readonly head: readonly (readonly Span[])[];
      readonly rows: readonly (readonly (readonly Span[])[])[];
    }
  /** A fact in it may stand for several lines. */
  | { readonly kind: 'code'; readonly info: string; readonly parts: readonly Part[] };

export interface Choice {
  readonly answer: readonly Span[];
  /** What is said to whoever chose it, after the run. */
  readonly reply: readonly Span[];
  /** The choice is right when all of these facts are as said; null: it never is. */
  readonly when: readonly { readonly fact: FactRef; readonly is: readonly string[] }[] | null;
}

export interface Source {
  readonly what: string;
  /** A file of the kernel, and functions in it. */
  readonly file: string | null;
  readonly functions: readonly string[];
  /** A commit of mainline, 12 digits. */
  readonly commit: string | null;
  /** The id of a mail. */
  readonly message: string | null;
  /** A page that has an address, a man page among them. */
  readonly page: string | null;
}

export type Block =
  | {
      readonly kind: 'prose';
      readonly heading: readonly Span[] | null;
      readonly text: readonly Markup[];
    }
  /** Asked before anything runs. */
  | {
      readonly kind: 'prediction';
      readonly question: readonly Span[];
      readonly choices: readonly Choice[];
      readonly text: readonly Markup[];
    }
  /** The commands of `run`. */
  | { readonly kind: 'run'; readonly run: string; readonly text: readonly Markup[] }
  /** What the run showed. */
  | { readonly kind: 'evidence'; readonly run: string; readonly text: readonly Markup[] }
  /** One thing to change. `task` comes before its run, `result` after it. */
  | {
      readonly kind: 'try';
      readonly run: string;
      readonly set: Cell;
      readonly task: readonly Markup[];
      readonly result: readonly Markup[];
    }
  | {
      readonly kind: 'sources';
      readonly text: readonly Markup[];
      readonly sources: readonly Source[];
    };

/** One run of the lesson's scenario. */
export interface LessonCell {
  readonly name: string;
  /** Values of the scenario's matrix that differ from its first cell. */
  readonly set: Cell;
  /**
   * Its parallel steps are tried in every order that can matter; the run is the shortest that fails, or the ordinary one
   * where none does.
   */
  readonly explored: boolean;
}

export interface Lesson {
  readonly number: number;
  /** `03-bug`: the file's name without its end. */
  readonly id: string;
  readonly title: string;
  /** What one knows afterwards; a sentence. */
  readonly aim: string;
  readonly minutes: number;
  /** What a teacher may ask the class. */
  readonly ask: readonly string[];
  readonly blocks: readonly Block[];
  /** The first is the one that facts are of where no run is named; the run of `try` is the last. */
  readonly runs: readonly LessonCell[];
  /** The scenario, and its text, for whoever wants to run it on. */
  readonly scenario: LoadedScenario;
  readonly scenarioText: string;
  /** What can be set, with the values of the first cell. */
  readonly defaults: Cell;
}

/** The step of a fact that is a value the run was given. */
export const VALUE_STEP = 'value';
/** The step of a fact about all orders of an explored run. */
export const EXPLORED_STEP = 'explored';
/** The run of `## Try it yourself`. */
export const TRY_RUN = 'try';
