/**
 * Commands that run side by side on one machine, and all their interleavings: for tests that say "whatever the order".
 * Scenarios do the same with a `parallel:` step (src/scenario/parallel.ts).
 */

import type { Machine } from './machine.ts';
import { type CommandResult, runCommand } from './shell/shell.ts';
import type { ExploredRun } from './sim/explore/run.ts';
import { type Explored, type ExploreOptions, explore, type Outcome } from './sim/explore.ts';
import type { Schedule } from './sim/schedule.ts';
import type { Runner } from './sim/task.ts';

/** A command and what schedules call it. */
export interface NamedCommand {
  readonly name: string;
  readonly run: string;
}

/**
 * Starts all commands at one instant, each in a shell of its own, and runs until all have ended or nothing is left that
 * could wake one: that one's result is null. `run` decides who goes first, where there is one. What the model itself
 * throws is thrown on.
 */
export function runTogether(
  machine: Machine,
  commands: readonly NamedCommand[],
  run: ExploredRun | null,
): (CommandResult | null)[] {
  const { host } = machine;
  if (run !== null) {
    run.mark = () => host.trace.length;
    run.begin(
      host.loop,
      commands.map(({ name }) => name),
    );
  }
  const runners = commands.map((one) =>
    host.tasks.spawn('sh', runCommand(machine.system, one.run)),
  );
  try {
    while (runners.some((runner) => !runner.done) && host.loop.step());
    // What is still on its way may meet what comes next in either order.
    while (run !== null && !run.idle && host.loop.step());
  } finally {
    run?.end();
  }
  for (const { failure } of runners) if (failure !== null) throw failure;
  return runners.map(resultOf);
}

function resultOf(runner: Runner): CommandResult | null {
  return runner.done ? (runner.result as CommandResult) : null;
}

export interface CommandExploration<O extends Outcome> extends ExploreOptions {
  /** Makes the machine as it stands before the commands, the same each time; give it `schedule`. */
  readonly machine: (schedule: Schedule) => Machine;
  readonly commands: readonly (string | NamedCommand)[];
  /**
   * What a schedule came to. A result is null where the command waits for ever, and all may be when the power was cut
   * (`machine.powerIsOff`): then `machine.reboot()` tells what is left.
   */
  readonly outcome: (machine: Machine, results: readonly (CommandResult | null)[]) => O;
}

/**
 * Runs `commands` side by side under every schedule that can matter, each on a machine made anew. Throws what the model
 * throws.
 */
export function exploreCommands<O extends Outcome>(what: CommandExploration<O>): Explored<O> {
  const { machine: make, commands, outcome, ...options } = what;
  const named = commands.map((one, i) =>
    typeof one === 'string' ? { name: String(i + 1), run: one } : one,
  );
  return explore((run) => {
    const machine = make(run);
    return outcome(machine, runTogether(machine, named, run));
  }, options);
}
