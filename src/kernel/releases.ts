/**
 * Which kernels there are: releases, recorded builds, and what a user may write for one
 * (`v5.12+series[1-2]+iv-per-zone`). A release is the one before it plus the patches that arrived in it; a build is
 * its release plus what its distribution put on top.
 */

import { applyPatch, type Patch, PatchError, type PatchId } from './edit.ts';
import { type Kernel, v510 } from './kernel.ts';
import { blockBuilds, blockPatches } from './mainline/block.ts';
import { btrfsPatches } from './mainline/btrfs.ts';
import { btrfsBuilds } from './mainline/btrfs-builds.ts';
import { cryptBuilds, cryptPatches } from './mainline/crypt.ts';
import { dmBuilds, dmPatches } from './mainline/dm.ts';
import { scsiPatches } from './mainline/scsi.ts';
import { zonefsBuilds, zonefsPatches } from './mainline/zonefs.ts';
import { seedPatches, whatIfPatches } from './patches.ts';
import { closest } from './suggest.ts';

export interface Release {
  readonly id: string;
  /** What `uname -r` prints. */
  readonly uname: string;
  readonly what: string;
}

/** In order of time. v5.12 is the base of the series: 5.12 without the btrfs check that 5.12.y took from it. */
export const releases: readonly Release[] = [
  { id: 'v5.10', uname: '5.10.0', what: 'no zoned btrfs; dm passes zone append on' },
  { id: 'v5.12', uname: '5.12.0', what: 'the base the series was written for' },
  { id: 'v5.13', uname: '5.13.0', what: 'patch 3 alone, as 5.12.y: the world people really had' },
  { id: 'v5.14', uname: '5.14.0', what: 'device mapper emulates zone append' },
  { id: 'v5.15', uname: '5.15.0', what: 'btrfs drops its append check' },
  { id: 'v6.1', uname: '6.1.0', what: 'zonefs counts open files, btrfs honours zone capacity' },
  { id: 'v6.2', uname: '6.2.0', what: 'zonefs checks where its appends land' },
  { id: 'v6.5', uname: '6.5.0', what: 'zonefs stops using zone append' },
  { id: 'v6.10', uname: '6.10.0', what: 'zone write plugging: the block layer emulates append' },
  { id: 'v6.11', uname: '6.11.0', what: 'queue limits are committed as one' },
  { id: 'v6.12', uname: '6.12.0', what: 'zone resource limits of mapped devices' },
  {
    id: 'v6.17',
    uname: '6.17.0',
    what: 'failed writes wait for a report instead of an automatic one',
  },
  { id: 'v7.3', uname: '7.3.0', what: 'cached zone reports, errno names in the log' },
];

export interface Build {
  readonly id: string;
  readonly base: string;
  readonly uname: string;
}

/** Kernels that were booted and recorded: Debian's. */
export const builds = [
  { id: '5.10.262', base: 'v5.10', uname: '5.10.0-46-amd64' },
  { id: '6.1.192', base: 'v6.1', uname: '6.1.0-56-amd64' },
  { id: '6.12.117', base: 'v6.12', uname: '6.12.117+deb12-amd64' },
  { id: '7.3.4', base: 'v7.3', uname: '7.3.4+deb13-amd64' },
] as const satisfies readonly Build[];

type BuildId = (typeof builds)[number]['id'];

const MAINLINE: readonly Patch[] = [
  ...blockPatches,
  ...scsiPatches,
  ...dmPatches,
  ...cryptPatches,
  ...zonefsPatches,
  ...btrfsPatches,
];

/** Every patch of the model, by id: the series, its variants and what-ifs, and what mainline did. */
export const patches: ReadonlyMap<PatchId, Patch> = new Map(
  [...seedPatches, ...whatIfPatches, ...MAINLINE].map((patch) => [patch.id, patch]),
);

const SERIES: readonly PatchId[] = seedPatches
  .filter((patch) => patch.kind === 'series')
  .map((patch) => patch.id);

/** What a user wrote for a kernel could not be read or built. */
export class KernelError extends Error {
  readonly code: 'kernel-unknown' | 'kernel-syntax' | 'patch-unknown' | PatchError['code'];
  readonly suggestion: string | null;
  constructor(code: KernelError['code'], message: string, suggestion: string | null = null) {
    super(message);
    this.name = 'KernelError';
    this.code = code;
    this.suggestion = suggestion;
  }
}

const built = new Map<string, Kernel>();

/**
 * The kernel a user names: a release (`v5.12`), a recorded build (`6.12.117`), each with `+patch` ids;
 * `+series` stands for the four seed patches and `+series[1-2]`, `+series[3]`, `+series[1,2,4]` for some of them.
 * Throws KernelError.
 */
export function kernelByName(name: string): Kernel {
  const known = built.get(name);
  if (known !== undefined) return known;
  const [base = '', ...rest] = name.split('+');
  if (rest.includes('')) {
    throw new KernelError('kernel-syntax', `"${name}" expected a patch after each "+", got none`);
  }
  // A build's own name may hold a plus sign (`6.12.117+deb12`); ids here do not.
  const kernel = kernelWith(
    base,
    rest.flatMap((item) => patchIds(item)),
    name,
  );
  built.set(name, kernel);
  return kernel;
}

/** The kernel `base` with `ids` on it, in that order. Throws KernelError. */
export function kernelWith(base: string, ids: readonly PatchId[], name?: string): Kernel {
  let kernel = baseKernel(base);
  for (const id of ids) {
    const patch = patches.get(id);
    if (patch === undefined) {
      const near = closest(id, [...patches.keys(), 'series']);
      throw new KernelError('patch-unknown', `there is no patch "${id}"`, near);
    }
    kernel = withPatch(kernel, patch);
  }
  return { ...kernel, name: name ?? [base, ...ids].join('+') };
}

function withPatch(kernel: Kernel, patch: Patch): Kernel {
  const range = patch.appliesTo;
  if (range !== undefined && !inRange(kernel.base, range)) {
    const until = range.before === undefined ? 'on' : `up to, not including, ${range.before}`;
    throw new KernelError(
      'patch-conflict',
      `patch "${patch.id}" applies from ${range.from} ${until}; ${kernel.base} is outside`,
    );
  }
  try {
    return applyPatch(kernel, patch);
  } catch (error) {
    if (error instanceof PatchError) throw new KernelError(error.code, error.message);
    throw error;
  }
}

function inRange(base: string, range: { from: string; before?: string }): boolean {
  const at = position(base);
  return at >= position(range.from) && (range.before === undefined || at < position(range.before));
}

/** Place of a release, or of a build's release, in time. */
function position(base: string): number {
  const id = builds.find((build) => build.id === base)?.base ?? base;
  return releases.findIndex((release) => release.id === id);
}

function baseKernel(base: string): Kernel {
  const known = built.get(base);
  if (known !== undefined) return known;
  const build = builds.find((candidate) => candidate.id === base);
  if (build !== undefined) return buildKernel(build);
  const last = releases.findIndex((release) => release.id === base);
  if (last < 0) {
    const names = [...releases, ...builds].map((one) => one.id);
    const near = closest(base, names);
    throw new KernelError('kernel-unknown', `there is no kernel "${base}"`, near);
  }
  let kernel = v510;
  for (const release of releases.slice(1, last + 1)) {
    for (const patch of arrivals(release.id)) kernel = applyPatch(kernel, patch);
  }
  const { id, uname } = releases[last]!;
  const done = { ...kernel, name: id, base: id, release: uname };
  built.set(id, done);
  return done;
}

/** The patches a release brought: mainline's, and what it took from the series. */
export function arrivals(release: string): readonly Patch[] {
  return [...MAINLINE, ...seedPatches].filter((patch) => patch.since === release);
}

function buildKernel(build: (typeof builds)[number]): Kernel {
  let kernel = baseKernel(build.base);
  for (const id of buildPatches(build.id)) {
    const patch = patches.get(id);
    if (patch === undefined)
      throw new Error(`build ${build.id} expected a patch "${id}", got none`);
    kernel = applyPatch(kernel, patch);
  }
  const done = { ...kernel, name: build.id, base: build.id, release: build.uname };
  built.set(build.id, done);
  return done;
}

/** The ids of what a recorded build has beyond its release. */
export function buildPatches(id: BuildId): readonly PatchId[] {
  return [blockBuilds, dmBuilds, cryptBuilds, zonefsBuilds, btrfsBuilds].flatMap(
    (table) => table[id] ?? [],
  );
}

/** `series[1-2,4]` to ids; any other word is an id itself. */
function patchIds(item: string): readonly PatchId[] {
  const match = /^series(?:\[([^\]]*)\])?$/.exec(item);
  if (match === null) return [item];
  if (match[1] === undefined) return SERIES;
  return match[1].split(',').flatMap((range) => {
    const ends = /^([1-4])(?:-([1-4]))?$/.exec(range.trim());
    const first = Number(ends?.[1]);
    const last = Number(ends?.[2] ?? first);
    if (ends === null || last < first) {
      throw new KernelError(
        'kernel-syntax',
        `"${item}" expected patch numbers 1 to 4 in rising order, got "${range}"`,
        ends === null ? 'series[1-2]' : `series[${last}-${first}]`,
      );
    }
    return SERIES.slice(first - 1, last);
  });
}
