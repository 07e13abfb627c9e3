/**
 * What a profile is: a named device whose every time constant says where it comes from. All times are kept in ns, rates
 * as ns per KiB; they become whole ns in one place, `wholeNs`.
 */

import type { DiskClock } from '../clock.ts';

export interface Parameter {
  readonly value: number;
  readonly unit: 'ns' | 'ns/KiB' | 'bytes' | 'commands' | 'dies' | 'ns/zone';
  /** Which published rows it was fitted on; a document; or `assumed`, with the reason. */
  readonly source: string;
}

export interface ClockShape {
  /** The logical block size: some drives are slower when formatted with 512 bytes. */
  readonly blockBytes: number;
  /** Of the device's own scatter. */
  readonly seed: number;
}

export interface DiskProfile {
  readonly name: ProfileName;
  /** For people. */
  readonly title: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  clock(shape: ClockShape): DiskClock;
}

export const PROFILE_NAMES = ['null_blk', 'zn540', 'smr-hdd'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** Shortens the tables of parameters. */
export function parameter(value: number, unit: Parameter['unit'], source: string): Parameter {
  return { value, unit, source };
}

/** The one place where a computed time becomes a whole number of ns. */
export function wholeNs(ns: number): number {
  return Math.round(ns);
}

/** Where on the line through points sorted by `x` the value at `x` lies; the ends go on flat. */
export function interpolate(points: readonly (readonly [number, number])[], x: number): number {
  let [beforeX, beforeY] = points[0]!;
  if (x <= beforeX) return beforeY;
  for (const [atX, atY] of points) {
    if (x <= atX) return beforeY + ((atY - beforeY) * (x - beforeX)) / (atX - beforeX || 1);
    beforeX = atX;
    beforeY = atY;
  }
  return beforeY;
}
