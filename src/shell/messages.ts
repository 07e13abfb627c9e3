/** What the GNU tools have in common: their complaints about options, and diagnostics with the program's name before. */

import { strerror } from '../kernel/errno.ts';
import { getopt, type OptionSpec, type Parsed } from './getopt.ts';
import type { Process } from './program.ts';

/** The name a program prints before its messages: its own, whatever path was typed. */
export function programName(process: Process): string {
  const typed = process.argv[0]!;
  return typed.slice(typed.lastIndexOf('/') + 1);
}

/** `dd: failed to open 'x': No such file or directory`; without an errno just the text. */
export function diagnose(process: Process, text: string, error = 0): void {
  const why = error === 0 ? '' : `: ${strerror(error)}`;
  process.stderr.write(`${programName(process)}: ${text}${why}\n`);
}

/** The two lines a tool ends with when its command line makes no sense. Returns `exit`. */
export function usageError(process: Process, message: string, exit = 1): number {
  diagnose(process, message);
  return tryHelp(process, exit);
}

/** `Try 'cmp --help' for more information.` Returns `exit`. */
export function tryHelp(process: Process, exit = 1): number {
  process.stderr.write(`Try '${programName(process)} --help' for more information.\n`);
  return exit;
}

/** Parses the options of a tool that complains as GNU coreutils and util-linux do; a number is the exit code. */
export function optionsOf(
  process: Process,
  specs: readonly OptionSpec[],
  badUsageExit = 1,
): Extract<Parsed, { ok: true }> | number {
  const parsed = getopt(process.argv, specs);
  return parsed.ok ? parsed : usageError(process, parsed.message, badUsageExit);
}

/** Modes of new files and directories: 0666 and 0777 under the umask 022 of a login. */
export const NEW_FILE_MODE = 0o644;
export const NEW_DIRECTORY_MODE = 0o755;
