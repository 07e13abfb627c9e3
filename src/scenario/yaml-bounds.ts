/** Bounds on YAML before it is turned into values: nesting, and what aliases stand for once they are written out. */

import {
  type Alias,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  Lexer,
  type Node,
  type Scalar,
  visit,
} from 'yaml';

export const MAX_DEPTH = 32;

/** What the lexer counts as a level is now and then two of the document's. */
const LEXER_SLACK = 4;

/** Where a text opens more levels than any scenario has; null when it does not. Reads tokens: nothing recurses here. */
export function tooDeepAt(text: string): { line: number; column: number } | null {
  const indents: number[] = [];
  let flow = 0;
  let onLine = 0;
  let line = 1;
  let column = 1;
  let fresh = true;
  for (const token of new Lexer().lex(text)) {
    // Marks the lexer puts in that are no text: a byte order mark, a document, a scalar, the end of a flow.
    if (token === '\u0002' || token === '\u0018' || token === '\u001f') continue;
    if (fresh && flow === 0) {
      const indent = token.startsWith(' ') ? token.length : 0;
      while (indents.length > 0 && indents[indents.length - 1]! >= indent) indents.pop();
      indents.push(indent);
    }
    fresh = false;
    if (token === '[' || token === '{') flow += 1;
    else if (token === ']' || token === '}') flow -= 1;
    else if (token === '-' || token === '?') onLine += 1;
    if (indents.length + flow + onLine > MAX_DEPTH * LEXER_SLACK) return { line, column };
    const breaks = token.split('\n').length - 1;
    if (breaks > 0) {
      line += breaks;
      column = token.length - token.lastIndexOf('\n');
      fresh = token.endsWith('\n');
      onLine = 0;
    } else column += token.length;
  }
  return null;
}

interface Found {
  readonly problem: 'depth' | 'size' | 'unresolved' | 'circular' | 'key' | 'twice' | null;
  /** Where it was found, in characters from the start of the text. */
  readonly offset: number;
}

/** What each alias stands for: the last node before it with that anchor. One walk, however many there are. */
export function aliasTargets(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return;
      }
      const target = anchors.get(node.source);
      if (target !== undefined) targets.set(node, target);
    },
  });
  return targets;
}

/** Walks a document as if its aliases were written out, without writing them out. */
export function resolvedSize(
  document: Document,
  targets: ReadonlyMap<Alias, Node>,
  maxValues: number,
): Found {
  const known = new Map<Node, { values: number; depth: number }>();
  const open = new Set<Node>();
  let found: Found | null = null;

  const fail = (
    problem: Found['problem'],
    node: Node | null,
  ): { values: number; depth: number } => {
    found ??= { problem, offset: node?.range?.[0] ?? 0 };
    return { values: 0, depth: 0 };
  };

  const measure = (node: unknown): { values: number; depth: number } => {
    if (found !== null || !isNodeLike(node)) return { values: 1, depth: 0 };
    if (isAlias(node)) {
      const target = targets.get(node);
      if (target === undefined) return fail('unresolved', node);
      return open.has(target) ? fail('circular', node) : measure(target);
    }
    if (!isCollection(node)) return { values: 1, depth: 0 };
    const before = known.get(node);
    if (before !== undefined) return before;
    open.add(node);
    const keys = new Set<unknown>();
    const total = { values: 1, depth: 0 };
    for (const item of node.items) {
      if (isMap(node) && isPair(item)) {
        if (!isTextKey(item.key)) return fail('key', item.key as Node | null);
        if (keys.has(item.key.value)) return fail('twice', item.key);
        keys.add(item.key.value);
      }
      const inner = measure(isPair(item) ? item.value : item);
      total.values += inner.values;
      total.depth = Math.max(total.depth, inner.depth);
      if (total.values > maxValues) return fail('size', item as Node);
      if (total.depth >= MAX_DEPTH) return fail('depth', node);
    }
    open.delete(node);
    total.depth += 1;
    known.set(node, total);
    return total;
  };

  measure(document.contents);
  return found ?? { problem: null, offset: 0 };
}

function isNodeLike(node: unknown): node is Node {
  return node !== null && typeof node === 'object';
}

/** `__proto__` is no key: objects take it for something else. */
function isTextKey(key: unknown): key is Scalar {
  return isScalar(key) && key.value !== '__proto__' && typeof key.value !== 'object';
}
