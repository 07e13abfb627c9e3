/** Notes on scenarios, on standard error: place first, as errors have it. */

import { wrap } from '../report/columns.ts';
import type { Advice } from '../scenario/advice.ts';
import type { CliContext } from './context.ts';

export function tellNotes(notes: readonly Advice[], context: CliContext): void {
  for (const { place, message } of notes) {
    context.note(`${place.file}:${place.line}:${place.column}: note:\n${wrap(message, 2)}`);
  }
}
