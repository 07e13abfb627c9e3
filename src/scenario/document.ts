/**
 * A scenario's YAML: parsed within bounds, with the place of every value. Files are untrusted: size, nesting and what
 * aliases stand for are limited before anything is built from them.
 */

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { type Place, picture, ScenarioError, type ScenarioErrorCode } from './errors.ts';
import { aliasTargets, MAX_DEPTH, resolvedSize, tooDeepAt } from './yaml-bounds.ts';
import { offsetInSource } from './yaml-offset.ts';

const MAX_CHARACTERS = 1024 * 1024;
/** Values of a document with its aliases written out: a file may repeat itself, but not without end. */
const MAX_VALUES = 100_000;

export type PathPart = string | number;

export class ScenarioDocument {
  readonly file: string;
  readonly text: string;
  /** Plain values, aliases resolved. */
  readonly value: unknown;
  private readonly lines = new LineCounter();
  private readonly yaml: Document;
  private readonly targets: ReadonlyMap<Alias, Node>;
  private readonly what: string;

  /** `what` errors call it, with its keys. Throws ScenarioError. */
  constructor(
    file: string,
    text: string,
    what = 'a scenario',
    keys = 'version, title, kernel, disks, steps',
  ) {
    this.file = file;
    this.text = text;
    this.what = what;
    if (text.length > MAX_CHARACTERS) {
      throw new ScenarioError(
        'file-too-large',
        this.placeAt(1, 1),
        `${what} expected at most ${MAX_CHARACTERS} characters, got ${text.length}`,
      );
    }
    this.yaml = this.parse(keys);
    this.targets = aliasTargets(this.yaml);
    this.checkNodes();
    this.value = this.yaml.toJS({ maxAliasCount: -1 });
  }

  private parse(keys: string): Document {
    // The parser goes down with the nesting: bound it before.
    const deep = tooDeepAt(this.text);
    if (deep !== null) {
      throw new ScenarioError('yaml-depth', this.placeAt(deep.line, deep.column), this.tooDeep);
    }
    // The library compares every key with every other; resolvedSize() does it with a set.
    const options = { lineCounter: this.lines, prettyErrors: false, uniqueKeys: false } as const;
    const document = parseDocument(this.text, options);
    const wrong = document.errors[0] ?? document.warnings[0];
    if (wrong !== undefined) {
      const message =
        wrong.code === 'MULTIPLE_DOCS'
          ? `a file expected ${this.what}, got several YAML documents`
          : wrong.message.replace(/\s+at line \d+.*$/s, '');
      throw this.errorAt('yaml-syntax', wrong.pos[0], message);
    }
    if (!isMap(document.contents)) {
      throw new ScenarioError(
        'yaml-syntax',
        this.placeAt(1, 1),
        `${this.what} expected a YAML mapping (${keys})`,
      );
    }
    return document;
  }

  private checkNodes(): void {
    const found = resolvedSize(this.yaml, this.targets, MAX_VALUES);
    if (found.problem === null) return;
    const texts: Record<typeof found.problem, readonly [ScenarioErrorCode, string]> = {
      depth: ['yaml-depth', this.tooDeep],
      size: [
        'yaml-aliases',
        `aliases expected to stand for at most ${MAX_VALUES} values, got more`,
      ],
      unresolved: ['yaml-aliases', 'an alias expected an anchor of that name before it, got none'],
      circular: ['yaml-aliases', 'an alias stands inside its own anchor: that has no end'],
      key: ['yaml-syntax', 'a key expected plain text'],
      twice: ['yaml-syntax', 'a key stands here twice in one mapping'],
    };
    const [code, message] = texts[found.problem];
    throw this.errorAt(code, found.offset, message);
  }

  private get tooDeep(): string {
    return `${this.what} expected at most ${MAX_DEPTH} levels of nesting, got more`;
  }

  private errorAt(code: ScenarioErrorCode, offset: number, message: string): ScenarioError {
    return new ScenarioError(code, this.placeOfOffset(offset), message);
  }

  private placeOfOffset(offset: number): Place {
    const { line, col } = this.lines.linePos(Math.min(offset, this.text.length));
    return this.placeAt(Math.max(line, 1), Math.max(col, 1));
  }

  placeAt(line: number, column: number): Place {
    return { file: this.file, line, column, picture: picture(this.text, line, column) };
  }

  /**
   * Where the value at `path` stands, `offset` characters into its text; its nearest parent when it is absent. Of an
   * alias: where its anchor stands, since that is the text to change.
   */
  placeOf(path: readonly PathPart[], offset = 0): Place {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.nodeAt(path.slice(0, length));
      if (node?.range != null) {
        const whole = length === path.length;
        const into =
          whole && offset > 0 && isScalar(node) ? offsetInSource(this.text, node, offset) : 0;
        return this.placeOfOffset(node.range[0] + into);
      }
    }
    return this.placeAt(1, 1);
  }

  /** Where key `key` of the mapping at `path` stands. */
  placeOfKey(path: readonly PathPart[], key: string): Place {
    const node = this.nodeAt(path);
    if (isMap(node)) {
      for (const pair of node.items) {
        if (isPair(pair) && isScalar(pair.key) && String(pair.key.value) === key) {
          if (pair.key.range != null) return this.placeOfOffset(pair.key.range[0]);
        }
      }
    }
    return this.placeOf(path);
  }

  /** A scalar as it was typed (`5.10`, not 5.1); null when there is none or it was quoted. */
  plainSource(path: readonly PathPart[]): string | null {
    const node = this.nodeAt(path);
    return isScalar(node) && node.type === 'PLAIN' ? (node.source ?? null) : null;
  }

  /** The keys of the mapping at `path`, in order. */
  keysAt(path: readonly PathPart[]): string[] {
    const node = this.nodeAt(path);
    if (!isMap(node)) return [];
    return node.items.map(({ key }) => (isScalar(key) ? String(key.value) : ''));
  }

  /** The node at `path`, with aliases on the way and at its end followed. */
  private nodeAt(path: readonly PathPart[]): Node | null {
    let node: unknown = this.yaml.contents;
    for (const part of path) {
      node = this.followed(node);
      if (!isMap(node) && !isSeq(node)) return null;
      node = node.get(part, true);
    }
    const found = this.followed(node);
    return isNode(found) ? found : null;
  }

  private followed(node: unknown): unknown {
    return isAlias(node) ? this.targets.get(node) : node;
  }
}
