/** One column: its choices, its stack, the bio, the bytes, the terminal and the reasons. */

import type { Column } from '../column.ts';
import { fill, h } from '../dom.ts';
import { bioAt } from '../model/moments.ts';
import type { Setup } from '../model/setup.ts';
import { bioCard } from './bio-card.ts';
import { bytesView } from './bytes.ts';
import { decisionsView } from './decisions.ts';
import { setupForm } from './setup-form.ts';
import { stackPicture } from './stack.ts';
import { transcript } from './transcript.ts';

export interface ColumnEvents {
  readonly onSetup: (setup: Setup) => void;
  readonly onStep: (step: number) => void;
  readonly onFork: (step: number) => void;
  readonly onCommand: (text: string) => void;
}

export interface ColumnView {
  readonly node: HTMLElement;
  show(column: Column, place: number): void;
}

export function columnView(id: string, title: string, events: ColumnEvents): ColumnView {
  const form = setupForm(id, events.onSetup);
  const error = h('p', { class: 'error', role: 'alert' });
  const stack = stackPicture();
  const bio = bioCard();
  const bytes = bytesView();
  const terminal = transcript(id, events);
  const decisions = decisionsView();
  const body = h(
    'div',
    { class: 'body' },
    stack.node,
    bio.node,
    bytes.node,
    decisions.node,
    terminal.node,
  );
  const node = h(
    'section',
    { class: 'column', 'aria-label': title },
    h('h2', {}, title),
    form.node,
    error,
    body,
  );
  let shown: Column | null = null;
  const load = (column: Column): void => {
    shown = column;
    form.show(column.setup);
    fill(error, column.error ?? '');
    error.hidden = column.error === null;
    body.hidden = column.run === null;
    terminal.load(column.run);
    // Reading back runs everything again: the picture comes first.
    window.setTimeout(() => {
      if (shown === column) decisions.why(column.why());
    }, 0);
  };
  const show = (column: Column, place: number): void => {
    if (column !== shown) load(column);
    const { run, moments } = column;
    const moment = moments[place];
    if (run === null || moment === undefined) return;
    const last = moments[place + 1]?.step !== moment.step;
    stack.show(run, moment, last);
    bio.show(run, moment);
    bytes.show(column.readBack(moment.step), bioAt(run, moment));
    decisions.show(run, moment.step);
    terminal.mark(moment.step);
  };
  return { node, show };
}
