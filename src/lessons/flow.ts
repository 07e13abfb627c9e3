/** Text with styles in lines of a given width: what is styled has letters that take no room. */

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Styler = (style: Style, text: string) => string;

/** A word of one or more pieces that stay together: `**a**b`. */
interface Word {
  text: string;
  width: number;
}

/** Collects styled text and gives it back as lines. */
export class Flow {
  private readonly words: Word[] = [];
  /** The next piece begins a new word. */
  private gap = true;

  /** Adds `text`; white space in it is where lines may end. */
  add(text: string, paint: (text: string) => string = (same) => same): void {
    for (const piece of text.split(/(\s+)/)) {
      if (piece === '') continue;
      if (/^\s/.test(piece)) this.gap = true;
      else this.put(piece, paint);
    }
  }

  /** Adds `text` as one word, spaces and all. */
  addWhole(text: string, paint: (text: string) => string = (same) => same): void {
    if (text !== '') this.put(text, paint);
  }

  private put(text: string, paint: (text: string) => string): void {
    const last = this.words.at(-1);
    if (this.gap || last === undefined) {
      this.words.push({ text: paint(text), width: text.length });
    } else {
      last.text += paint(text);
      last.width += text.length;
    }
    this.gap = false;
  }

  /** The width of all of it on one line. */
  get width(): number {
    return this.words.reduce((sum, word, at) => sum + word.width + (at === 0 ? 0 : 1), 0);
  }

  /** Lines of at most `width` letters; a longer word has a line of its own. Each with its width. */
  lines(width: number): { readonly text: string; readonly width: number }[] {
    const lines: { text: string; width: number }[] = [];
    for (const word of this.words) {
      const line = lines.at(-1);
      if (line !== undefined && line.width + 1 + word.width <= width) {
        line.text += ` ${word.text}`;
        line.width += 1 + word.width;
      } else lines.push({ ...word });
    }
    return lines;
  }
}
