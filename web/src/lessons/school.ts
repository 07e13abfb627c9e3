/** All lessons: a list to choose from, and the one chosen. Comes to the page when somebody wants to learn. */

import { h } from '../dom.ts';
import { LessonView } from '../view/lesson.ts';
import { lessons } from './lessons.ts';

/** The lesson of that number, or the first; with a way to all others. */
export function school(number: number): HTMLElement {
  const at = Math.max(
    lessons.findIndex((one) => one.number === number),
    0,
  );
  const lesson = lessons[at];
  if (lesson === undefined) return h('p', { class: 'loading' }, 'There are no lessons yet.');
  const links = lessons.map((one) => {
    const link = h('a', { href: `#lesson=${one.number}` }, `${one.number} ${one.title}`);
    if (one === lesson) link.setAttribute('aria-current', 'page');
    return h('li', {}, link);
  });
  const after = lessons[at + 1];
  const next =
    after === undefined
      ? h('a', { class: 'next', href: '#play' }, 'On to the playground')
      : h('a', { class: 'next', href: `#lesson=${after.number}` }, `Next: ${after.title}`);
  return h(
    'div',
    { class: 'school' },
    h('nav', { class: 'contents', 'aria-label': 'Lessons' }, h('ol', {}, ...links)),
    new LessonView(lesson, h('p', { class: 'onward' }, next)).node,
  );
}
