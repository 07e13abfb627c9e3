/**
 * The series, patch by patch: one table of what mounts, how it writes and what comes back, and the story of one failing
 * write. It reads a scenario whose matrix has `boot`, `cipher` and `use`, and whose steps are named `mount`, `write` and
 * `read`.
 */

import { KernelError, kernelByName } from '../kernel/releases.ts';
import { cellWith, type LoadedScenario, type ScenarioCell } from '../scenario/load.ts';
import { type CellResult, runCell, type StepResult } from '../scenario/run.ts';
import { isCovered } from './series-coverage.ts';
import { explain } from './why.ts';

/** The what-if that makes the world as the cover letter describes it. */
const AS_DESCRIBED = 'crypt-returns-written-sector';

export interface SeriesCell {
  readonly boot: string;
  readonly cipher: string;
  readonly use: string;
  readonly result: CellResult;
  readonly verdict: Verdict;
  /** What the cover letter's world would show, where that is something else; null otherwise. */
  readonly described: Verdict | null;
  /** No recording or observation of a real kernel covers it. */
  readonly derived: boolean;
}

export interface Verdict {
  /** `append same`, `EINVAL`, `regular same`, `append LOST`. */
  readonly text: string;
  readonly good: boolean;
  /** Why it is bad, in a few words; null when it is not. */
  readonly reason: string | null;
}

/** Runs every cell of the scenario. */
export function runSeries(
  loaded: LoadedScenario,
  progress: (done: number, of: number) => void,
): SeriesCell[] {
  return loaded.cells.map((cell, index) => {
    progress(index + 1, loaded.cells.length);
    return seriesCell(loaded, cell);
  });
}

function seriesCell(loaded: LoadedScenario, cell: ScenarioCell): SeriesCell {
  const { boot = '', cipher = '', use = '' } = cell.values;
  const result = runCell(loaded, cell);
  const verdict = judge(loaded, cell, result);
  const described = asDescribed(loaded, cell, verdict);
  return { boot, cipher, use, result, verdict, described, derived: !isCovered(boot, cipher, use) };
}

function asDescribed(loaded: LoadedScenario, cell: ScenarioCell, coded: Verdict): Verdict | null {
  const boot = `${cell.values.boot ?? ''}+${AS_DESCRIBED}`;
  if (!isKernel(boot)) return null;
  const other = cellWith(loaded, { ...cell.values, boot });
  const found = judge(loaded, other, runCell(loaded, other));
  return found.text === coded.text && found.reason === coded.reason ? null : found;
}

/** False where a patch does not apply. */
function isKernel(name: string): boolean {
  try {
    return kernelByName(name).name === name;
  } catch (error) {
    if (error instanceof KernelError) return false;
    throw error;
  }
}

function judge(loaded: LoadedScenario, cell: ScenarioCell, result: CellResult): Verdict {
  const mount = named(result, 'mount');
  if (mount !== null && mount.exit !== 0) {
    const refused = mount.decisions.findLast((one) => one.verdict === 'refuses');
    const reason = refused === undefined ? 'mount failed' : `refused by ${refused.rule}`;
    return { text: refused?.errno ?? 'no mount', good: false, reason };
  }
  const write = named(result, 'write');
  const read = named(result, 'read');
  if (write === null) return { text: '?', good: false, reason: 'no step named write ran' };
  const path = PATHS[write.path] ?? write.path;
  if (write.path === 'none') {
    return { text: 'nothing', good: false, reason: shortReason(loaded, cell, result) };
  }
  const lost = write.readback === 'error' || (read !== null && read.exit !== 0);
  const back = lost ? 'LOST' : write.readback === 'different' ? 'WRONG' : 'same';
  const good = back === 'same';
  return { text: `${path} ${back}`, good, reason: good ? null : shortReason(loaded, cell, result) };
}

const PATHS: Readonly<Record<string, string>> = { 'emulated-append': 'emulated' };

/** The last step of that name that ran: a file may have one for each use. */
function named(result: CellResult, name: string): StepResult | null {
  return result.steps.findLast((step) => step.ran && step.name === name) ?? null;
}

/** The cause at the end of the first chain, in a few words. */
function shortReason(loaded: LoadedScenario, cell: ScenarioCell, result: CellResult): string {
  const chains = explain(loaded, cell, result);
  const [first] = chains;
  const zero = chains.some((chain) => chain.cause === 'zero-write');
  return (
    REASONS[zero ? 'zero-write' : (first?.cause ?? '')] ?? first?.links.at(-1) ?? 'unexplained'
  );
}

const REASONS: Readonly<Record<string, string>> = {
  location: 'every append was reported at the zone start',
  iv: 'encrypted with the IV of the zone start, decrypted with its own',
  'zero-write': 'the append limit is 0: the write was cut to nothing',
};
