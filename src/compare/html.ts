/**
 * A comparison as one page: the answer, then workload by workload how fast and where the time goes, then what went
 * wrong, every number, and how far to trust the clocks. Self-contained: no script, nothing from elsewhere.
 */

import { PROFILE_NAMES } from '../block/profiles/profile.ts';
import {
  appendNotes,
  cipherSummaries,
  headline,
  type KernelSummary,
  kernelSummaries,
  listed,
  type Range,
  times,
  troubles,
} from './answer.ts';
import { element, escaped } from './markup.ts';
import { FLOOR_WORDS, panelSvg } from './plot.ts';
import { axesText, type Point, titleOf } from './point.ts';
import { type ComparisonResult, FLOORS } from './result.ts';
import { PAGE_STYLE } from './style.ts';
import { numbersTable, trustSection } from './tables.ts';
import { VERDICT_WORDS } from './text.ts';
import { trust } from './validation.ts';

/** `0.30 to 1.28 (middle 1.00)` */
function spread({ least, middle, most }: Range): string {
  const ends = [times(least), times(most)];
  return ends[0] === ends[1] ? ends[0]! : `${ends[0]} to ${ends[1]} (middle ${times(middle)})`;
}

/** The whole document. */
export function comparePage(result: ComparisonResult): string {
  const { title, description, points, disks } = result.comparison;
  const axes = `${axesText(result.comparison, ' × ')} = ${result.cells.length} machines, in simulated time: the same numbers on every run.`;
  const used = PROFILE_NAMES.filter((name) =>
    disks.some(({ attributes }) => attributes.profile === name),
  );
  const body = [
    `<header><h1>${escaped(title)}</h1>`,
    description === '' ? '' : `<p>${escaped(description)}</p>`,
    `<p class="axes">${axes}</p></header>`,
    answerSection(result),
    '<h2>Workload by workload</h2>',
    '<p class="soft">Longer is faster. In strong colour: the fastest that is right, or level with it, for each cipher. A dashed red bar is fast and wrong: what it wrote does not come back. Point at a bar for all its numbers.</p>',
    ...points.map((point, at) => workloadSection(result, point, at === 0)),
    troubleSection(result),
    `<h2>Every number</h2><details><summary>${result.cells.length} cells</summary>${numbersTable(result)}</details>`,
    trustSection(trust(used)),
  ].join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

function answerSection(result: ComparisonResult): string {
  const kernels = kernelSummaries(result);
  const said = headline(result).map((line) => {
    const bad = /garbage|cannot read back/.test(line);
    return element('li', bad ? { class: 'bad' } : {}, escaped(line));
  });
  const first = result.comparison.ciphers[0]!.name;
  const crypt = cipherSummaries(result).map(({ name, disk, besideFirst }) =>
    element('li', {}, escaped(`${name} on ${disk}: ${spread(besideFirst)} of ${first}`)),
  );
  const notes = appendNotes(result).map((note) => element('p', {}, escaped(note)));
  const cost =
    crypt.length === 0
      ? ''
      : `<details open><summary>What dm-crypt leaves of the throughput</summary><ul>${crypt.join('')}</ul></details>`;
  return `<section><ul class="answer">${said.join('')}</ul><div class="cards">${kernels
    .map((one) => card(one, kernels[0]!.name))
    .join('')}</div>${cost}${notes.join('')}</section>`;
}

function card(
  { name, kernel, verdicts, cells, fastest, besideFirst }: KernelSummary,
  first: string,
): string {
  const lines = [
    `right in ${verdicts.right} of ${cells}`,
    ...(['garbage', 'lost', 'failed', 'refused'] as const)
      .filter((verdict) => verdicts[verdict] > 0)
      .map((verdict) => {
        const kind = verdict === 'refused' ? 'warn-text' : 'wrong-text';
        return element(
          'span',
          { class: kind },
          `${VERDICT_WORDS[verdict]} in ${verdicts[verdict]}`,
        );
      }),
    `fastest, or level, in ${fastest}`,
    ...(besideFirst === null ? [] : [`${escaped(spread(besideFirst))} × ${escaped(first)}`]),
  ].map((line) => `<li>${line}</li>`);
  return `<div class="card"><b>${escaped(name)}</b><span class="release">${escaped(kernel)}</span><ul>${lines.join('')}</ul></div>`;
}

function workloadSection(result: ComparisonResult, point: Point, open: boolean): string {
  const { disks } = result.comparison;
  const panels = (plot: 'throughput' | 'time'): string =>
    `<div class="panels">${disks.map((disk) => panelSvg(result, point, disk, plot)).join('')}</div>`;
  const legend = FLOORS.filter((floor) => floor !== 'other').map(
    (floor) => `<li><i style="background:var(--${floor})"></i>${FLOOR_WORDS[floor]}</li>`,
  );
  return `<section><h3>${escaped(titleOf(point))}</h3>${panels('throughput')}
<details${open ? ' open' : ''}><summary>Where the time goes</summary>
<p class="soft">Time for a write, as the clock sees it: shorter is faster. While the device has a command the time is its; while it has none, the CPUs that keep it waiting share it as they work.</p>
<ul class="legend">${legend.join('')}</ul>${panels('time')}</details></section>`;
}

function troubleSection(result: ComparisonResult): string {
  const all = troubles(result);
  if (all.length === 0) return '';
  const items = all.map(({ verdict, kernels, where, why, because }) => {
    const kind = verdict === 'refused' ? 'warn-text' : 'wrong-text';
    const word = element('span', { class: kind }, VERDICT_WORDS[verdict]);
    const who = escaped(`${listed(kernels)}: ${where}`);
    const said = why === '' ? '' : `<br><code>${escaped(why)}</code>`;
    const cause = because === '' ? '' : `<br>Because ${escaped(because)}.`;
    return `<li>${word} ${who}${said}${cause}</li>`;
  });
  return `<h2>What went wrong, and what did not run</h2>
<p>GARBAGE: other bytes come back than were written, and nobody is told. LOST: reading fails. FAILED: a call did, so the program knows. None of their speeds counts.</p>
<ul class="trouble">${items.join('')}</ul>`;
}
