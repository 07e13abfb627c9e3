/** A bio, opened: what it carried, which IV it was given, where it landed and what its sender was told. */

import { fill, h, hex, pairs } from '../dom.ts';
import { type BioStory, bioStory } from '../model/bio.ts';
import { bioAt, type Moment } from '../model/moments.ts';
import type { Run } from '../model/run.ts';
import { placeOf } from '../model/say.ts';
import type { StepReadback } from '../package.ts';

export interface BioCard {
  readonly node: HTMLElement;
  show(run: Run, moment: Moment, readBack: StepReadback | null): void;
}

export function bioCard(): BioCard {
  const title = h('summary');
  const rows = h('dl', { class: 'rows' });
  const node = h('details', { class: 'card bio', open: true }, title, rows);
  let shown = '';
  let of: Run | null = null;
  const show = (run: Run, moment: Moment, readBack: StepReadback | null): void => {
    const bio = bioAt(run, moment);
    const story = bio === 0 ? null : bioStory(run, moment.step, bio, readBack);
    const key = story === null ? '' : `${moment.step}.${bio}`;
    if (story === null) {
      fill(title, bio === 0 ? 'No bio is under way' : `Bio ${bio} carries no data to open`);
    } else fill(title, titleOf(story));
    if (run === of && key === shown) return;
    of = run;
    shown = key;
    rows.replaceChildren(...(story === null ? [] : rowsOf(run, story)));
  };
  return { node, show };
}

function titleOf({ evidence }: BioStory): string {
  const { bio, append, emulated, failed } = evidence;
  const what = append ? (emulated ? 'zone append, emulated' : 'zone append') : 'regular write';
  return `Bio ${bio}: ${what}${failed ? ', failed' : ''}`;
}

function rowsOf(run: Run, { evidence, used, needed, plain }: BioStory): HTMLElement[] {
  const { device, sentSector, sectors, landedTopSector, reportedSector, disk } = evidence;
  const rows: HTMLElement[] = [];
  const row = (name: string, text: string, wrong = false, mono = false): void => {
    rows.push(
      h('dt', {}, name),
      h('dd', { class: `${wrong ? 'wrong' : ''} ${mono ? 'mono' : ''}` }, wrong ? '✗ ' : '', text),
    );
  };
  row('carried', `${sectors} sectors for ${device} sector ${placeOf(run, sentSector)}`);
  row('data', hex(plain), false, true);
  if (used !== null) {
    row(
      'IV',
      used.iv === null ? used.how : `${pairs(used.iv)} from sector ${used.ivSector}`,
      false,
      used.iv !== null,
    );
    if (used.encryptedIv !== null) row('IV, encrypted', pairs(used.encryptedIv), false, true);
    if (used.after !== null) row('on the disk', pairs(used.after), false, true);
  }
  if (landedTopSector !== null)
    row('landed at', `sector ${placeOf(run, landedTopSector)} by ${disk}`);
  if (reportedSector !== null) {
    const wrong = landedTopSector !== null && reportedSector !== landedTopSector;
    row(
      'sender was told',
      `sector ${placeOf(run, reportedSector)}${wrong ? ', where it does not lie' : ''}`,
      wrong,
    );
  }
  if (needed !== null && used !== null && (needed.iv !== null || used.iv !== null)) {
    const same = needed.iv === used.iv;
    row(
      'IV it is read with',
      needed.iv === null
        ? 'none'
        : `${pairs(needed.iv)} from sector ${needed.ivSector}${same ? ', the same' : ', another one'}`,
      !same,
      needed.iv !== null,
    );
  }
  return rows;
}
