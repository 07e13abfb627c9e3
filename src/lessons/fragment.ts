/** Pieces of a lesson's file that know where they stand, so that what is wrong in them can be shown. */

import { type Place, picture } from '../scenario/errors.ts';

/** Text on one line as Markdown reads it, whatever lines it stands on in the file. */
export interface Fragment {
  readonly text: string;
  /** Where character `offset` of the text stands. */
  readonly place: (offset: number) => Place;
}

/** A line of the file, or what is left of it. */
export interface Line {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** Of the first character of `text`, from 1. */
  readonly column: number;
}

/** A file's text, line by line. */
export class SourceText {
  readonly file: string;
  readonly text: string;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  place(line: number, column: number): Place {
    return { file: this.file, line, column, picture: picture(this.text, line, column) };
  }

  /** Lines joined with spaces. */
  fragment(lines: readonly Line[]): Fragment {
    const text = lines.map((one) => one.text).join(' ');
    const place = (offset: number): Place => {
      let left = offset;
      for (const one of lines) {
        if (left <= one.text.length) return this.place(one.line, one.column + left);
        left -= one.text.length + 1;
      }
      const last = lines[lines.length - 1]!;
      return this.place(last.line, last.column + last.text.length);
    };
    return { text, place };
  }
}

/** `line` without its first `count` characters. */
export function cutLine({ text, line, column }: Line, count: number): Line {
  return { text: text.slice(count), line, column: column + count };
}
