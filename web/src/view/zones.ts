/** Zones of a disk as bars: how far each is written, what it can hold, and its condition by colour, pattern and letter. */

import { fill, h } from '../dom.ts';
import { CONDITIONS } from '../model/say.ts';
import type { DiskView, Zone } from '../model/stack.ts';
import { ZoneCond } from '../package.ts';

const LETTERS: Readonly<Record<number, string>> = {
  [ZoneCond.notWp]: 'C',
  [ZoneCond.empty]: 'E',
  [ZoneCond.impOpen]: 'O',
  [ZoneCond.expOpen]: 'O',
  [ZoneCond.closed]: 'K',
  [ZoneCond.readonly]: 'R',
  [ZoneCond.full]: 'F',
  [ZoneCond.offline]: 'X',
};

/** A page of more bars than this shows nothing any more. */
const MAX_ZONES = 96;

export interface ZonesView {
  readonly node: HTMLElement;
  /** `touched`: a sector of the zone that something happens to; -1 for none. */
  show(disk: DiskView, touched: number): void;
}

interface Bar {
  readonly node: HTMLElement;
  show(zone: Zone, touched: boolean): void;
}

export function zonesView(): ZonesView {
  const list = h('ol', { class: 'zones', 'aria-label': 'Zones' });
  const more = h('p', { class: 'hint' });
  const node = h('div', {}, list, more);
  let bars: Bar[] = [];
  const show = ({ zones }: DiskView, touched: number): void => {
    const shown = zones.slice(0, MAX_ZONES);
    if (bars.length !== shown.length) {
      bars = shown.map((_, number) => bar(number));
      list.replaceChildren(...bars.map((one) => one.node));
    }
    shown.forEach((zone, i) => {
      bars[i]!.show(zone, touched >= zone.start && touched < zone.start + zone.sectors);
    });
    fill(
      more,
      zones.length > MAX_ZONES ? `${zones.length - MAX_ZONES} more zones are not drawn` : '',
    );
    more.hidden = zones.length <= MAX_ZONES;
  };
  return { node, show };
}

function bar(number: number): Bar {
  const written = h('i', { class: 'written' });
  const beyond = h('i', { class: 'beyond' });
  const letter = h('b', { 'aria-hidden': 'true' });
  const text = h('span', { class: 'unseen' });
  const picture = h('span', { class: 'bar', 'aria-hidden': 'true' }, beyond, written);
  const node = h(
    'li',
    {},
    picture,
    h('small', { 'aria-hidden': 'true' }, `${number}`),
    letter,
    text,
  );
  const show = (zone: Zone, touched: boolean): void => {
    const { cond, wp, capacity, sectors } = zone;
    const pointed = cond !== ZoneCond.notWp && wp <= sectors;
    const height = cond === ZoneCond.full ? capacity : pointed ? wp : 0;
    written.style.height = `${(100 * height) / sectors}%`;
    beyond.style.height = `${(100 * (sectors - capacity)) / sectors}%`;
    node.dataset.cond = LETTERS[cond] ?? '?';
    node.classList.toggle('touched', touched);
    fill(letter, LETTERS[cond] ?? '?');
    const said = describe(number, zone, pointed);
    fill(text, said);
    node.title = said;
  };
  return { node, show };
}

function describe(number: number, { cond, wp, capacity, start }: Zone, pointed: boolean): string {
  const pointer = pointed ? `, write pointer ${wp} of ${capacity} sectors` : '';
  return `zone ${number}: ${CONDITIONS[cond] ?? `condition ${cond}`}${pointer}, from sector ${start}`;
}
