/** Which of the two formats a file is: scenarios have steps, comparisons (src/compare/) the key `compare`. */

import type { ScenarioDocument } from './document.ts';

export const COMPARED = 'compare';

/** Files are told apart by their keys, whatever else is wrong with them. */
export function isComparison(document: ScenarioDocument): boolean {
  const keys = document.keysAt([]);
  return keys.includes(COMPARED) && !keys.includes('steps');
}
