/**
 * Runs commands one after the other on a machine, as a scenario does, and keeps what each showed. A run is deterministic:
 * to look at an earlier state, or to go another way from there, the same commands are run again.
 */

import {
  BudgetExceeded,
  type Kernel,
  Machine,
  MachineError,
  NeverWoken,
  NotModelled,
  type Payload,
  PowerOff,
  readBack,
  type StepReadback,
  type StepResult,
  TraceKind,
  WrittenRanges,
  writePath,
} from '../package.ts';
import { type StackView, stackOf } from './stack.ts';

export interface Plan {
  /** What the first boot is; `reboot KERNEL` among the commands changes it. */
  readonly kernel: string;
  readonly disks: Readonly<Record<string, Readonly<Record<string, number | string>>>>;
  readonly seed: number;
  /** What work takes; nothing takes time unless given. */
  readonly costs?: NonNullable<ConstructorParameters<typeof Machine>[0]['costs']>;
  readonly commands: readonly string[];
  /** What follows a mount that was refused is left out: it would go to the directory below. */
  readonly needsMount?: boolean;
  /** Records of kernels that have no name the package knows. */
  readonly kernels?: ReadonlyMap<string, Kernel>;
}

/** A step, the stack it left, and what the model itself could not do. */
export interface Step extends StepResult {
  readonly after: StackView;
  readonly problem: string | null;
}

export interface Run {
  readonly plan: Plan;
  /** Before the first step. */
  readonly before: StackView;
  readonly steps: readonly Step[];
  readonly machines: readonly Machine[];
  /** Data of writes by `machine:bio`, as it was meant. */
  readonly data: ReadonlyMap<string, Payload>;
}

/** A page has one thread: whoever writes more than this waits too long. */
const MAX_TRACE_RECORDS = 400_000;

const REBOOT = /^(reboot|power-cut)(?:\s+(\S+))?$/;

export function runPlan(plan: Plan): Run {
  const runner = new Runner(plan);
  for (const command of plan.commands) {
    const { exit } = runner.step(command);
    if (exit !== 0 && plan.needsMount === true && command.startsWith('mount ')) break;
  }
  return runner.run;
}

/** Runs again up to and with step `index`, and reads back what that step wrote. */
export function readBackOf(plan: Plan, index: number): StepReadback {
  const runner = new Runner(plan);
  for (const command of plan.commands.slice(0, index + 1)) runner.step(command);
  const { machine, written } = runner;
  for (const media of machine.disks.values()) media.faults = null;
  return { machine, findings: readBack(machine, written) };
}

class Runner {
  written = new WrittenRanges();
  private readonly plan: Plan;
  private readonly steps: Step[] = [];
  private readonly machines: Machine[] = [];
  private readonly data = new Map<string, Payload>();
  private readonly before: StackView;

  constructor(plan: Plan) {
    this.plan = plan;
    const { disks, seed, costs } = plan;
    const timed = costs === undefined ? {} : { costs };
    this.boot(new Machine({ kernel: this.kernel(plan.kernel), disks, seed, ...timed }));
    this.before = stackOf(this.machine);
  }

  get machine(): Machine {
    return this.machines[this.machines.length - 1]!;
  }

  get run(): Run {
    const { plan, before, steps, machines, data } = this;
    return { plan, before, steps, machines, data };
  }

  step(text: string): Step {
    const { machine } = this;
    const number = this.machines.length - 1;
    const traceStart = machine.trace.length;
    const logStart = machine.log.lines.length;
    const asked = machine.decisions.length;
    const index = this.steps.length;
    this.written = new WrittenRanges();
    machine.trace.record(TraceKind.step, machine.host.loop.nowNs, 0, 0, 0, 0, 0, 0, 0, index);
    const performed = this.perform(text.trim());
    const traceEnd = machine.trace.length;
    const booted = this.machine === machine ? [] : this.machine.dmesg();
    const step: Step = {
      index,
      name: null,
      text,
      ran: true,
      kernel: machine.kernel.name,
      ...performed,
      dmesg: [...machine.log.since(logStart), ...booted],
      path: writePath(machine.trace, traceStart, traceEnd),
      readback: null,
      decisions: machine.decisions.slice(asked),
      machine: number,
      traceStart,
      traceEnd,
      mismatches: [],
      after: stackOf(this.machine),
    };
    this.steps.push(step);
    return step;
  }

  private kernel(name: string): string | Kernel {
    return this.plan.kernels?.get(name) ?? name;
  }

  private boot(machine: Machine): void {
    const number = this.machines.length;
    machine.trace.maxRecords = MAX_TRACE_RECORDS;
    machine.block.onDataBio = (bio) => {
      this.written.add(bio);
      if (bio.payload !== null) this.data.set(`${number}:${bio.id}`, bio.payload);
    };
    this.machines.push(machine);
  }

  private perform(text: string): Performed {
    const { machine } = this;
    try {
      const reboot = REBOOT.exec(text);
      if (reboot !== null) {
        const how = reboot[1] === 'reboot' && !machine.powerIsOff ? 'clean' : 'power-cut';
        const named = reboot[2] === undefined ? {} : { kernel: this.kernel(reboot[2]) };
        this.boot(machine.reboot({ how, ...named }));
        return DONE;
      }
      if (machine.powerIsOff) return failed('the power is off: reboot first');
      const { exit, stdout, stderr, problem } = machine.run(text);
      if (problem?.kind === 'not-modelled') return failed(`not modelled: ${problem.what}`);
      if (problem?.kind === 'budget-exceeded') return failed(problem.message);
      return { exit, stdout, stderr, problem: null };
    } catch (error) {
      return failed(sayError(error));
    }
  }
}

interface Performed {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly problem: string | null;
}

const DONE: Performed = { exit: 0, stdout: '', stderr: '', problem: null };

function failed(problem: string): Performed {
  return { exit: 125, stdout: '', stderr: '', problem };
}

/** What a user can be told of; anything else is a fault of the model, and passes through. */
export function sayError(error: unknown): string {
  if (error instanceof PowerOff) return 'the power was cut while it ran';
  if (error instanceof NeverWoken)
    return 'it waits for I/O on a suspended device, and so would a real host';
  const known = [BudgetExceeded, NotModelled, MachineError].some((kind) => error instanceof kind);
  if (known || (error instanceof Error && error.name === 'KernelError')) {
    return (error as Error).message;
  }
  throw error;
}
