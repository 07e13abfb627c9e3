/**
 * The shell of the modelled host: runs one command line as `sh -c LINE` of Debian 12 (dash 0.5.12) would. A
 * program runs as a task of its own, so that the trace and the log show its name as the kernel would.
 */

import { O } from '../fs/inode.ts';
import type { ProcessContext } from '../fs/syscalls.ts';
import { errno, strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { closest } from '../kernel/suggest.ts';
import { BudgetExceeded } from '../sim/budget.ts';
import { Completion, type Task } from '../sim/task.ts';
import { NEW_FILE_MODE } from './messages.ts';
import { FileOutput, OutputTooLarge, TextOutput } from './output.ts';
import type { OutputStream, Process, Program, System } from './program.ts';
import { builtins, programs } from './programs.ts';
import { type CommandError, parseCommand, type Redirect } from './words.ts';

export interface CommandOptions {
  /** Where relative paths start; `/` unless given. */
  readonly cwd?: string;
  /** What the program reads from standard input; empty unless given. */
  readonly stdin?: string;
  /** Nobody waits for it: 0 at once, and it goes on while other commands run. */
  readonly background?: boolean;
}

/** Why a command did not run to its own end; a tool's own failures are no problem of this kind. */
export type CommandProblem =
  | { readonly kind: 'syntax'; readonly error: CommandError }
  | { readonly kind: 'not-found'; readonly name: string; readonly suggestion: string | null }
  | { readonly kind: 'not-modelled'; readonly what: string; readonly hint: string }
  | { readonly kind: 'output-too-large'; readonly limit: string }
  | { readonly kind: 'budget-exceeded'; readonly message: string };

export interface CommandResult {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as it was, for programs that print bytes. */
  stdoutBytes(): Uint8Array;
  readonly problem?: CommandProblem;
}

/** dash's exit codes: a syntax or redirection error, a command that is not there; 125 is the model's own. */
const EXIT_SHELL_ERROR = 2;
const EXIT_NOT_FOUND = 127;
const EXIT_MODEL = 125;

/** comm of a task is TASK_COMM_LEN - 1 letters (include/linux/sched.h). */
const COMM_LENGTH = 15;

/** dash's echo is flushed in one piece; stdio programs write st_blksize. */
const DASH_BUFFER_BYTES = 8192;
const STDIO_BUFFER_BYTES = 4096;

/** Every command the shell knows, in order of name. */
export function knownCommands(): string[] {
  return [...programs.keys()].sort();
}

/** The known command nearest to `name`; null when none is near. */
export function suggestCommand(name: string): string | null {
  return closest(name, knownCommands());
}

/** Runs one command line to its end. Never throws for what a user typed; broken invariants of the model pass through. */
export function* runCommand(
  system: System,
  line: string,
  options: CommandOptions = {},
): Task<CommandResult> {
  const parsed = parseCommand(line);
  if (!parsed.ok) {
    const text = `sh: 1: Syntax error: ${parsed.message}\n`;
    return result(EXIT_SHELL_ERROR, new TextOutput(), text, { kind: 'syntax', error: parsed });
  }
  system.host.budget.renew();
  const argv = parsed.words;
  const name = baseName(argv[0]!);
  const program = programs.get(name);
  // A built-in runs inside the shell's own process.
  const comm = builtins.has(name) ? 'sh' : name.slice(0, COMM_LENGTH);
  const context = system.sys.newProcess(comm, options.cwd);
  const run = new Run(system, context, name, program, line);
  const process: Process = Object.assign(context, {
    argv,
    stdout: run.out,
    stderr: run.err,
    stdin: options.stdin ?? '',
    system,
  });
  const done = new Completion();
  const runner = system.host.tasks.spawn(comm, run.main(process, parsed.redirects, done));
  if (options.background === true) {
    system.host.tasks.spawn('sh', run.unwatched(done));
    return result(0, new TextOutput(), '', null);
  }
  while (!done.done) yield done;
  if (run.failure !== null) throw run.failure;
  if (!runner.done && run.exit < 0)
    throw new Error(`"exit" expected a code, got none from ${name}`);
  return result(run.exit, run.out, run.err.text(), run.problem);
}

function result(
  exit: number,
  out: TextOutput,
  stderr: string,
  problem: CommandProblem | null,
): CommandResult {
  return {
    exit,
    stdout: out.text(),
    stderr,
    stdoutBytes: () => out.bytes(),
    ...(problem === null ? {} : { problem }),
  };
}

/** One command under way: its streams and how it ended. */
class Run {
  readonly out = new TextOutput();
  readonly err = new TextOutput();
  exit = -1;
  problem: CommandProblem | null = null;
  /** An error of the model itself, for the caller to throw on. */
  failure: unknown = null;
  private readonly system: System;
  private readonly context: ProcessContext;
  private readonly name: string;
  private readonly program: Program | undefined;
  private readonly line: string;
  private readonly files: FileOutput[] = [];

  constructor(
    system: System,
    context: ProcessContext,
    name: string,
    program: Program | undefined,
    line: string,
  ) {
    this.system = system;
    this.context = context;
    this.name = name;
    this.program = program;
    this.line = line;
  }

  /** Nobody waits for a command in the background: what breaks in the model ends the whole machine. */
  *unwatched(done: Completion): Task<void> {
    yield* done.wait();
    const { problem, failure } = this;
    const left =
      problem?.kind === 'not-modelled' ? new NotModelled(problem.what, problem.hint) : failure;
    if (left === null) return;
    this.system.host.loop.post(throwOn, left);
  }

  *main(process: Process, redirects: readonly Redirect[], done: Completion): Task<void> {
    try {
      try {
        this.exit = yield* this.body(process, redirects);
      } catch (error) {
        this.exit = this.failed(error);
      }
      yield* this.system.sys.exit(this.context);
    } catch (error) {
      this.failure = error;
    } finally {
      done.complete();
    }
  }

  private *body(process: Process, redirects: readonly Redirect[]): Task<number> {
    const streams: { stdout: OutputStream; stderr: OutputStream } = process;
    for (const redirect of redirects) {
      const refused = yield* this.redirect(streams, redirect);
      if (refused !== null) {
        streams.stderr.write(`sh: 1: ${refused}\n`);
        yield* this.flush();
        return EXIT_SHELL_ERROR;
      }
    }
    if (this.program === undefined) {
      const typed = process.argv[0]!;
      this.problem = { kind: 'not-found', name: typed, suggestion: suggestCommand(typed) };
      process.stderr.write(`sh: 1: ${typed}: not found\n`);
      yield* this.flush();
      return EXIT_NOT_FOUND;
    }
    const exit = yield* this.program(process);
    const failed = yield* this.flush();
    if (failed === 0) return exit;
    // close_stdout() of gnulib names the errno; dash knows only that the write failed.
    process.stderr.write(
      builtins.has(this.name)
        ? `sh: 1: ${this.name}: ${this.name}: I/O error\n`
        : `${this.name}: write error: ${strerror(failed)}\n`,
    );
    return exit === 0 ? 1 : exit;
  }

  /** Turns a stream. Null, or what dash says about it. */
  private *redirect(
    streams: { stdout: OutputStream; stderr: OutputStream },
    redirect: Redirect,
  ): Task<string | null> {
    const from = redirect.fd === 1 ? 'stdout' : 'stderr';
    if (redirect.kind === 'duplicate') {
      streams[from] = redirect.target === '1' ? streams.stdout : streams.stderr;
      return null;
    }
    const how = redirect.kind === 'append' ? O.APPEND : O.TRUNC;
    const fd = yield* this.system.sys.open(
      this.context,
      redirect.target,
      O.WRONLY | O.CREAT | how,
      NEW_FILE_MODE,
    );
    if (fd < 0) {
      // dash's errmsg(): a missing file can only be a missing directory when it was to be created.
      const why = fd === -errno.ENOENT ? 'Directory nonexistent' : strerror(fd);
      return `cannot create ${redirect.target}: ${why}`;
    }
    const block = builtins.has(this.name) ? DASH_BUFFER_BYTES : STDIO_BUFFER_BYTES;
    const file = new FileOutput(this.system.sys, this.context, fd, block);
    this.files.push(file);
    streams[from] = file;
    return null;
  }

  /** Writes what the streams still hold. 0 or the first negative errno of a stream that has not been reported. */
  private *flush(): Task<number> {
    let first = 0;
    for (const file of this.files) {
      const flushed = yield* file.flush();
      if (flushed < 0 && first === 0) first = flushed;
    }
    return first;
  }

  private failed(error: unknown): number {
    if (error instanceof NotModelled) {
      this.problem = { kind: 'not-modelled', what: error.what, hint: error.hint };
      this.err.write(`zonestack: ${NotModelled.text(error)}\n`);
      return EXIT_MODEL;
    }
    if (error instanceof BudgetExceeded) {
      this.problem = { kind: 'budget-exceeded', message: error.message };
      this.err.write(`zonestack: ${error.message}\n`);
      return EXIT_MODEL;
    }
    if (error instanceof OutputTooLarge) {
      this.problem = { kind: 'output-too-large', limit: error.message };
      this.err.write(
        `zonestack: output of \`${this.line.trim()}\` is larger than ${error.message}\n`,
      );
      return EXIT_MODEL;
    }
    throw error;
  }
}

function throwOn(error: unknown): never {
  throw error;
}

/** `/usr/sbin/dmsetup` is dmsetup: the folders of Debian's PATH are all there. */
function baseName(typed: string): string {
  const match = /^(?:\/usr)?\/s?bin\/([^/]+)$/.exec(typed);
  return match === null ? typed : match[1]!;
}
