/**
 * The command line. The only floor that touches the process: everything is imported when its command is used, so that
 * a cold start stays close to that of bare node.
 */

import { styleText } from 'node:util';
import { wrap } from '../report/columns.ts';
import { type CliContext, EXIT } from './context.ts';

interface Command {
  readonly usage: string;
  readonly what: string;
  readonly load: () => Promise<{ run: (args: string[], context: CliContext) => Promise<number> }>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    usage:
      'run FILE... [--kernel K] [--patch P]... [--seed N] [--crypto C] [--format text|json] [--trace] [--schedule FILE]',
    what: 'run scenarios and check what they expect',
    load: () => import('./run.ts'),
  },
  explore: {
    usage:
      'explore FILE... [--max N] [--runs N --seed S] [--kernel K] [--patch P]... [--crypto C] [--save FILE] [--format text|json]',
    what: 'run the parallel steps of scenarios under every schedule that can matter',
    load: () => import('./explore.ts'),
  },
  compare: {
    usage:
      'compare FILE... [--format text|json|csv] [--details] [--out FILE.html|FILE.svg]... [--validate]',
    what: 'the same writers over kernels, ciphers and disks: how fast, and how right',
    load: () => import('./compare.ts'),
  },
  why: {
    usage: 'why FILE [STEP] [--all] [--kernel K] [--patch P]... [--seed N] [--crypto C]',
    what: 'the shortest chain from what went wrong to the rule or IV that caused it',
    load: () => import('./why.ts'),
  },
  trace: {
    usage: 'trace FILE [--kernel K] [--patch P]... [--seed N] [--crypto C]',
    what: 'every bio and request on every floor, as blktrace would show them',
    load: () => import('./trace.ts'),
  },
  series: {
    usage: 'series [FILE]',
    what: 'the four-patch series, patch by patch, and the story of one failing write',
    load: () => import('./series.ts'),
  },
  learn: {
    usage: 'learn [LESSON] [--set NAME=VALUE]... [--no-input] [--list]',
    what: 'the series as lessons: predict, run, see why, change one thing',
    load: () => import('./learn.ts'),
  },
  kernels: {
    usage: 'kernels [A [B]] [--format text|json]',
    what: 'the kernels there are; the patches of one; what is different in two',
    load: () => import('./kernels.ts'),
  },
  patches: {
    usage: 'patches [ID]... [--format text|json]',
    what: 'the patches there are, and what each edits',
    load: () => import('./patches.ts'),
  },
  iv: {
    usage: 'iv TABLE SECTOR [--data HEX] [--sent SECTOR] [--kernel K] [--format text|json]',
    what: 'which IV a sector of a crypt table gets, how, and what it does to the data',
    load: () => import('./iv.ts'),
  },
  image: {
    usage: 'image superblock FILE [--zones REPORT] [--format text|json]',
    what: 'the newest superblock of a zoned btrfs image',
    load: () => import('./image.ts'),
  },
};

const MORE = `  zonestack COMMAND --help, zonestack --version\n`;

const EXAMPLES = `Examples:
  zonestack run scenarios/*.yaml
  zonestack run scenarios/zonefs-fallback.yaml --kernel v6.12
  zonestack explore scenarios/explore/btrfs-writers.yaml
  zonestack compare scenarios/fallback.yaml --out fallback.html
  zonestack why scenarios/zonefs-garbage.yaml
  zonestack kernels v5.12 v5.12+series
  zonestack patches dm-crypt-fix-zoned
`;

/** Runs one command line (without node and the script) and returns the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const context: CliContext = {
    out: (text) => void process.stdout.write(text),
    note: (text) => void process.stderr.write(text),
    style: (style, text) => styleText(style, text),
  };
  if (!process.stdout.listeners('error').includes(outputFailed)) {
    process.stdout.on('error', outputFailed);
  }
  const [name, ...args] = argv;
  if (name === 'help' && args[0] !== undefined) return await main([args[0], '--help']);
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    (name === undefined ? context.note : context.out)(help());
    return name === undefined ? EXIT.badInput : EXIT.met;
  }
  if (name === '--version' || name === '-V') {
    const { version } = await import('./version.ts');
    context.out(`${version()}\n`);
    return EXIT.met;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name]! : null;
  if (command === null) return await unknownCommand(name, context);
  if (beforeDashes(args).some((arg) => arg === '--help' || arg === '-h')) {
    context.out(`${usage(command, 0)}\n  ${command.what}\n`);
    return EXIT.met;
  }
  try {
    const { run } = await command.load();
    return await run(args, context);
  } catch (error) {
    return (await import('./failure.ts')).explainFailure(error, context);
  }
}

/** What stands before `--` may be an option. */
function beforeDashes(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return end < 0 ? args : args.slice(0, end);
}

async function unknownCommand(name: string, context: CliContext): Promise<number> {
  const { closest } = await import('../kernel/suggest.ts');
  const near = closest(name, Object.keys(COMMANDS));
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  context.note(wrap(`zonestack: there is no command "${name}"${hint}`, 0, 2));
  return EXIT.badInput;
}

function help(): string {
  const lines = Object.values(COMMANDS).map(
    (command) => `${usage(command, 2)}      ${command.what}\n`,
  );
  return `zonestack: will it mount, how will it write, and why?\n\n${lines.join('')}${MORE}\n${EXAMPLES}`;
}

function usage(command: Command, indent: number): string {
  return wrap(`zonestack ${command.usage}`, indent, indent + 14);
}

/** `zonestack ... | head` closes the pipe early: that is no error of ours. A full disk is none either, but said. */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`zonestack: the results cannot be written: ${error.code}\n`);
  process.exit(EXIT.badInput);
}
