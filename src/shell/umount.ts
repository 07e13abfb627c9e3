/** umount of util-linux 2.38.1 (sys-utils/umount.c over libmount/src/context_umount.c). Takes mount points and devices. */

import { errno, strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, optionsOf, usageError } from './messages.ts';
import { canonicalSource, mountLines, realPath } from './paths.ts';
import type { Process } from './program.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'v', long: 'verbose' },
  { short: 'f', long: 'force' },
  { short: 'n', long: 'no-mtab' },
  { short: 'l', long: 'lazy' },
  { short: 'a', long: 'all' },
  { short: 'A', long: 'all-targets' },
  { short: 'R', long: 'recursive' },
  { short: 'r', long: 'read-only' },
  { short: 't', long: 'types', argument: 'required' },
];
const NOT_MODELLED = ['lazy', 'all', 'all-targets', 'recursive', 'read-only', 'types'];

const EXIT_FAIL = 32;

export function* umount(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const names = parsed.options.map((option) => option.name);
  const left = NOT_MODELLED.find((name) => names.includes(name));
  if (left !== undefined) throw new NotModelled(`umount --${left}`, 'name each mount point');
  if (parsed.operands.length === 0) return usageError(process, 'bad usage');
  let exit = 0;
  // Failures add up: two of them make 64, as in the tool.
  for (const name of parsed.operands) {
    exit += yield* umountOne(process, name, names.includes('verbose'));
  }
  return exit;
}

function* umountOne(process: Process, name: string, verbose: boolean): Task<number> {
  const lines = yield* mountLines(process);
  const stat = yield* process.system.sys.stat(process, name);
  const path = (yield* realPath(process, name)) ?? name;
  let line = lines.findLast((one) => one.target === path);
  if (line === undefined) {
    const source = yield* canonicalSource(process, name);
    line = lines.findLast((one) => one.source === source);
  }
  if (line === undefined) {
    diagnose(
      process,
      `${name}: ${typeof stat === 'number' ? 'no mount point specified' : 'not mounted'}.`,
    );
    return EXIT_FAIL;
  }
  const result = yield* process.system.sys.umount(process, line.target);
  if (result < 0) {
    diagnose(process, `${name}: ${explain(result)}.`);
    return EXIT_FAIL;
  }
  if (verbose) {
    const shown = line.target === path ? line.target : `${line.target} (${line.source})`;
    process.stderr.write(`umount: ${shown} unmounted\n`);
  }
  return 0;
}

/** mnt_context_get_umount_excode(). */
function explain(error: number): string {
  switch (-error) {
    case errno.EBUSY:
      return 'target is busy';
    case errno.ENOENT:
      return 'not found';
    case errno.EINVAL:
      return 'not mounted';
    case errno.EIO:
      return "can't write superblock";
    default:
      return `umount(2) system call failed: ${strerror(error)}`;
  }
}
