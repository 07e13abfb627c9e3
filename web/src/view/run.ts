/** A run at one moment: its stack, the bio, the bytes, the reasons and the terminal. */

import type { Column } from '../column.ts';
import { h } from '../dom.ts';
import { bioAt } from '../model/moments.ts';
import { bioCard } from './bio-card.ts';
import { bytesView } from './bytes.ts';
import { decisionsView } from './decisions.ts';
import { stackPicture } from './stack.ts';
import { type TranscriptEvents, transcript } from './transcript.ts';

export type RunEvents = TranscriptEvents;

export interface RunView {
  readonly node: HTMLElement;
  readonly show: (column: Column, place: number) => void;
}

export function runView(id: string, events: RunEvents): RunView {
  const stack = stackPicture();
  const bio = bioCard();
  const bytes = bytesView();
  const terminal = transcript(id, events);
  const decisions = decisionsView();
  const parts = [stack, bio, bytes, decisions, terminal].map(({ node }) => node);
  const node = h('div', { class: 'body' }, ...parts);
  let shown: Column | null = null;
  const load = (column: Column): void => {
    shown = column;
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
    const readBack = column.readBack(moment.step);
    bio.show(run, moment, readBack);
    bytes.show(readBack, bioAt(run, moment));
    decisions.show(run, moment.step);
    terminal.mark(moment.step);
  };
  return { node, show };
}
