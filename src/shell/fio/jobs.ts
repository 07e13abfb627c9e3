/**
 * Which jobs a command line and its job files ask for (fio 3.33, init.c: parse_cmd_line(), parse_jobs_ini()). Options
 * before the first `--name` and in `[global]` sections are those of all jobs after them.
 */

import { NotModelled } from '../../kernel/not-modelled.ts';
import { closest } from '../../kernel/suggest.ts';
import type { Task } from '../../sim/task.ts';
import { readText } from '../paths.ts';
import type { Process } from '../program.ts';
import { JobOptions } from './job-options.ts';
import { knownOption, optionNames, setOption, takesArgument } from './options.ts';

/** What the command line says about the run itself. */
export interface RunOptions {
  format: 'normal' | 'json';
  parseOnly: boolean;
  /** A file the report goes to; null: standard output. */
  output: string | null;
}

export type ParsedJobs =
  | {
      readonly ok: true;
      readonly run: RunOptions;
      readonly jobs: readonly JobOptions[];
      /** What all jobs were given, as typed. */
      readonly global: readonly (readonly [string, string])[];
    }
  /** Everything said already; the exit code. */
  | { readonly ok: false; readonly exit: number };

/** Options of the tool itself that change nothing here, with and without an argument. */
const IGNORED = new Set(
  'eta eta-newline eta-interval status-interval max-jobs alloc-size'.split(' '),
);
const IGNORED_BARE = new Set(['warnings-fatal']);
const TOOL_UNMODELLED = new Set(
  'debug bandwidth-log minimal append-terse terse-version cpuclock-test crctest memcpytest cmdhelp enghelp showcmd readonly section server daemonize client remote-config idle-prof inflate-log trigger-file trigger-timeout trigger trigger-remote aux-path merge-blktrace-only help'.split(
    ' ',
  ),
);

class Stop extends Error {
  readonly exit: number;

  constructor(exit: number) {
    super();
    this.exit = exit;
  }
}

/** Parses everything; says on the process's streams what is wrong. Throws NotModelled. */
export function* parseJobs(process: Process): Task<ParsedJobs> {
  const parser = new Parser(process);
  try {
    yield* parser.all();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { ok: false, exit: error.exit };
  }
  return { ok: true, run: parser.run, jobs: parser.jobs, global: parser.global.given };
}

class Parser {
  readonly run: RunOptions = { format: 'normal', parseOnly: false, output: null };
  readonly jobs: JobOptions[] = [];
  private readonly process: Process;
  readonly global = new JobOptions();
  /** The job whose options come now; null before the first. */
  private job: JobOptions | null = null;
  private readonly files: string[] = [];

  constructor(process: Process) {
    this.process = process;
  }

  *all(): Task<void> {
    const words = this.process.argv.slice(1);
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]!;
      if (!word.startsWith('-') || word === '-') this.files.push(word);
      else if (this.word(word, words[at + 1])) at += 1;
    }
    this.endJob();
    for (const file of this.files) yield* this.file(file);
    if (this.jobs.length > 0) return;
    this.say('No job(s) defined\n');
    throw new Stop(1);
  }

  /** One option; true when the word after it is its argument. */
  private word(word: string, next: string | undefined): boolean {
    const [, name = '', equals] = /^--?([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const tool = this.toolOption(name);
    const known = tool !== null || knownOption(name);
    if (!known) {
      this.say(`fio: unrecognized option '${word}'`, `fio: unrecognized option '${word}'`);
      this.suggest(name);
      throw new Stop(1);
    }
    const needs =
      tool === 'argument' || (tool === null && (name === 'name' || takesArgument(name)));
    if (needs && equals === undefined && next === undefined) {
      this.say(`fio: option '${word}' requires an argument`, `fio: unrecognized option '${word}'`);
      this.suggest(name);
      throw new Stop(1);
    }
    const value = equals ?? (needs ? next! : '');
    if (tool === null) this.jobOption(name, value);
    else this.setTool(name, value);
    return needs && equals === undefined;
  }

  private toolOption(name: string): 'argument' | 'bare' | null {
    if (name === 'output-format' || name === 'output' || IGNORED.has(name)) return 'argument';
    if (name === 'parse-only' || name === 'version' || IGNORED_BARE.has(name)) return 'bare';
    if (TOOL_UNMODELLED.has(name)) throw new NotModelled(`fio --${name}`, 'leave it out');
    return null;
  }

  private setTool(name: string, value: string): void {
    switch (name) {
      case 'version':
        this.process.stdout.write('fio-3.33\n');
        throw new Stop(0);
      case 'parse-only':
        this.run.parseOnly = true;
        return;
      case 'output':
        this.run.output = value;
        return;
      case 'output-format':
        this.setFormat(value);
    }
  }

  private setFormat(value: string): void {
    if (value === 'normal' || value === 'json') {
      this.run.format = value;
      return;
    }
    const all = ['normal', 'json', 'json+', 'terse', 'minimal'];
    if (value.split(',').every((one) => all.includes(one))) {
      throw new NotModelled(`fio --output-format=${value}`, 'there are normal and json');
    }
    this.say(`fio: invalid output format ${value}`, 'fio: failed parsing output-format');
    throw new Stop(1);
  }

  private jobOption(name: string, value: string): void {
    if (name === 'name') {
      this.endJob();
      if (value.startsWith('global')) return;
      this.job = this.global.copy();
    }
    this.give(this.job ?? this.global, name, value, () => new Stop(1));
  }

  private endJob(): void {
    if (this.job !== null) this.jobs.push(this.job);
    this.job = null;
  }

  private give(job: JobOptions, name: string, value: string, stop: () => Error): void {
    const problem = setOption(job, name, value);
    if (problem === null) return;
    if (problem.valid !== undefined) this.process.stdout.write(problem.valid);
    this.say(...problem.messages);
    if (problem.goesOn !== true) throw stop();
  }

  private *file(path: string): Task<void> {
    const text = path === '-' ? this.process.stdin : yield* readText(this.process, path);
    if (text === null) {
      this.say(`fio: unable to open '${path}' job file`);
      throw new Stop(1);
    }
    let job: JobOptions | null = null;
    let section = '';
    let first = this.jobs.length > 0;
    for (const [at, raw] of text.split('\n').entries()) {
      const line = raw.trim();
      if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
      const head = /^\[(.*)\]?$/s.exec(line);
      if (head !== null) {
        section = head[1]!.replace(/\]$/, '');
        if (section.startsWith('global')) {
          job = this.global;
          continue;
        }
        job = this.global.copy();
        job.name = section;
        // Job files run one after the other.
        if (first) job.stonewall = true;
        first = false;
        this.jobs.push(job);
      } else if (job === null) {
        this.say(`fio: option <${line}> outside of [] job section`);
        throw new Stop(1);
      } else this.fileLine(job, section, line, `${path}:${at + 1}`);
    }
  }

  /** What is not modelled is told with its place. */
  private fileLine(job: JobOptions, section: string, line: string, place: string): void {
    try {
      this.fileOption(job, section, line);
    } catch (error) {
      if (!(error instanceof NotModelled)) throw error;
      throw new NotModelled(`${error.what} in ${place}`, error.hint);
    }
  }

  private fileOption(job: JobOptions, section: string, line: string): void {
    if (line.startsWith('include ')) throw new NotModelled('include in a fio job file', 'copy it');
    if (/\$\{|\$pagesize|\$mb_memory|\$ncpus/.test(line)) {
      throw new NotModelled('variables in a fio job file', 'write the value');
    }
    const equals = line.indexOf('=');
    const name = (equals < 0 ? line : line.slice(0, equals)).trim();
    const value = equals < 0 ? '' : line.slice(equals + 1).trim();
    const drop = (): Error => {
      this.say(`fio: job ${section} dropped`);
      return new Stop(1);
    };
    if (!knownOption(name)) {
      this.say(`Bad option <${line}>`);
      this.suggest(name);
      throw drop();
    }
    this.give(job, name, value, drop);
  }

  private suggest(name: string): void {
    const near = closest(name, ['name', ...optionNames()], mostSlips(name));
    if (near !== null) this.say(`Did you mean ${near}?`);
  }

  private say(...lines: string[]): void {
    for (const line of lines) this.process.stderr.write(`${line}\n`);
  }
}

/** string_distance_ok() of fio's parse.c: it guesses more boldly than we do. */
function mostSlips(name: string): number {
  return Math.floor((name.length + 1) / 2);
}
