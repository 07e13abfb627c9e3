/** A lesson from its first line to its last, for a terminal: it asks before it runs, where there is somebody to ask. */

import { Flow } from '../lessons/flow.ts';
import type { LessonRun } from '../lessons/run.ts';
import { LessonText } from '../lessons/text.ts';
import type { Block, Choice } from '../lessons/types.ts';
import { COLUMNS, wrap } from '../report/columns.ts';
import type { Cell } from '../scenario/matrix.ts';
import type { CliContext } from './context.ts';

/** Asks, and gives what was typed; null when nobody answers any more. Absent: nobody is there, all is printed. */
export type Ask = (question: string) => Promise<string | null>;

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Thrown by nobody but `asked`: the learner left. */
export class Left extends Error {}

export class LessonWalk {
  private readonly run: LessonRun;
  private readonly text: LessonText;
  private readonly context: CliContext;
  private readonly ask: Ask | null;
  private prediction: Extract<Block, { kind: 'prediction' }> | null = null;
  private chosen: Choice | null = null;
  private revealed = false;

  constructor(run: LessonRun, context: CliContext, ask: Ask | null) {
    this.run = run;
    this.text = new LessonText(run, context.style);
    this.context = context;
    this.ask = ask;
  }

  /** Shows all of it. Throws Left when the learner leaves, ScenarioError when a run cannot be made. */
  async all(): Promise<void> {
    const { lesson, set } = this.run;
    const title = `Lesson ${lesson.number}: ${lesson.title}`;
    this.out(
      `${this.context.style('bold', title)}\n${'='.repeat(Math.min(title.length, COLUMNS))}\n`,
    );
    const changed = Object.entries(set).map(([name, value]) => `${name}=${value}`);
    if (changed.length > 0) this.out(`\n${wrap(`With ${changed.join(', ')}.`, 0)}`);
    for (const block of lesson.blocks) await this.block(block);
  }

  private async block(block: Block): Promise<void> {
    const { text } = this;
    switch (block.kind) {
      case 'prose':
        if (block.heading !== null) this.head(this.run.plain(block.heading));
        else this.out('\n');
        this.out(text.markup(block.text));
        return;
      case 'prediction':
        return this.predict(block);
      case 'run':
        this.head(this.titleOf('Run', block.run));
        this.out(text.markup(block.text));
        await this.pause('Enter to run');
        this.out(`\n${text.commands(this.run.result(block.run))}`);
        this.reveal();
        return;
      case 'evidence':
        this.head(this.titleOf('Evidence', block.run));
        this.out(text.markup(block.text));
        return this.pause('Enter to go on');
      case 'try': {
        this.head('Try it yourself');
        this.out(text.markup(block.task));
        await this.pause('Enter to try');
        this.out(`\n${this.typed(block.set)}\n`);
        this.out(text.markup(block.result));
        return;
      }
      case 'sources':
        this.head('In the kernel');
        this.out(text.markup(block.text));
        this.out(`\n${text.sources(block.sources)}`);
    }
  }

  /** What to type to make the lesson run with these values; a value stays on one line. */
  private typed(set: Cell): string {
    const words = Object.entries(set).map(([name, value]) => {
      const text = `${name}=${value}`;
      return `--set ${/^[\w=+.,/:@%-]+$/.test(text) ? text : `'${text}'`}`;
    });
    const flow = new Flow();
    flow.add(`$ zonestack learn ${this.run.lesson.number}`);
    for (const word of words) {
      flow.add(' ');
      flow.addWhole(word);
    }
    const lines = flow.lines(COLUMNS - 8).map(({ text }) => text);
    return lines.map((text, at) => `${' '.repeat(at === 0 ? 4 : 8)}${text}\n`).join('');
  }

  private async predict(block: Extract<Block, { kind: 'prediction' }>): Promise<void> {
    const { text } = this;
    this.prediction = block;
    this.head('What do you think?');
    if (block.text.length > 0) this.out(`${text.markup(block.text)}\n`);
    this.out(`${text.spans(block.question)}\n`);
    const { choices } = block;
    choices.forEach((choice, at) => {
      this.out(text.spans(choice.answer, `  ${LETTERS[at]}) `));
    });
    if (this.ask === null) return;
    const letters = LETTERS.slice(0, choices.length);
    for (;;) {
      const typed = await this.asked(`\nYour guess (${letters.join(', ')}; Enter to skip): `);
      const at = letters.indexOf(typed.trim().toLowerCase());
      this.chosen = choices[at] ?? null;
      if (at >= 0 || typed.trim() === '') return;
    }
  }

  /** After the first run: what was right, and what is to be said to the one who chose. */
  private reveal(): void {
    if (this.revealed || this.prediction === null) return;
    this.revealed = true;
    const { choices } = this.prediction;
    const right = this.run.rightChoice(choices);
    const letter = (choice: Choice): string => LETTERS[choices.indexOf(choice)]!;
    this.out('\n');
    if (this.chosen !== null && this.chosen !== right) {
      this.out(this.context.style('yellow', `You said ${letter(this.chosen)}.\n`));
      this.out(this.text.spans(this.chosen.reply));
    }
    if (right === null) {
      this.out('With these values none of the answers is right. See what happened:\n');
      return;
    }
    const said =
      this.chosen === right
        ? `You said ${letter(right)}, and so it is.`
        : `It is ${letter(right)}.`;
    this.out(`${this.context.style('green', said)}\n`);
    this.out(this.text.spans(right.reply));
  }

  /** Sections of another run than the first say which. */
  private titleOf(title: string, run: string): string {
    return run === this.run.lesson.runs[0]!.name ? title : `${title}: ${run}`;
  }

  private head(title: string): void {
    this.out(
      `\n${this.context.style('bold', title)}\n${'-'.repeat(Math.min(title.length, COLUMNS))}\n`,
    );
  }

  private async pause(what: string): Promise<void> {
    if (this.ask !== null)
      await this.asked(`\n${this.context.style('dim', `[${what}, q to leave] `)}`);
  }

  private async asked(question: string): Promise<string> {
    const typed = this.ask === null ? '' : await this.ask(question);
    if (typed === null || /^\s*q(?:uit)?\s*$/i.test(typed)) throw new Left();
    return typed;
  }

  private out(text: string): void {
    this.context.out(text);
  }
}
