/** The stack as floors, and the bio on its way down and up. */

import { fill, h } from '../dom.ts';
import type { Moment } from '../model/moments.ts';
import { bioAt, recordAt, stackAt } from '../model/moments.ts';
import { FLOORS, type Floor, floorOf, passageOf } from '../model/passage.ts';
import type { Run } from '../model/run.ts';
import type { StackView } from '../model/stack.ts';
import { zonesView } from './zones.ts';

const NAMES: Readonly<Record<Floor, string>> = {
  fs: 'File system',
  map: 'Device mapper',
  block: 'Block layer',
  disk: 'Disk',
};

export interface StackPicture {
  readonly node: HTMLElement;
  show(run: Run, moment: Moment, last: boolean): void;
}

export function stackPicture(): StackPicture {
  const zones = zonesView();
  const floors = Object.fromEntries(
    FLOORS.map((floor) => [floor, floorView(floor, floor === 'disk' ? zones.node : null)]),
  ) as Record<Floor, ReturnType<typeof floorView>>;
  const node = h(
    'ol',
    { class: 'floors', 'aria-label': 'The stack, from the top' },
    ...FLOORS.map((floor) => floors[floor].node),
  );
  const show = (run: Run, moment: Moment, last: boolean): void => {
    const stack = stackAt(run, moment, last);
    const record = recordAt(run, moment);
    const bio = bioAt(run, moment);
    const here = floorOf(run, moment.step, record);
    const { stops } = passageOf(run, moment, bio);
    for (const floor of FLOORS) {
      const { down, up } = stops[floor];
      floors[floor].show(
        nameOf(stack, floor),
        factsOf(stack, floor),
        down,
        up,
        floor === here,
        bio,
      );
    }
    floors.map.node.hidden = stack.mappings.length === 0;
    const zoned = stack.disks.filter((one) => one.zones.length > 0);
    const disk = zoned.find(({ name }) => name === record.device) ?? zoned[0];
    const touches = record.bio !== 0 || record.kind === 'zone';
    if (disk !== undefined) zones.show(disk, touches ? record.sector : -1);
  };
  return { node, show };
}

function floorView(floor: Floor, inside: HTMLElement | null) {
  const name = h('span');
  const facts = h('span', { class: 'facts' });
  const chip = h('span', { class: 'chip' });
  const down = h('p', { class: 'down' });
  const up = h('p', { class: 'up' });
  const node = h(
    'li',
    { class: `floor ${floor}` },
    h('h3', {}, name, ' ', facts, chip),
    h('div', { class: 'ways' }, down, up),
    inside,
  );
  const show = (
    called: string,
    fact: string,
    wayDown: string | null,
    wayUp: string | null,
    here: boolean,
    bio: number,
  ): void => {
    fill(name, called);
    fill(facts, fact);
    way(down, 'down: ', wayDown);
    way(up, 'up: ', wayUp);
    fill(chip, here && bio !== 0 ? `bio ${bio}` : here ? 'here' : '');
    chip.hidden = !here;
    if (here) node.setAttribute('aria-current', 'step');
    else node.removeAttribute('aria-current');
  };
  return { node, show };
}

function way(element: HTMLElement, name: string, text: string | null): void {
  element.classList.toggle('idle', text === null);
  fill(element, h('span', { class: 'unseen' }, text === null ? '' : name), text ?? '');
}

function nameOf(stack: StackView, floor: Floor): string {
  const crypt = stack.mappings.some(({ targets }) =>
    targets.some((one) => one.startsWith('crypt')),
  );
  return floor === 'map' && crypt ? 'dm-crypt' : NAMES[floor];
}

function factsOf(stack: StackView, floor: Floor): string {
  const zoned = stack.disks.some(({ zones }) => zones.length > 0);
  switch (floor) {
    case 'fs': {
      const [mount] = stack.mounts;
      if (mount === undefined) return 'nothing is mounted';
      return `${mount.type} on ${mount.target}${mount.readOnly ? ', read-only' : ''}`;
    }
    case 'map':
      return stack.mappings
        .map(
          ({ device, targets, appendLimitSectors }) =>
            `${device}, ${targets.join(', ')}, ${limitText(appendLimitSectors, zoned)}`,
        )
        .join('; ');
    case 'block':
      return `kernel ${stack.kernel}`;
    case 'disk':
      return stack.disks
        .map(({ name, zones, appendLimitSectors }) =>
          zones.length === 0
            ? `${name}, no zones`
            : `${name}, ${zones.length} zones, ${limitText(appendLimitSectors, true)}`,
        )
        .join('; ');
  }
}

/** How appends are taken; nothing of them on a stack without zones. */
function limitText(sectors: number, zoned: boolean): string {
  if (!zoned) return 'no zones';
  return sectors === 0 ? 'append limit 0: no zone append' : `append limit ${sectors} sectors`;
}
