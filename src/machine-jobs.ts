/** Processes of one machine that run side by side: started at one instant, in the order they were started. */

import type { System } from './shell/program.ts';
import { type CommandOptions, type CommandResult, runCommand } from './shell/shell.ts';
import { Completion, type Runner, type Task } from './sim/task.ts';

/** A command line that runs, or ran. */
export class Job {
  readonly commandLine: string;
  /** Virtual times; `endNs` is -1 while it runs. */
  readonly startNs: number;
  endNs = -1;
  private readonly ended = new Completion();
  private readonly runner: Runner;
  private outcome: CommandResult | null = null;

  constructor(system: System, commandLine: string, options?: CommandOptions) {
    const { host } = system;
    this.commandLine = commandLine;
    this.startNs = host.loop.nowNs;
    this.runner = host.tasks.spawn('sh', this.run(system, options));
  }

  get done(): boolean {
    return this.ended.done;
  }

  /** What it ended with. Throws while it runs. */
  get result(): CommandResult {
    if (this.outcome === null) {
      throw new Error(`job "${this.commandLine}" expected to have ended, got one that runs`);
    }
    return this.outcome;
  }

  /** Waits for its end, in a task. Throws what broke inside the model, never what a user typed. */
  *wait(): Task<CommandResult> {
    yield* this.ended.wait();
    if (this.runner.failure !== null) throw this.runner.failure;
    return this.result;
  }

  private *run(system: System, options?: CommandOptions): Task<void> {
    try {
      this.outcome = yield* runCommand(system, this.commandLine, options);
    } finally {
      this.endNs = system.host.loop.nowNs;
      this.ended.complete();
    }
  }
}

/** Waits for all, in order. */
export function* allResults(jobs: readonly Job[]): Task<CommandResult[]> {
  const results: CommandResult[] = [];
  for (const job of jobs) results.push(yield* job.wait());
  return results;
}
