/** Which rules were asked in a step, what they saw, and why the run came out as it did. */

import { fill, h } from '../dom.ts';
import type { Run } from '../model/run.ts';
import { shortened } from '../model/say.ts';
import type { Chain, Decision, SeenValue } from '../package.ts';

export interface DecisionsView {
  readonly node: HTMLElement;
  show(run: Run, step: number): void;
  why(chains: readonly Chain[]): void;
}

export function decisionsView(): DecisionsView {
  const title = h('summary');
  const list = h('ul', { class: 'decisions' });
  const reasons = h('div', { class: 'chains' });
  const node = h(
    'div',
    { class: 'because' },
    h(
      'div',
      { class: 'card why', role: 'group', 'aria-label': 'Why' },
      h('h4', {}, 'Why'),
      reasons,
    ),
    h('details', { class: 'card' }, title, list),
  );
  let shown: Run | null = null;
  let at = -1;
  const show = (run: Run, step: number): void => {
    if (run === shown && step === at) return;
    shown = run;
    at = step;
    const { decisions } = run.steps[step]!;
    const refused = decisions.filter(({ verdict }) => verdict === 'refuses').length;
    fill(title, `Decisions of this step: ${decisions.length}, ${refused} against`);
    list.replaceChildren(...decisions.map(item));
  };
  const why = (chains: readonly Chain[]): void => {
    const worst = chains.filter(({ note }) => !note);
    if (worst.length === 0) fill(reasons, h('p', {}, '✓ nothing went wrong in this run'));
    else reasons.replaceChildren(...worst.slice(0, 3).map(chainItem));
  };
  return { node, show, why };
}

function chainItem({ symptom, links }: Chain): HTMLElement {
  return h(
    'div',
    { class: 'chain' },
    h('p', { class: 'symptom' }, `✗ ${shortened(symptom)}`),
    h('ol', {}, ...links.map((link) => h('li', {}, link))),
  );
}

function item({ rule, subject, verdict, errno, seen, source }: Decision): HTMLElement {
  const against = verdict === 'refuses';
  const saw = Object.entries(seen).map(([name, value]) => `${name} = ${valueText(value)}`);
  return h(
    'li',
    { class: against ? 'against' : '' },
    h('b', {}, `${against ? '✗' : '✓'} ${rule}`),
    ` ${verdict} ${subject}${errno === undefined ? '' : ` with ${errno}`}`,
    h(
      'small',
      {},
      `${saw.length === 0 ? '' : `saw ${saw.join(', ')}; `}${source.file}, ${source.function}`,
    ),
  );
}

function valueText(value: SeenValue): string {
  if (typeof value !== 'object') return String(value);
  return `${String(value.value)} (set by ${value.origin.floor}, ${value.origin.rule})`;
}
