/** Runs a comparison, cell by cell. The same file gives the same results, on any computer: time is simulated. */

import { loadComparison } from './load.ts';
import { measureCell } from './measure.ts';
import { type Comparison, cellPlaces } from './point.ts';
import type { ComparisonResult } from './result.ts';

/** `progress` is called before each cell and after the last. */
export function runComparison(
  comparison: Comparison,
  progress: (done: number, of: number) => void = () => {},
): ComparisonResult {
  const places = cellPlaces(comparison);
  const cells = places.map((place, at) => {
    progress(at, places.length);
    return { place, outcome: measureCell(comparison, place) };
  });
  progress(places.length, places.length);
  return { comparison, cells };
}

/**
 * Compares what the YAML in `text` says (docs/compare.md): workloads over kernels, ciphers and disks. `file` is the name
 * errors show. Throws ScenarioError for what is wrong in the file; a cell that cannot run is a result.
 */
export function compare(text: string, options: { readonly file?: string } = {}): ComparisonResult {
  return runComparison(loadComparison(options.file ?? 'comparison.yaml', text));
}
