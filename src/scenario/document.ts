/**
 * A scenario's YAML: parsed within bounds, with the place of every value. Files are untrusted: size, aliases and depth
 * are limited before anything is built from them.
 */

import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  YAMLParseError,
} from 'yaml';
import { type Place, picture, ScenarioError } from './errors.ts';

const MAX_BYTES = 1024 * 1024;
const MAX_ALIASES = 100;
const MAX_DEPTH = 32;

export type PathPart = string | number;

export class ScenarioDocument {
  readonly file: string;
  readonly text: string;
  /** Plain values, aliases resolved. */
  readonly value: unknown;
  private readonly lines = new LineCounter();
  private readonly yaml: Document;

  /** Throws ScenarioError. */
  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    if (text.length > MAX_BYTES) {
      throw new ScenarioError(
        'file-too-large',
        this.placeAt(1, 1),
        `a scenario expected at most ${MAX_BYTES} characters, got ${text.length}`,
      );
    }
    this.yaml = this.parse();
    this.value = this.resolve();
  }

  private parse(): Document {
    this.checkDepth();
    let document: Document;
    try {
      document = parseDocument(this.text, { lineCounter: this.lines, prettyErrors: false });
    } catch (error) {
      if (error instanceof RangeError) throw this.tooDeep(1, 1);
      throw error;
    }
    const first = document.errors[0];
    if (first instanceof YAMLParseError) {
      const { line, col } = this.lines.linePos(first.pos[0]);
      const message = first.message.replace(/\s+at line \d+.*$/s, '');
      throw new ScenarioError('yaml-syntax', this.placeAt(line, col), message);
    }
    if (!isMap(document.contents)) {
      throw new ScenarioError(
        'yaml-syntax',
        this.placeAt(1, 1),
        'a scenario expected a YAML mapping (version, title, kernel, disks, steps)',
      );
    }
    return document;
  }

  /** Brackets and indentation bound the nesting before the parser recurses into it. */
  private checkDepth(): void {
    let depth = 0;
    let line = 1;
    let start = 0;
    for (let i = 0; i < this.text.length; i += 1) {
      const c = this.text[i];
      if (c === '\n') {
        line += 1;
        start = i + 1;
      } else if (c === '[' || c === '{') {
        depth += 1;
        if (depth > MAX_DEPTH * 4) throw this.tooDeep(line, i - start + 1);
      } else if (c === ']' || c === '}') depth -= 1;
    }
  }

  private tooDeep(line: number, column: number): ScenarioError {
    return new ScenarioError(
      'yaml-depth',
      this.placeAt(line, column),
      `a scenario expected at most ${MAX_DEPTH} levels of nesting, got more`,
    );
  }

  private resolve(): unknown {
    try {
      const value: unknown = this.yaml.toJS({ maxAliasCount: MAX_ALIASES });
      if (depthOf(value, MAX_DEPTH + 1) > MAX_DEPTH) throw this.tooDeep(1, 1);
      return value;
    } catch (error) {
      if (error instanceof ScenarioError) throw error;
      throw new ScenarioError(
        'yaml-aliases',
        this.placeAt(1, 1),
        `aliases expected to expand to at most ${MAX_ALIASES} copies, got more`,
      );
    }
  }

  placeAt(line: number, column: number): Place {
    return { file: this.file, line, column, picture: picture(this.text, line, column) };
  }

  /** Where the value at `path` stands, `offset` characters into its text; its nearest parent when it is absent. */
  placeOf(path: readonly PathPart[], offset = 0): Place {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.nodeAt(path.slice(0, length));
      if (node?.range != null) {
        const whole = length === path.length;
        const start = node.range[0] + (whole ? this.textOffset(node, offset) : 0);
        const { line, col } = this.lines.linePos(start);
        return this.placeAt(line, col);
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
          const range = (pair.key as Scalar).range;
          if (range != null) {
            const { line, col } = this.lines.linePos(range[0]);
            return this.placeAt(line, col);
          }
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
    return isMap(node) ? node.items.map((pair) => String((pair.key as Scalar).value)) : [];
  }

  private nodeAt(path: readonly PathPart[]): Node | null {
    const node = path.length === 0 ? this.yaml.contents : this.yaml.getIn(path, true);
    return isNode(node) ? node : null;
  }

  /** Offset into a scalar's text to offset from its node's start: quotes and block headers come before the text. */
  private textOffset(node: Node, offset: number): number {
    if (offset === 0 || !isScalar(node)) return 0;
    if (node.type === 'PLAIN') return offset;
    if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') return offset + 1;
    return 0;
  }
}

function depthOf(value: unknown, limit: number): number {
  if (limit === 0 || value === null || typeof value !== 'object') return 0;
  let deepest = 0;
  for (const item of Object.values(value)) deepest = Math.max(deepest, depthOf(item, limit - 1));
  return deepest + 1;
}
