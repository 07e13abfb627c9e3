/** How well a profile tells what was measured: model by published, row by row; the rows it was not fitted on count. */

import { predict } from './predict.ts';
import type { DiskProfile } from './profile.ts';
import { type PublishedRow, publishedRows } from './published.ts';

export interface ValidationRow {
  readonly name: string;
  readonly source: PublishedRow['source'];
  readonly unit: PublishedRow['unit'];
  readonly published: number;
  readonly model: number;
  /** Model by published. */
  readonly ratio: number;
  readonly fitted: boolean;
}

export interface Validation {
  readonly rows: readonly ValidationRow[];
  /** Rows that were not judged, and why. */
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  /** Of the rows the profile was not fitted on, the one farthest from 1 (0.5 is as far as 2); null if all were fitted. */
  readonly worst: ValidationRow | null;
}

/** Runs all published rows of `profile`. A second or so for all three. */
export function validate(profile: DiskProfile): Validation {
  const all = publishedRows.filter((row) => row.profile === profile.name);
  const rows = all.filter((row) => row.leftOut === undefined).map((row) => judge(profile, row));
  const held = rows.filter((row) => !row.fitted);
  const worst = held.reduce<ValidationRow | null>(
    (found, row) => (found === null || distance(row) > distance(found) ? row : found),
    null,
  );
  const leftOut = all.flatMap(({ name, leftOut: why }) =>
    why === undefined ? [] : [{ name, why }],
  );
  return { rows, leftOut, worst };
}

/** 1 for a perfect row, 2 for one that is twice or half of what was measured. */
export function distance({ ratio }: Pick<ValidationRow, 'ratio'>): number {
  return Math.max(ratio, 1 / ratio);
}

function judge(profile: DiskProfile, row: PublishedRow): ValidationRow {
  const { name, source, unit, value: published, fitted } = row;
  const prediction = predict(profile, row.workload);
  const model =
    unit === 'ns'
      ? prediction.meanNs
      : unit === 'IOPS'
        ? prediction.iops
        : prediction.bytesPerSecond;
  return { name, source, unit, published, model, ratio: model / published, fitted };
}
