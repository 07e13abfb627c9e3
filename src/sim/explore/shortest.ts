/**
 * The failing schedule with the fewest switches: schedules are tried by how often they leave the usual order (each
 * thread as long as it can), none first, then one, and so on. Leaving it is tried only before steps that touch something
 * another step touches too, since elsewhere it makes no difference.
 */

import { Prefix } from './policies.ts';
import { ExploredRun, type Made, type RunSettings } from './run.ts';

/** How often `made` leaves the usual order. */
export function switchesOf(made: readonly Made[]): number {
  return made.reduce((sum, step) => sum + (step.usual ? 0 : 1), 0);
}

export interface Fewest {
  /** The schedule found; null when none was. */
  readonly made: readonly Made[] | null;
  /** Was everything tried that has fewer switches? */
  readonly exhausted: boolean;
}

/** Looks for a failing schedule with fewer than `below` switches, in at most `maxRuns` runs. */
export function fewestSwitches(
  program: (run: ExploredRun) => { readonly failing: boolean },
  settings: RunSettings,
  below: number,
  maxRuns: number,
): Fewest {
  let runs = 0;
  const attempt = (steps: readonly number[]): { made: readonly Made[]; failing: boolean } => {
    runs += 1;
    const run = new ExploredRun(new Prefix(steps), settings);
    const { failing } = program(run);
    return { made: run.made, failing };
  };
  let level: { made: readonly Made[]; from: number }[] = [];
  for (let switches = 0; switches < below; switches += 1) {
    const next: typeof level = [];
    for (const steps of switches === 0 ? [[]] : branches(level)) {
      if (runs >= maxRuns) return { made: null, exhausted: false };
      const { made, failing } = attempt(steps);
      if (failing) return { made, exhausted: true };
      next.push({ made, from: steps.length });
    }
    level = next;
  }
  return { made: null, exhausted: true };
}

/** Beginnings of schedules that leave the usual order once more than those of `level`. */
function* branches(
  level: readonly { readonly made: readonly Made[]; readonly from: number }[],
): Generator<number[]> {
  for (const { made, from } of level) {
    const ids = made.map((step) => step.id);
    for (let at = from; at < made.length; at += 1) {
      const step = made[at]!;
      if (step.ready.length < 2 || !matters(made, at)) continue;
      for (const id of step.ready) if (id !== step.id) yield [...ids.slice(0, at), id];
    }
  }
}

function matters(made: readonly Made[], at: number): boolean {
  const { footprint, forced } = made[at]!;
  if (forced || footprint.empty) return false;
  return made.some((other, i) => i !== at && !other.forced && other.footprint.conflicts(footprint));
}
