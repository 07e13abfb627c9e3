/** What is compared: workloads, each with one block size, number of jobs and depth; kernels; ciphers; disks. */

import type { DiskAttributes } from '../machine.ts';
import type { Costs } from '../sim/cpu.ts';
import type { IO, ORDERS, TARGETS } from './schema.ts';

export interface Point {
  /** `zonefs sync`, or what the file calls it. */
  readonly name: string;
  readonly target: (typeof TARGETS)[number];
  readonly io: (typeof IO)[number];
  readonly order: (typeof ORDERS)[number];
  readonly blockBytes: number;
  readonly jobs: number;
  readonly depth: number;
  /** What each job writes: whole blocks. */
  readonly sizeBytes: number;
}

export interface ComparedKernel {
  readonly name: string;
  /** As `kernelByName` takes it. */
  readonly kernel: string;
}

export interface ComparedCipher {
  readonly name: string;
  /** As in a dm-crypt table; null: no dm-crypt. */
  readonly cipher: string | null;
  readonly keyBytes: number;
  readonly options: readonly string[];
}

export interface ComparedDisk {
  readonly name: string;
  readonly attributes: DiskAttributes;
}

export interface Comparison {
  readonly file: string;
  readonly title: string;
  readonly description: string;
  readonly costs: 'default' | Partial<Costs>;
  readonly seed: number;
  readonly points: readonly Point[];
  readonly kernels: readonly ComparedKernel[];
  readonly ciphers: readonly ComparedCipher[];
  readonly disks: readonly ComparedDisk[];
}

/** One cell: its place on the four axes. */
export interface CellPlace {
  readonly point: Point;
  readonly kernel: ComparedKernel;
  readonly cipher: ComparedCipher;
  readonly disk: ComparedDisk;
}

/** All cells in the order they are run and told: by workload, disk, cipher, kernel. */
export function cellPlaces({ points, kernels, ciphers, disks }: Comparison): CellPlace[] {
  return points.flatMap((point) =>
    disks.flatMap((disk) =>
      ciphers.flatMap((cipher) => kernels.map((kernel) => ({ point, kernel, cipher, disk }))),
    ),
  );
}

/** `7 workloads x 5 kernels x 3 ciphers x 1 disk` */
export function axesText(comparison: Comparison, times: string): string {
  const { points, kernels, ciphers, disks } = comparison;
  const axes = { workload: points, kernel: kernels, cipher: ciphers, disk: disks };
  return Object.entries(axes)
    .map(([name, { length }]) => `${length} ${name}${length === 1 ? '' : 's'}`)
    .join(times);
}

/** `4 KiB x 4 jobs x depth 16` */
export function shapeOf({ blockBytes, jobs, depth, order }: Point): string {
  const parts = [sizeText(blockBytes), jobs === 1 ? '1 job' : `${jobs} jobs`];
  if (depth > 1) parts.push(`depth ${depth}`);
  if (order === 'random') parts.push('random');
  return parts.join(', ');
}

/** `zonefs sync, 4 KiB, 1 job` */
export function titleOf(point: Point): string {
  return `${point.name}, ${shapeOf(point)}`;
}

/** `4 KiB`: the largest unit that gives a whole number. */
export function sizeText(bytes: number): string {
  for (const [unit, name] of [
    [1024 * 1024, 'MiB'],
    [1024, 'KiB'],
  ] as const) {
    if (bytes % unit === 0) return `${bytes / unit} ${name}`;
  }
  return `${bytes} B`;
}
