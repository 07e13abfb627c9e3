/** The terminal: every command with what it printed, and a prompt for the next one. */

import { fill, h } from '../dom.ts';
import type { Run, Step } from '../model/run.ts';
import { shortened } from '../model/say.ts';

export interface Transcript {
  readonly node: HTMLElement;
  /** Draws the steps of a run anew. */
  load(run: Run | null): void;
  mark(step: number): void;
}

export interface TranscriptEvents {
  readonly onStep: (step: number) => void;
  /** Null: there is no other column to go another way in. */
  readonly onFork: ((step: number) => void) | null;
  readonly onCommand: (text: string) => void;
}

export function transcript(id: string, events: TranscriptEvents): Transcript {
  const list = h('ol', { class: 'steps' });
  const input = h('input', {
    id: `${id}-prompt`,
    type: 'text',
    autocomplete: 'off',
    spellcheck: false,
    autocapitalize: 'off',
    placeholder: 'blkzone report /dev/nullb0',
  });
  const history: string[] = [];
  let at = 0;
  input.addEventListener('keydown', (event) => {
    const way = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
    if (way === 0 || history.length === 0) return;
    event.preventDefault();
    at = Math.min(Math.max(at + way, 0), history.length);
    input.value = history[at] ?? '';
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    const text = input.value.trim();
    if (text === '') return;
    history.push(text);
    at = history.length;
    input.value = '';
    events.onCommand(text);
  };
  const prompt = h(
    'form',
    { class: 'prompt', onSubmit: submit },
    h('label', { for: `${id}-prompt` }, h('span', { class: 'unseen' }, 'Command to run'), '#'),
    input,
    h('button', { type: 'submit' }, 'Run'),
  );
  const node = h(
    'div',
    { class: 'terminal', role: 'group', 'aria-label': 'Terminal' },
    list,
    prompt,
  );
  let buttons: HTMLButtonElement[] = [];
  const load = (run: Run | null): void => {
    const steps = run?.steps ?? [];
    const items = steps.map((step) => stepItem(step, events));
    buttons = items.map(({ button }) => button);
    list.replaceChildren(...items.map((item) => item.node));
  };
  const mark = (step: number): void => {
    buttons.forEach((button, i) => {
      if (i === step) button.setAttribute('aria-current', 'step');
      else button.removeAttribute('aria-current');
      button.parentElement!.parentElement!.classList.toggle('future', i > step);
    });
  };
  return { node, load, mark };
}

function stepItem(
  step: Step,
  events: TranscriptEvents,
): { node: HTMLElement; button: HTMLButtonElement } {
  const { index, text, stdout, stderr, exit, problem, dmesg, path } = step;
  const button = h(
    'button',
    { type: 'button', class: 'command', onClick: () => events.onStep(index) },
    shortened(text),
  );
  const { onFork } = events;
  const fork = onFork === null ? null : forkButton(index, onFork);
  const badges: string[] = [];
  if (path !== 'none') badges.push(path);
  if (exit !== 0) badges.push(`exit ${exit}`);
  const head = h(
    'div',
    { class: 'line' },
    button,
    h('span', { class: exit === 0 ? 'badge' : 'badge bad' }, badges.join(', ')),
    fork,
  );
  const output = [stdout, stderr, problem === null ? '' : `${problem}\n`].join('');
  const log = dmesg.map((line) => `[kernel] ${line}\n`).join('');
  const out = h('pre', { tabindex: '0', 'aria-label': `Output of step ${index + 1}` });
  fill(out, (output + log).trimEnd());
  return { node: h('li', {}, head, output + log === '' ? null : out), button };
}

function forkButton(step: number, onFork: (step: number) => void): HTMLElement {
  const label = `Fork after step ${step + 1}`;
  const title = 'Go another way from here, in the other column';
  const onClick = (): void => onFork(step);
  return h(
    'button',
    { type: 'button', class: 'fork', 'aria-label': label, title, onClick },
    'fork',
  );
}
