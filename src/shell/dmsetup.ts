/**
 * dmsetup of Debian 12 (lvm2 2.03.16, library 1.02.185): libdm/dm-tools/dmsetup.c over libdm/ioctl/libdm-iface.c. It hides keys of
 * crypt targets itself; the kernel would show them. A failed create is undone. The long usage text is left out.
 */

import type { DmControl } from '../dm/control.ts';
import { O } from '../fs/inode.ts';
import { strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { failed, ioctlFailed, type ReportContext, reports } from './dmsetup-report.ts';
import { getopt, type OptionSpec } from './getopt.ts';
import type { Process } from './program.ts';
import { utf8ToText } from './text.ts';

const flag = (long: string, short?: string): OptionSpec =>
  short === undefined ? { long } : { long, short };
const withValue = (long: string, short?: string): OptionSpec => ({
  ...flag(long, short),
  argument: 'required',
});

/** `name` or `name:letter`. */
const specs = (texts: string, make: (long: string, short?: string) => OptionSpec): OptionSpec[] =>
  texts.split(' ').map((text) => make(...(text.split(':') as [string, string?])));

const OPTIONS: readonly OptionSpec[] = [
  ...specs('showkeys notable:n readonly:r force:f verbose:v yes:y columns:c inactive', flag),
  ...specs('noheadings nolockfs noflush noopencount noudevrules noudevsync checks retry', flag),
  ...specs('tree version help:h verifyudev deferred concise setuuid', flag),
  ...specs('addnodeonresume addnodeoncreate', flag),
  ...specs('table uuid:u target options:o separator major:j minor:m readahead', withValue),
];

/** One line of a table that dmsetup could read. */
interface TableLine {
  readonly text: string;
}

type Command = (context: Context) => Task<number>;

interface Context extends ReportContext {
  readonly process: Process;
}

function numbersOf(dm: DmControl, name: string): string {
  const info = dm.info(name);
  return typeof info === 'number' ? '' : `(${info.major}:${info.minor})`;
}

/** Names go into /dev/mapper: no slash. Blanks and the like are mangled there, which the model does not show. */
function badName(context: ReportContext, name: string): boolean {
  if (name.includes('/')) {
    context.stderr.write(`Name "${name}" invalid. It contains "/".\n`);
    return true;
  }
  if (name.length > 127) {
    context.stderr.write(`Name "${name}" too long.\n`);
    return true;
  }
  return false;
}

/** libdm's _parse_line(): start, length, target, then the target's own words. Null after a complaint. */
function parseTable(context: Context, text: string, source: string): TableLine[] | null {
  const lines: TableLine[] = [];
  const rows = text.split('\n');
  for (const [index, row] of rows.entries()) {
    const line = row.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^(\d+)\s+(\d+)\s+(\S+)\s*(.*)$/.exec(line);
    if (match === null) {
      context.stderr.write(`Invalid format on line ${index + 1} of table ${source}.\n`);
      return null;
    }
    // The kernel gets numbers and words apart; blanks between them do not reach it. libdm doubles backslashes.
    const params = match[4]!.replaceAll('\\', '\\\\');
    lines.push({ text: `${match[1]} ${match[2]} ${match[3]} ${params}`.trimEnd() });
  }
  return lines;
}

/** The table from `--table`, a file named as operand, or standard input. Null after a complaint. */
function* readTable(context: Context, file: string | undefined): Task<TableLine[] | null> {
  const given = context.value('table');
  if (given !== null) return parseTable(context, given, '');
  if (file === undefined || file === '-') {
    return parseTable(context, context.process.stdin, 'on stdin');
  }
  const { process } = context;
  const { sys } = process.system;
  const fd = yield* sys.open(process, file, O.RDONLY);
  if (fd < 0) {
    context.stderr.write(`Couldn't open '${file}' for reading.\n`);
    return null;
  }
  let text = '';
  for (;;) {
    const got = yield* sys.read(process, fd, 4096);
    if (typeof got === 'number' || got.lengthBytes === 0) break;
    text += utf8ToText(got.bytes());
  }
  yield* sys.close(process, fd);
  return parseTable(context, text, file);
}

/** dm_task_run() of a create: create, load, resume; what fails takes the device with it. */
function* create(context: Context): Task<number> {
  const { dm, operands } = context;
  const name = operands[0];
  if (context.has('concise')) throw new NotModelled('dmsetup create --concise', 'use --table');
  if (name === undefined) {
    context.stderr.write('Please provide a name for the new device.\n');
    return failed(context);
  }
  let lines: TableLine[] | null = [];
  if (!context.has('notable')) {
    lines = yield* readTable(context, operands[1]);
    if (lines === null) return failed(context);
  }
  if (badName(context, name)) return failed(context);
  const made = dm.create(name, context.value('uuid') ?? undefined);
  if (made < 0) return ioctlFailed(context, 'create', name, made);
  // A device without a table is left as it is: nothing to load, nothing to resume.
  if (lines.length === 0) return 0;
  const texts = lines.map((line) => line.text);
  const loaded = dm.load(name, texts, context.has('readonly'));
  const resumed = loaded < 0 ? 0 : dm.resume(name);
  if (loaded >= 0 && resumed >= 0) return 0;
  const numbers = numbersOf(dm, name);
  const exit =
    loaded < 0
      ? ioctlFailed(context, 'reload', name, loaded, numbers)
      : ioctlFailed(context, 'resume', name, resumed, numbers);
  dm.remove(name);
  return exit;
}

function* load(context: Context): Task<number> {
  const { dm, operands } = context;
  const name = operands[0];
  if (name === undefined) return noDevice(context);
  const lines = context.has('notable') ? [] : yield* readTable(context, operands[1]);
  if (lines === null) return failed(context);
  const texts = lines.map((line) => line.text);
  const result = dm.load(name, texts, context.has('readonly'));
  return result < 0 ? ioctlFailed(context, 'reload', name, result) : 0;
}

function noDevice(context: Context): number {
  context.stderr.write('No device specified.\n');
  return failed(context);
}

/** A command for each device named; the first that fails ends it. */
function forEach(step: (context: Context, name: string) => Task<number> | number): Command {
  return function* each(context: Context): Task<number> {
    if (context.operands.length === 0) return noDevice(context);
    for (const name of context.operands) {
      const done = step(context, name);
      const exit = typeof done === 'number' ? done : yield* done;
      if (exit !== 0) return exit;
    }
    return 0;
  };
}

function removeOne(context: Context, name: string): number {
  if (context.has('force')) replaceByError(context, name);
  const result = context.dm.remove(name);
  return result < 0 ? ioctlFailed(context, 'remove', name, result) : 0;
}

/** `remove -f` first puts an error table in place, so that pending I/O ends (_error_device()). */
function replaceByError(context: Context, name: string): void {
  const { dm, stderr } = context;
  const complain = (ioctl: string, error: number): void => {
    stderr.write(`device-mapper: ${ioctl} ioctl on ${name}  failed: ${strerror(error)}\n`);
  };
  const lines = dm.table(name);
  if (typeof lines === 'number') {
    complain('table', lines);
    complain('reload', lines);
    return;
  }
  const sectors = lines.reduce((sum, line) => sum + line.sectors, 0);
  const loaded = dm.load(name, [`0 ${sectors} error`]);
  if (loaded < 0) {
    complain('reload', loaded);
    return;
  }
  const resumed = dm.resume(name);
  if (resumed < 0) complain('resume', resumed);
}

function* removeAll(context: Context): Task<number> {
  // DM_REMOVE_ALL passes over what is in use, again and again while something goes.
  for (let removed = true; removed; ) {
    removed = false;
    for (const { name } of context.dm.list()) {
      if (context.dm.remove(name) >= 0) removed = true;
    }
  }
  return 0;
}

/** A table that waits to be swapped in suspends the device first, unless it is already. */
function* resumeOne(context: Context, name: string): Task<number> {
  const info = context.dm.info(name);
  const swaps = typeof info !== 'number' && info.inactiveTable;
  if (swaps) yield* standStill(context, name);
  const result = context.dm.resume(name);
  return result < 0 ? ioctlFailed(context, 'resume', name, result) : 0;
}

function* suspendOne(context: Context, name: string): Task<number> {
  const result = yield* standStill(context, name);
  return result < 0 ? ioctlFailed(context, 'suspend', name, result) : 0;
}

/** dm_suspend(): nothing is under way any more, and what comes waits. */
function* standStill(context: Context, name: string): Task<number> {
  yield* lockFs(context, name);
  const result = context.dm.suspend(name);
  yield* context.dm.drain(name);
  return result;
}

/** Without --nolockfs what is on the device is written out before it stands still (dm_suspend(), lock_fs()). */
function* lockFs(context: Context, name: string): Task<void> {
  const { dm, process } = context;
  const info = dm.info(name);
  const device = dm.device(name);
  if (context.has('nolockfs') || typeof info === 'number' || device === null) return;
  if (info.suspended || !info.liveTable) return;
  yield* process.system.sys.freezeDevice(device);
}

function clearOne(context: Context, name: string): number {
  const result = context.dm.clear(name);
  return result < 0 ? ioctlFailed(context, 'clear', name, result) : 0;
}

function* rename(context: Context): Task<number> {
  const [name, newName] = context.operands;
  if (name === undefined || newName === undefined) return noDevice(context);
  if (context.has('setuuid')) throw new NotModelled('dmsetup rename --setuuid', 'create with -u');
  if (badName(context, newName)) return failed(context);
  const result = context.dm.rename(name, newName);
  return result < 0 ? ioctlFailed(context, 'rename', name, result) : 0;
}

function* message(context: Context): Task<number> {
  const [name, sectorText, ...words] = context.operands;
  if (name === undefined || sectorText === undefined || words.length === 0) {
    return usage(context, 'Incorrect number of arguments.');
  }
  if (!/^\d+$/.test(sectorText)) {
    context.stderr.write('Invalid sector.\n');
    return failed(context);
  }
  const result = context.dm.message(name, Number(sectorText), words.join(' '));
  return result < 0 ? ioctlFailed(context, 'message', name, result) : 0;
}

function* version(context: Context): Task<number> {
  const { kernel } = context.process.system.host;
  context.stdout.write('Library version:   1.02.185 (2022-05-18)\n');
  context.stdout.write(`Driver version:    ${kernel.dm.ioctlVersion}\n`);
  return 0;
}

function* nothing(): Task<number> {
  return 0;
}

interface CommandEntry {
  readonly run: Command;
  readonly least: number;
  readonly most: number;
}

const ANY = Number.POSITIVE_INFINITY;
const entry = (run: Command, least = 0, most = ANY): CommandEntry => ({ run, least, most });

const COMMANDS: ReadonlyMap<string, CommandEntry> = new Map([
  ['create', entry(create, 0, 2)],
  ['load', entry(load, 0, 2)],
  ['reload', entry(load, 0, 2)],
  ['remove', entry(forEach(removeOne))],
  ['remove_all', entry(removeAll, 0, 0)],
  ['resume', entry(forEach(resumeOne))],
  ['suspend', entry(forEach(suspendOne))],
  ['clear', entry(forEach(clearOne))],
  ['rename', entry(rename, 1, 2)],
  ['message', entry(message, 2)],
  ['version', entry(version, 0, 0)],
  ['mknodes', entry(nothing)],
  ...[...reports].map(([name, run]): [string, CommandEntry] => [name, entry(run)]),
]);

const NOT_MODELLED = new Set(
  'wipe_table measure stats wait mangle udevcreatecookie udevreleasecookie udevflags setgeometry splitname'.split(
    ' ',
  ),
);

/** dmsetup's own complaint; the real one goes on with its whole usage text, which is left out here. */
function usage(context: ReportContext, text: string | null): number {
  const complaint = text === null ? '' : `${text}\n`;
  context.stderr.write(`${complaint}Usage:\n\ndmsetup <command> [options] [<device>...]\n`);
  return 1;
}

export function* dmsetup(process: Process): Task<number> {
  const parsed = getopt(process.argv, OPTIONS);
  if (!parsed.ok) {
    process.stderr.write(`dmsetup: ${parsed.message}\nCouldn't process command line.\n`);
    return 1;
  }
  const [name, ...operands] = parsed.operands;
  const { stdout, stderr, system } = process;
  const context: Context = {
    process,
    stdout,
    stderr,
    operands,
    dm: system.dm,
    block: system.block,
    kernel: system.host.kernel,
    has: (option) => parsed.options.some((given) => given.name === option),
    value: (option) => parsed.options.findLast((given) => given.name === option)?.value ?? null,
  };
  if (context.has('version')) return yield* version(context);
  if (name === undefined) return usage(context, null);
  if (NOT_MODELLED.has(name)) throw new NotModelled(`dmsetup ${name}`, 'see dmsetup(8)');
  const command = COMMANDS.get(name);
  if (command === undefined) return usage(context, 'Unknown command.');
  if (operands.length < command.least || operands.length > command.most) {
    return usage(context, 'Incorrect number of arguments.');
  }
  return yield* command.run(context);
}
