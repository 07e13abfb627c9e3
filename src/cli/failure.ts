/** What the CLI says when a command throws: bad input is explained, a broken invariant is reported as ours. */

import { NotModelled } from '../kernel/not-modelled.ts';
import { KernelError } from '../kernel/releases.ts';
import { ScenarioError } from '../scenario/errors.ts';
import { type CliContext, EXIT, UsageError } from './context.ts';

/** Prints why, and returns the exit code. */
export function explainFailure(error: unknown, context: CliContext): number {
  if (error instanceof ScenarioError) {
    context.note(`${error.format()}\n`);
    return EXIT.badInput;
  }
  if (error instanceof KernelError) {
    const hint = error.suggestion === null ? '' : `\n  did you mean ${error.suggestion}?`;
    context.note(`zonestack: ${error.message} [${error.code}]${hint}\n`);
    return EXIT.badInput;
  }
  if (error instanceof UsageError || isArgumentError(error)) {
    context.note(`zonestack: ${(error as Error).message}\n`);
    return EXIT.badInput;
  }
  if (error instanceof NotModelled) {
    context.note(`zonestack: ${error.message}\n`);
    return EXIT.badInput;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  context.note(`zonestack: an invariant of the model broke; this is a bug of zonestack\n${text}\n`);
  return EXIT.broken;
}

/** node:util parseArgs throws TypeErrors with codes of its own. */
function isArgumentError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS');
}
