/** The choices of a column: what is on the disk, which cipher, which kernel, which patches. */

import { fill, h } from '../dom.ts';
import { CIPHERS, type Setup, USES } from '../model/setup.ts';
import {
  builds,
  KernelError,
  kernelByName,
  kernelWith,
  type Patch,
  releases,
  seedPatches,
  whatIfPatches,
} from '../package.ts';

const USE_NAMES = { zonefs: 'zonefs', btrfs: 'btrfs', raw: 'none: the device itself' } as const;

const CIPHER_NAMES: Readonly<Record<string, string>> = {
  'aes-xts-plain64': 'aes-xts-plain64 (IV from the sector)',
  'aes-cbc-essiv:sha256': 'aes-cbc-essiv (IV from the sector)',
  'aes-cbc-null': 'aes-cbc-null (IV always zero)',
  'aes-ecb': 'aes-ecb (no IV)',
  none: 'no dm-crypt',
};

const CHOICES = [...seedPatches, ...whatIfPatches];

export interface SetupForm {
  readonly node: HTMLElement;
  show(setup: Setup): void;
}

export function setupForm(id: string, onChange: (setup: Setup) => void): SetupForm {
  let now: Setup | null = null;
  /** Choices bring their own commands; what was typed belongs to the old ones. */
  const change = (part: Partial<Setup>): void => {
    if (now !== null) onChange({ ...now, commands: null, ...part });
  };
  const use = picker(
    `${id}-use`,
    'File system',
    USES.map((one) => [one, USE_NAMES[one]]),
    (value) => change({ use: value as Setup['use'] }),
  );
  const cipher = picker(
    `${id}-cipher`,
    'Encryption',
    CIPHERS.map((one) => [one, CIPHER_NAMES[one]!]),
    (value) => change({ cipher: value }),
  );
  const names = [...releases.map(({ id: name }) => name), ...builds.map(({ id: name }) => name)];
  const kernel = picker(
    `${id}-kernel`,
    'Kernel',
    names.map((name) => [name, name]),
    (base) => change({ base, patches: applicable(base, now?.patches ?? []) }),
  );
  const what = h('p', { class: 'hint' });
  const boxes = CHOICES.map((patch) =>
    patchBox(id, patch, (on) => {
      if (now !== null) change({ patches: toggled(now, patch, on) });
    }),
  );
  const seeds = h(
    'div',
    { class: 'patches' },
    ...boxes.slice(0, seedPatches.length).map((one) => one.node),
  );
  const others = h(
    'details',
    { class: 'others' },
    h('summary', {}, 'What if: patches nobody merged'),
    h('div', { class: 'patches' }, ...boxes.slice(seedPatches.length).map((one) => one.node)),
  );
  const node = h(
    'form',
    { class: 'setup', onSubmit: (event: Event) => event.preventDefault() },
    h('div', { class: 'pickers' }, use.node, cipher.node, kernel.node),
    what,
    h('fieldset', {}, h('legend', {}, 'The series, patch by patch'), seeds, others),
  );
  const show = (setup: Setup): void => {
    now = setup;
    use.select.value = setup.use;
    cipher.select.value = setup.cipher;
    kernel.select.value = setup.base;
    fill(
      what,
      releases.find((one) => one.id === setup.base)?.what ??
        'a build of Debian that was booted and recorded',
    );
    const has = kernelByName(setup.base).patches;
    for (const [i, patch] of CHOICES.entries()) {
      const inside = has.includes(patch.id);
      const fits = inside || applies(setup.base, patch);
      boxes[i]!.show(
        inside || setup.patches.includes(patch.id),
        inside || !fits,
        inside ? ' (in this kernel)' : fits ? '' : ' (does not apply)',
      );
    }
  };
  return { node, show };
}

function picker(
  id: string,
  label: string,
  options: readonly (readonly [string, string])[],
  onPick: (value: string) => void,
): { readonly node: HTMLElement; readonly select: HTMLSelectElement } {
  const select = h('select', { id, onChange: () => onPick(select.value) });
  for (const [value, text] of options) select.append(h('option', { value }, text));
  return { node: h('label', { for: id, class: 'picker' }, h('span', {}, label), select), select };
}

interface PatchBox {
  readonly node: HTMLElement;
  show(checked: boolean, disabled: boolean, note: string): void;
}

function patchBox(id: string, patch: Patch, onToggle: (on: boolean) => void): PatchBox {
  const place = seedPatches.indexOf(patch);
  const box = h('input', {
    type: 'checkbox',
    id: `${id}-${patch.id}`,
    onChange: () => onToggle(box.checked),
  });
  const note = h('small');
  const front = place < 0 ? '' : `${place + 1} `;
  const node = h(
    'label',
    { class: 'patch', title: patch.note ?? '' },
    box,
    h('span', {}, h('b', {}, front), patch.subject, note),
  );
  const show = (checked: boolean, disabled: boolean, text: string): void => {
    box.checked = checked;
    box.disabled = disabled;
    fill(note, text);
  };
  return { node, show };
}

/** With what the patch needs; without what needs it. In the order of the list, as patches must be. */
function toggled({ patches }: Setup, patch: Patch, on: boolean): string[] {
  const chosen = new Set(patches);
  if (on) for (const one of [...patch.requires, patch.id]) chosen.add(one);
  else {
    chosen.delete(patch.id);
    for (const one of CHOICES) if (one.requires.includes(patch.id)) chosen.delete(one.id);
  }
  return CHOICES.map(({ id }) => id).filter((one) => chosen.has(one));
}

function applies(base: string, patch: Patch): boolean {
  return applicable(base, [...patch.requires, patch.id]).includes(patch.id);
}

/** Those of `ids` that go onto `base`, one after the other. */
function applicable(base: string, ids: readonly string[]): string[] {
  const kept: string[] = [];
  for (const id of ids) {
    try {
      kernelWith(base, [...kept, id]);
      kept.push(id);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
    }
  }
  return kept;
}
