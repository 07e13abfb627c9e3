/** From a place in a scalar's text to the place in the file: quotes, escapes and folded lines lie between. */

import type { Scalar } from 'yaml';

/** Characters from the start of `node` in `source` to character `offset` of its text; near it when they cannot be aligned. */
export function offsetInSource(source: string, node: Scalar, offset: number): number {
  const [start, end] = node.range!;
  const value = String(node.value);
  const until = Math.min(offset, value.length);
  let at = start + openingOf(source, node, start);
  for (let i = 0; i < until && at < end; i += 1) at = after(source, node.type, at, value[i]!);
  // The character itself may stand on the next line.
  if (until < value.length && value[until] !== ' ') at = skipBreak(source, at);
  return Math.min(at, end) - start;
}

/** Length of what comes before the text: a quote, or a block scalar's header and first indentation. */
function openingOf(source: string, node: Scalar, start: number): number {
  if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') return 1;
  if (node.type !== 'BLOCK_FOLDED' && node.type !== 'BLOCK_LITERAL') return 0;
  const line = source.indexOf('\n', start);
  return line < 0 ? 0 : skipBreak(source, line) - start;
}

/** The place after the source of one character of the text. */
function after(source: string, type: Scalar['type'], at: number, character: string): number {
  if (type === 'QUOTE_DOUBLE' && source[at] === '\\') {
    const longer: Record<string, number> = { x: 4, u: 6, U: 10 };
    return at + (longer[source[at + 1] ?? ''] ?? 2);
  }
  if (type === 'QUOTE_SINGLE' && source.startsWith("''", at)) return at + 2;
  if (source[at] === character && character !== '\n') return at + 1;
  return character === ' ' || character === '\n' ? skipBreak(source, at) : at + 1;
}

/** Past blanks up to a line's end, the break and the next line's indentation; `at` itself when no line ends there. */
function skipBreak(source: string, at: number): number {
  const match = /[ \t]*\r?\n[ \t]*/y;
  match.lastIndex = at;
  return match.test(source) ? match.lastIndex : at;
}
