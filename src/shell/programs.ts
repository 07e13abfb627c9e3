/** The commands of the host, by name. One line each: a new command is a file of its own and a line here. */

import { cat } from './cat.ts';
import { dd } from './dd.ts';
import { echo } from './echo.ts';
import type { Program, ProgramTable } from './program.ts';

export const programs: ProgramTable = new Map<string, Program>([
  ['cat', cat],
  ['dd', dd],
  ['echo', echo],
]);

/** Built into dash: they run in the shell's own process and their names appear in its messages. */
export const builtins: ReadonlySet<string> = new Set(['echo', 'false', 'true']);
