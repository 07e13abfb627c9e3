/** What a user of these commands typed wrong: told in a line, with exit code 2, and never as a stack. */

export class UsageError extends Error {}

/** Also what `parseArgs` itself complains of. */
export function isUsageError(error: unknown): error is Error {
  return (
    error instanceof UsageError ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE'))
  );
}
