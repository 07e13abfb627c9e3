/** What the CLI says when a command throws: bad input is explained, a broken invariant is reported as ours. */

import { NotModelled } from '../kernel/not-modelled.ts';
import { KernelError } from '../kernel/releases.ts';
import { wrap } from '../report/columns.ts';
import { abridged, printable, ScenarioError } from '../scenario/errors.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';

/** Prints why, and returns the exit code. */
export function explainFailure(error: unknown, context: CliContext): number {
  if (error instanceof ScenarioError) {
    const [head = '', ...rest] = error.format().split('\n');
    context.note(`${wrap(head, 0, 2, true)}${rest.map((line) => `${line}\n`).join('')}`);
    return EXIT.badInput;
  }
  if (error instanceof KernelError) {
    const hint = error.suggestion === null ? '' : `  did you mean ${error.suggestion}?\n`;
    context.note(
      `${wrap(`zonestack: ${abridged(printable(error.message))} [${error.code}]`, 0, 2, true)}${hint}`,
    );
    return EXIT.badInput;
  }
  if (error instanceof UsageError || error instanceof NotModelled) {
    context.note(wrap(`zonestack: ${abridged(printable(error.message))}`, 0, 2, true));
    return EXIT.badInput;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  context.note(`zonestack: an invariant of the model broke; this is a bug of zonestack\n${text}\n`);
  return EXIT.broken;
}
