/** A lesson: what it tells, what it asks before it runs, and then what the machine shows. */

import type { Block, Lesson, Source } from '../../../src/lessons/types.ts';
import { h } from '../dom.ts';
import { LessonRun, planOf, tellingStep } from '../lessons/lessons.ts';
import { explorer } from './explorer.ts';
import { markup, spans } from './markup.ts';

type Of<K extends Block['kind']> = Extract<Block, { kind: K }>;

export class LessonView {
  readonly node: HTMLElement;
  private readonly lesson: Lesson;
  private readonly run: LessonRun;
  private readonly next: HTMLElement | null;

  /** `next`: where to go when it is done. */
  constructor(lesson: Lesson, next: HTMLElement | null) {
    this.lesson = lesson;
    this.run = new LessonRun(lesson);
    this.next = next;
    const { number, title, aim, minutes } = lesson;
    this.node = h(
      'article',
      { class: 'lesson' },
      h('p', { class: 'eyebrow' }, `Lesson ${number}, ${minutes} minutes`),
      h('h2', { tabindex: '-1' }, title),
      h('p', { class: 'aim' }, aim),
    );
    this.node.append(...this.from(0));
  }

  /** Blocks from number `at` on, up to the next one that waits for the learner. */
  private from(at: number): HTMLElement[] {
    const { blocks } = this.lesson;
    const out: HTMLElement[] = [];
    for (let i = at; i < blocks.length; i += 1) {
      const block = blocks[i]!;
      out.push(this.block(block, i));
      if (block.kind === 'prediction' || block.kind === 'try') return out;
    }
    if (this.next !== null) out.push(this.next);
    return out;
  }

  /** Shows what was held back behind block `at`, and leads there. */
  private reveal(at: number): void {
    const more = this.from(at + 1);
    this.node.append(...more);
    const [first] = more;
    if (first === undefined) return;
    first.tabIndex = -1;
    first.focus({ preventScroll: true });
    first.scrollIntoView({ block: 'start' });
  }

  private block(block: Block, at: number): HTMLElement {
    switch (block.kind) {
      case 'prose': {
        const heading =
          block.heading === null ? [] : [h('h3', {}, ...spans(this.run, block.heading))];
        return h('section', {}, ...heading, ...markup(this.run, block.text));
      }
      case 'prediction':
        return this.prediction(block, at);
      case 'run':
        return h(
          'section',
          { class: 'ran' },
          h('h3', {}, this.titled('Run', block.run)),
          ...markup(this.run, block.text),
          this.machine(block.run),
        );
      case 'evidence':
        return h(
          'section',
          { class: 'evidence' },
          h('h3', {}, this.titled('Evidence', block.run)),
          ...markup(this.run, block.text),
        );
      case 'try':
        return this.tried(block, at);
      case 'sources':
        return h(
          'section',
          {},
          h('h3', {}, 'In the kernel'),
          ...markup(this.run, block.text),
          h('ul', { class: 'list' }, ...block.sources.map(source)),
        );
    }
  }

  private titled(title: string, run: string): string {
    return run === this.lesson.runs[0]!.name ? title : `${title}: ${run}`;
  }

  private machine(name: string): HTMLElement {
    const result = this.run.result(name);
    const plan = planOf(result);
    if (plan === null)
      return h('p', { class: 'hint' }, 'This run has steps that cannot be stepped through here.');
    return explorer(`l${this.lesson.number}-${name}`, name, plan, tellingStep(result));
  }

  private prediction({ question, choices, text }: Of<'prediction'>, at: number): HTMLElement {
    const name = `l${this.lesson.number}-answer`;
    const replies = choices.map(() => h('p', { class: 'reply' }));
    const boxes = choices.map((_, i) =>
      h('input', { type: 'radio', name, id: `${name}-${i}`, value: `${i}` }),
    );
    const answers = choices.map(({ answer }, i) =>
      h(
        'div',
        {},
        h('label', { class: 'answer' }, boxes[i]!, h('span', {}, ...spans(this.run, answer))),
        replies[i]!,
      ),
    );
    const go = h('button', { type: 'submit', class: 'primary' }, 'Run it');
    const submit = (event: Event): void => {
      event.preventDefault();
      const right = this.run.rightChoice(choices);
      choices.forEach((choice, i) => {
        if (choice !== right && !boxes[i]!.checked) return;
        const mark = choice === right ? '✓ ' : '✗ ';
        replies[i]!.append(mark, ...spans(this.run, choice.reply));
        replies[i]!.classList.add(choice === right ? 'right' : 'not');
      });
      for (const box of boxes) box.disabled = true;
      go.hidden = true;
      this.reveal(at);
    };
    return h(
      'form',
      { class: 'card ask', onSubmit: submit },
      h('h3', {}, 'What do you think?'),
      ...markup(this.run, text),
      h(
        'fieldset',
        {},
        h('legend', { class: 'question' }, ...spans(this.run, question)),
        ...answers,
      ),
      go,
    );
  }

  private tried({ set, task, result, run }: Of<'try'>, at: number): HTMLElement {
    const values = Object.entries(set).map(([name, value]) => `${name} = ${value}`);
    const held = h('div', { class: 'result' });
    const go = h(
      'button',
      { type: 'button', class: 'primary' },
      `Run it with ${values.join(', ')}`,
    );
    go.addEventListener('click', () => {
      held.append(...markup(this.run, result), this.machine(run));
      go.hidden = true;
      this.reveal(at);
    });
    return h(
      'section',
      { class: 'try' },
      h('h3', {}, 'Try it yourself'),
      ...markup(this.run, task),
      go,
      held,
    );
  }
}

function source({ what, file, functions, commit, message, page }: Source): HTMLElement {
  const link = (href: string, text: string): HTMLElement => h('a', { href }, text);
  const parts: (HTMLElement | string)[] = [];
  if (file !== null) parts.push(h('code', {}, [file, ...functions].join(' ')));
  if (commit !== null)
    parts.push(link(`https://git.kernel.org/linus/${commit}`, `commit ${commit}`));
  if (message !== null) parts.push(link(`https://lore.kernel.org/r/${message}`, 'mail'));
  if (page !== null) parts.push(link(page, page.replace(/^https:\/\//, '')));
  return h('li', {}, what, ...parts.flatMap((part) => [' · ', part]));
}
