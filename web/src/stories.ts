/** Pairs of stacks worth seeing side by side: what the visitor meets first, and where to go from there. */

import type { Setup } from './model/setup.ts';

export interface Story {
  readonly name: string;
  readonly left: Setup;
  readonly right: Setup | null;
}

const ONE = 'dm-zone-append-support-control';
const TWO = 'dm-crypt-fix-zoned';
const THREE = 'btrfs-require-zone-append';
const FOUR = 'zonefs-regular-write-fallback';
const SERIES = [ONE, TWO, THREE, FOUR];

const zonefs: Setup = {
  use: 'zonefs',
  base: 'v5.12',
  patches: [],
  cipher: 'aes-xts-plain64',
  seed: 0,
  commands: null,
};
const btrfs: Setup = { ...zonefs, use: 'btrfs' };

export const stories: readonly Story[] = [
  { name: 'The bug, and the series', left: zonefs, right: { ...zonefs, patches: SERIES } },
  {
    name: 'Patches 1 and 2 without 4',
    left: { ...zonefs, patches: [ONE, TWO] },
    right: { ...zonefs, patches: SERIES },
  },
  {
    name: 'An IV that is not the sector',
    left: zonefs,
    right: { ...zonefs, cipher: 'aes-cbc-null' },
  },
  { name: 'btrfs: lost, then refused', left: btrfs, right: { ...btrfs, patches: SERIES } },
  {
    name: 'What mainline did',
    left: { ...zonefs, base: 'v5.14' },
    right: { ...zonefs, base: 'v6.12' },
  },
  { name: 'One IV for a whole zone', left: zonefs, right: { ...zonefs, patches: ['iv-per-zone'] } },
];
