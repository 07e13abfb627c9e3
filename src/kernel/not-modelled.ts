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
}
