/** The long tables of the page: every cell, and the published rows the clocks are judged by. */

import { element, escaped } from './markup.ts';
import { titleOf } from './point.ts';
import {
  type ComparedCell,
  type ComparisonResult,
  FLOORS,
  verdictOf,
  zoneWaitNs,
} from './result.ts';
import { VERDICT_WORDS } from './text.ts';
import { amount, each, mibs, percent, us } from './units.ts';
import { type ProfileTrust, valueText, worstText } from './validation.ts';

const HEAD = [
  'workload',
  'disk',
  'cipher',
  'kernel',
  'data',
  'path',
  'MiB/s',
  'p50 us',
  'p99 us',
  'bios/disk/requests',
  'zone wait us',
  'copied',
  'enciphered',
  'call/block/dm/crypt/device %',
];
const TEXT_COLUMNS = 6;

export function numbersTable(result: ComparisonResult): string {
  return table(HEAD, result.cells.map(cells), TEXT_COLUMNS);
}

function cells(cell: ComparedCell): string[] {
  const { place, outcome } = cell;
  const { point, disk, cipher, kernel } = place;
  const names = [titleOf(point), disk.name, cipher.name, kernel.name];
  const verdict = VERDICT_WORDS[verdictOf(cell)];
  if (outcome.kind !== 'measured') return [...names, verdict, ...HEAD.slice(5).map(() => '')];
  const { measured } = outcome;
  const { writes, bios, elapsedNs, shareNs } = measured;
  return [
    ...names,
    verdict,
    measured.path,
    mibs(measured.bytesPerSecond),
    us(measured.p50Ns),
    us(measured.p99Ns),
    [bios.top, bios.disk, bios.requests].map((one) => each(one, writes)).join(' / '),
    us(zoneWaitNs(measured) / writes),
    amount(measured.copiedBytes),
    amount(measured.cryptBytes),
    FLOORS.slice(0, -1)
      .map((floor) => percent(shareNs[floor], elapsedNs))
      .join(' / '),
  ];
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns: number,
  kind = 'scroll',
): string {
  const line = (row: readonly string[], name: 'th' | 'td'): string =>
    `<tr>${row
      .map((one, at) => element(name, at < textColumns ? {} : { class: 'n' }, escaped(one)))
      .join('')}</tr>`;
  const body = rows.map((row) => line(row, 'td')).join('\n');
  return `<div class="${kind}" tabindex="0"><table><thead>${line(head, 'th')}</thead><tbody>${body}</tbody></table></div>`;
}

/** The foot of the page. */
export function trustSection(all: readonly ProfileTrust[]): string {
  const parts = all.map(({ profile, title, held, worst, middle, leftOut }) => {
    const rows = held.map(({ name, published, model, unit, ratio }) => [
      name,
      valueText(published, unit),
      valueText(model, unit),
      ratio.toFixed(2),
    ]);
    const out = leftOut.map(({ name, why }) => `<p>Left out: ${escaped(`${name}: ${why}`)}.</p>`);
    const summary = `${profile}, ${title}: worst ${worst.ratio.toFixed(2)} (${worst.name}), in the middle off by a factor of ${middle.toFixed(2)}`;
    const drawn = table(['not fitted on', 'published', 'model', 'ratio'], rows, 1, 'fits');
    return `<details><summary>${escaped(summary)}</summary>${drawn}${out.join('')}</details>`;
  });
  return `<footer><h2>How far to trust the clocks</h2>
<p>${escaped(worstText(all))} Published: NVMeBenchmarks, commit 01f40f1 (the data behind arXiv 2310.19094), and the cover letter of “Zone write plugging” v5, April 2024. Ratio: model / published.</p>
${parts.join('\n')}
<p>Of btrfs only copies, bios and the device take time, so its numbers are upper bounds where the device is not the limit. Every task has a CPU of its own.</p></footer>`;
}
