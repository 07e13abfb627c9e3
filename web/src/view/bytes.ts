/** What a step wrote, read again: bytes as they were meant and as they came back, the wrong ones marked. */

import { fill, h } from '../dom.ts';
import { errnoName, type Payload, type ReadbackFinding, type StepReadback } from '../package.ts';

const SHOWN_BYTES = 16;

export interface BytesView {
  readonly node: HTMLElement;
  /** `bio`: of whose write; another one of the step when it wrote nothing. */
  show(readBack: StepReadback | null, bio: number): void;
}

export function bytesView(): BytesView {
  const verdict = h('p', { class: 'verdict' });
  const table = h('div', { class: 'bytes' });
  const node = h(
    'div',
    { class: 'card read', role: 'group', 'aria-label': 'Read back' },
    h('h4', {}, 'Read back'),
    verdict,
    table,
  );
  let before: ReadbackFinding | null | undefined;
  const show = (readBack: StepReadback | null, bio: number): void => {
    const findings = readBack?.findings ?? [];
    const finding = findings.find((one) => one.range.bio === bio) ?? findings[0] ?? null;
    if (finding === before) return;
    before = finding;
    verdict.dataset.outcome = finding?.outcome ?? 'nothing';
    fill(verdict, verdictOf(finding));
    table.replaceChildren(...(finding === null ? [] : rowsOf(finding)));
  };
  return { node, show };
}

function verdictOf(finding: ReadbackFinding | null): string {
  if (finding === null) return '– this step wrote no data';
  const { outcome, range, got, firstBad } = finding;
  const what = `bytes ${range.from} to ${range.from + range.data.lengthBytes - 1}`;
  if (outcome === 'same') return `✓ ${what} come back as they were written`;
  if (typeof got === 'number') return `✗ ${what} cannot be read: ${errnoName(got)}`;
  return `✗ ${what} come back different, from byte ${range.from + firstBad} on`;
}

function rowsOf({ range, got, firstBad }: ReadbackFinding): HTMLElement[] {
  const from = Math.max(firstBad - (firstBad % SHOWN_BYTES), 0);
  const meant = piece(range.data, from);
  const rows = [byteRow('written', meant, null)];
  if (typeof got !== 'number') rows.push(byteRow('read', piece(got, from), meant));
  return rows;
}

function piece(payload: Payload, from: number): Uint8Array {
  const end = Math.min(from + SHOWN_BYTES, payload.lengthBytes);
  return end <= from ? new Uint8Array(0) : payload.slice(from, end - from).bytes();
}

/** A row of bytes; those that are not as `meant` are marked by more than a colour, and counted for who cannot see. */
function byteRow(name: string, bytes: Uint8Array, meant: Uint8Array | null): HTMLElement {
  let wrong = 0;
  const cells = [...bytes].map((byte, i) => {
    const bad = meant !== null && byte !== meant[i];
    if (bad) wrong += 1;
    return h(bad ? 'mark' : 'span', {}, byte.toString(16).padStart(2, '0'));
  });
  const text = [...bytes].map((byte) =>
    byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.',
  );
  const count =
    meant === null ? '' : wrong === 0 ? ', all as written' : `, ${wrong} of ${bytes.length} wrong`;
  return h(
    'div',
    { class: 'row' },
    h('span', { class: 'name' }, `${name}${count}`),
    h('code', { class: 'hex' }, ...cells.flatMap((cell) => [cell, ' '])),
    h('code', { class: 'text', 'aria-hidden': 'true' }, text.join('')),
  );
}
