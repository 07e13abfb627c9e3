/**
 * The sections of a lesson: `## Predict`, `## Run`, `## Evidence`, `## Try it yourself`, `## In the kernel`, and prose under
 * any other heading. `## Run: NAME` and `## Evidence: NAME` are of that run of the front matter.
 */

import { closest } from '../kernel/suggest.ts';
import { ScenarioError } from '../scenario/errors.ts';
import type { Cell } from '../scenario/matrix.ts';
import { cutLine, type Line, type SourceText } from './fragment.ts';
import { inline } from './inline.ts';
import { markdown } from './markdown.ts';
import type { RefCheck } from './refs.ts';
import {
  type Block,
  type Choice,
  type LessonCell,
  type Source,
  type Span,
  TRY_RUN,
} from './types.ts';

const KINDS = {
  Predict: 'prediction',
  Run: 'run',
  Evidence: 'evidence',
  'Try it yourself': 'try',
  'In the kernel': 'sources',
} as const;
type Title = keyof typeof KINDS;
const TITLES = Object.keys(KINDS) as Title[];
/** In the task of `Try it yourself`, what is told after its run. */
const RESULT = '### What happens';

interface Section {
  /** The line of the heading; null before the first. */
  readonly heading: Line | null;
  readonly lines: Line[];
}

export interface Front {
  readonly prediction: { readonly question: readonly Span[]; readonly choices: readonly Choice[] };
  readonly sources: readonly Source[];
  readonly set: Cell;
  readonly runs: readonly LessonCell[];
}

/** Throws ScenarioError for a section that is missing, twice there, or of no known name. */
export function sections(
  source: SourceText,
  body: readonly Line[],
  check: RefCheck,
  front: Front,
): Block[] {
  const blocks = cut(body).map((one) => new SectionReader(source, one, check, front).block());
  const found = blocks.filter((block) => block !== null);
  const last = body.at(-1) ?? { line: 1 };
  for (const [title, kind] of Object.entries(KINDS)) {
    const count = found.filter((block) => block.kind === kind).length;
    const several = kind === 'run' || kind === 'evidence';
    if (count === 1 || (several && count > 1)) continue;
    const wanted = several ? 'a section' : 'one section';
    const message = `a lesson expected ${wanted} "## ${title}", got ${count === 0 ? 'none' : count}`;
    throw new ScenarioError('lesson-section', source.place(last.line, 1), message);
  }
  const order = found.map(({ kind }) => kind);
  if (order.indexOf('prediction') > order.indexOf('run')) {
    const message = 'a lesson asks before it runs: "## Predict" expected before "## Run"';
    throw new ScenarioError('lesson-section', source.place(last.line, 1), message);
  }
  return found;
}

function cut(body: readonly Line[]): Section[] {
  const found: Section[] = [{ heading: null, lines: [] }];
  let fenced = false;
  for (const line of body) {
    if (line.text.startsWith('```')) fenced = !fenced;
    if (!fenced && line.text.startsWith('## ')) {
      found.push({ heading: cutLine(line, 3), lines: [] });
    } else found[found.length - 1]!.lines.push(line);
  }
  return found;
}

class SectionReader {
  private readonly source: SourceText;
  private readonly section: Section;
  private readonly check: RefCheck;
  private readonly front: Front;

  constructor(source: SourceText, section: Section, check: RefCheck, front: Front) {
    this.source = source;
    this.section = section;
    this.check = check;
    this.front = front;
  }

  /** Null for what stands before the first heading when that is nothing. */
  block(): Block | null {
    const { heading, lines } = this.section;
    if (heading === null) {
      const empty = lines.every(({ text }) => text.trim() === '');
      return empty ? null : { kind: 'prose', heading: null, text: this.text(lines) };
    }
    const title = TITLES.find((one) => heading.text === one || heading.text.startsWith(`${one}: `));
    if (title === undefined) return this.prose(heading);
    const kind = KINDS[title];
    switch (kind) {
      case 'prediction':
        return { kind, ...this.front.prediction, text: this.text(lines) };
      case 'run':
      case 'evidence': {
        const run = this.runOf(heading, title);
        return { kind, run, text: this.text(lines, run) };
      }
      case 'try':
        return this.tried(heading);
      case 'sources':
        return { kind, text: this.text(lines), sources: this.front.sources };
    }
  }

  private prose(heading: Line): Block {
    const near = closest(heading.text, TITLES);
    if (near !== null) {
      const message = `a lesson has no section "## ${heading.text}"`;
      throw new ScenarioError('lesson-section', this.at(heading), message, `## ${near}`);
    }
    const reader = this.check.reader(this.check.firstRun);
    const spans = inline(this.source.fragment([heading]), reader);
    return { kind: 'prose', heading: spans, text: this.text(this.section.lines) };
  }

  private runOf(heading: Line, title: Title): string {
    const named = heading.text.slice(title.length + 2).trim();
    if (named === '') return this.check.firstRun;
    const names = this.front.runs.map(({ name }) => name);
    if (names.includes(named)) return named;
    const message = `"## ${title}: " expected a run of the lesson, got "${named}"`;
    throw new ScenarioError('lesson-section', this.at(heading), message, closest(named, names));
  }

  private tried(heading: Line): Block {
    const { lines } = this.section;
    const at = lines.findIndex(({ text }) => text === RESULT);
    if (at < 0) {
      const message = `"## Try it yourself" expected a heading "${RESULT}", got none`;
      throw new ScenarioError('lesson-section', this.at(heading), message);
    }
    return {
      kind: 'try',
      run: TRY_RUN,
      set: this.front.set,
      task: this.text(lines.slice(0, at), TRY_RUN),
      result: this.text(lines.slice(at + 1), TRY_RUN),
    };
  }

  private text(lines: readonly Line[], run = this.check.firstRun) {
    return markdown(this.source, lines, this.check.reader(run));
  }

  private at({ line, column }: Line) {
    return this.source.place(line, column);
  }
}
