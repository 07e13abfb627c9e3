/** How far to trust the clocks: published rows that no parameter was chosen by, beside what the model gives. */

import { PROFILE_NAMES, type ProfileName } from '../block/profiles/profile.ts';
import { profiles } from '../block/profiles/profiles.ts';
import { distance, type ValidationRow, validate } from '../block/profiles/validate.ts';
import { table, wrap } from '../report/columns.ts';

export interface ProfileTrust {
  readonly profile: ProfileName;
  readonly title: string;
  /** Rows the profile was not fitted on. */
  readonly held: readonly ValidationRow[];
  readonly fitted: number;
  /** Of `held`: farthest from 1, and the one in the middle of distances. */
  readonly worst: ValidationRow;
  readonly middle: number;
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
}

/** All profiles, or some. A second or so. */
export function trust(names: readonly ProfileName[] = PROFILE_NAMES): ProfileTrust[] {
  return names.map((profile) => {
    const { rows, worst, leftOut } = validate(profiles[profile]);
    const held = rows.filter(({ fitted }) => !fitted);
    const distances = held.map(distance).sort((a, b) => a - b);
    return {
      profile,
      title: profiles[profile].title,
      held,
      fitted: rows.length - held.length,
      worst: worst!,
      middle: distances[Math.floor(distances.length / 2)]!,
      leftOut,
    };
  });
}

/** `11.4 us`, `132 kIOPS`, `183 MB/s`: in the unit it was published in. */
export function valueText(value: number, unit: ValidationRow['unit']): string {
  if (unit === 'IOPS') return `${short(value / 1000)} kIOPS`;
  if (unit === 'B/s') return `${short(value / 1e6)} MB/s`;
  return value < 1e6 ? `${short(value / 1000)} us` : `${short(value / 1e6)} ms`;
}

function short(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}

/** The farthest of all, in a sentence. */
export function worstText(all: readonly ProfileTrust[]): string {
  const rows = all.flatMap(({ held }) => held);
  const worst = all.reduce(
    (found, { worst: one }) => (distance(one) > distance(found) ? one : found),
    all[0]!.worst,
  );
  return `${rows.length} published rows no parameter was chosen by; the worst is ${worst.name}: model / published ${worst.ratio.toFixed(2)}.`;
}

/** What `zonestack compare --validate` prints. */
export function validationText(all: readonly ProfileTrust[]): string {
  const parts = all.map(({ profile, title, held, fitted, worst, middle, leftOut }) => {
    const rows = held.map(({ name, model, published, unit, ratio }) => [
      name.replace(/^(?:null_blk|SMR 20 TB), /, ''),
      valueText(published, unit),
      valueText(model, unit),
      ratio.toFixed(2),
    ]);
    const lines = table([['not fitted on', 'published', 'model', 'ratio'], ...rows]);
    const out = leftOut.map(({ name, why }) => wrap(`left out: ${name}: ${why}`, 2, 4));
    const worstLine = `worst ${worst.ratio.toFixed(2)} (${worst.name}); in the middle off by a factor of ${middle.toFixed(2)}; ${fitted} more rows were fitted on`;
    return `${profile}: ${title}\n${lines.replace(/^(?=.)/gm, '  ')}${wrap(worstLine, 2, 4)}${out.join('')}`;
  });
  const sources =
    'Published: NVMeBenchmarks 01f40f1 (the data behind arXiv 2310.19094) and the cover letter of "Zone write plugging" v5, April 2024. Ratio: model / published.';
  return `${wrap(worstText(all), 0)}${wrap(sources, 0)}\n${parts.join('\n')}`;
}
