/**
 * Runs one cell of a scenario: a machine, its steps in order, and what each showed. A run is deterministic, so it can
 * be made again up to any step: reading back what a step wrote is done on such a second machine, and changes nothing.
 */

import type { ArmedFault } from '../block/faults.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { Machine, MachineError, type MachineOptions } from '../machine.ts';
import { costsOf } from '../machine-disks.ts';
import type { CommandProblem } from '../shell/shell.ts';
import { BudgetExceeded } from '../sim/budget.ts';
import type { Decision } from '../sim/decision.ts';
import { repeat } from '../sim/explore/policies.ts';
import type { ExploredRun } from '../sim/explore/run.ts';
import { NeverWoken, PowerOff } from '../sim/task.ts';
import { TraceKind } from '../sim/trace.ts';
import { ScenarioError } from './errors.ts';
import { checkExpectation, type Mismatch, whenFits } from './expect.ts';
import { armFault, faultStepText } from './faults.ts';
import { commandPlace, kernelAt, type LoadedScenario, type ScenarioCell } from './load.ts';
import { type WritePath, writePath } from './outcome.ts';
import { type ItemResult, itemMismatches, jointExit, runParallel } from './parallel.ts';
import {
  type Readback,
  type ReadbackFinding,
  readBack,
  WrittenRanges,
  worstOf,
} from './readback.ts';
import type { ParallelStep, Scenario, Step } from './schema.ts';

export interface StepResult {
  readonly index: number;
  readonly name: string | null;
  /** The command line, those of a parallel step with ` & ` between them, or `reboot`. */
  readonly text: string;
  /** Of a parallel step: what each command showed. */
  readonly items?: readonly ItemResult[];
  /** The power was cut while the step ran: nobody knows what it would have shown. */
  readonly cut?: boolean;
  /** Of a `fault:` step: what became of it by the end of the run. */
  readonly fault?: ArmedFault;
  /** False when the step's `when` did not fit; nothing else is meant then. */
  readonly ran: boolean;
  /** The kernel that ran the step. */
  readonly kernel: string;
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Kernel log lines of this step, without time stamps. */
  readonly dmesg: readonly string[];
  readonly path: WritePath;
  /** Read back only when somebody asked; null otherwise. */
  readonly readback: Readback | null;
  readonly decisions: readonly Decision[];
  /** Which machine of the run (each reboot makes a new one), and its trace records of this step. */
  readonly machine: number;
  readonly traceStart: number;
  readonly traceEnd: number;
  readonly mismatches: readonly Mismatch[];
}

export interface CellResult {
  readonly cell: ScenarioCell;
  readonly steps: readonly StepResult[];
  readonly met: boolean;
  /** In order of boots; the last one is still as the last step left it. */
  readonly machines: readonly Machine[];
  /** Those of `explore: faults`, in their order. */
  readonly faults: readonly ArmedFault[];
}

export interface RunOptions {
  /** Runs every step under this kernel's record instead of the file's first one. */
  readonly kernel?: string;
  readonly seed?: number;
  /** Who computes ciphers; it changes no byte. */
  readonly cipherProvider?: NonNullable<MachineOptions['cipherProvider']>;
  /** Steps from this one on are not run. */
  readonly until?: number;
  /** Reads back after every step that wrote, asked for or not. */
  readonly readbackAlways?: boolean;
  /** Decides the order of steps while parallel steps run. */
  readonly explored?: ExploredRun;
}

/** Trace records a cell may make before it is stopped (one is 112 bytes). */
const MAX_TRACE_RECORDS = 4_000_000;

/** Throws ScenarioError when the disks cannot be made or a step runs without end. */
export function runCell(
  loaded: LoadedScenario,
  cell: ScenarioCell,
  options: RunOptions = {},
): CellResult {
  return new CellRun(loaded, cell, options).toEnd();
}

export interface StepReadback {
  /** The machine it was read on, with the trace of the reads. */
  readonly machine: Machine;
  readonly findings: readonly ReadbackFinding[];
}

/** Runs the cell again up to and with step `index`, and reads back what that step wrote. */
export function readBackStep(
  loaded: LoadedScenario,
  cell: ScenarioCell,
  index: number,
  options: RunOptions = {},
): StepReadback {
  const { explored } = options;
  const again = explored === undefined ? {} : { explored: repeat(explored) };
  const same = { ...options, ...again, readbackAlways: false };
  return new CellRun(loaded, cell, same).readBackAfter(index);
}

class CellRun {
  private readonly loaded: LoadedScenario;
  private readonly cell: ScenarioCell;
  private readonly scenario: Scenario;
  private readonly options: RunOptions;
  private readonly machines: Machine[] = [];
  private readonly steps: StepResult[] = [];
  private readonly explored: ArmedFault[] = [];
  /** The power is off, or a command hangs: nothing runs until a reboot. */
  private off = false;
  /** What the data bios of the last step wrote. */
  written = new WrittenRanges();

  constructor(loaded: LoadedScenario, cell: ScenarioCell, options: RunOptions) {
    this.loaded = loaded;
    this.cell = cell;
    this.scenario = cell.scenario;
    this.options = options;
    this.boot(() => this.firstMachine());
    if (options.explored === undefined) return;
    for (const [at, fault] of (this.scenario.explore?.faults ?? []).entries()) {
      const armed = armFault(this.machine, loaded.document, ['explore', 'faults', at], fault, true);
      if (armed !== null) this.explored.push(armed);
    }
  }

  get machine(): Machine {
    return this.machines[this.machines.length - 1]!;
  }

  toEnd(): CellResult {
    const { steps } = this.scenario;
    const until = Math.min(this.options.until ?? steps.length, steps.length);
    for (let index = 0; index < until; index += 1) this.steps.push(this.step(index, steps[index]!));
    const met = this.steps.every((step) => step.mismatches.length === 0);
    const { cell, machines, explored } = this;
    return { cell, steps: this.steps, met, machines, faults: explored };
  }

  private firstMachine(): Machine {
    const { scenario } = this;
    const { document } = this.loaded;
    const named = this.options.kernel ?? scenario.kernel;
    const seed = this.options.seed ?? scenario.seed ?? 0;
    const { cipherProvider } = this.options;
    try {
      return new Machine({
        kernel: kernelAt(document, ['kernel'], named),
        disks: scenario.disks,
        seed,
        ...(scenario.costs === undefined ? {} : { costs: costsOf(scenario.costs) }),
        ...(cipherProvider === undefined ? {} : { cipherProvider }),
        ...(this.options.explored === undefined ? {} : { schedule: this.options.explored }),
      });
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      const { disk, attribute } = error;
      const place =
        attribute === null
          ? document.placeOfKey(['disks'], disk)
          : document.placeOfKey(['disks', disk], attribute);
      const code = error.code === 'refused' ? 'disk-refused' : 'disk-attribute';
      throw new ScenarioError(code, place, error.message, error.suggestion);
    }
  }

  private boot(make: () => Machine): void {
    const machine = make();
    const before = this.machines.reduce((sum, one) => sum + one.trace.length, 0);
    machine.trace.maxRecords = MAX_TRACE_RECORDS - before;
    machine.block.onDataBio = (bio) => this.written.add(bio);
    this.machines.push(machine);
  }

  private step(index: number, step: Step): StepResult {
    const kernel = this.machine.kernel.name;
    const text = textOf(step);
    const base = {
      index,
      name: step.name ?? null,
      text,
      kernel,
      machine: this.machines.length - 1,
    };
    if (!this.isWanted(step, kernel)) {
      return { ...base, ...NOT_RUN };
    }
    const before = this.machine;
    const logStart = before.log.lines.length;
    const traceStart = before.trace.length;
    const decisionStart = before.decisions.length;
    this.written = new WrittenRanges();
    before.trace.record(TraceKind.step, before.host.loop.nowNs, 0, 0, 0, 0, 0, 0, 0, index);
    const performed = this.perform(index, step);
    const result = {
      ...base,
      ...performed,
      ran: true,
      dmesg: [
        ...before.log.since(logStart),
        ...(this.machine === before ? [] : this.machine.dmesg()),
      ],
      path: writePath(before.trace, traceStart, before.trace.length),
      readback: this.off ? null : this.readback(index, step),
      decisions: before.decisions.slice(decisionStart),
      traceStart,
      traceEnd: before.trace.length,
    };
    if (performed.cut === true) return { ...result, mismatches: [] };
    const own = 'parallel' in step ? itemMismatches(step.parallel, performed.items ?? []) : [];
    const mismatches = [...own, ...checkExpectation(step.expect, result, this.cell.values)];
    return { ...result, mismatches };
  }

  private isWanted(step: Step, kernel: string): boolean {
    if (this.off && !('reboot' in step)) return false;
    if (step.when !== undefined && !whenFits(step.when, kernel, this.cell.values)) return false;
    if (step.needs === undefined) return true;
    const needed = this.steps.findLast((one) => one.ran && one.name === step.needs);
    return needed !== undefined && needed.exit === 0 && needed.cut !== true;
  }

  private perform(index: number, step: Step): Performed {
    const before = this.machine;
    try {
      if ('reboot' in step) {
        this.reboot(index, step.reboot);
        return { exit: 0, stdout: '', stderr: '' };
      }
      if ('fault' in step) {
        const fault = armFault(before, this.loaded.document, ['steps', index, 'fault'], step.fault);
        return { exit: 0, stdout: '', stderr: '', ...(fault === null ? {} : { fault }) };
      }
      if ('parallel' in step) return this.parallel(index, step);
      const result = this.machine.run(step.run, { background: step.background ?? false });
      this.checkProblem(index, result.problem);
      const { exit, stdout, stderr } = result;
      return { exit, stdout, stderr };
    } catch (error) {
      if (error instanceof PowerOff) {
        this.off = true;
        return { exit: 0, stdout: '', stderr: '', cut: true };
      }
      if (error instanceof BudgetExceeded) {
        throw this.stopped(index, 'budget-exceeded', `the steps up to here: ${error.message}`);
      }
      if (error instanceof NotModelled) throw this.stopped(index, 'not-modelled', error.message);
      const asleep = error instanceof NeverWoken ? suspendedDevice(before) : null;
      if (asleep === null) throw error;
      throw this.stopped(
        index,
        'never-ends',
        `the step waits for I/O on ${asleep}, which is suspended: on a real host it hangs, too`,
      );
    }
  }

  private parallel(index: number, step: ParallelStep): Performed {
    const { explored = null } = this.options;
    const { items, problems, cut } = runParallel(this.machine, step.parallel, explored);
    for (const problem of problems) this.checkProblem(index, problem);
    this.off = cut || items.some(({ exit }) => exit === null);
    return {
      exit: jointExit(step.parallel, items),
      stdout: items.map(({ stdout }) => stdout).join(''),
      stderr: items.map(({ stderr }) => stderr).join(''),
      items,
      cut,
    };
  }

  private reboot(index: number, reboot: Extract<Step, { reboot: unknown }>['reboot']): void {
    const { kernel } = reboot;
    const path = ['steps', index, 'reboot', 'kernel'];
    const next = kernel === undefined ? undefined : kernelAt(this.loaded.document, path, kernel);
    const before = this.machine;
    const how = this.off ? 'power-cut' : reboot.how;
    this.off = false;
    this.boot(() => before.reboot({ how, ...(next === undefined ? {} : { kernel: next }) }));
  }

  /** What the model itself could not do is no result of the command: nothing after it would be true. */
  private checkProblem(index: number, problem: CommandProblem | undefined): void {
    if (problem?.kind === 'not-modelled') {
      throw this.stopped(index, 'not-modelled', NotModelled.text(problem));
    }
    if (problem?.kind === 'budget-exceeded') {
      throw this.stopped(index, 'budget-exceeded', problem.message);
    }
    if (problem?.kind === 'output-too-large') {
      const message = `a command expected to print at most ${problem.limit}, and prints more`;
      throw this.stopped(index, 'budget-exceeded', message);
    }
  }

  private stopped(
    index: number,
    code: 'budget-exceeded' | 'not-modelled' | 'never-ends',
    message: string,
  ): ScenarioError {
    const { document } = this.loaded;
    const path = ['steps', index, 'run'];
    const place =
      'run' in this.scenario.steps[index]!
        ? commandPlace(document, path, this.cell.values, 0)
        : document.placeOf(['steps', index]);
    return new ScenarioError(code, place, message);
  }

  private readback(index: number, step: Step): Readback | null {
    if (!(this.options.readbackAlways ?? false) && !asksReadback(step)) return null;
    if (this.written.empty) return 'nothing';
    return worstOf(readBackStep(this.loaded, this.cell, index, this.options).findings);
  }

  /** Runs up to and with step `index`, then reads back what it wrote, past all caches. */
  readBackAfter(last: number): StepReadback {
    const { steps } = this.scenario;
    for (let index = 0; index <= last; index += 1) {
      const step = steps[index]!;
      // After a reboot nobody knows the file any more; a sync writes what a clean one does.
      if (index === last && 'reboot' in step) this.machine.sync();
      else this.steps.push(this.step(index, { ...step, expect: 'any' }));
    }
    // Where nothing runs nothing can be read.
    if (this.off) return { machine: this.machine, findings: [] };
    // Reading back is nobody's request: what is still planned is for the steps to come.
    for (const media of this.machine.disks.values()) media.faults = null;
    return { machine: this.machine, findings: readBack(this.machine, this.written) };
  }
}

const NOT_RUN = {
  ran: false,
  exit: 0,
  stdout: '',
  stderr: '',
  dmesg: [],
  path: 'none',
  readback: null,
  decisions: [],
  traceStart: 0,
  traceEnd: 0,
  mismatches: [],
} as const;

interface Performed {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly items?: readonly ItemResult[];
  readonly cut?: boolean;
  readonly fault?: ArmedFault;
}

function textOf(step: Step): string {
  if ('run' in step) return step.run;
  if ('fault' in step) return faultStepText(step.fault);
  return 'reboot' in step ? 'reboot' : step.parallel.map(({ run }) => run).join(' & ');
}

function asksReadback(step: Step): boolean {
  const { expect } = step;
  if (expect === undefined || expect === 'any') return false;
  return (Array.isArray(expect) ? expect : [expect]).some((one) => one.readback !== undefined);
}

/** The name of a mapping that keeps its I/O until somebody resumes it; null when there is none. */
function suspendedDevice(machine: Machine): string | null {
  return machine.dm.list().find((one) => one.suspended)?.name ?? null;
}
