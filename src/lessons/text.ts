/** Lessons for a terminal of 80 columns: their Markdown with the facts put in, and the commands of a run. */

import { COLUMNS, wrap } from '../report/columns.ts';
import { hiderOf } from '../report/run-text.ts';
import { printable } from '../scenario/errors.ts';
import type { CellResult } from '../scenario/run.ts';
import { Flow, type Styler } from './flow.ts';
import type { LessonRun } from './run.ts';
import type { Markup, Part, Source, Span } from './types.ts';

const CODE_INDENT = 4;
const GAP = 2;
/** No column of a table gets narrower. */
const NARROWEST = 6;

export class LessonText {
  private readonly run: LessonRun;
  private readonly style: Styler;

  constructor(run: LessonRun, style: Styler) {
    this.run = run;
    this.style = style;
  }

  /** Paragraphs and the like, with empty lines between them; ends in a newline. */
  markup(blocks: readonly Markup[]): string {
    return blocks.map((block) => this.block(block)).join('\n');
  }

  private block(block: Markup): string {
    switch (block.kind) {
      case 'heading':
        return `${this.style('bold', this.run.plain(block.spans))}\n`;
      case 'paragraph':
        return this.spans(block.spans);
      case 'list':
        return block.items
          .map((item, at) => this.spans(item, block.ordered ? `${at + 1}. ` : '- '))
          .join('');
      case 'table':
        return this.table([block.head, ...block.rows]);
      case 'code':
        return this.code(block.parts);
    }
  }

  /** Wrapped text; the first line begins with `mark`, the others are as far in. */
  spans(spans: readonly Span[], mark = ''): string {
    const lines = this.flow(spans).lines(COLUMNS - mark.length);
    const blank = ' '.repeat(mark.length);
    return lines.map(({ text }, at) => `${at === 0 ? mark : blank}${text}\n`).join('');
  }

  private flow(spans: readonly Span[], flow = new Flow(), bold = false): Flow {
    const { style } = this;
    const plain = (text: string): string => (bold ? style('bold', text) : text);
    for (const span of spans) {
      if (span.kind === 'text' || span.kind === 'code') {
        const own = span.kind === 'code' ? (text: string) => style('cyan', text) : plain;
        for (const part of span.parts) {
          const text = printable(this.run.part(part).replaceAll('\n', ' '));
          flow.add(text, typeof part === 'string' ? own : (fact) => style('cyan', fact));
        }
      } else if (span.kind === 'link') {
        this.flow(span.spans, flow, bold);
        flow.add(` (${span.href})`, (text) => style('dim', text));
      } else this.flow(span.spans, flow, bold || span.kind === 'strong');
    }
    return flow;
  }

  private table(rows: readonly (readonly (readonly Span[])[])[]): string {
    const cells = rows.map((row) => row.map((cell) => this.flow(cell)));
    const widths = fitted(
      cells[0]!.map((_, at) => Math.max(...cells.map((row) => row[at]!.width), 1)),
    );
    const rule = `${widths.map((width) => '-'.repeat(width)).join(' '.repeat(GAP))}\n`;
    return cells
      .map((row, at) => {
        const columns = row.map((cell, index) => cell.lines(widths[index]!));
        const height = Math.max(...columns.map((lines) => lines.length));
        let text = '';
        for (let line = 0; line < height; line += 1) {
          const pieces = columns.map((lines, index) => {
            const { text: shown, width } = lines[line] ?? { text: '', width: 0 };
            return `${shown}${' '.repeat(Math.max(0, widths[index]! - width))}`;
          });
          text += `${pieces.join(' '.repeat(GAP)).trimEnd()}\n`;
        }
        return at === 0 ? `${text}${rule}` : text;
      })
      .join('');
  }

  private code(parts: readonly Part[]): string {
    const text = parts.map((part) => this.run.part(part)).join('');
    return text
      .split('\n')
      .map((line) => codeLine(printable(line)))
      .join('');
  }

  /** The steps a run made, as they would be typed. */
  commands(result: CellResult): string {
    const hide = hiderOf(result);
    const ran = result.steps.filter((step) => step.ran);
    return ran
      .map((step, at) => {
        const text = printable(hide(step.text));
        if (text === 'reboot') {
          return wrap(`# reboot into ${ran[at + 1]?.kernel ?? step.kernel}`, CODE_INDENT);
        }
        const exit = `${' '.repeat(CODE_INDENT)}exit ${step.exit}\n`;
        const failed = step.exit === 0 ? '' : this.style('red', exit);
        return `${wrap(`$ ${text}`, CODE_INDENT, CODE_INDENT + 4)}${failed}`;
      })
      .join('');
  }

  sources(sources: readonly Source[]): string {
    return sources.map((source) => this.source(source)).join('');
  }

  private source({ what, file, functions, commit, message, page }: Source): string {
    const where = [
      file === null ? '' : [file, functions.map((name) => `${name}()`).join(', ')].join(' ').trim(),
      commit === null ? '' : `commit ${commit}`,
      message === null ? '' : `https://lore.kernel.org/r/${message}`,
      page ?? '',
    ].filter((text) => text !== '');
    const lines = where.map((text) => this.style('dim', wrap(text, 4, 6, true)));
    return `${wrap(`- ${what}`, 0, 2)}${lines.join('')}`;
  }
}

function codeLine(line: string): string {
  if (line.length + CODE_INDENT <= COLUMNS)
    return `${' '.repeat(CODE_INDENT)}${line}`.trimEnd().concat('\n');
  return wrap(line, CODE_INDENT, CODE_INDENT + 2);
}

/** Widths that fit a line: the widest columns give way. */
function fitted(widths: number[]): number[] {
  const room = COLUMNS - GAP * (widths.length - 1);
  const fit = [...widths];
  while (fit.reduce((sum, one) => sum + one, 0) > room) {
    const widest = fit.indexOf(Math.max(...fit));
    if (fit[widest]! <= NARROWEST) break;
    fit[widest] = fit[widest]! - 1;
  }
  return fit;
}
