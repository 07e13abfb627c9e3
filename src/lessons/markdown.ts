/**
 * The Markdown lessons are written in: paragraphs, lists, tables, fenced code and headings of the third rank. A parser of
 * our own, because what is wanted of one is little (no HTML, nothing nested) and what a library does not give is much:
 * facts of a run as nodes, so that a page can mark them, and the place of everything, so that errors can show it.
 */

import { ScenarioError } from '../scenario/errors.ts';
import { cutLine, type Line, type SourceText } from './fragment.ts';
import { codeParts, inline, type RefReader } from './inline.ts';
import type { Markup, Part, Span } from './types.ts';

const FENCE = /^```(.*)$/;
const BULLET = /^- /;
const NUMBER = /^\d+\. /;
const ITEM = /^(?:- |\d+\. )/;

export function markdown(
  source: SourceText,
  lines: readonly Line[],
  reader: RefReader,
): readonly Markup[] {
  return new Parser(source, lines, reader).all();
}

class Parser {
  private readonly source: SourceText;
  private readonly lines: readonly Line[];
  private readonly reader: RefReader;
  private at = 0;

  constructor(source: SourceText, lines: readonly Line[], reader: RefReader) {
    this.source = source;
    this.lines = lines;
    this.reader = reader;
  }

  all(): Markup[] {
    const found: Markup[] = [];
    while (this.at < this.lines.length) {
      const line = this.lines[this.at]!;
      if (line.text.trim() === '') this.at += 1;
      else found.push(this.block(line));
    }
    return found;
  }

  private block(line: Line): Markup {
    if (FENCE.test(line.text)) return this.code(line);
    if (line.text.startsWith('### ')) {
      this.at += 1;
      return { kind: 'heading', spans: this.spans([cutLine(line, 4)]) };
    }
    if (/^#{1,6}\s/.test(line.text)) {
      throw this.wrong(line, 'a section expected headings of the third rank only (###)');
    }
    if (ITEM.test(line.text)) return this.list(line);
    if (line.text.startsWith('|')) return this.table();
    const own = this.while((text) => !/^(?:```|#{1,6} |\||- )/.test(text));
    return { kind: 'paragraph', spans: this.spans(own) };
  }

  /** The lines up to an empty one or one that `belongs` refuses; always the first. */
  private while(belongs: (text: string) => boolean): Line[] {
    const from = this.at;
    this.at += 1;
    for (; this.at < this.lines.length; this.at += 1) {
      const { text } = this.lines[this.at]!;
      if (text.trim() === '' || !belongs(text)) break;
    }
    return this.lines.slice(from, this.at);
  }

  private code(line: Line): Markup {
    const info = FENCE.exec(line.text)![1]!.trim();
    const end = this.lines.findIndex(({ text }, at) => at > this.at && text === '```');
    if (end < 0) throw this.wrong(line, '"```" expected a line "```" that ends it, got none');
    const own = this.lines.slice(this.at + 1, end);
    this.at = end + 1;
    const parts: Part[] = own.flatMap((one, at) => [
      ...(at === 0 ? [] : ['\n']),
      ...codeParts(this.source.fragment([one]), this.reader),
    ]);
    return { kind: 'code', info, parts };
  }

  private list(line: Line): Markup {
    const ordered = NUMBER.test(line.text);
    const items: Span[][] = [];
    while (this.at < this.lines.length) {
      const head = this.lines[this.at]!;
      const mark = (ordered ? NUMBER : BULLET).exec(head.text);
      if (mark === null) break;
      const [first, ...more] = this.while((text) => /^\s+\S/.test(text));
      const rest = more.map((one) => cutLine(one, /^\s*/.exec(one.text)![0].length));
      items.push(this.spans([cutLine(first!, mark[0].length), ...rest]));
    }
    return { kind: 'list', ordered, items };
  }

  private table(): Markup {
    const [head, rule, ...rows] = this.while((text) => text.startsWith('|'));
    if (rule === undefined || !/^\|(?:\s*:?-+:?\s*\|)+\s*$/.test(rule.text)) {
      throw this.wrong(head!, 'a table expected a line of dashes below its head: | --- | --- |');
    }
    const titles = this.cells(head!);
    const body = rows.map((row) => {
      const cells = this.cells(row);
      if (cells.length === titles.length) return cells;
      const message = `a row expected ${titles.length} cells, as its head has, got ${cells.length}`;
      throw this.wrong(row, message);
    });
    return { kind: 'table', head: titles, rows: body };
  }

  private cells(row: Line): Span[][] {
    const found: Span[][] = [];
    const { text } = row;
    let from = 1;
    for (let at = 1; at < text.length; at += 1) {
      if (text[at] !== '|') continue;
      const raw = text.slice(from, at);
      const blank = raw.length - raw.trimStart().length;
      found.push(this.spans([{ ...cutLine(row, from + blank), text: raw.trim() }]));
      from = at + 1;
    }
    if (text.slice(from).trim() !== '') throw this.wrong(row, 'a row of a table ends with "|"');
    return found;
  }

  private spans(lines: readonly Line[]): Span[] {
    return inline(this.source.fragment(lines), this.reader);
  }

  private wrong({ line, column }: Line, message: string): ScenarioError {
    return new ScenarioError('lesson-markdown', this.source.place(line, column), message);
  }
}
