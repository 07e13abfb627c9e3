/** Light, dark, or as the system says. */

import { h } from '../dom.ts';

const THEMES = [
  ['light dark', 'As the system'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const;

export function theme(): HTMLElement {
  const select = h('select', {
    id: 'theme-pick',
    onChange: () => {
      document.documentElement.style.colorScheme = select.value;
    },
  });
  for (const [value, text] of THEMES) select.append(h('option', { value }, text));
  return h('label', { class: 'picker' }, h('span', { class: 'unseen' }, 'Colours'), select);
}
