/** A comparison as one picture: the answer, then for each workload throughput and where the time goes, disk by disk. */

import { COLUMNS, wrap } from '../report/columns.ts';
import { headline } from './answer.ts';
import { cut, element, escaped } from './markup.ts';
import { FLOOR_WORDS, PANEL_WIDTH, type Plot, panel, panelHeight } from './plot.ts';
import { type Point, titleOf } from './point.ts';
import { type ComparisonResult, FLOORS } from './result.ts';
import { PANEL_STYLE } from './style.ts';

const GAP = 34;
const MARGIN = 30;
const LINE = 21;

const STYLE = `${PANEL_STYLE}
.ground{fill:var(--ground)}
text.title{font-size:26px;font-weight:700}
text.said{font-size:15px}
text.workload{font-size:17px;font-weight:650}
text.plot{fill:var(--soft);font-size:13px}
`;

/** Self-contained; light or dark as the viewer asks for. */
export function compareSvg(result: ComparisonResult): string {
  const { points, disks, title } = result.comparison;
  const columns = Math.min(disks.length, 3);
  const width = 2 * MARGIN + columns * PANEL_WIDTH + (columns - 1) * GAP;
  const parts = [text('title', 46, cut(title, width / 15))];
  let y = 80;
  for (const line of headline(result).flatMap((one) => lines(one, width))) {
    parts.push(text('said', y, line));
    y += LINE;
  }
  parts.push(legend(y + 4));
  y += 44;
  for (const point of points) {
    parts.push(text('workload', y, titleOf(point)));
    y += 24;
    for (const plot of ['throughput', 'time'] as const) {
      const drawn = panels(result, point, plot, y);
      parts.push(drawn.markup);
      y = drawn.endY;
    }
    y += 22;
  }
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', width, height: y, role: 'img' };
  const ground = element('rect', { class: 'ground', width, height: y });
  const head = `<title>${escaped(title)}</title><style>${STYLE}</style>`;
  const viewBox = `0 0 ${width} ${y}`;
  return `${element('svg', { ...attributes, viewBox }, `${head}${ground}${parts.join('')}`)}\n`;
}

function panels(
  result: ComparisonResult,
  point: Point,
  plot: Plot,
  fromY: number,
): { markup: string; endY: number } {
  const { disks } = result.comparison;
  const height = panelHeight(result);
  const parts = [text('plot', fromY, plot === 'throughput' ? 'Throughput' : 'Where the time goes')];
  const top = fromY + 12;
  disks.forEach((disk, at) => {
    const x = MARGIN + (at % 3) * (PANEL_WIDTH + GAP);
    const y = top + Math.floor(at / 3) * (height + 16);
    const transform = `translate(${x} ${y})`;
    parts.push(element('g', { transform }, panel(result, point, disk, plot)));
  });
  return { markup: parts.join(''), endY: top + Math.ceil(disks.length / 3) * (height + 16) + 8 };
}

function legend(y: number): string {
  return FLOORS.slice(0, -1)
    .map((floor, at) => {
      const x = MARGIN + at * 150;
      const key = element('rect', { class: `f-${floor}`, x, y, width: 11, height: 11, rx: 2 });
      return `${key}${element('text', { class: 'plot', x: x + 17, y: y + 10 }, FLOOR_WORDS[floor])}`;
    })
    .join('');
}

function text(kind: string, y: number, content: string): string {
  return element('text', { class: kind, x: MARGIN, y }, escaped(content));
}

/** A sentence in lines that fit: letters of 15 px are 7.5 wide. */
function lines(sentence: string, width: number): string[] {
  const letters = Math.max(30, Math.floor((width - 2 * MARGIN) / 7.6));
  if (letters >= COLUMNS && sentence.length <= letters) return [sentence];
  return wrap(sentence, Math.max(0, COLUMNS - letters))
    .trimEnd()
    .split('\n')
    .map((line) => line.trim());
}
