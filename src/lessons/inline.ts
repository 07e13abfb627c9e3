/** Markdown inside a line: code, strong, emphasis, links, and facts of a run in double braces. */

import { type Place, ScenarioError } from '../scenario/errors.ts';
import type { Fragment } from './fragment.ts';
import type { FactRef, Part, Span } from './types.ts';

/** Makes a fact of what stands between the braces. Throws ScenarioError at `place`. */
export type RefReader = (text: string, place: Place) => FactRef;

const REF = /\{\{([^{}]*)\}\}/g;
const LINK = /^\[([^\]]*)\]\(([^)\s]*)\)/;

export function inline(fragment: Fragment, reader: RefReader): Span[] {
  return spansOf(fragment, reader, 0, fragment.text.length);
}

/** The spans of characters `from` to `to`. */
function spansOf(fragment: Fragment, reader: RefReader, from: number, to: number): Span[] {
  const { text } = fragment;
  const spans: Span[] = [];
  let plain = from;
  let at = from;
  const flush = (end: number): void => {
    if (end > plain) {
      spans.push({ kind: 'text', parts: parts(fragment, reader, plain, end) });
    }
  };
  const inner = (kind: 'strong' | 'emphasis', mark: string): void => {
    const end = text.indexOf(mark, at + mark.length);
    if (end < 0 || end + mark.length > to) throw unclosed(fragment, at, mark);
    flush(at);
    spans.push({ kind, spans: spansOf(fragment, reader, at + mark.length, end) });
    at = end + mark.length;
    plain = at;
  };
  while (at < to) {
    if (text.startsWith('{{', at)) {
      const end = text.indexOf('}}', at);
      if (end < 0 || end + 2 > to) throw unclosed(fragment, at, '{{');
      at = end + 2;
    } else if (text[at] === '`') {
      const end = text.indexOf('`', at + 1);
      if (end < 0 || end >= to) throw unclosed(fragment, at, '`');
      flush(at);
      spans.push({ kind: 'code', parts: parts(fragment, reader, at + 1, end) });
      at = end + 1;
      plain = at;
    } else if (text.startsWith('**', at)) inner('strong', '**');
    else if (text[at] === '*') inner('emphasis', '*');
    else if (text[at] === '[') {
      const link = LINK.exec(text.slice(at, to));
      if (link === null) {
        at += 1;
        continue;
      }
      flush(at);
      const start = at + 1;
      const label = spansOf(fragment, reader, start, start + link[1]!.length);
      spans.push({ kind: 'link', href: link[2]!, spans: label });
      at += link[0].length;
      plain = at;
    } else at += 1;
  }
  flush(to);
  return spans;
}

function unclosed(fragment: Fragment, offset: number, mark: string): ScenarioError {
  const closing = mark === '{{' ? '}}' : mark;
  return new ScenarioError(
    'lesson-markdown',
    fragment.place(offset),
    `"${mark}" expected a "${closing}" that ends it in the same paragraph, got none`,
  );
}

/** Text with its facts, of characters `from` to `to`. */
function parts(fragment: Fragment, reader: RefReader, from: number, to: number): Part[] {
  const text = fragment.text.slice(from, to);
  const found: Part[] = [];
  let last = 0;
  for (const match of text.matchAll(REF)) {
    if (match.index > last) found.push(text.slice(last, match.index));
    found.push(reader(match[1]!.trim(), fragment.place(from + match.index)));
    last = match.index + match[0].length;
  }
  if (last < text.length) found.push(text.slice(last));
  return found;
}

/** Code as it stands, with the facts in it. */
export function codeParts(fragment: Fragment, reader: RefReader): Part[] {
  return parts(fragment, reader, 0, fragment.text.length);
}
