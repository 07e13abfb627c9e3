/** What a command of the CLI may touch of the world. */

/** 0 met, 1 an expectation failed, 2 bad input, 3 an invariant of the model broke. */
export const EXIT = { met: 0, failed: 1, badInput: 2, broken: 3 } as const;

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface CliContext {
  /** Results, on standard output. */
  readonly out: (text: string) => void;
  /** Notes and progress, on standard error. */
  readonly note: (text: string) => void;
  /** Colours a text where colours are wanted: not when piped, nor with NO_COLOR. */
  readonly style: (style: Style, text: string) => string;
}

/** The user gave something that cannot be used: exit code 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
