/** The Markdown of lessons as elements. Facts of a run are put in and marked, so that one sees what the machine said. */

import type { LessonRun } from '../../../src/lessons/run.ts';
import type { Markup, Part, Span } from '../../../src/lessons/types.ts';
import { h } from '../dom.ts';

export function markup(run: LessonRun, text: readonly Markup[]): HTMLElement[] {
  return text.map((one) => block(run, one));
}

function block(run: LessonRun, one: Markup): HTMLElement {
  switch (one.kind) {
    case 'heading':
      return h('h3', {}, ...spans(run, one.spans));
    case 'paragraph':
      return h('p', {}, ...spans(run, one.spans));
    case 'list':
      return h(
        one.ordered ? 'ol' : 'ul',
        { class: 'list' },
        ...one.items.map((item) => h('li', {}, ...spans(run, item))),
      );
    case 'table':
      return table(run, one);
    case 'code':
      return h(
        'pre',
        { class: 'code', tabindex: '0' },
        ...one.parts.map((part) => partOf(run, part)),
      );
  }
}

function table(run: LessonRun, { head, rows }: Extract<Markup, { kind: 'table' }>): HTMLElement {
  const cells = (tag: 'td' | 'th', row: readonly (readonly Span[])[]) =>
    row.map((cell, i) =>
      tag === 'td' && i === 0
        ? h('th', { scope: 'row' }, ...spans(run, cell))
        : cell.length === 0
          ? h('td')
          : h(tag, tag === 'th' ? { scope: 'col' } : {}, ...spans(run, cell)),
    );
  const body = h(
    'table',
    {},
    h('thead', {}, h('tr', {}, ...cells('th', head))),
    h('tbody', {}, ...rows.map((row) => h('tr', {}, ...cells('td', row)))),
  );
  return h('div', { class: 'wide', tabindex: '0', role: 'group', 'aria-label': 'Table' }, body);
}

export function spans(run: LessonRun, all: readonly Span[]): (Node | string)[] {
  return all.flatMap((span) => nodesOf(run, span));
}

function nodesOf(run: LessonRun, span: Span): (Node | string)[] {
  switch (span.kind) {
    case 'text':
      return span.parts.map((part) => partOf(run, part));
    case 'code':
      return [h('code', {}, ...span.parts.map((part) => partOf(run, part)))];
    case 'strong':
      return [h('strong', {}, ...spans(run, span.spans))];
    case 'emphasis':
      return [h('em', {}, ...spans(run, span.spans))];
    case 'link':
      return [h('a', { href: span.href }, ...spans(run, span.spans))];
  }
}

function partOf(run: LessonRun, part: Part): Node | string {
  if (typeof part === 'string') return part;
  return h('data', { class: 'fact', title: part.text }, run.fact(part));
}
