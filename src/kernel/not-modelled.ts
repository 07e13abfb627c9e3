/**
 * What the model leaves out answers by name. A user who asks for it gets this, never a silent approximation;
 * docs/not-modelled.md lists them.
 */

export class NotModelled extends Error {
  /** What was asked for: `dm target "raid"`. */
  readonly what: string;
  /** What to do instead, or why; empty when there is nothing to say. */
  readonly hint: string;

  constructor(what: string, hint = '') {
    super(`${what} is not modelled${hint === '' ? '' : `: ${hint}`}`);
    this.name = 'NotModelled';
    this.what = what;
    this.hint = hint;
  }

  /** What was asked for, and what to do instead: `not modelled: dd conv=swab (only notrunc is)`. */
  static text({ what, hint }: { readonly what: string; readonly hint: string }): string {
    return `not modelled: ${what}${hint === '' ? '' : ` (${hint})`}`;
  }
}
