/** The page: one or two columns, a slider over both, and an address that says where it stands. */

import { Column } from './column.ts';
import { h } from './dom.ts';
import { linkOf, type PageState, readLink } from './model/link.ts';
import { recordAt } from './model/moments.ts';
import { say } from './model/say.ts';
import { commandsOf, type Setup } from './model/setup.ts';
import { stories } from './stories.ts';
import { type ColumnView, columnView } from './view/column.ts';
import { timeline } from './view/timeline.ts';
import { runsEarly, whenWhole } from './whole.ts';

const TITLES = ['First stack', 'Second stack'] as const;

export class Playground {
  readonly node: HTMLElement;
  private columns: Column[] = [];
  private readonly views: readonly ColumnView[];
  private readonly pair: HTMLElement;
  private readonly compare: HTMLInputElement;
  /** Of the first column's moments; the second goes along. */
  private place = 0;
  private every = false;
  private readonly time = timeline('time', {
    onMove: (place) => this.move(place),
    onStep: (by) => this.step(by),
    onEvery: (every) => this.showEvery(every),
    onShare: () => void this.share(),
  });

  constructor() {
    this.views = TITLES.map((title, i) =>
      columnView(`c${i}`, title, {
        onSetup: (setup) => whenWhole(() => this.change(i, setup)),
        onStep: (step) => this.goTo(i, step),
        onFork: (step) => this.fork(i, step),
        onCommand: (text) => whenWhole(() => this.type(i, text)),
      }),
    );
    this.compare = h('input', {
      type: 'checkbox',
      id: 'compare',
      onChange: () => this.toggle(this.compare.checked),
    });
    this.pair = h('div', { class: 'pair' }, ...this.views.map(({ node }) => node));
    this.node = h(
      'div',
      { class: 'playground' },
      h(
        'nav',
        { class: 'stories', 'aria-label': 'Stories' },
        ...stories.map(({ name, left, right }) =>
          h(
            'button',
            {
              type: 'button',
              onClick: () =>
                whenWhole(() =>
                  this.load({
                    setups: right === null ? [left] : [left, right],
                    at: null,
                    every: this.every,
                  }),
                ),
            },
            name,
          ),
        ),
        h('label', { class: 'compare' }, this.compare, 'two side by side'),
      ),
      this.pair,
      this.time.node,
    );
  }

  /** Shows what a link says; the first story when it says nothing. */
  open(hash: string): void {
    const [first] = stories;
    const state = readLink(hash) ?? {
      setups: [first!.left, first!.right!],
      at: null,
      every: false,
    };
    if (state.setups.every((setup) => runsEarly(commandsOf(setup)))) {
      this.load(state);
      window.setTimeout(() => whenWhole(() => {}), 0);
    } else whenWhole(() => this.load(state));
  }

  private load({ setups, at, every }: PageState): void {
    this.every = every;
    this.time.every(every);
    this.columns = setups.map((setup) => Column.of(setup, every));
    const [first] = this.columns;
    this.show(at === null ? first!.telling : first!.placeOf(at.step, at.record));
  }

  private change(i: number, setup: Setup): void {
    this.columns[i] = Column.of(setup, this.every);
    this.show(this.columns[0]!.telling);
  }

  private type(i: number, text: string): void {
    const setup = this.setups[i]!;
    const ran = this.columns[i]!.run?.steps.map((step) => step.text) ?? commandsOf(setup);
    const commands = [...ran, text];
    this.columns[i] = Column.of({ ...setup, commands }, this.every);
    this.goTo(i, commands.length - 1);
  }

  /** The other column goes the same way up to and with `step`, and stops there. */
  private fork(i: number, step: number): void {
    const setup = this.setups[i]!;
    const commands = commandsOf(setup).slice(0, step + 1);
    const forked = Column.of({ ...setup, commands }, this.every);
    this.columns = [this.columns[i]!, forked];
    this.show(this.columns[0]!.endOf(step));
    document.getElementById('c1-prompt')?.focus();
  }

  private toggle(two: boolean): void {
    const [first, second] = this.columns;
    this.columns = two ? [first!, second ?? Column.of(this.setups[0]!, this.every)] : [first!];
    this.show(this.place);
  }

  private showEvery(every: boolean): void {
    const moment = this.columns[0]!.moments[this.place];
    this.every = every;
    this.columns = this.setups.map((setup) => Column.of(setup, every));
    this.show(moment === undefined ? 0 : this.columns[0]!.placeOf(moment.step, moment.record));
  }

  private step(by: -1 | 1): void {
    const [first] = this.columns;
    const step = first!.moments[this.place]?.step ?? 0;
    const steps = first!.run?.steps.length ?? 1;
    this.goTo(0, Math.min(Math.max(step + by, 0), steps - 1));
  }

  private goTo(i: number, step: number): void {
    const column = this.columns[i]!;
    const first = this.columns[0]!;
    if (i === 0) this.show(first.endOf(step));
    else this.show(first.endOf(sameStep(column, step, first)), column.endOf(step));
  }

  private move(place: number): void {
    this.show(place);
  }

  private show(place: number, second: number | null = null): void {
    const [first, other] = this.columns;
    this.place = Math.max(Math.min(place, first!.moments.length - 1), 0);
    this.pair.classList.toggle('two', other !== undefined);
    this.compare.checked = other !== undefined;
    this.views[1]!.node.hidden = other === undefined;
    this.views[0]!.show(first!, this.place);
    if (other !== undefined)
      this.views[1]!.show(other, second ?? follow(first!, this.place, other));
    const moment = first!.moments[this.place];
    const run = first!.run;
    if (moment === undefined || run === null) return;
    const where = `step ${moment.step + 1} of ${run.steps.length}`;
    this.time.show(
      this.place,
      first!.moments.length,
      say(run, moment.step, recordAt(run, moment)),
      where,
    );
    history.replaceState(null, '', `#${linkOf(this.state)}`);
  }

  private get setups(): Setup[] {
    return this.columns.flatMap(({ setup }) => (setup === null ? [] : [setup]));
  }

  private get state(): PageState {
    const moment = this.columns[0]!.moments[this.place];
    return { setups: this.setups, at: moment ?? null, every: this.every };
  }

  private async share(): Promise<void> {
    try {
      await navigator.clipboard.writeText(location.href);
      this.time.shared('copied');
    } catch {
      this.time.shared('the address above is the link');
    }
  }
}

/** The step of `to` with the same command; else the one at the same place, from the start if that is the same in both. */
function sameStep(from: Column, step: number, to: Column): number {
  const text = from.run?.steps[step]?.text;
  const steps = to.run?.steps ?? [];
  if (steps[step]?.text === text) return step;
  const same = steps.findLastIndex((one) => one.text === text);
  if (same >= 0) return same;
  if (steps[0]?.text === from.run?.steps[0]?.text) return Math.min(step, steps.length - 1);
  const back = (from.run?.steps.length ?? 0) - step;
  return Math.min(Math.max(steps.length - back, 0), steps.length - 1);
}

/** Where the second column stands when the first stands at `place`: as far into the same step. */
function follow(first: Column, place: number, other: Column): number {
  const moment = first.moments[place];
  if (moment === undefined) return 0;
  const step = sameStep(first, moment.step, other);
  const start = first.moments.findIndex((one) => one.step === moment.step);
  const end = first.endOf(moment.step);
  const part = end === start ? 1 : (place - start) / (end - start);
  const from = other.moments.findIndex((one) => one.step === step);
  return from + Math.round(part * (other.endOf(step) - from));
}
