/** The slider over the moments of a run, and the buttons that move it. */

import { fill, h } from '../dom.ts';

export interface TimelineEvents {
  readonly onMove: (place: number) => void;
  /** To the end of the step before or after. */
  readonly onStep: (by: -1 | 1) => void;
  readonly onEvery: (every: boolean) => void;
  /** Null: this run has no address. */
  readonly onShare: (() => void) | null;
}

export interface Timeline {
  readonly node: HTMLElement;
  show(place: number, count: number, sentence: string, step: string): void;
  every(on: boolean): void;
  shared(text: string): void;
}

const TICK_MS = 450;

function button(text: string, label: string, onClick: () => void): HTMLButtonElement {
  return h('button', { type: 'button', 'aria-label': label, title: label, onClick }, text);
}

export function timeline(name: string, events: TimelineEvents): Timeline {
  let place = 0;
  let count = 1;
  let timer = 0;
  const said = h('output', { class: 'said', for: `${name}-place` });
  const where = h('span', { class: 'where' });
  const slider = h('input', {
    type: 'range',
    id: `${name}-place`,
    'aria-label': 'Moment of the run',
    onInput: () => go(Number(slider.value)),
  });
  const stop = (): void => {
    window.clearInterval(timer);
    timer = 0;
    fill(play, 'Play');
  };
  const go = (to: number): void => {
    stop();
    events.onMove(to);
  };
  const leap = (by: -1 | 1): void => {
    stop();
    events.onStep(by);
  };
  const tick = (): void => {
    if (place >= count - 1) stop();
    else events.onMove(place + 1);
  };
  const play = button('Play', 'Play or pause', () => {
    if (timer !== 0) return stop();
    if (place >= count - 1) events.onMove(0);
    timer = window.setInterval(tick, TICK_MS);
    fill(play, 'Pause');
  });
  const everyBox = h('input', {
    type: 'checkbox',
    id: `${name}-every`,
    onChange: () => events.onEvery(everyBox.checked),
  });
  const note = h('span', { class: 'note', role: 'status' });
  const node = h(
    'div',
    { class: 'timeline', role: 'group', 'aria-label': 'Timeline' },
    said,
    h(
      'div',
      { class: 'track' },
      h(
        'div',
        { class: 'buttons' },
        button('|◀', 'To the step before', () => leap(-1)),
        button('◀', 'One moment back', () => go(Math.max(place - 1, 0))),
        play,
        button('▶', 'One moment on', () => go(Math.min(place + 1, count - 1))),
        button('▶|', 'To the end of the next step', () => leap(1)),
      ),
      slider,
      where,
      h('label', { class: 'every' }, everyBox, 'every record'),
      events.onShare === null
        ? null
        : button('Copy link', 'Copy link to this moment', events.onShare),
      note,
    ),
  );
  const show = (to: number, of: number, sentence: string, step: string): void => {
    place = to;
    count = of;
    slider.max = `${of - 1}`;
    slider.value = `${to}`;
    slider.setAttribute('aria-valuetext', `${to + 1} of ${of}: ${sentence}`);
    fill(where, step);
    fill(said, sentence);
  };
  return {
    node,
    show,
    every: (on) => {
      everyBox.checked = on;
    },
    shared: (text) => fill(note, text),
  };
}
