/** One column: its choices, and the run that came of them. */

import type { Column } from '../column.ts';
import { fill, h } from '../dom.ts';
import { kernelName, type Setup } from '../model/setup.ts';
import { type RunEvents, runView } from './run.ts';
import { setupForm } from './setup-form.ts';

export interface ColumnEvents extends RunEvents {
  readonly onSetup: (setup: Setup) => void;
}

export interface ColumnView {
  readonly node: HTMLElement;
  readonly show: (column: Column, place: number) => void;
}

export function columnView(id: string, title: string, events: ColumnEvents): ColumnView {
  const form = setupForm(id, events.onSetup);
  const error = h('p', { class: 'error', role: 'alert' });
  const run = runView(id, events);
  const heading = h('h2');
  const node = h(
    'section',
    { class: 'column', 'aria-label': title },
    heading,
    form.node,
    error,
    run.node,
  );
  let shown: Column | null = null;
  const show = (column: Column, place: number): void => {
    if (column !== shown) {
      shown = column;
      if (column.setup !== null) {
        form.show(column.setup);
        const { use, cipher } = column.setup;
        fill(heading, [kernelName(column.setup), use, cipher].join(' · '));
      }
      fill(error, column.error ?? '');
      error.hidden = column.error === null;
      run.node.hidden = column.run === null;
    }
    run.show(column, place);
  };
  return { node, show };
}
