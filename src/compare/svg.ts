/** A comparison as one picture: the answer, then for each workload throughput and where the time goes, disk by disk. */

import { headline } from './answer.ts';
import { cut, element, escaped } from './markup.ts';
import { FLOOR_WORDS, PANEL_WIDTH, type Plot, panel, panelHeight } from './plot.ts';
import { titleOf } from './point.ts';
import { type ComparisonResult, FLOORS } from './result.ts';
import { PANEL_STYLE } from './style.ts';

const GAP = 34;
const LINE = 21;
const NARROW = { margin: 14, columns: 1 };
const WIDE = { margin: 30, columns: 3 };
type Layout = typeof WIDE;

const STYLE = `${PANEL_STYLE}
.ground{fill:var(--ground)}
text.title{font-size:26px;font-weight:700}
text.said{font-size:15px}
text.workload{font-size:16px;font-weight:650}
text.plot{fill:var(--soft);font-size:13px}
.narrow{display:none}
`;

/**
 * Self-contained; light or dark as the viewer asks for. Panels are drawn once and used in two layouts: side by side, and,
 * where a browser has less room than that needs, one below the other.
 */
export function compareSvg(result: ComparisonResult): string {
  const { title, disks } = result.comparison;
  const wide = layOut(result, { ...WIDE, columns: Math.min(WIDE.columns, disks.length) });
  const narrow = layOut(result, NARROW);
  const { width, height } = wide;
  const switching = `@media(max-width:${width - 1}px){:root{width:${narrow.width}px;height:${narrow.height}px}.wide{display:none}.narrow{display:inline}}`;
  const head = `<title>${escaped(title)}</title><style>${STYLE}${switching}</style>`;
  const defs = `<defs>${definitions(result)}</defs>`;
  const ground = element('rect', { class: 'ground', width: '100%', height: '100%' });
  const layouts = [
    element('g', { class: 'wide' }, wide.markup),
    element('g', { class: 'narrow' }, narrow.markup),
  ];
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', width, height, role: 'img' };
  return `${element('svg', attributes, `${head}${defs}${ground}${layouts.join('')}`)}\n`;
}

const PLOTS: readonly Plot[] = ['throughput', 'time'];

function definitions(result: ComparisonResult): string {
  const { points, disks } = result.comparison;
  const all = points.flatMap((point, p) =>
    PLOTS.flatMap((plot) =>
      disks.map((disk, d) =>
        element('g', { id: `${plot}-${p}-${d}` }, panel(result, point, disk, plot)),
      ),
    ),
  );
  return all.join('');
}

interface LaidOut {
  readonly markup: string;
  readonly width: number;
  readonly height: number;
}

function layOut(result: ComparisonResult, layout: Layout): LaidOut {
  const { points, title } = result.comparison;
  const { margin, columns } = layout;
  const width = 2 * margin + columns * PANEL_WIDTH + (columns - 1) * GAP;
  const room = width - 2 * margin;
  const parts: string[] = [];
  let y = 20;
  const say = (kind: string, content: string, letterWidth: number, step: number): void => {
    for (const line of lines(content, Math.floor(room / letterWidth))) {
      y += step;
      parts.push(element('text', { class: kind, x: margin, y }, escaped(line)));
    }
  };
  say('title', title, 15.5, 30);
  y += 12;
  for (const sentence of headline(result)) {
    say('said', sentence, 7.9, LINE);
    y += 5;
  }
  y += 14;
  const key = legend(margin, y, room);
  parts.push(key.markup);
  y = key.endY;
  points.forEach((point, p) => {
    y += 16;
    say('workload', titleOf(point), 9.2, 24);
    for (const plot of PLOTS) {
      say('plot', plot === 'throughput' ? 'Throughput' : 'Where the time goes', 7, 24);
      const drawn = panels(result, layout, y + 12, `${plot}-${p}`);
      parts.push(drawn.markup);
      y = drawn.endY;
    }
  });
  return { markup: parts.join(''), width, height: y + 20 };
}

interface Drawn {
  readonly markup: string;
  readonly endY: number;
}

function panels(result: ComparisonResult, layout: Layout, top: number, id: string): Drawn {
  const { disks } = result.comparison;
  const height = panelHeight(result) + 14;
  const { margin, columns } = layout;
  const parts = disks.map((_, at) => {
    const x = margin + (at % columns) * (PANEL_WIDTH + GAP);
    const y = top + Math.floor(at / columns) * height;
    return element('use', { href: `#${id}-${at}`, x, y });
  });
  return { markup: parts.join(''), endY: top + Math.ceil(disks.length / columns) * height };
}

const KEY_WIDTH = 172;

function legend(margin: number, top: number, room: number): Drawn {
  const columns = Math.max(1, Math.floor(room / KEY_WIDTH));
  const floors = FLOORS.filter((floor) => floor !== 'other');
  const parts = floors.map((floor, at) => {
    const x = margin + (at % columns) * KEY_WIDTH;
    const y = top + Math.floor(at / columns) * LINE;
    const key = element('rect', { class: `f-${floor}`, x, y, width: 11, height: 11, rx: 2 });
    return `${key}${element('text', { class: 'plot', x: x + 17, y: y + 10 }, FLOOR_WORDS[floor])}`;
  });
  return { markup: parts.join(''), endY: top + Math.ceil(floors.length / columns) * LINE };
}

/** A sentence in lines of so many letters. */
function lines(sentence: string, letters: number): string[] {
  const found: string[] = [];
  let line = '';
  for (const word of sentence.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > letters && line !== '') {
      found.push(line);
      line = word;
    } else line = longer;
  }
  return [...found, line].map((one) => cut(one, letters + 4));
}
