/** What a column of the page runs: a kernel, a stack, and the commands that a user would type for it. */

import { type Kernel, kernelByName, type PatchId, seedPatches } from '../package.ts';

export const USES = ['zonefs', 'btrfs', 'raw'] as const;
export type Use = (typeof USES)[number];

/** Ciphers offered; each stands for a way to make an IV. `none`: no dm-crypt at all. */
export const CIPHERS = [
  'aes-xts-plain64',
  'aes-cbc-essiv:sha256',
  'aes-cbc-null',
  'aes-ecb',
  'none',
] as const;

export interface Setup {
  readonly use: Use;
  /** A release or build, without patches. */
  readonly base: string;
  readonly patches: readonly PatchId[];
  readonly cipher: string;
  readonly seed: number;
  /** Typed by the user; null: those that belong to the choices above. */
  readonly commands: readonly string[] | null;
}

/**
 * File systems are made by v5.12: a later boot may refuse to mount them, but mkfs must not refuse first. Only what changes
 * IVs on the disk has to be there from the start.
 */
export function formatsWith(setup: Setup): string {
  return setup.patches.includes('iv-per-zone') ? kernelName(setup) : 'v5.12';
}

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

/** Small zones, so that two writes show; btrfs takes none below 4 MiB, and wants some for itself. */
export function disksOf(use: Use): Readonly<Record<string, Readonly<Record<string, number>>>> {
  return {
    nullb0:
      use === 'btrfs'
        ? { size: 128, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 }
        : { size: 12, zoned: 1, zone_size: 1, zone_nr_conv: 2, memory_backed: 1 },
  };
}

/** The kernel of a setup. Throws KernelError when a patch does not apply. */
export function kernelOf(setup: Setup): Kernel {
  return kernelByName(kernelName(setup));
}

/** As short as one would write it: `v5.12+series[1,2]`. */
export function kernelName({ base, patches }: Setup): string {
  const places = seedPatches.flatMap(({ id }, i) => (patches.includes(id) ? [i + 1] : []));
  const rest = patches.filter((id) => seedPatches.every((seed) => seed.id !== id));
  const all = places.length === seedPatches.length;
  const series = places.length === 0 ? [] : [all ? 'series' : `series[${places.join(',')}]`];
  return [base, ...series, ...rest].join('+');
}

/** Everything that is typed, one command line each; `reboot KERNEL` is the page's own. */
export function commandsOf(setup: Setup): readonly string[] {
  return setup.commands ?? usual(setup);
}

function usual(setup: Setup): string[] {
  const { use, cipher } = setup;
  const sectors = disksOf(use).nullb0!.size! * 2048;
  const map =
    cipher === 'none'
      ? []
      : [`dmsetup create c0 --table "0 ${sectors} crypt ${cipher} ${KEY} 0 /dev/nullb0 0"`];
  const device = cipher === 'none' ? '/dev/nullb0' : '/dev/mapper/c0';
  const boot = [`reboot ${kernelName(setup)}`, ...map];
  if (use === 'raw') {
    return [
      ...boot,
      `xfs_io -d -c "pwrite -b 64k -S 0x41 2m 64k" ${device}`,
      `xfs_io -d -c "pwrite -b 64k -S 0x42 2112k 64k" ${device}`,
      `hexdump -C -s 2112k -n 32 ${device}`,
    ];
  }
  if (use === 'zonefs') {
    return [
      ...map,
      `mkzonefs -f ${device}`,
      ...boot,
      `mount -t zonefs ${device} /mnt`,
      'xfs_io -d -s -c "pwrite -b 64k -S 0x41 0 64k" /mnt/seq/0',
      'xfs_io -d -s -c "pwrite -b 64k -S 0x42 64k 64k" /mnt/seq/0',
      'hexdump -C -s 64k -n 32 /mnt/seq/0',
    ];
  }
  return [
    ...map,
    `mkfs.btrfs -f -q -O zoned -d single -m single ${device}`,
    ...boot,
    `mount -t btrfs ${device} /mnt`,
    'dd if=/dev/pattern/7 of=/mnt/f bs=64k count=8',
    'sync',
    'umount /mnt',
    `mount -t btrfs ${device} /mnt`,
    'hexdump -C -s 64k -n 32 /mnt/f',
  ];
}

/** The first moment a visitor should see: the end of the last write. */
export function tellingStep(setup: Setup): number {
  const commands = commandsOf(setup);
  const wanted = setup.use === 'btrfs' ? /^sync$/ : /^xfs_io/;
  const found = commands.findLastIndex((one) => wanted.test(one));
  return found < 0 ? commands.length - 1 : found;
}
